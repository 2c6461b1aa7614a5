internal import HTTP
internal import JOSE
internal import Policy

final class EmbeddedAuthorizationServer: LocalService {
    let keys: JWKSet
    init(_ settings: AuthorizationServerSettings, policy: Policy) async throws { keys = try JWKSet.parse(Array("{\"keys\":[]}".utf8)) }
    func answer(_ request: ServiceRequest) async -> ServiceResponse { ServiceResponse(status: 503) }
}
