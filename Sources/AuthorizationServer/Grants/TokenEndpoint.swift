import AuthorizationRecords
import HTTP
import LogIn

/// `POST /oauth2/token` (RFC 6749 §3.2): the client is known; grant.
struct TokenEndpoint: ClientOperation {
    let takesProofs = true
    private let store: any AuthorizationStore
    private let grants: [GrantType: any TokenGrant]

    init(grants: [any TokenGrant], store: any AuthorizationStore) {
        self.store = store
        self.grants = Dictionary(grants.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse {
        guard let name = request.parameters.value("grant_type") else { throw .missingGrantType }
        guard let type = GrantType(rawValue: name), let grant = grants[type] else { throw .unsupportedGrantType }
        guard request.client.client.grants.contains(type) else { throw .unauthorizedClient }
        let (binding, proof) = try request.binding()
        let tokenRequest = TokenRequest(
            client: request.client, parameters: request.parameters, binding: binding,
            request: request.call.request, now: request.call.now, random: request.call.random,
            useProof: { () async throws(OAuthError) in if let proof { try await request.use(proof) } })
        if !grant.usesProof { try await tokenRequest.useProof() }
        let answer = try await grant.tokens(for: tokenRequest).response
        // If that fails, the client ends earlier, and registers again.
        if request.client.client.kept(now: request.call.now) != nil,
            let kept = try? await store.client(id: request.client.client.id)?.kept(now: request.call.now)
        {
            _ = try? await store.replace(kept, now: request.call.now)
        }
        return answer
    }

    func note(_ parameters: RequestParameters, in facts: inout ServiceFacts) {
        facts.tokenPresented = (parameters.value("refresh_token") ?? parameters.value("subject_token")).map(
            ServiceFacts.digest)
    }
}

extension OAuthError {
    static let missingGrantType = OAuthError("invalid_request", "grant_type is missing")
    static let unauthorizedClient = OAuthError("unauthorized_client", "this client may not use this grant type")
    static let unsupportedGrantType = OAuthError("unsupported_grant_type", "this grant type is not supported")

    static var tokenEndpoint: [OAuthError] { [missingGrantType, unauthorizedClient, unsupportedGrantType] }
}
