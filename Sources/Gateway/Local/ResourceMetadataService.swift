import DataPlane
import HTTP
import JSON
import Policy

/// Protected-resource metadata (RFC 9728): which authorization servers a client without a token may turn to, and which
/// scopes there are. Made from the routes; nobody behind a route can say anything in it (RFC 9728 §7.3).
struct ResourceMetadataService: LocalService {
    private let directory: ResourceDirectory

    init(_ policy: Policy) { directory = ResourceDirectory(policy) }

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        let suffix = String(request.path.dropFirst(ResourceMetadataRoutes.wellKnownPath.count))
        guard let resource = directory.resource(host: request.host, suffix: suffix) else {
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
    private static func document(_ resource: ResourceDirectory.Resource, authority: String) -> JSON {
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

/// All protected resources of a policy, by host and path.
struct ResourceDirectory: Sendable {
    /// One resource: all routes whose tokens are asked for under the same identifier.
    struct Resource: Sendable {
        /// What stands behind scheme and host in its identifier.
        var path: String
        /// Issuer identifiers, in the order of the policy.
        var authorizationServers: [String]
        /// In the order of the policy.
        var scopes: [String]
        /// Every one of its routes takes tokens only that are bound to a key, or to a client certificate.
        var demandsDPoP: Bool
        var demandsCertificate: Bool
    }
    /// By host as in `routes.yaml` (empty: any), then by path without a last slash.
    private var resources: [String: [String: Resource]] = [:]

    init(_ policy: Policy) {
        for route in policy.routes {
            guard let require = route.require,
                let path = ResourceMetadataRoutes.resourcePath(of: route, issuers: policy.issuers)
            else { continue }
            let issuers = require.issuers.filter(policy.issuers.indices.contains).sorted().map { policy.issuers[$0] }
            let resource = Resource(
                path: path, authorizationServers: issuers.filter(\.listed).map(\.identifier),
                scopes: require.scopes + require.anyScope, demandsDPoP: require.proof == .dpop,
                demandsCertificate: require.proof == .mtls)
            for host in route.match.hosts.isEmpty ? [""] : route.match.hosts {
                let key = Self.key(path)
                resources[host, default: [:]][key] = Self.joined(resources[host]?[key], resource)
            }
        }
    }

    /// The resource at this path of this host, or the one that it lies in, under the name that was asked for: then a
    /// client that compares the identifier with the address that it knows finds them equal (RFC 9728 §3.3).
    func resource(host: String, suffix: String) -> Resource? {
        let entries = Self.entries(for: host)
        var key = Self.key(suffix)
        while true {
            let found = entries.compactMap { resources[$0]?[key] }
            if var resource = found.dropFirst().reduce(found.first, { Self.joined($0, $1) }) {
                if ResourceMetadataRoutes.suffix(ofResourceAt: resource.path) != suffix { resource.path = suffix }
                return resource
            }
            guard let slash = key.lastIndex(of: "/") else { return nil }
            key = Self.key(String(key[..<slash]))
        }
    }

    private static func key(_ path: String) -> String {
        var path = path[...]
        while path.last == "/" { path.removeLast() }
        return String(path)
    }

    /// The host itself, `*.` and each of its parents, and any host.
    private static func entries(for host: String) -> [String] {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return [host] + labels.indices.dropFirst().map { "*." + labels[$0...].joined(separator: ".") } + [""]
    }

    private static func joined(_ one: Resource?, _ other: Resource) -> Resource {
        guard var joined = one else { return other }
        for server in other.authorizationServers where !joined.authorizationServers.contains(server) {
            joined.authorizationServers.append(server)
        }
        joined.demandsDPoP = joined.demandsDPoP && other.demandsDPoP
        joined.demandsCertificate = joined.demandsCertificate && other.demandsCertificate
        for scope in other.scopes where !joined.scopes.contains(scope) { joined.scopes.append(scope) }
        return joined
    }
}
