import Policy

/// Why an account cannot be made or changed.
package enum UserError: Error, Equatable, Sendable, CustomStringConvertible {
    case badName, badText, passwordTooShort, passwordTooLong, passwordIsName, passwordIsSimple, passwordContainsName,
        passwordIsCommon
    case logsInElsewhere, badIdentity, identityTaken
    /// A name for people that others could take for something else.
    case badDisplayName(DisplayName.Fault)
    /// There is no address that could be verified.
    case noEmail
    /// Too many scopes, or what is none.
    case badScopes
    /// An attribute of this name, or with this value, there cannot be.
    case badAttribute(String)
    case tooManyAttributes
    /// `routes.yaml` names no such group, but these.
    case unknownGroup(String, [String])
    /// There is a user of this name.
    case nameTaken(String)

    package var description: String {
        switch self {
        case .badName: "a user name has 1 to 128 of the characters a-z 0-9 . _ - + @, and capitals do not matter"
        case .badText: "an e-mail address has at most 256 octets, and no control characters"
        case .badDisplayName(let fault): fault.description
        case .passwordTooShort:
            "a password has at least \(PasswordRules.octetsMin) octets; some words in a row are good"
        case .passwordTooLong: "a password has at most \(PasswordRules.octetsMax) octets"
        case .passwordIsName: "the password must not be the user name"
        case .passwordIsSimple: "the password repeats a few characters only"
        case .passwordContainsName:
            "the password must not contain the user name, the e-mail address or the name of this service"
        case .passwordIsCommon:
            "the password is one of the first that anybody would try: common words, names, years or rows of keys, and little else; take some words that have nothing to do with each other"
        case .logsInElsewhere: "this account logs in at an OpenID provider; it has no password here"
        case .badIdentity: "a user of a provider has an issuer, and a subject of 1 to 255 octets"
        case .noEmail: "there is no e-mail address that could be verified"
        case .identityTaken: "this user of the provider has an account already"
        case .badScopes:
            "a user has at most \(UserProfileChange.scopesMax) scopes of their own, of \(UserProfileChange.scopeBytesMax) octets together, and \(UserProfileChange.groupsMax) groups; a scope is of printable ASCII without space, \" and \\"
        case .badAttribute(let name):
            "attribute \(Shown.value(name)): a name has 1 to 64 letters, digits, _, - and dots, and a value 1 to \(UserProfileChange.attributeBytesMax) octets without control characters"
        case .tooManyAttributes:
            "a user has at most \(UserProfileChange.attributesMax) attributes with \(UserProfileChange.attributeValuesMax) values, of \(UserProfileChange.attributeBytesInAllMax) octets together"
        case .unknownGroup(let name, let known):
            known.isEmpty
                ? "there is no group \(Shown.value(name)): routes.yaml has no \"groups\" under authorization_server"
                : "there is no group \(Shown.value(name))\(Spelling.hint(for: name, among: known).isEmpty ? "; groups of routes.yaml are \(known.prefix(20).joined(separator: ", "))" : Spelling.hint(for: name, among: known))"
        case .nameTaken(let name): "there is a user \"\(name)\" already"
        }
    }
}
