/// The routes that lead to protected-resource metadata (RFC 9728). They stand behind the operator's routes, have line
/// 0, are public, and exist on every host on which some route needs a token.
package enum ResourceMetadataRoutes {
    /// RFC 9728 §3; the resource's path comes behind it.
    package static let wellKnownPath = "/.well-known/oauth-protected-resource"
    /// What the ids of these routes begin with.
    package static let id = "resource_metadata"

    /// The path of the resource that a route belongs to, which stands behind scheme and host in its identifier; nil:
    /// the route needs no token.
    ///
    /// A client asks for a token for this identifier (RFC 8707), so it is an audience that the route accepts where one
    /// is a URL above the route on one of its hosts: the longest. Otherwise it is the part of the route's path before
    /// the first capture.
    package static func resourcePath(of route: Route, issuers: [Issuer]) -> String? {
        // Nobody is to learn from metadata that there is a management interface.
        guard let require = route.require, !require.issuers.isEmpty, route.destination != .local(.admin) else {
            return nil
        }
        let allowed = require.issuers.filter(issuers.indices.contains).map { issuers[$0] }
        let audiences = require.audiences.isEmpty ? allowed.flatMap(\.audiences) : require.audiences
        let prefix = literalPrefix(of: route.match.path)
        var best: (path: String, depth: Int)?
        for audience in audiences {
            guard let identifier = identifier(audience), serves(route.match.hosts, identifier.host) else { continue }
            let segments = identifier.path.split(separator: "/").map(String.init)
            guard prefix.starts(with: segments), best.map({ $0.depth < segments.count }) ?? true else { continue }
            best = (identifier.path, segments.count)
        }
        return best?.path ?? prefix.map { "/" + $0 }.joined()
    }

    /// What stands behind the well-known path for this resource: its path, but for a slash that stands alone
    /// (RFC 9728 §3.1).
    package static func suffix(ofResourceAt path: String) -> String { path == "/" ? "" : path }

    /// The segments before the first that is captured, or that only an irregular path has.
    private static func literalPrefix(of path: PathPattern) -> [String] {
        var prefix: [String] = []
        for segment in path.segments {
            guard case .literal(let text) = segment, !text.isEmpty, !text.contains("%"), !text.contains(";") else {
                break
            }
            prefix.append(text)
        }
        return prefix
    }

    private static func identifier(_ audience: String) -> HTTPSIdentifier? {
        guard let identifier = try? HTTPSIdentifier(audience) else { return nil }
        let isPlain =
            !identifier.path.contains("//") && !identifier.path.contains("%") && !identifier.path.contains(";")
        return isPlain ? identifier : nil
    }

    private static func serves(_ hosts: [String], _ host: String) -> Bool {
        hosts.isEmpty || hosts.contains { HostPattern.covers($0, host) }
    }

    static func routes(for policy: Policy) -> [Route] {
        guard let settings = policy.resourceMetadata else { return [] }
        let protected = policy.routes.filter { resourcePath(of: $0, issuers: policy.issuers) != nil }
        var hosts: [String] = []
        for host in protected.flatMap(\.match.hosts) where !hosts.contains(host) { hosts.append(host) }
        // The hosts of the protected routes, so that a route for all paths of such a host does not come first.
        var routes: [Route] = []
        if !hosts.isEmpty { routes.append(route(id, hosts, settings)) }
        if protected.contains(where: \.match.hosts.isEmpty) { routes.append(route("\(id).any_host", [], settings)) }
        return routes
    }

    private static func route(_ id: String, _ hosts: [String], _ settings: ResourceMetadataSettings) -> Route {
        let segments: [PathPattern.Segment] = [
            .literal(".well-known"), .literal("oauth-protected-resource"), .rest("resource"),
        ]
        let path = PathPattern(text: wellKnownPath + "/{resource...}", segments: segments)
        return Route(
            id: id, match: RouteMatchRule(hosts: hosts, methods: ["GET", "HEAD"], path: path), require: nil,
            limits: settings.limits, destination: .local(.resourceMetadata), bodyBytesMax: 0)
    }
}

extension Policy {
    /// This policy with the routes of its protected-resource metadata, unless they are there already.
    package func addingResourceMetadataRoutes() -> Policy {
        let present = Set(routes.map(\.id))
        var policy = self
        policy.routes += ResourceMetadataRoutes.routes(for: self).filter { !present.contains($0.id) }
        return policy
    }
}
