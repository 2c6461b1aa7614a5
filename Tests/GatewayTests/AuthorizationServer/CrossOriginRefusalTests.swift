import GatewayTesting
import Testing

@Suite("CORS: what the gateway itself refuses on the authorization server's routes")
struct CrossOriginRefusalTests {
    private static let limits = """
        limits:
          few: {by: ip, rate: 2/h, burst: 2}

        """

    private func send(
        _ harness: GatewayHarness, _ path: String, _ method: String, body: String = "", preflight: Bool = false
    ) async throws -> CurlResponse {
        var fields = [HeaderField("Origin", "https://app.example")]
        if preflight { fields.append(HeaderField("Access-Control-Request-Method", "POST")) }
        if !body.isEmpty { fields.append(HeaderField("Content-Type", "application/x-www-form-urlencoded")) }
        var request = harness.request(path, method: method, fields: fields)
        if !body.isEmpty { request.body = .text(body) }
        return try await harness.client().send(request)
    }

    @Test("a script can read 405, 413 and 429, preflights included; of the pages for users it reads nothing")
    func refusals() async throws {
        try await GatewayHarness.runOwnIssuer(server: ["limits: [few]"], sections: Self.limits) { harness, _ in
            func expect(_ answer: CurlResponse, _ status: Int, isOpen: Bool = true) {
                #expect(answer.status == status)
                #expect(answer.value("access-control-allow-origin") == (isOpen ? "*" : nil), "\(status)")
                #expect(answer.value("access-control-allow-credentials") == nil)
                let exposed = answer.value("access-control-expose-headers") ?? ""
                #expect(exposed.contains("Retry-After") == isOpen)
            }
            expect(try await send(harness, "/oauth2/token", "PUT"), 405)
            expect(try await send(harness, "/oauth2/jwks", "DELETE"), 405)
            expect(try await send(harness, "/oauth2/authorize", "PUT"), 405, isOpen: false)
            let large = String(repeating: "x", count: 70_000)
            expect(try await send(harness, "/oauth2/token", "POST", body: large), 413)
            expect(try await send(harness, "/oauth2/login", "POST", body: large), 413, isOpen: false)
            for _ in 0..<2 { _ = try await send(harness, "/oauth2/token", "POST", body: "grant_type=x") }
            expect(try await send(harness, "/oauth2/token", "POST", body: "grant_type=x"), 429)
            expect(try await send(harness, "/oauth2/token", "OPTIONS", preflight: true), 429)
            expect(try await send(harness, "/oauth2/login", "GET"), 429, isOpen: false)
            // Elsewhere the gateway says nothing of origins.
            expect(try await send(harness, "/orders/1", "GET"), 401, isOpen: false)
        }
    }
}
