import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("what the gateway says of itself")
struct HealthTests {
    @Test("that it is well, under which policy, and how its endpoints are")
    func well() async throws {
        try await GatewayHarness.run { harness in
            let answer = try await harness.answer("/health")
            #expect(answer.status == 200)
            #expect(answer.value("content-type") == "application/json")
            #expect(answer.value("cache-control") == "no-store")
            let report = try await harness.healthReport()
            #expect(report["status"] == "ok")
            #expect(report["reload_error"] == .null)
            #expect(report["insecure"] == [])
            #expect(report["audit"]?.object?["state"] == "ok")
            #expect(report["audit"]?.object?["dropped"] == 0)
            let endpoint = report["upstreams"]?.array?.first?.object
            #expect(endpoint?["upstream"] == "orders")
            #expect(endpoint?["endpoint"]?.string?.hasSuffix("127.0.0.1:\(harness.upstream.port)") == true)
            #expect(endpoint?["ejected"] == false)
            #expect(try await harness.record(of: answer)["policy"] == report["policy"])
        }
    }

    @Test("what is switched off stands in it")
    func insecure() async throws {
        let edit = { (text: String) in
            text.replacingOccurrences(
                of: "listeners:\n", with: "listeners:\n  - address: 127.0.0.1:0\n    insecure_plaintext: true\n")
        }
        try await GatewayHarness.run(edit: edit) { harness in
            #expect(harness.gateway.running.ports.count == 2)
            let client = try await RawTLSClient.connect(port: harness.gateway.port, .plaintext)
            try await client.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = try await client.readAnswer()
            let insecure = try JSON.parse(answer.body).object?["insecure"]?.array?.compactMap(\.string) ?? []
            #expect(insecure.contains { $0.contains("insecure_plaintext") })
        }
    }

    @Test("an endpoint that fails is shown as ejected, and tried again by nobody else")
    func ejected() async throws {
        let dead = try TestUpstream.unusedPort()
        let edit = { (text: String) -> String in
            guard let range = text.range(of: "endpoints: [https://") else { return text }
            return text.replacingCharacters(in: range, with: "endpoints: [https://127.0.0.1:\(dead), https://")
        }
        try await GatewayHarness.run(edit: edit) { harness in
            let client = try harness.client()
            let isEjected = { () async throws -> Bool in
                try await harness.healthReport()["upstreams"]?.array?.contains {
                    $0.object?["ejected"] == true && $0.object?["endpoint"]?.string?.hasSuffix(":\(dead)") == true
                } == true
            }
            try await eventually("the dead endpoint to be left out") {
                // The retry on the other endpoint keeps the client from noticing.
                #expect(try await client.send(harness.request("/open/")).status == 200)
                return try await isEjected()
            }
            #expect(try await harness.healthReport()["status"] == "ok")
        }
    }

    @Test("a key file that is broken makes its issuer's tokens 503, and nobody else's; health says whose")
    func keysMissing() async throws {
        let partner = try TestIssuer.partner()
        let other = try TestIssuer("other", identifier: "https://other.example", algorithms: [.es256])
        let routes = """
            - id: both
              match: {path: /both}
              require: {issuers: [partner, other]}
              upstream: orders
            \(GatewayHarness.health)
            """
        // No key that could be used: a warning, not an error.
        let empty = "{\"keys\": [{\"kty\": \"oct\", \"k\": \"AAAA\"}]}"
        do {
            try await GatewayHarness.run(
                routes: routes, issuers: [partner, other], prepare: { try $0.write(empty, to: "certs/other.jwks.json") }
            ) { harness in
                #expect(try await harness.answer("/both", token: partner.token(.es256)).status == 200)
                let answer = try await harness.answer("/both", token: other.token())
                #expect(answer.status == 503)
                #expect(answer.code == "keys_unavailable")
                #expect(answer.value("retry-after") != nil)
                let report = try await harness.healthReport()
                #expect(report["status"] == "degraded")
                #expect(report["issuers_without_keys"] == ["other"])
            }
        } catch let refusal as GatewayRefusedToStart {
            // Refusing to start is as good, if it says why.
            #expect(refusal.description.contains("other.jwks.json"))
        }
    }
}
