package import AuthorizationRecords
import JOSE
import JSON
package import Policy

/// Makes logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): a session of this user has ended, for one client.
package struct LogoutTokenMint: Sendable {
    /// From `iat` to `exp` (§4: two minutes at most are recommended).
    static let lifetimeSeconds: Int64 = 120
    /// The event that it is about.
    static let event = "http://schemas.openid.net/event/backchannel-logout"

    private let issuer: String
    private let tokens: IDTokenMint

    /// Of the server with this issuer, its keys and what its profile allows to sign by.
    package init(issuer: String, keys: SigningKeys, profile: SecurityProfile) {
        self.issuer = issuer
        tokens = IDTokenMint(issuer: issuer, keys: keys, profile: profile)
    }

    /// Signed as the client's ID tokens are; each attempt gets another `jti`, so that a client whose answer was lost does not
    /// take the next for a replay. nil: there is no key that signs so.
    /// - Parameter now: seconds since 1970.
    package func token(
        for notice: LogoutNotice, client: RegisteredClient, now: Int64, random: Randomness
    ) -> String? {
        guard let key = try? tokens.key(for: client, now: now) else { return nil }
        // Never `nonce`: so it cannot be taken for an ID token.
        let claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(notice.userID), "aud": .string(notice.clientID),
            "iat": .integer(now), "exp": .integer(now &+ Self.lifetimeSeconds),
            "jti": .string(RandomText.tokenID.make(random)), "sid": .string(notice.sessionID),
            "events": [Self.event: [:]],
        ]
        return try? key.sign(header: ["typ": "logout+jwt"], claims: claims)
    }
}
