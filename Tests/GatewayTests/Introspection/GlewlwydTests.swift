import Foundation
import GatewayTesting
import JSON
import Testing

/// With an authorization server that nobody here wrote.
@Suite("glewlwyd as the issuer", .serialized, .tags(.timed))
struct GlewlwydTests {
    /// - Parameter tokens: how its tokens are judged.
    private func run(
        _ tokens: String, _ body: (Glewlwyd, GatewayHarness) async throws -> Void
    ) async throws {
        let server = try await Glewlwyd.start(try TestCertificates.shared())
        let isSigned = tokens == "jwt"
        let entry =
            [
                "  as:", "    issuer: \(server.issuer)", "    audience: \(server.audience)",
                "    authorities: certs/upstream-ca.pem",
                "    tokens: \(tokens)",
            ]
            + (tokens == "introspection" ? [] : ["    algorithms: [RS256]"])
            + (isSigned
                ? []
                : [
                    "    introspection: {client_id: \(server.clientID), client_secret: {file: certs/app.secret}, active_lifetime: 0s}"
                ])
        let routes = """
            - id: orders
              match: {path: "/orders/{rest...}"}
              require: {issuers: [as], scopes: [orders]}
              upstream: orders
            \(GatewayHarness.health)
            """
        try await GatewayHarness.run(
            routes: routes, sections: "issuers:\n\(entry.joined(separator: "\n"))", issuers: [],
            bounds: ["bad_tokens_per_minute_max: 0", "token_cache_entries_max: \(isSigned ? 100 : 0)"],
            prepare: { try $0.write(server.clientSecret, to: "certs/app.secret", permissions: 0o600) }
        ) { try await body(server, $0) }
    }

    private func answer(_ harness: GatewayHarness, _ token: String) async throws -> CurlResponse {
        // Its keys and metadata are being fetched at first.
        try await eventually("an answer that is not about keys") {
            let answer = try await harness.answer("/orders/1", token: token)
            return ["keys_unavailable", "introspection_unavailable"].contains(answer.code) ? nil : answer
        }
    }

    @Test("its tokens count by their signature, with its metadata and keys found by discovery")
    func signed() async throws {
        try await run("jwt") { server, harness in
            let token = try await server.token()
            #expect(try await answer(harness, token).status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.value("x-auth-client-id") == "app")
            #expect(request.value("x-auth-scope") == "orders")
            #expect(try await harness.answer("/orders/1", token: String(token.dropLast(4)) + "AAAA").status == 401)
            // A signature holds, whatever its issuer thinks by now.
            try await server.revoke(token)
            #expect(try await answer(harness, token).status == 200)
        }
    }

    @Test(
        "RS-071 it can be asked, and a token that it has revoked counts no longer",
        arguments: ["introspection", "jwt_and_introspection"])
    func asked(tokens: String) async throws {
        try await run(tokens) { server, harness in
            let token = try await server.token()
            #expect(try await answer(harness, token).status == 200)
            #expect(try await answer(harness, token).status == 200)
            let other = try await server.token()
            try await server.revoke(token)
            let revoked = try await answer(harness, token)
            #expect(revoked.status == 401)
            #expect(revoked.code == "inactive_token")
            #expect(try await answer(harness, other).status == 200)
            if tokens == "introspection" {
                #expect(try await answer(harness, "never-one-of-its-tokens").code == "inactive_token")
            }
        }
    }
}
