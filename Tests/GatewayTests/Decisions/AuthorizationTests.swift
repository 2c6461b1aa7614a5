import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("who may do what")
struct AuthorizationTests {
    @Test("RS-001 no token: 401 and a challenge without an error (RFC 6750 §3.1)")
    func missing() async throws {
        try await GatewayHarness.run { harness in
            let answer = try await harness.answer("/orders/1")
            #expect(answer.status == 401)
            #expect(answer.code == "missing_token")
            let challenge = try #require(answer.value("www-authenticate"))
            #expect(challenge.hasPrefix("Bearer realm="))
            #expect(!challenge.contains("error"))
            #expect(challenge.contains("scope=\"orders:read\""))
            #expect(try await harness.record(of: answer)["code"] == "missing_token")
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("a scope that is missing: 403, and the challenge names it")
    func scope() async throws {
        try await GatewayHarness.run { harness in
            let answer = try await harness.answer("/orders/1", method: "POST", token: harness.issuer.token(.es256))
            #expect(answer.status == 403)
            #expect(answer.value("www-authenticate")?.contains("error=\"insufficient_scope\"") == true)
            #expect(answer.value("www-authenticate")?.contains("scope=\"orders:write\"") == true)
            let record = try await harness.record(of: answer)
            #expect(record["scopes_required"] == "orders:write")
            #expect(record["scopes_held"] == "orders:read")
            #expect(record["subject"] == "alice")
        }
    }

    @Test("one token, two routes: what is remembered of a token never skips the rules of a route")
    func twoRoutes() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            let token = try harness.issuer.token(.es256)
            for _ in 0..<3 {
                #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
                #expect(try await client.send(harness.request("/orders/1", method: "POST", token: token)).status == 403)
            }
            #expect(harness.upstream.requests.count == 3)
        }
    }

    @Test(
        "all of scopes, and one of any_scope",
        arguments: [
            ("a b", 200), ("b a x", 200), ("a c", 200), ("a", 403), ("b c", 403), ("", 403),
        ])
    func scopes(held: String, status: Int) async throws {
        let harness = try await Self.rulesStage.value
        let answer = try await harness.answer("/scopes", token: harness.issuer.token(.es256, scope: held))
        #expect(answer.status == status)
        if status == 403 { #expect(answer.code == "insufficient_scope") }
    }

    private static let claimCases: [(String, JSONObject, Int)] = [
        ("/equals", ["tenant": "acme"], 200), ("/equals", ["tenant": "ACME"], 403), ("/equals", [:], 403),
        ("/equals", ["tenant": ["acme"]], 403), ("/one_of", ["level": 2], 200), ("/one_of", ["level": 3], 403),
        ("/one_of", ["level": "2"], 403), ("/contains", ["org": ["groups": ["x", "staff"]]], 200),
        ("/contains", ["org": ["groups": "x staff"]], 200), ("/contains", ["org": ["groups": ["staffx"]]], 403),
        ("/contains", ["org": [:]], 403), ("/contains", ["/org/groups": "staff"], 403),
    ]

    @Test("claims must fit", arguments: claimCases)
    func claims(path: String, claims: JSONObject, status: Int) async throws {
        let harness = try await Self.rulesStage.value
        let answer = try await harness.answer(path, token: harness.issuer.token(.es256, adding: claims))
        #expect(answer.status == status)
        if status == 403 {
            #expect(answer.code == "claim_mismatch")
            #expect(try await harness.record(of: answer)["code"] == "claim_mismatch")
        }
    }

    private static let rulesStage = Task {
        let certificates = try TestCertificates.shared()
        let issuer = try TestIssuer.partner()
        let upstream = try TestUpstream.start(.orders(certificates))
        var policy = TestPolicy(
            upstreams: [.init("orders", ports: [upstream.port])],
            routes: """
                - id: scopes
                  match: {path: /scopes}
                  require: {issuers: [partner], scopes: [a], any_scope: [b, c]}
                  upstream: orders
                - id: equals
                  match: {path: /equals}
                  require: {issuers: [partner], claims: {tenant: {equals: acme}}}
                  upstream: orders
                - id: one_of
                  match: {path: /one_of}
                  require: {issuers: [partner], claims: {level: {one_of: [1, 2]}}}
                  upstream: orders
                - id: contains
                  match: {path: /contains}
                  require: {issuers: [partner], claims: {/org/groups: {contains: staff}}}
                  upstream: orders
                """)
        policy.issuers = [issuer]
        let gateway = try await TestGateway.start(policy, certificates: certificates)
        return GatewayHarness(gateway: gateway, upstream: upstream, issuer: issuer)
    }

    @Test("RS-048 issuers side by side: a token counts where its issuer does, remembered or not")
    func issuers() async throws {
        let partner = try TestIssuer.partner()
        let other = try TestIssuer(
            "other", identifier: "https://other.example", audience: "https://other-api.example.com",
            algorithms: [.es256])
        let route = { (id: String, issuers: String) in
            "- id: \(id)\n  match: {path: /\(id)}\n  require: {issuers: [\(issuers)]}\n  upstream: orders\n"
        }
        let routes = route("first", "partner") + route("second", "other") + route("both", "partner, other")
        try await GatewayHarness.run(routes: routes, issuers: [partner, other]) { harness in
            let client = try harness.client()
            let (one, two) = (try partner.token(.es256), try other.token(.es256))
            for _ in 0..<2 {
                for (path, token, status) in [
                    ("/both", one, 200), ("/both", two, 200), ("/first", one, 200), ("/second", two, 200),
                    ("/first", two, 401), ("/second", one, 401),
                ] {
                    let answer = try await client.send(harness.request(path, token: token))
                    #expect(answer.status == status, "\(path)")
                    if status == 401 { #expect(answer.code == "wrong_issuer") }
                }
            }
            // A token of one that names the other as its issuer is nobody's.
            var forged = try other.draft(.es256)
            forged.claims["iss"] = .string(partner.identifier)
            forged.claims["aud"] = .string(partner.audience)
            #expect(try await client.send(harness.request("/both", token: forged.signed())).status == 401)
            // The audience of one does not count for the other.
            let crossed = try partner.token(.es256, adding: ["aud": .string(other.audience)])
            let answer = try await client.send(harness.request("/both", token: crossed))
            #expect(answer.code == "wrong_audience")
        }
    }

    @Test("RS-050 a route may narrow the audiences of its issuers, also for a token that is remembered")
    func audiences() async throws {
        let issuer = try TestIssuer(
            audience: "[https://one.example.com, https://two.example.com]", algorithms: [.es256])
        let routes = """
            - id: wide
              match: {path: /wide}
              require: {issuers: [partner]}
              upstream: orders
            - id: narrow
              match: {path: /narrow}
              require: {issuers: [partner], audiences: [https://two.example.com]}
              upstream: orders
            """
        try await GatewayHarness.run(routes: routes, issuers: [issuer]) { harness in
            let client = try harness.client()
            let one = try issuer.token(adding: ["aud": "https://one.example.com"])
            let two = try issuer.token(adding: ["aud": ["https://two.example.com", "https://x.example.com"]])
            for (path, token, status) in [
                ("/wide", one, 200), ("/wide", two, 200), ("/narrow", two, 200), ("/narrow", one, 401),
            ] {
                #expect(try await client.send(harness.request(path, token: token)).status == status, "\(path)")
            }
        }
    }

    @Test("RS-045 a token that expires is refused, although it is remembered")
    func expiryWhileCached() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            #expect(try await client.send(harness.request("/open/")).status == 200)
            // Expired, but within the skew of 15 s for four seconds more.
            let now = Int64(Date().timeIntervalSince1970)
            let token = try harness.issuer.token(
                .es256, adding: ["iat": .integer(now - 100), "exp": .integer(now - 11)])
            #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
            #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
            let refused = try await eventually("the token to expire") { () -> CurlResponse? in
                let answer = try await client.send(harness.request("/orders/1", token: token))
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 401)
            #expect(refused.code == "expired_token")
            #expect(try await client.send(harness.request("/orders/1", token: token)).status == 401)
        }
    }

