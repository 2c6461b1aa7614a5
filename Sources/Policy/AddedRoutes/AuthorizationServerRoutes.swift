/// The routes that `authorization_server` brings with it. They stand behind the operator's routes, have line 0, are
/// public (the server authenticates its clients itself), and exist on the issuer's host only, whatever port.
package enum AuthorizationServerRoutes {
    /// Where the metadata lies: the well-known path, and behind it the issuer's path without its last slash
    /// (RFC 8414 §3.1). nil when the issuer is none.
    package static func metadataPath(issuer: String) -> String? {
        identifier(issuer).flatMap(metadataPath(of:))
    }

    /// Where the metadata lies for OpenID Connect: behind the issuer's path without its last slash (Discovery §4.1).
    /// nil when the issuer is none.
    package static func openIDMetadataPath(issuer: String) -> String? {
        metadataPath(issuer: issuer).map {
            $0.dropFirst(AuthorizationServerEndpoint.metadataWellKnownPath.count)
                + AuthorizationServerEndpoint.openIDWellKnownPath
        }
    }

    /// Scheme, host and port, as the issuer writes them.
    package static func origin(of issuer: String) -> String {
        let scheme = "https://"
        guard issuer.hasPrefix(scheme) else { return issuer }
        return scheme + issuer.dropFirst(scheme.count).prefix { $0 != "/" }
    }

    /// The host that serves the endpoints: of the issuer, lower case, without port. nil when the issuer is none.
    package static func host(issuer: String) -> String? { identifier(issuer)?.host }

    /// The same, for an issuer that has been read. nil when its path is none that a route could match.
    package static func metadataPath(of identifier: HTTPSIdentifier) -> String? {
        let path = identifier.path.hasSuffix("/") ? String(identifier.path.dropLast()) : identifier.path
        let pattern = AuthorizationServerEndpoint.metadataWellKnownPath + path
        guard let segments = try? PathPatternText.parse(pattern).segments else { return nil }
        let isPlain = segments.allSatisfy {
            if case .literal(let text) = $0 {
                !text.isEmpty && !text.contains(";") && !text.contains("%")
            } else {
                false
            }
        }
        return isPlain ? pattern : nil
    }

    static func routes(for settings: AuthorizationServerSettings) -> [Route] {
        guard let host = host(issuer: settings.issuer), metadataPath(issuer: settings.issuer) != nil else { return [] }
        // RFC 8705 §5: where clients with certificates go, if that is another host. The same endpoints answer there.
        let all = [host] + [settings.mtlsOrigin.flatMap(Self.host)].compactMap { $0 }.filter { $0 != host }
        return AuthorizationServerEndpoint.allCases.filter { $0.exists(in: settings) }.compactMap { endpoint in
            let declaration = endpoint.declaration
            guard let path = endpoint.path(issuer: settings.issuer),
                let pattern = try? PathPatternText.parse(path)
            else { return nil }
            return Route(
                id: "authorization_server.\(endpoint.rawValue)",
                match: RouteMatchRule(
                    hosts: declaration.hosts == .issuerAndMTLS ? all : [host], methods: declaration.methods,
                    path: pattern),
                require: nil, limits: declaration.isLimited ? settings.limits : [],
                destination: .local(.authorizationServer), bodyBytesMax: declaration.body.bytesMax)
        }
    }

    private static func identifier(_ issuer: String) -> HTTPSIdentifier? {
        try? ValueKind<HTTPSIdentifier>.issuerIdentifier.parse(DocumentScalar(text: issuer, isPlain: false))
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
