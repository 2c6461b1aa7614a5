import GatewayTesting
import JSON
import Testing

@Suite("an address that keeps sending bad tokens")
struct BadTokenLimiterTests {
    @Test("is made to wait, while its good tokens and public routes go on")
    func limited() async throws {
        try await GatewayHarness.run(bounds: ["bad_tokens_per_minute_max: 3"]) { harness in
            let client = try harness.client()
            let known = try harness.issuer.token(.es256)
            #expect(try await client.send(harness.request("/orders/1", token: known)).status == 200)
            for number in 0..<3 {
                let answer = try await client.send(harness.request("/orders/1", token: "bad\(number)"))
                #expect(answer.status == 401)
                #expect(answer.code == "malformed_token")
            }
            let refused = try await client.send(harness.request("/orders/1", token: "bad"))
            #expect(refused.status == 429)
            #expect(refused.code == "too_many_bad_tokens")
            #expect(refused.value("retry-after").flatMap { Int($0) }.map { (1...60).contains($0) } == true)
            #expect(try await harness.record(of: refused)["code"] == "too_many_bad_tokens")
            // A token that nobody has verified yet costs a signature: it waits, however good it is.
            #expect(
                try await client.send(harness.request("/orders/1", token: harness.issuer.token(.es256))).status == 429)
            #expect(try await client.send(harness.request("/orders/1", token: known)).status == 200)
            #expect(try await client.send(harness.request("/open/")).status == 200)
            #expect(harness.upstream.requests.count == 3)
        }
    }
}
