import DataPlane
import HTTP
import JSON
import Policy

/// Protected-resource metadata (RFC 9728): which authorization servers a client without a token may turn to, and which
/// scopes there are. Made from the routes; nobody behind a route can say anything in it (RFC 9728 §7.3).
struct ResourceMetadataService: LocalService {
    let resources: ProtectedResources

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        let suffix = String(request.path.dropFirst(ResourceMetadataRoutes.wellKnownPath.count))
        guard let resource = resources.resource(host: request.host, port: request.port ?? 443, suffix: suffix) else {
            return ServiceResponse(
                status: 404, fields: [("Content-Type", "application/problem+json")],
                body: JSON.object([
                    "type": "about:blank", "title": "Not found", "status": 404,
                    "detail": "There is no protected resource at this address.",
                ]).serialized())
        }
        let port = request.port.map { $0 == 443 ? "" : ":\($0)" } ?? ""
        return ServiceResponse(
            status: 200,
            fields: [("Content-Type", "application/json"), ("Cache-Control", "max-age=300")],
            body: Self.document(resource, authority: request.host + port).serialized())
    }

    /// Members without elements are left out (RFC 9728 §3.2).
    private static func document(_ resource: ProtectedResources.Resource, authority: String) -> JSON {
        var members: [(String, JSON)] = [("resource", .string("https://\(authority)\(resource.path)"))]
        if !resource.authorizationServers.isEmpty {
            members.append(("authorization_servers", .array(resource.authorizationServers.map { .string($0) })))
        }
        if !resource.scopes.isEmpty {
            members.append(("scopes_supported", .array(resource.scopes.map { .string($0) })))
        }
        members.append(("bearer_methods_supported", ["header"]))
        if resource.demandsDPoP { members.append(("dpop_bound_access_tokens_required", true)) }
        if resource.demandsCertificate { members.append(("tls_client_certificate_bound_access_tokens", true)) }
        return .object(JSONObject(members))
    }
}
