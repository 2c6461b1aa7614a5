import GatewayTesting
import JSON
import Testing

@Suite("how much")
struct RateLimitTests {
    private static func route(_ id: String, limits: String) -> String {
        """
        - id: \(id)
          match: {path: /\(id)}
          require: {issuers: [partner]}
          limits: [\(limits)]
          upstream: orders

        """
    }

    @Test("answers say what is left, and 429 when to come again")
    func fields() async throws {
        try await GatewayHarness.run(
            routes: Self.route("a", limits: "per_client"), sections: "limits: {per_client: {by: client_id, rate: 2/h}}"
        ) { harness in
            let client = try harness.client()
            let request = harness.request("/a", token: try harness.issuer.token(.es256))
            let first = try await client.send(request)
            #expect(first.status == 200)
            #expect(first.value("ratelimit-policy") == "\"per_client\";q=2;w=3600")
            #expect(first.value("ratelimit")?.hasPrefix("\"per_client\";r=1;t=") == true)
            #expect(try await client.send(request).value("ratelimit")?.hasPrefix("\"per_client\";r=0;t=") == true)
            let refused = try await client.send(request)
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(refused.value("retry-after").flatMap { Int($0) }.map { (1_700...1_800).contains($0) } == true)
            #expect(refused.value("ratelimit")?.hasPrefix("\"per_client\";r=0;t=") == true)
            #expect(refused.value("ratelimit-policy") == "\"per_client\";q=2;w=3600")
            #expect(refused.value("www-authenticate") == nil)
            let record = try await harness.record(of: refused)
            #expect(record["code"] == "rate_limited")
            #expect(record["limit"] == "per_client")
            #expect(record["limit_remaining"] == 0)
            #expect((record["limit_reset_s"]?.int ?? 0) > 0)
            #expect(harness.upstream.requests.count == 2)
        }
    }

    /// Two requests, each with its own path and token, under a limit of one: whether the second one is refused.
    private static let keyCases: [(by: String, JSONObject, String, JSONObject, String, together: Bool)] = [
        ("client_id", ["client_id": "one"], "a", ["client_id": "one", "sub": "bob"], "b", true),
        ("client_id", ["client_id": "one"], "a", ["client_id": "two"], "a", false),
        ("subject", ["sub": "alice"], "a", ["sub": "alice", "client_id": "two"], "b", true),
        ("subject", ["sub": "alice"], "a", ["sub": "bob"], "a", false),
        ("ip", ["sub": "alice"], "a", ["sub": "bob", "client_id": "two"], "b", true),
        ("route", ["sub": "alice"], "a", ["sub": "bob", "client_id": "two"], "a", true),
        ("route", ["sub": "alice"], "a", ["sub": "alice"], "b", false),
        ("{claim: tenant}", ["tenant": "acme"], "a", ["tenant": "acme", "sub": "bob"], "b", true),
        ("{claim: tenant}", ["tenant": "acme"], "a", ["tenant": "other"], "a", false),
        ("{claim: /org/unit}", ["org": ["unit": 7]], "a", ["org": ["unit": 7], "sub": "bob"], "a", true),
        ("[client_id, route]", ["client_id": "one"], "a", ["client_id": "one"], "a", true),
        ("[client_id, route]", ["client_id": "one"], "a", ["client_id": "one"], "b", false),
        ("[client_id, route]", ["client_id": "one"], "a", ["client_id": "two"], "a", false),
    ]

    @Test("requests are counted together as the limit says", arguments: keyCases)
    func keys(
        by: String, first: JSONObject, firstRoute: String, second: JSONObject, secondRoute: String, together: Bool
    ) async throws {
        let routes = Self.route("a", limits: "limit") + Self.route("b", limits: "limit")
        try await GatewayHarness.run(routes: routes, sections: "limits: {limit: {by: \(by), rate: 1/h}}") { harness in
            let one = try await harness.answer("/\(firstRoute)", token: harness.issuer.token(.es256, adding: first))
            #expect(one.status == 200)
            let two = try await harness.answer("/\(secondRoute)", token: harness.issuer.token(.es256, adding: second))
            #expect(two.status == (together ? 429 : 200))
        }
    }

    @Test("the tightest of several limits decides, and what another one had counted is not lost by it")
    func several() async throws {
        let sections = "limits: {wide: {by: client_id, rate: 100/h}, tight: {by: ip, rate: 1/h}}"
        try await GatewayHarness.run(
            routes: Self.route("a", limits: "wide, tight") + Self.route("b", limits: "wide"), sections: sections
        ) { harness in
            let token = try harness.issuer.token(.es256)
            let first = try await harness.answer("/a", token: token)
            #expect(first.value("ratelimit-policy") == "\"wide\";q=100;w=3600, \"tight\";q=1;w=3600")
            let refused = try await harness.answer("/a", token: token)
            #expect(refused.status == 429)
            #expect(try await harness.record(of: refused)["limit"] == "tight")
            let other = try await harness.answer("/b", token: token)
            #expect(other.status == 200)
            // A request that one limit refuses takes nothing from the others.
            #expect(other.value("ratelimit")?.hasPrefix("\"wide\";r=98;") == true)
        }
    }

    @Test("what has been counted survives a reload, as long as the limit's numbers stay")
    func reload() async throws {
        let limits = { (rate: String) in "limits: {per_client: {by: client_id, rate: \(rate)}}" }
        let routes = Self.route("a", limits: "per_client") + GatewayHarness.health + "\n"
        try await GatewayHarness.run(routes: routes, sections: limits("1/h")) { harness in
            let token = try harness.issuer.token(.es256)
            #expect(try await harness.answer("/a", token: token).status == 200)
            try harness.gateway.write(
                policy: harness.policy(routes: routes + Self.route("b", limits: "per_client"), sections: limits("1/h")))
            try await harness.gateway.reload()
            try await eventually("the reload") { try await harness.healthReport()["reloads"] == 1 }
            #expect(try await harness.answer("/b", token: token).status == 429)
            #expect(try await harness.answer("/a", token: token).status == 429)
            try harness.gateway.write(policy: harness.policy(routes: routes, sections: limits("50/h")))
            try await harness.gateway.reload()
            try await eventually("the second reload") { try await harness.healthReport()["reloads"] == 2 }
            #expect(try await harness.answer("/a", token: token).status == 200)
        }
    }

    @Test("public routes are limited by address")
    func publicRoute() async throws {
        let routes = "- id: a\n  match: {path: /a}\n  public: true\n  limits: [per_address]\n  upstream: orders\n"
        try await GatewayHarness.run(routes: routes, sections: "limits: {per_address: {by: ip, rate: 1/h}}") {
            harness in
            let client = try harness.client()
            #expect(try await client.send(harness.request("/a")).status == 200)
            #expect(try await client.send(harness.request("/a")).status == 429)
        }
    }
}
