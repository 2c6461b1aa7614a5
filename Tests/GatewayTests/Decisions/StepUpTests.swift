import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("step-up, captures and patterns, end to end")
struct StepUpTests {
    private static let routes = """
        - id: release
          match: {path: "/payments/{id}/release"}
          require: {issuers: [partner], scopes: [payments], acr: ["urn:example:mfa"], max_age: 5m}
          upstream: orders
        - id: tenant
          match: {path: "/tenants/{tenant}/{rest...}"}
          require: {issuers: [partner], claims: {tenant: {equals: "{tenant}"}}}
          upstream: orders
        - id: branch
          match: {path: /branch}
          require: {issuers: [partner], claims: {/org/branch: {matches: "[a-z]+-[0-9]{3}"}}}
          upstream: orders
        """

    @Test(
        "RS-114 RS-115 RS-118 a user who logged in too weakly or too long ago is told what to do; a missing scope is not"
    )
    func stepUp() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let client = try harness.client()
            let now = Int64(Date().timeIntervalSince1970)
            func token(_ scope: String, _ acr: JSON?, _ age: Int64?) throws -> String {
                var draft = try harness.issuer.draft(.es256, scope: scope)
                draft.claims["acr"] = acr
                draft.claims["auth_time"] = age.map { .integer(now - $0) }
                return try draft.signed()
            }
            let cases: [(String, JSON?, Int64?, Int)] = [
                ("payments", "urn:example:mfa", 10, 200), ("payments", "urn:example:pwd", 10, 401),
                ("payments", "urn:example:mfa", 900, 401), ("payments", nil, 10, 401),
                ("payments", "urn:example:mfa", nil, 401),
                ("orders:read", "urn:example:pwd", 900, 403), ("orders:read", "urn:example:mfa", 10, 403),
            ]
            for (scope, acr, age, status) in cases {
                let answer = try await client.send(
                    harness.request("/payments/7/release", token: token(scope, acr, age)))
                #expect(answer.status == status, "\(scope) \(String(describing: acr)) \(String(describing: age))")
                let challenge = answer.value("www-authenticate") ?? ""
                switch status {
                case 401:
                    #expect(answer.code == "insufficient_user_authentication")
                    #expect(challenge.contains("error=\"insufficient_user_authentication\""))
                    #expect(challenge.contains("scope=\"payments\", acr_values=\"urn:example:mfa\", max_age=\"300\""))
                    let record = try await harness.record(of: answer)
                    #expect(record["code"] == "insufficient_user_authentication")
                    #expect(record["subject"] == "alice")
                case 403:
                    #expect(answer.code == "insufficient_scope")
                    #expect(!challenge.contains("acr_values") && !challenge.contains("max_age"))
                default: break
                }
            }
            #expect(harness.upstream.requests.count == 1)
        }
    }

    @Test("a tenant reaches its own part of the path, however that is spelt, and no other")
    func captures() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let client = try harness.client()
            let acme = try harness.issuer.token(.es256, adding: ["tenant": "acme"])
            let cafe = try harness.issuer.token(.es256, adding: ["tenant": "café"])
            let none = try harness.issuer.token(.es256)
            for (path, token, status) in [
                ("/tenants/acme/x", acme, 200), ("/tenants/%61cme/x", acme, 200), ("/tenants/acme", acme, 200),
                ("/tenants/other/x", acme, 403), ("/tenants/acmee/x", acme, 403), ("/tenants/ACME/x", acme, 403),
                ("/tenants/other/acme", acme, 403), ("/tenants/caf%C3%A9/x", cafe, 200),
                ("/tenants/caf%c3%a9/x", cafe, 200),
                ("/tenants/cafe/x", cafe, 403), ("/tenants/acme/x", none, 403), ("/tenants/acme%2Fother/x", acme, 403),
            ] {
                let answer = try await client.send(harness.request(path, token: token))
                // An encoded slash is refused before anybody looks at the claim.
                #expect(answer.status == (path.contains("%2F") ? 400 : status), "\(path)")
            }
            #expect(harness.upstream.requests.count == 5)
        }
    }

    @Test("a claim matches a pattern as a whole or not at all")
    func patterns() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let cases: [(JSONObject, Int)] = [
                (["org": ["branch": "north-007"]], 200), (["org": ["branch": "north-0071"]], 403),
                (["org": ["branch": ["north-007"]]], 403), (["org": "north-007"], 403), ([:], 403),
            ]
            for (claims, status) in cases {
                let answer = try await harness.answer("/branch", token: harness.issuer.token(.es256, adding: claims))
                #expect(answer.status == status)
            }
        }
    }

    @Test("RS-055 an issuer that writes scopes as an array is read so, and the upstream gets words")
    func scopeForms() async throws {
        let edit: @Sendable (String) -> String = {
            $0.replacingOccurrences(
                of: "    jwks: {file: certs/partner.jwks.json}",
                with:
                    "    jwks: {file: certs/partner.jwks.json}\n    scope_claim: scp\n    scope_form: list\n    scope_match: hierarchic"
            )
        }
        try await GatewayHarness.run(edit: edit) { harness in
            let cases: [(JSON, Int)] = [
                (["orders", "x"], 200), (["orders:read"], 200), (["x"], 403), ("orders:read", 401), (["orders x"], 401),
            ]
            for (scp, status) in cases {
                let answer = try await harness.answer(
                    "/orders/1", token: harness.issuer.token(.es256, adding: ["scp": scp]))
                #expect(answer.status == status, "\(scp)")
            }
            #expect(harness.upstream.requests.first?.fields.value("X-Auth-Scope") == "orders x")
        }
    }
}
