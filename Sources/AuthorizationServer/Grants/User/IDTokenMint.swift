import AuthorizationRecords
import JOSE
import JSON
import Octets

/// Makes ID tokens (OpenID Connect Core §2): who logged in, when and how, for the client alone. What is known of the
/// user besides is at the userinfo endpoint.
struct IDTokenMint: Sendable {
    static let lifetimeSeconds: Int64 = 600

    let issuer: String
    let keys: SigningKeys

    /// - Parameter accessToken: comes in the same answer; `at_hash` ties the two together (§3.1.3.6).
    func idToken(for grant: Grant, nonce: String?, accessToken: String, now: Int64) throws(OAuthError) -> String {
        guard let key = keys.ring.current(now: now) else { throw .unavailable }
        var claims: JSONObject = [
            // Never an audience of access tokens: a service that takes one for the other would have to take any
            // client's (RFC 9068 §5).
            "iss": .string(issuer), "sub": .string(grant.subject), "aud": .string(grant.clientID), "iat": .integer(now),
            "exp": .integer(now + Self.lifetimeSeconds),
        ]
        if case .object(let members)? = grant.authentication?.json {
            for (name, value) in members.members { claims[name] = value }
        }
        claims["nonce"] = nonce.map { .string($0) }
        claims["sid"] = grant.sessionID.map { .string($0) }
        claims["at_hash"] = key.algorithm.leftHalfHash(of: Array(accessToken.utf8)).map {
            .string(Base64URL.encode($0))
        }
        do {
            return try key.sign(header: ["typ": "JWT"], claims: claims)
        } catch {
            throw .unavailable
        }
    }
}
