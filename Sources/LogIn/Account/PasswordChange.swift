import AuthorizationRecords
import Texts

/// A new password that its user sets: what it must be, and what is written with it.
struct PasswordChange: Sendable {
    let context: PageContext
    let hasher: PasswordHasher
    let rules: PasswordRules

    /// nil: the password will do.
    func problem(_ password: String, again: String, name: String, email: String?) -> PasswordText? {
        do throws(UserError) {
            try rules.check(password, name: name, email: email)
        } catch {
            return switch error {
            case .passwordTooShort: .tooShort
            case .passwordTooLong: .tooLong
            case .passwordIsName, .passwordContainsName: .containsName
            default: .common
            }
        }
        return password == again ? nil : .different
    }

    /// The account with the new password; whoever was known by the old one is known no longer.
    func applied(_ password: String, to user: StoredUser, random: Randomness) async throws -> StoredUser {
        var user = user
        user.passwordHash = try await hasher.hash(password, random: random).text
        user.epoch &+= 1
        return user
    }

    /// By then what is granted next does not end with what was granted before.
    static let overtaking = Duration.seconds(Revoker.overtakingSeconds + 1)
}
