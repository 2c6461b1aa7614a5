package import JSON

/// What clients may know of a user (OpenID Connect Core §5.1); the raw value is the claim's name. One table: what stands
/// here is delivered, and is in the metadata.
package enum UserClaim: String, CaseIterable, Sendable {
    case name
    case preferredUsername = "preferred_username"
    case email
    case emailVerified = "email_verified"

    /// By which it is asked for (§5.4).
    package var scope: String {
        switch self {
        case .name, .preferredUsername: IdentityScope.profile
        case .email, .emailVerified: IdentityScope.email
        }
    }

    /// nil: it is not known.
    package func value(of user: StoredUser) -> JSON? {
        switch self {
        case .name: user.displayName.map { .string($0) }
        case .preferredUsername: .string(user.name)
        case .email: user.email.map { .string($0) }
        case .emailVerified: user.email.map { _ in .bool(user.isEmailVerified) }
        }
    }
}
