/// Who knows the issuers whose tokens are taken instead of secrets: the gateway, which has their keys for its routes
/// anyway.
package protocol AssertionJudge: Sendable {
    /// Judges a JWT: signature by its issuer's keys, `exp`, `nbf`, `iat`, `aud` (this server), and the rules of the
    /// trusts that lead to this client; those that lead to others are not asked.
    /// - Parameter client: `client_id` of whoever shows it.
    func judge(_ assertion: String, for client: String) async -> AssertionVerdict
}

/// What a token of somebody else is good for.
package enum AssertionVerdict: Sendable, Equatable {
    /// It stands for this client of ours.
    case trusted(TrustedAssertion)
    /// Nothing, whatever the reason.
    case refused
    /// The keys of its issuer cannot be had now.
    case unavailable
}

/// A token of somebody else that stands for a client of ours.
package struct TrustedAssertion: Sendable, Equatable {
    /// `client_id` of the client that the trust leads to.
    package var client: String
    /// Identifier of the issuer that signed it.
    package var issuer: String
    /// `jti`, where it counts once; nil: it may come again.
    package var onceID: String?
    /// Seconds since 1970.
    package var expiresAt: Int64

    package init(client: String, issuer: String, onceID: String?, expiresAt: Int64) {
        self.client = client
        self.issuer = issuer
        self.onceID = onceID
        self.expiresAt = expiresAt
    }
}
