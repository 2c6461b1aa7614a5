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
        #expect(ProtectedResources(policy).places()[0]?.path(on: "api.example.com") == expected)
    }

    @Test("a route narrows the audiences that count")
    func narrowed() throws {
        let policy = try policy(
            "  - {id: r, match: {path: /a/b}, require: {issuers: [partner], audiences: [\"https://h.example/a\"]}, upstream: orders}",
            audience: "[https://h.example/a/b, https://h.example/a]")
        #expect(ProtectedResources(policy).places()[0]?.path(on: "h.example") == "/a")
    }

    @Test(
        "RS-120 an audience names the resources of its own host only",
        arguments: [
            ("/a/{rest...}", "a.example", "/a"), ("/a/{rest...}", "b.example", ""), ("/b/{rest...}", "b.example", "/b"),
            ("/b/{rest...}", "a.example", ""), ("/a/{rest...}", "c.example", "/a"),
        ])
    func hosts(path: String, host: String, expected: String) throws {
        let policy = try policy(
            """
              - {id: a, match: {path: "/a/{rest...}"}, require: {issuers: [partner], audiences: ["https://b.example"]}, upstream: orders}
              - {id: b, match: {path: "/b/{rest...}"}, require: {issuers: [partner], audiences: ["https://a.example"]}, upstream: orders}
            """, audience: "[https://a.example, https://b.example]")
        let resources = ProtectedResources(policy)
        let index = try #require(policy.routes.firstIndex { $0.match.path.text == path })
        #expect(resources.places()[index]?.path(on: host) == expected)
        #expect(resources.resource(host: host, port: 443, suffix: expected)?.path == expected)
    }

    @Test(
        "a document exists where something needs a token, and nowhere else",
        arguments: [
            ("", true), ("/orders", true), ("/orders/7", true), ("/orders/7/lines", true), ("/open", false),
            ("/open/x", false), ("/orders/public", false), ("/deep", true), ("/deep/er", true),
            ("/deep/er/7", true), ("/deeper", false), ("/nothing", false), ("/both", true),
        ])
    func extent(suffix: String, exists: Bool) throws {
        let policy = try policy(
            """
              - {id: orders, match: {path: "/orders/{rest...}"}, require: {issuers: [partner]}, upstream: orders}
              - {id: public, match: {path: /orders/public}, public: true, upstream: orders}
              - {id: open, match: {path: "/open/{rest...}"}, public: true, upstream: orders}
              - {id: deep, match: {path: "/deep/er/{id}"}, require: {issuers: [partner]}, upstream: orders}
              - {id: reading, match: {methods: [GET], path: /both}, public: true, upstream: orders}
              - {id: writing, match: {methods: [POST], path: /both}, require: {issuers: [partner]}, upstream: orders}
            """)
        #expect(
            (ProtectedResources(policy).resource(host: "api.example.com", port: 443, suffix: suffix) != nil) == exists)
    }

    @Test(
        "RS-124 a route that demands another proof than its neighbours has a document of its own",
        arguments: [("", false), ("/orders", false), ("/payments", true), ("/payments/7", true)])
    func proof(suffix: String, demanded: Bool) throws {
        let policy = try policy(
            """
              - {id: orders, match: {path: "/orders/{rest...}"}, require: {issuers: [partner]}, upstream: orders}
              - {id: payments, match: {path: "/payments/{rest...}"}, require: {issuers: [partner], proof: dpop}, upstream: orders}
            """)
        let resources = ProtectedResources(policy)
        #expect(resources.resource(host: "api.example.com", port: 443, suffix: suffix)?.demandsDPoP == demanded)
        #expect(resources.places()[0]?.path(on: "api.example.com") == "")
        #expect(resources.places()[1]?.path(on: "api.example.com") == "/payments")
    }

    @Test("an issuer with tenants is named by the identifiers that its tokens have")
    func tenants() throws {
        let policy = try #require(
            Sample.read(
                Sample.top + """
                    issuers:
                      partner:
                        issuer: https://login.partner.example/{tenantid}/v2.0
                        tenants: [one, two]
                        jwks: {file: certs/partner.jwks.json}
                        audience: https://api.example.com
                        algorithms: [ES256]
                    routes:
                      - {id: r, match: {path: /r}, require: {issuers: [partner]}, upstream: orders}

                    """
            ).policy)
        #expect(
            ProtectedResources(policy).resource(host: "x.example", port: 443, suffix: "/r")?.authorizationServers == [
                "https://login.partner.example/one/v2.0", "https://login.partner.example/two/v2.0",
            ])
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
