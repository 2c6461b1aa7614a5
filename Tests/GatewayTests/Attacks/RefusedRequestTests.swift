import GatewayTesting
import JSON
import Testing

/// Refused requests are free for their sender and dear for the audit log.
@Suite("an address whose requests are refused without end")
struct RefusedRequestTests {
    @Test("lose their connection, and cannot open another for a while, while other addresses are served")
    func limited() async throws {
        try await GatewayHarness.run(bounds: ["bad_tokens_per_minute_max: 0", "refused_per_minute_max: 6"]) { harness in
            let client = try harness.client()
            let other = try harness.client()
            #expect(try await other.send(harness.request("/open/")).status == 200)
            for _ in 0..<6 {
                let answer = try await client.send(harness.request("/nowhere"))
                #expect(answer.status == 404 && answer.value("connection") == nil)
            }
            let last = try await client.send(harness.request("/orders/1"))
            #expect(last.status == 401 && last.value("connection") == "close")
            // A connection that is open goes on with what is not refused.
            #expect(try await other.send(harness.request("/open/")).status == 200)
            await #expect(throws: (any Error).self) {
                _ = try await harness.client().send(harness.request("/open/"))
            }
        }
    }

    /// Of one request each, on a connection of its own or not: each kind of refusal that some client can cause at no cost.
    static let kinds = [
        ("NONSENSE\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.7\r\nHost: localhost\r\n\r\n", 505),
        ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
        ("POST /open/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        ("OPTIONS http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    ]

    @Test(
        "are counted whether or not the refusal closes the connection; so is what is asked of the gateway itself",
        arguments: kinds)
    func everyKind(request: String, status: Int) async throws {
        try await GatewayHarness.run(bounds: ["bad_tokens_per_minute_max: 0", "refused_per_minute_max: 5"]) { harness in
            var answered = 0
            for _ in 0..<20 {
                do {
                    let client = try await harness.gateway.rawClient()
                    try await client.write(request)
                    let answer = try await client.readAnswer()
                    #expect(answer.status == status, "\(answer.text)")
                    answered += 1
                    await client.reset()
                } catch { break }
            }
            #expect((5...12).contains(answered), "a few are forgiven meanwhile")
        }
    }

    @Test("have questions about the gateway itself counted together, and the log keeps what others did")
    func optionsFlood() async throws {
        let settings = "file: {path: audit.jsonl, rotate_at: 64KiB, keep: 1}, unmatched_per_minute_max: 3"
        try await GatewayHarness.run(edit: GatewayHarness.audit(settings)) { harness in
            let before = try await harness.answer("/open/before").value("x-request-id") ?? ""
            let client = try await harness.gateway.rawClient()
            for _ in 0..<20 {
                let asked =
                    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nX-Padding: \(String(repeating: "p", count: 500))\r\n\r\n"
                try await client.write(String(repeating: asked, count: 20))
                for _ in 0..<20 { #expect(try await client.readAnswer().status == 200) }
            }
            try await harness.gateway.stop()
            let records = try ["audit.jsonl.1", "audit.jsonl"].filter(harness.gateway.folder.exists)
                .flatMap { try harness.gateway.folder.read($0).split(separator: 0x0A) }
                .compactMap { try JSON.parse(Array($0)).object }
            #expect(records.contains { $0["request_id"]?.string == before })
            let own = records.filter { $0["method"]?.string == "OPTIONS" && $0["repeated"] == nil }
            #expect(own.count == 3)
            let shared = records.filter { $0["repeated"] != nil }
            #expect(shared.map { $0["repeated"]?.int } == [397])
            #expect(shared.first?["decision"]?.string == "allowed" && shared.first?["method"]?.string == "OPTIONS")
        }
    }
}
