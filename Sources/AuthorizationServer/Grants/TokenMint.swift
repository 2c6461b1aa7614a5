import AuthorizationRecords
import JOSE
import JSON

/// Makes access tokens (RFC 9068): self-contained, so nothing of them is stored.
struct TokenMint: Sendable {
    let issuer: String
    let lifetimeSeconds: Int64
    let keys: SigningKeys

    /// - Parameter notAfter: when what it comes from ends; the token does not outlive it.
    func accessToken(_ content: AccessTokenContent, notAfter: Int64? = nil, now: Int64, random: Randomness)
        throws(OAuthError) -> IssuedToken
    {
        guard let key = keys.ring.current(now: now) else { throw .unavailable }
        let lifetime = max(1, min(lifetimeSeconds, (notAfter ?? .max) &- now))
        let scope = content.scopes.joined(separator: " ")
        // RFC 9068 §2.2
        var claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(content.subject), "aud": .string(content.audience),
            "client_id": .string(content.clientID),
            "iat": .integer(now), "exp": .integer(now &+ lifetime), "jti": .string(RandomText.tokenID.make(random)),
        ]
        if !scope.isEmpty { claims["scope"] = .string(scope) }
        claims["grant_id"] = content.grantID.map { .string($0) }
        if let binding = content.binding, !binding.isEmpty { claims["cnf"] = .object(binding.confirmation) }
        if case .object(let members)? = content.authentication?.json {
            for (name, value) in members.members { claims[name] = value }
        }
        claims[TokenOrigin.claim] = TokenOrigin.claim(content.origins)
        claims["act"] = content.actor
        claims["may_act"] = content.mayAct
        claims["authorization_details"] = content.authorizationDetails
        for (name, value) in content.userClaims.members where claims[name] == nil { claims[name] = value }
        let text: String
        do { text = try key.sign(header: ["typ": "at+jwt"], claims: claims) } catch { throw .unavailable }
        // Better here, where it says why, than at each service that it is sent to.
        guard text.utf8.count <= Self.bytesMax else { throw .tokenTooLong }
        return IssuedToken(
            text: text, type: content.binding?.keyThumbprint == nil ? "Bearer" : "DPoP", scope: scope,
            lifetimeSeconds: lifetime)
    }

    /// Octets of a token, encoded: a gateway takes 16 KiB, and a head, in which more has to stand, as much.
    static let bytesMax = 14_336
}

extension OAuthError {
    /// All that was granted is too much for one token.
    static let tokenTooLong = OAuthError(
        "invalid_request", "the token would be longer than services take; ask for fewer scopes or details",
        event: "token_too_long")
}

/// What an access token says.
struct AccessTokenContent: Sendable {
    var clientID: String
    /// The user's id, or the client's own (RFC 9068 §2.2).
    var subject: String
    var scopes: [String]
    /// One resource to a token (RFC 8707 §2), so that no resource can use it against another.
    var audience: String
    /// What it comes from, and ends with.
    var grantID: String?
    /// Access tokens that it comes from, and ends with each of.
    var origins: [TokenOrigin] = []
    var binding: SenderBinding?
    var authentication: UserAuthentication?
    /// RFC 8693 §4.1.
    var actor: JSON?
    /// Who alone may exchange it (RFC 8693 §4.4); nil: whoever serves its audience.
    var mayAct: JSON?
    /// RFC 9396 §9.1.
    var authorizationDetails: JSON?
    /// What the operator wants it to say of the user besides.
    var userClaims: JSONObject = [:]

    init(clientID: String, subject: String, scopes: [String], audience: String) {
        self.clientID = clientID
        self.subject = subject
        self.scopes = scopes
        self.audience = audience
    }
}

/// A token, ready to be answered with (RFC 6749 §5.1).
struct IssuedToken: Sendable {
    let text: String
    /// `token_type`
    let type: String
    let scope: String
    let lifetimeSeconds: Int64
}
