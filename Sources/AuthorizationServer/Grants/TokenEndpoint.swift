import AuthorizationRecords
import HTTP
import LogIn

/// `POST /oauth2/token` (RFC 6749 §3.2): read, authenticate, grant.
struct TokenEndpoint: ServerEndpoint {
    let methods = ["POST"]
    let authenticator: ClientAuthenticator
    let proofs: SenderProofRules
    private let grants: [GrantType: any TokenGrant]

    init(authenticator: ClientAuthenticator, proofs: SenderProofRules, grants: [any TokenGrant]) {
        self.authenticator = authenticator
        self.proofs = proofs
        self.grants = Dictionary(grants.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        var clientID: String?
        do throws(OAuthError) {
            let parameters = try RequestParameters.form(call.request)
            let client = try await authenticator.authenticate(call, parameters)
            clientID = client.client.id
            guard let name = parameters.value("grant_type") else { throw .missingGrantType }
            guard let type = GrantType(rawValue: name), let grant = grants[type] else { throw .unsupportedGrantType }
            guard client.client.grants.contains(type) else { throw .unauthorizedClient }
            let binding = try await proofs.binding(call, client.client)
            let request = TokenRequest(
                client: client, parameters: parameters, binding: binding, request: call.request, now: call.now,
                random: call.random)
            var response = try await grant.tokens(for: request).response(client: client.client.id)
            response.fields += proofs.fields(call) + [ServiceResponse.anyOrigin]
            return response
        } catch {
            var response = error.response(realm: authenticator.realm)
            response.facts.client = clientID
            response.fields.append(ServiceResponse.anyOrigin)
            return response
        }
    }
}

extension OAuthError {
    static let missingGrantType = OAuthError("invalid_request", "grant_type is missing")
    static let unauthorizedClient = OAuthError("unauthorized_client", "this client may not use this grant type")
    static let unsupportedGrantType = OAuthError("unsupported_grant_type", "this grant type is not supported")

    static var tokenEndpoint: [OAuthError] { [missingGrantType, unauthorizedClient, unsupportedGrantType] }
}
