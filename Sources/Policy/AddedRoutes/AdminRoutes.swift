/// The routes of the management interface, which `authorization_server.admin` switches on. They stand behind the
/// operator's routes, have line 0, exist on the issuer's host only, need a token of the embedded issuer, and on other
/// listeners than those of this machine they do not exist (unless the policy says so).
package enum AdminRoutes {
    /// Everything below belongs to it.
    package static let path = "/admin/v1"
    /// To read: GET and HEAD.
    package static let readScope = "admin:read"
    /// To change.
    package static let writeScope = "admin:write"
    /// Metadata of a client with a few keys.
    package static let bodyBytesMax = 65_536

    /// Whether a token with this scope may be let in here, however the issuer's scopes are compared: nobody may give it
    /// to himself.
    package static func isCovered(by scope: String) -> Bool {
        scope == "admin" || scope.hasPrefix("admin:") || scope.contains("*")
    }

    /// Whether a token with this scope manages the server, however scopes are compared; `orders:*` does not. Users have to be
    /// given such a scope by name.
    package static func isAdministrative(_ scope: String) -> Bool {
        guard let star = scope.firstIndex(of: "*") else { return scope == "admin" || scope.hasPrefix("admin:") }
        let head = scope[..<star]
        return head.hasPrefix("admin") || readScope.hasPrefix(head) || writeScope.hasPrefix(head)
    }

    static func routes(for policy: Policy) -> [Route] {
        guard let server = policy.authorizationServer, let settings = server.admin,
            let issuer = policy.issuers.firstIndex(where: { $0.keys == .embedded })
        else { return [] }
        let path = PathPattern(
            text: path + "/{resource...}", segments: [.literal("admin"), .literal("v1"), .rest("resource")])
        func route(_ name: String, _ methods: [String], _ scope: String, _ bodyBytesMax: Int) -> Route {
            var route = Route(
                id: "authorization_server.\(name)",
                match: RouteMatchRule(hosts: [server.issuer.host], methods: methods, path: path),
                require: Requirement(issuers: [issuer], scopes: [scope]), limits: server.limits,
                destination: .local(.admin),
                bodyBytesMax: bodyBytesMax)
            route.isForThisMachine = !settings.anyListener
            return route
        }
        return [
            route("admin_read", ["GET", "HEAD"], readScope, 0),
            route("admin_write", ["POST", "PUT", "PATCH", "DELETE"], writeScope, bodyBytesMax),
        ]
    }
}

extension Policy {
    /// This policy with the routes of its management interface, unless they are there already.
    package func addingAdminRoutes() -> Policy {
        let present = Set(routes.map(\.id))
        var policy = self
        policy.routes += AdminRoutes.routes(for: self).filter { !present.contains($0.id) }
        return policy
    }
}
