import AuthorizationRecords
import HTTP
import JSON
import LogIn

/// One way to a token: what a client may exchange for one (RFC 6749 §4, RFC 6749 §4.5 for extensions).
protocol TokenGrant: Sendable {
    var type: GrantType { get }
    /// Whether `tokens` has the proof count as used itself (`TokenRequest.useProof`): where anybody could make up the
    /// grant, after it has found it.
    var usesProof: Bool { get }
    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer
}

extension TokenGrant {
    var usesProof: Bool { false }
}

/// A token request whose client has shown who it is and may use this grant.
struct TokenRequest: Sendable {
    let client: AuthenticatedClient
    let parameters: RequestParameters
    /// What the client has proved to hold, and tokens are to be bound to; nil: nothing.
    let binding: SenderBinding?
    let request: ServiceRequest
    /// Seconds since 1970.
    let now: Int64
    let random: Randomness
    /// Has the request's DPoP proof, if there is one, count as used; throws if it does already. Once for each request,
    /// before anything is given or changed.
    let useProof: @Sendable () async throws(OAuthError) -> Void
}

/// A successful answer of the token endpoint (RFC 6749 §5.1).
struct TokenAnswer: Sendable {
    var accessToken: IssuedToken
    var refreshToken: String?
    /// OpenID Connect Core §3.1.3.3.
    var idToken: String?
    /// What stands in it besides, such as `issued_token_type` (RFC 8693 §2.2.1).
    var more: JSONObject = [:]
    /// Whom the tokens are about, for the record.
    var subject: String?
    /// What the user may not be granted, for the record.
    var scopesLeftOut: [String] = []
}

extension TokenAnswer {
    var response: ServiceResponse {
        var body: JSONObject = [
            "access_token": .string(accessToken.text), "token_type": .string(accessToken.type),
            "expires_in": .integer(accessToken.lifetimeSeconds),
        ]
        if !accessToken.scope.isEmpty { body["scope"] = .string(accessToken.scope) }
        body["refresh_token"] = refreshToken.map { .string($0) }
        body["id_token"] = idToken.map { .string($0) }
        for (name, value) in more.members { body[name] = value }
        var response = ServiceResponse.json(status: 200, body)
        response.facts.subject = subject
        response.facts.scopesLeftOut = scopesLeftOut
        response.facts.token = ServiceFacts.digest(accessToken.text)
        response.facts.refreshToken = refreshToken.map(ServiceFacts.digest)
        return response
    }
}
