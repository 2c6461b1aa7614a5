/// The route that `upstream_tokens` brings with it: the public keys of what the gateway signs for services. It is
/// public and exists on the host of that issuer only, whatever port.
package enum UpstreamTokenRoutes {
    /// `GET /upstream-tokens/jwks`: a JWK Set (RFC 7517 §5).
    package static let jwksPath = "/upstream-tokens/jwks"
    /// What the route's id begins with.
    package static let id = "upstream_tokens"

    static func routes(for policy: Policy) -> [Route] {
        guard let settings = policy.upstreamTokens else { return [] }
        let path = PathPattern(text: jwksPath, segments: [.literal("upstream-tokens"), .literal("jwks")])
        return [
            Route(
                id: "\(id).jwks",
                match: RouteMatchRule(hosts: [settings.issuer.host], methods: ["GET", "HEAD"], path: path),
                require: nil, limits: [], destination: .local(.upstreamTokens), bodyBytesMax: 0)
        ]
    }
}

extension Policy {
    /// This policy with the route of its keys for services, unless it is there already.
    package func addingUpstreamTokenRoutes() -> Policy {
        let present = Set(routes.map(\.id))
        var policy = self
        policy.routes += UpstreamTokenRoutes.routes(for: self).filter { !present.contains($0.id) }
        return policy
    }
}