    @Test(
        "RS-113 what stands in Proxy-Authorization is no credential, under whatever scheme",
        arguments: ["Bearer", "DPoP"])
    func proxyAuthorization(scheme: String) async throws {
        let harness = try await Self.rulesStage.value
        let client = try await harness.gateway.rawClient()
        let token = try harness.issuer.token(.es256, scope: "a b")
        for proof in ["", "DPoP: \(token)\r\n"] {
            try await client.write(
                "GET /scopes HTTP/1.1\r\nHost: localhost\r\nProxy-Authorization: \(scheme) \(token)\r\n\(proof)\r\n")
            let answer = try await client.readAnswer()
            #expect(answer.status == 401)
            #expect(answer.text.contains("\"missing_token\""))
        }
    }

    @Test(
        "RS-003 credentials sent twice are refused",
        arguments: [
            "Authorization: Bearer TOKEN\r\nAuthorization: Bearer TOKEN\r\n",
            "Authorization: Bearer TOKEN\r\nDPoP: x\r\n",
        ])
    func twice(fields: String) async throws {
        let harness = try await Self.rulesStage.value
        let client = try await harness.gateway.rawClient()
        let token = try harness.issuer.token(.es256, scope: "a b")
        try await client.write(
            "GET /scopes HTTP/1.1\r\nHost: localhost\r\n\(fields.replacingOccurrences(of: "TOKEN", with: token))\r\n")
        let answer = try await client.readAnswer()
        #expect(answer.status == 400)
        #expect(answer.value("www-authenticate")?.contains("error=\"invalid_request\"") == true)
    }

    @Test("RS-005 a token in the query does not count, and beside one in the header it is refused")
    func query() async throws {
        let harness = try await Self.rulesStage.value
        let token = try harness.issuer.token(.es256, scope: "a b")
        #expect(try await harness.answer("/scopes?access_token=\(token)").status == 401)
        #expect(try await harness.answer("/scopes?access_token=\(token)", token: token).status == 400)
    }

    @Test("a route may demand a client certificate, and whose")
    func certificate() async throws {
        let routes = """
            - id: any
              match: {path: /any}
              require: {client_certificate: true}
              upstream: orders
            - id: named
              match: {path: /named}
              require: {client_certificate: {identities: [spiffe://example.org/somebody-else]}}
              upstream: orders
            """
        try await GatewayHarness.run(routes: routes) { harness in
            let without = try await harness.answer("/any")
            #expect(without.status == 403)
            #expect(without.code == "certificate_required")
            let with = try harness.gateway.client(certificate: harness.gateway.certificates.client)
            let answer = try await with.send(harness.request("/any"))
            #expect(answer.status == 200)
            #expect(try await harness.record(of: answer)["client_certificate"] == "spiffe://example.org/client")
            let other = try await with.send(harness.request("/named"))
            #expect(other.status == 403)
            #expect(other.code == "wrong_client_identity")
        }
    }
}
