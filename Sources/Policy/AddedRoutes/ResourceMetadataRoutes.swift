/// The routes that lead to protected-resource metadata (RFC 9728). They stand behind the operator's routes, have line
/// 0, are public, and exist on every host on which some route needs a token.
package enum ResourceMetadataRoutes {
    /// RFC 9728 §3; the resource's path comes behind it.
    package static let wellKnownPath = "/.well-known/oauth-protected-resource"
    /// What the ids of these routes begin with.
    package static let id = "resource_metadata"

    /// What stands behind the well-known path for this resource: its path, but for a slash that stands alone
    /// (RFC 9728 §3.1).
    package static func suffix(ofResourceAt path: String) -> String { path == "/" ? "" : path }

    static func routes(for policy: Policy) -> [Route] {
        guard let settings = policy.resourceMetadata else { return [] }
        let protected = zip(policy.routes, ProtectedResources(policy).places()).filter { $0.1 != nil }.map(\.0)
        let isOnAnyHost = protected.contains(where: \.match.hosts.isEmpty)
        var hosts: [String] = []
        var known: Set<String> = []
        for host in (isOnAnyHost ? policy.routes.filter { $0.line > 0 } : protected).flatMap(\.match.hosts)
        where known.insert(host).inserted { hosts.append(host) }
        // The hosts of the protected routes, so that a route for all paths of such a host does not come first; where one
        // of those is for any host, all hosts that have routes.
        var routes: [Route] = []
        if !hosts.isEmpty { routes.append(route(id, hosts, settings)) }
        if isOnAnyHost { routes.append(route("\(id).any_host", [], settings)) }
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
