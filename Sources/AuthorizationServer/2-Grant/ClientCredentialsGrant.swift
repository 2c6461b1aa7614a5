internal import HTTP
internal import JOSE
internal import JSON

/// The client credentials grant (RFC 6749 §4.4): a client acts for itself.
struct ClientCredentialsGrant: Sendable {
    let issuer: String
    let lifetimeSeconds: Int64
    /// Of tokens whose request names no resource (RFC 9068 §3).
    let audience: String
    /// What `resource` may name.
    let resources: Set<String>
    let keys: SigningKeyRing

    func token(
        for client: AuthenticatedClient, _ parameters: TokenParameters, now: Int64, random: Randomness
    ) throws(OAuthError) -> IssuedToken {
        let scopes = try scopes(of: client.client, asked: parameters.value("scope"))
        let audience = try audience(asked: parameters.values("resource"))
        guard let key = keys.current(now: now) else { throw .unavailable }
        let scope = scopes.joined(separator: " ")
        // RFC 9068 §2.2; `sub` is the client itself, because nobody else takes part (§2.2, RFC 6749 §4.4).
        var claims: JSONObject = [
            "iss": .string(issuer), "sub": .string(client.client.id), "aud": .string(audience), "client_id": .string(client.client.id),
            "iat": .integer(now), "exp": .integer(now &+ lifetimeSeconds), "jti": .string(Base64URL.encode(random.octets(16))),
        ]
        if !scope.isEmpty { claims["scope"] = .string(scope) }
        do {
            return IssuedToken(text: try key.sign(header: ["typ": "at+jwt"], claims: claims), scope: scope, lifetimeSeconds: lifetimeSeconds)
        } catch {
            throw .unavailable
        }
    }

    /// Without a request for scopes, all that the client may have. A request for one that it may not have is refused rather
    /// than narrowed: a token that does less than was asked for fails later, elsewhere, and at a worse time.
    private func scopes(of client: RegisteredClient, asked: String?) throws(OAuthError) -> [String] {
        guard let asked else { return client.scopes }
        guard let tokens = ScopeText.tokens(asked), tokens.allSatisfy(client.scopes.contains) else { throw .invalidScope }
        return tokens
    }

    /// One resource to a token (RFC 8707 §2), so that no resource can use it against another.
    private func audience(asked: [String]) throws(OAuthError) -> String {
        guard let first = asked.first else { return audience }
        guard asked.allSatisfy({ $0.utf8.elementsEqual(first.utf8) }), let known = resources.first(where: { $0.utf8.elementsEqual(first.utf8) })
        else { throw .invalidTarget }
        return known
    }
}

/// A token, ready to be answered with (RFC 6749 §5.1).
struct IssuedToken {
    let text: String
    let scope: String
    let lifetimeSeconds: Int64

    var response: ServiceResponse {
        var body: JSONObject = ["access_token": .string(text), "token_type": "Bearer", "expires_in": .integer(lifetimeSeconds)]
        if !scope.isEmpty { body["scope"] = .string(scope) }
        return .json(status: 200, body)
    }
}
