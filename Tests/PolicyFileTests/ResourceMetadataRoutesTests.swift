import Policy
import PolicyFile
import Testing

@Suite("Protected resources of a policy (RFC 9728)")
struct ResourceMetadataRoutesTests {
    private func policy(_ routes: String, audience: String = "https://api.example.com", more: String = "") throws
        -> Policy
    {
        let reading = Sample.read(
            Sample.top + """
                issuers:
                  partner:
                    issuer: https://login.partner.example
                    jwks: {file: certs/partner.jwks.json}
                    audience: \(audience)
                    algorithms: [ES256]
                routes:
                \(routes)
                \(more)

                """)
        return try #require(reading.policy, "\(reading.findings.map(\.description))")
    }

    @Test(
        "RS-120 the resource is the longest audience above the route on its host, or the path before the first capture",
        arguments: [
            ("/orders/{rest...}", "https://api.example.com", "api.example.com", ""),
            ("/orders/{rest...}", "https://api.example.com/", "api.example.com", "/"),
            ("/orders/{rest...}", "https://api.example.com:8443", "api.example.com", ""),
            (
                "/orders/{rest...}", "[https://api.example.com, https://api.example.com/orders]", "api.example.com",
                "/orders"
            ),
            ("/orders/{rest...}", "https://api.example.com/order", "api.example.com", "/orders"),
            ("/orders/{rest...}", "https://api.example.com/orders/7", "api.example.com", "/orders"),
            ("/orders/{rest...}", "https://other.example.com", "api.example.com", "/orders"),
            ("/orders/{rest...}", "https://api.example.com", "\"*.example.com\"", ""),
            ("/orders/{rest...}", "urn:api", "api.example.com", "/orders"),
            ("/{tenant}/orders", "urn:api", "api.example.com", ""),
            ("/a/b/{id}/c", "urn:api", "api.example.com", "/a/b"),
            ("/mcp", "https://api.example.com/mcp", "api.example.com", "/mcp"), ("/", "urn:api", "api.example.com", ""),
        ])
    func resource(path: String, audience: String, host: String, expected: String) throws {
        let policy = try policy(
            "  - {id: r, match: {hosts: [\(host)], path: \"\(path)\"}, require: {issuers: [partner]}, upstream: orders}",
            audience: audience)
        #expect(ResourceMetadataRoutes.resourcePath(of: policy.routes[0], issuers: policy.issuers) == expected)
    }

    @Test("a route narrows the audiences that count")
    func narrowed() throws {
        let policy = try policy(
            "  - {id: r, match: {path: /a/b}, require: {issuers: [partner], audiences: [\"https://h.example/a\"]}, upstream: orders}",
            audience: "[https://h.example/a/b, https://h.example/a]")
        #expect(ResourceMetadataRoutes.resourcePath(of: policy.routes[0], issuers: policy.issuers) == "/a")
    }

    private static let routes = """
          - {id: one, match: {hosts: [a.example, b.example], path: /one}, require: {issuers: [partner]}, upstream: orders}
          - {id: two, match: {hosts: [b.example, "*.c.example"], path: /two}, require: {issuers: [partner]}, upstream: orders}
          - {id: open, match: {hosts: [open.example], path: "/{rest...}"}, public: true, upstream: orders}
        """

    @Test("RS-119 they are public, exist on the hosts of routes that need a token, and are added once")
    func added() throws {
        let policy = try policy(Self.routes)
        #expect(policy.routes.map(\.id) == ["one", "two", "open", "resource_metadata"])
        let route = policy.routes[3]
        #expect(route.match.hosts == ["a.example", "b.example", "*.c.example"])
        #expect(route.match.methods == ["GET", "HEAD"])
        #expect(route.destination == .local(.resourceMetadata))
        #expect(route.require == nil && route.line == 0)
        #expect(policy.addingResourceMetadataRoutes() == policy)
    }

    @Test("a route for any host brings one for any host")
    func anyHost() throws {
        let more = "  - {id: three, match: {path: /three}, require: {issuers: [partner]}, upstream: orders}"
        let policy = try policy(Self.routes + "\n" + more)
        #expect(policy.routes.suffix(2).map(\.id) == ["resource_metadata", "resource_metadata.any_host"])
        #expect(policy.routes.last?.match.hosts == [])
    }

    @Test("there are none when it is switched off, and none when no route needs a token")
    func none() throws {
        let off = try policy(Self.routes, more: "resource_metadata: {enabled: false}")
        #expect(off.routes.map(\.id) == ["one", "two", "open"])
        #expect(off.resourceMetadata == nil)
        #expect(Sample.read(Sample.top + Sample.routes).policy?.routes.map(\.id) == ["all"])
    }
}
