/// Why an account cannot be made or changed.
package enum UserError: Error, Equatable, Sendable, CustomStringConvertible {
    case badName, badText, passwordTooShort, passwordTooLong, passwordIsName, passwordIsSimple
    case nameTaken(String)

    package var description: String {
        switch self {
        case .badName: "a user name has 1 to 128 of the characters a-z 0-9 . _ - + @, and capitals do not matter"
        case .badText: "e-mail address and display name have at most 256 octets, and no control characters"
        case .passwordTooShort: "a password has at least \(PasswordRules.octetsMin) octets; some words in a row are good"
        case .passwordTooLong: "a password has at most \(PasswordRules.octetsMax) octets"
        case .passwordIsName: "the password must not be the user name"
        case .passwordIsSimple: "the password repeats a few characters only"
        case .nameTaken(let name): "there is a user \"\(name)\" already"
        }
    }
}
