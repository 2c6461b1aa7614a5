import Foundation
import GatewayTesting
import JOSE
import JSON
import Testing

@Suite("tokens that the gateway signs for services")
struct UpstreamTokenTests {
    private static let routes = """
        - id: orders
          match: {path: "/orders/{rest...}"}
          require: {issuers: [partner], scopes: ["orders:read"]}
          upstream: orders
        - id: second
          match: {path: "/second/{rest...}"}
          require: {issuers: [partner]}
          upstream: second
        - id: open
          match: {path: "/open/{rest...}"}
          public: true
          upstream: orders
        """

    /// Both upstreams are the same service under two names, each with an audience of its own.
    private static func edit(_ text: String) -> String {
        let start = text.components(separatedBy: "upstreams:\n")
        let end = start[1].components(separatedBy: "routes:\n")
        func upstream(_ name: String) -> String {
            end[0].replacingOccurrences(
                of: "  orders:\n", with: "  \(name):\n    token_audience: https://\(name).internal\n")
        }
        return start[0] + "upstreams:\n" + upstream("orders") + upstream("second") + "routes:\n" + end[1]
    }

    private static func section(_ keys: String) -> String {
        "upstream_tokens: {issuer: \"https://localhost\", keys: [\(keys)], lifetime: 60s}"
    }

    private static func run<Value: Sendable>(
        sections: String = Self.section("first.key"), _ body: (GatewayHarness) async throws -> Value
    ) async throws -> Value {
        try await GatewayHarness.run(
            routes: routes, sections: sections, edit: edit,
            prepare: { folder in
                for name in ["first.key", "second.key"] {
                    try folder.write(try SigningKey.generate(.es256).pemRepresentation, to: name, permissions: 0o600)
                }
            }, body)
    }

    private struct NoToken: Error {}

    /// What the last request brought to the service, checked with the keys that the gateway publishes.
    private static func last(_ harness: GatewayHarness) async throws -> (token: String, verified: VerifiedJWS) {
        guard let request = harness.upstream.requests.last, let value = request.value("authorization"),
            request.values("authorization").count == 1, value.hasPrefix("Bearer ")
        else { throw NoToken() }
        let token = String(value.dropFirst(7))
        let keys = try await harness.answer("/upstream-tokens/jwks")
        #expect(keys.status == 200 && keys.value("content-type") == "application/jwk-set+json")
        #expect(!keys.text.contains("\"d\""))
        let verified = try CompactJWS(Array(token.utf8)).verified(by: JWKSet.parse(keys.body), allowing: [.es256])
        return (token, verified)
    }

    @Test("a service gets an access token for itself, and neither the client's token nor fields that name the caller")
    func token() async throws {
        try await Self.run { harness in
            let token = try harness.issuer.token(.es256, scope: "orders:read x")
            let answer = try await harness.answer(
                "/orders/1", token: token, fields: [HeaderField("X-Auth-Subject", "root")])
            #expect(answer.status == 200)
            let (signed, verified) = try await Self.last(harness)
            #expect(signed != token)
            #expect(verified.header.typ == "at+jwt")
            let claims = verified.payload
            #expect(claims["iss"] == "https://localhost")
            #expect(claims["aud"] == "https://orders.internal")
            #expect(claims["sub"] == "alice" && claims["client_id"] == "shop")
            #expect(claims["scope"] == "orders:read x")
            #expect(claims["sub_id"] == ["format": "iss_sub", "iss": "https://login.partner.example", "sub": "alice"])
            #expect(claims["act"] == ["sub": "shop"])
            let issued = try #require(claims["iat"]?.int)
            #expect(claims["exp"]?.int == issued + 60)
            #expect(abs(issued - Int64(Date().timeIntervalSince1970)) < 30)
            let request = try #require(harness.upstream.requests.last)
            #expect(request.fields.allSatisfy { !$0.name.lowercased().hasPrefix("x-auth-") })
        }
    }

    @Test("it is signed once for a client's token and a service")
    func reuse() async throws {
        try await Self.run { harness in
            let client = try harness.client()
            func seen(_ path: String, _ token: String) async throws -> (token: String, verified: VerifiedJWS) {
                #expect(try await client.send(harness.request(path, token: token)).status == 200)
                return try await Self.last(harness)
            }
            let one = try harness.issuer.token(.es256)
            let two = try harness.issuer.token(.es256, subject: "bob")
            let first = try await seen("/orders/1", one)
            let other = try await seen("/second/1", one)
            let foreign = try await seen("/orders/1", two)
            #expect(try await seen("/orders/2", one).token == first.token)
            #expect(try await seen("/second/1", one).token == other.token)
            #expect(other.verified.payload["aud"] == "https://second.internal")
            #expect(foreign.verified.payload["sub"] == "bob")
            #expect(Set([first, other, foreign].compactMap { $0.verified.payload["jti"]?.string }).count == 3)
        }
    }

    @Test("it does not outlive the client's token, and says who acts for whom")
    func facts() async throws {
        try await Self.run { harness in
            let now = Int64(Date().timeIntervalSince1970)
            let short = try harness.issuer.token(.es256, adding: ["exp": .integer(now + 20), "act": ["sub": "before"]])
            #expect(try await harness.answer("/orders/1", token: short).status == 200)
            let user = try await Self.last(harness).verified.payload
            #expect(user["exp"] == .integer(now + 20))
            #expect(user["act"] == ["sub": "shop", "act": ["sub": "before"]])
            let own = try harness.issuer.token(.es256, subject: "shop")
            #expect(try await harness.answer("/orders/1", token: own).status == 200)
            #expect(try await Self.last(harness).verified.payload["act"] == nil)
        }
    }

    @Test("where nobody was asked for a token, none is sent, whatever the client sends")
    func open() async throws {
        try await Self.run { harness in
            let answer = try await harness.answer("/open/1", token: harness.issuer.token(.es256))
            #expect(answer.status == 200)
            #expect(harness.upstream.requests.last?.value("authorization") == nil)
        }
    }

    @Test("a token for a service is none for the gateway")
    func back() async throws {
        try await Self.run { harness in
            #expect(try await harness.answer("/orders/1", token: harness.issuer.token(.es256)).status == 200)
            let token = try await Self.last(harness).token
            let answer = try await harness.answer("/orders/1", token: token)
            #expect(answer.status == 401 && answer.code == "wrong_issuer")
        }
    }

    @Test("after a change of keys the new one signs, and both are published")
    func rotation() async throws {
        try await Self.run { harness in
            let token = try harness.issuer.token(.es256)
            let client = try harness.client()
            #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
            let before = try await Self.last(harness)
            let text = String(decoding: try harness.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.gateway.write(
                policy: text.replacingOccurrences(of: "keys: [first.key]", with: "keys: [second.key, first.key]"))
            try await harness.gateway.reload()
            let after = try await eventually("the new key") { () -> VerifiedJWS? in
                #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
                let (_, verified) = try await Self.last(harness)
                return verified.header.kid == before.verified.header.kid ? nil : verified
            }
            #expect(after.payload["sub"] == "alice")
            let keys = try JWKSet.parse(try await harness.answer("/upstream-tokens/jwks").body)
            #expect(keys.keys.map(\.kid) == [after.header.kid, before.verified.header.kid])
        }
    }
}
