/// The routes that `authorization_server` brings with it. They stand behind the operator's routes, have line 0, are
/// public (the server authenticates its clients itself), and exist on the issuer's host only, whatever port.
package enum AuthorizationServerRoutes {
    static func routes(for settings: AuthorizationServerSettings) -> [Route] {
        let host = settings.issuer.host
        // RFC 8705 §5: where clients with certificates go, if that is another host. The same endpoints answer there.
        let all = [host] + [settings.mtlsOrigin?.host].compactMap { $0 }.filter { $0 != host }
        return AuthorizationServerEndpoint.allCases.filter { $0.exists(in: settings) }.compactMap { endpoint in
            let declaration = endpoint.declaration
            guard let pattern = try? PathPatternText.parse(endpoint.path(issuer: settings.issuer)) else { return nil }
            var route = Route(
                id: "authorization_server.\(endpoint.rawValue)",
                match: RouteMatchRule(
                    hosts: declaration.hosts == .issuerAndMTLS ? all : [host], methods: declaration.routeMethods,
                    path: pattern),
                require: nil, limits: declaration.isLimited ? settings.limits : [],
                destination: .local(.authorizationServer), bodyBytesMax: declaration.body.bytesMax)
            route.crossOrigin = declaration.crossOrigin
            return route
        }
    }
}

extension Policy {
    /// This policy with the routes that its authorization server brings. Those that are there already are not added
    /// again; `PolicyReader` has called this for every policy that it returns.
    package func addingAuthorizationServerRoutes() -> Policy {
        guard let settings = authorizationServer else { return self }
        let present = Set(routes.map(\.id))
        var policy = self
        policy.routes += AuthorizationServerRoutes.routes(for: settings).filter { !present.contains($0.id) }
        return policy
    }
}
