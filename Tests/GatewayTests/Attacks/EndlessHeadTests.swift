import GatewayTesting
import JSON
import Testing

@Suite("heads that do not end")
struct EndlessHeadTests {
    @Test("a client that sends fields for ever is refused and cut off")
    func endless() async throws {
        try await GatewayHarness.run { harness in
            let client = try await harness.gateway.rawClient()
            try await client.write("GET /open/ HTTP/1.1\r\nHost: localhost\r\n")
            // Until the gateway has had enough; 64 times the bound would be too much for any.
            for number in 0..<1_024 {
                do { try await client.write("X-Fill-\(number): \(String(repeating: "x", count: 1_000))\r\n") } catch {
                    break
                }
            }
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [431])
            #expect(ending != .open)
            #expect(harness.upstream.requests.isEmpty)
            let records = try await harness.gateway.auditRecords(atLeast: 1)
            #expect(records.map { $0["code"] } == ["head_too_large"])
        }
    }

    @Test("what is refused is recorded without anything of the request before it")
    func nothingLeftOver() async throws {
        try await GatewayHarness.run { harness in
            let client = try await harness.gateway.rawClient()
            let token = try harness.issuer.token(.es256)
            try await client.write(
                "GET /orders/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
            #expect(try await client.readAnswer().status == 200)
            try await client.write("NONSENSE\r\n\r\n")
            #expect(try await client.readAnswer().status == 400)
            let record = try #require(try await harness.gateway.auditRecords(atLeast: 2).last)
            #expect(record["decision"] == "refused")
            #expect(record["code"] == "bad_framing")
            for name in [
                "route", "subject", "client_id", "token", "issuer", "scopes_held", "upstream", "upstream_identity",
            ] {
                #expect(record[name] == nil, "\(name)")
            }
            #expect(record["path"]?.string != "/orders/7")
        }
    }
}
