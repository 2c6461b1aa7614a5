import AuthorizationRecords
import JOSE
import JSON
import Octets
import Policy

/// Makes ID tokens (OpenID Connect Core §2): who logged in, when and how, for the client alone. What is known of the
/// user besides is at the userinfo endpoint.
struct IDTokenMint: Sendable {
    static let lifetimeSeconds: Int64 = 600

    let issuer: String
    let keys: SigningKeys
    let profile: SecurityProfile

    /// - Parameter accessToken: comes in the same answer; `at_hash` ties the two together (§3.1.3.6).
    /// - Parameters:
    ///   - client: whose it is to be.
    ///   - claims: of the user, that the client has asked to have in it.
    func idToken(
        for grant: Grant, client: RegisteredClient, claims more: JSONObject, nonce: String?, accessToken: String,
        now: Int64
    ) throws(OAuthError) -> String {
        let key = try key(for: client, now: now)
        var claims: JSONObject = [
            // Never an audience of access tokens: a service that takes one for the other would have to take any
            // client's (RFC 9068 §5).
            "iss": .string(issuer), "sub": .string(grant.subject), "aud": .string(grant.clientID), "iat": .integer(now),
            "exp": .integer(now + Self.lifetimeSeconds),
        ]
        for (name, value) in more.members where claims[name] == nil { claims[name] = value }
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
    /// By which the client's tokens are signed, and no other: what it does not expect it would take for a forgery.
    func key(for client: RegisteredClient, now: Int64) throws(OAuthError) -> SigningKey {
        guard let algorithm = client.idTokenAlgorithm else {
            guard let key = keys.ring.current(now: now) else { throw .unavailable }
            return key
        }
        guard profile.algorithms.contains(algorithm) else { throw .idTokenAlgorithmRefused }
        guard let key = keys.ring.current(algorithm, now: now) else { throw .idTokenKeyMissing }
        return key
    }
}

extension OAuthError {
    /// The profile was chosen after the client had been registered.
    static let idTokenAlgorithmRefused = OAuthError(
        "unauthorized_client",
        "the profile of this server does not allow the id_token_signed_response_alg of this client; register it with another"
    )
    static let idTokenKeyMissing = OAuthError(
        "temporarily_unavailable",
        "there is no key yet that signs by the id_token_signed_response_alg of this client; try again", status: 503,
        retryAfterSeconds: 10, event: "id_token_key_missing")

    static var idTokens: [OAuthError] { [idTokenAlgorithmRefused, idTokenKeyMissing] }
}
