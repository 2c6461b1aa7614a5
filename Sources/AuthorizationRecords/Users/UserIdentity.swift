import JSON

/// Who somebody is at an OpenID provider (OpenID Connect Core §5.7): the two together, and nothing else, are the same
/// user for good.
package struct UserIdentity: Sendable, Equatable {
    /// Issuer identifier.
    package var issuer: String
    /// `sub` of the provider's ID tokens.
    package var subject: String

    package init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }

    /// What its record is found by. The length keeps the two apart.
    package var key: String { SecretDigest.text(of: "identity \(issuer.utf8.count) \(issuer) \(subject)") }

    /// Leads from the user there to the account here.
    package func record(of userID: String) -> StoredRecord { StoredRecord(.identity, key, subject: userID, body: [:]) }
}
