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
}
