internal import HTTP

/// `POST /oauth2/token` (RFC 6749 §3.2): read, authenticate, grant.
struct TokenEndpoint: Sendable {
    let authenticator: ClientAuthenticator
    let grant: ClientCredentialsGrant

    func answer(_ request: ServiceRequest, now: Int64, random: Randomness) async -> ServiceResponse {
        do throws(OAuthError) {
            let parameters = try TokenParameters(request)
            let credential = try PresentedCredential.read(request, parameters)
            let client = try await authenticator.authenticate(credential, address: request.clientAddress, now: now)
            guard let name = parameters.value("grant_type") else { throw .missingGrantType }
            guard let type = GrantType(rawValue: name) else { throw .unsupportedGrantType }
            guard client.client.grants.contains(type) else { throw .unauthorizedClient }
            switch type {
            case .clientCredentials: return try grant.token(for: client, parameters, now: now, random: random).response
            }
        } catch {
            return error.response(realm: authenticator.realm)
        }
    }
}
