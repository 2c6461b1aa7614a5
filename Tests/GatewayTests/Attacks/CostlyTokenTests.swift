import Foundation
import GatewayTesting
import JSON
import Testing

/// ES384 takes some thirty times as long to check as RS256.
@Suite("Attacks: tokens that take long to check")
struct CostlyTokenTests {
    /// Another signature of the right length.
    private static func spoiled(_ token: String) -> String {
        String(token.dropLast(4)) + (token.hasSuffix("AAAA") ? "BBBB" : "AAAA")
    }

    private func report(_ harness: GatewayHarness) async throws -> JSONObject {
        try #require(try await harness.healthReport()["signature_checks"]?.object)
    }

    @Test("are checked beside the event loops, once where they are good, and recorded like all others")
    func checked() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            let token = try harness.issuer.token(.es384)
            for _ in 0..<3 {
                #expect(try await client.send(harness.request("/orders/1", token: token)).status == 200)
            }
            #expect(try await report(harness)["checked"] == 1)
            let bad = try await client.send(harness.request("/orders/1", token: Self.spoiled(token)))
            #expect(bad.status == 401)
            #expect(bad.code == "bad_signature")
            let record = try await harness.record(of: bad)
            #expect(record["code"] == "bad_signature")
            #expect(record["token"] != nil)
            let report = try await report(harness)
            #expect([report["checked"], report["waiting"], report["refused"]] == [2, 0, 0])
            // Others do not take that way.
            #expect(
                try await client.send(harness.request("/orders/1", token: harness.issuer.token(.es256))).status == 200)
            #expect(try await self.report(harness)["checked"] == 2)
            #expect(harness.upstream.requests.count == 4)
        }
    }

    @Test("the same one on many connections at once is answered on each")
    func together() async throws {
        try await GatewayHarness.run { harness in
            let good = try harness.issuer.token(.es384)
            for (token, status) in [(good, 200), (Self.spoiled(good), 401)] {
                let statuses = try await withThrowingTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask { try await harness.answer("/orders/1", token: token).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses == [Int](repeating: status, count: 20))
            }
        }
    }

    @Test("that cannot be checked in time are answered with 503, and counted")
    func inVain() async throws {
        try await GatewayHarness.run(runner: InProcessRunner(waitMax: .nanoseconds(1))) { harness in
            let answer = try await harness.answer("/orders/1", token: harness.issuer.token(.es384))
            #expect(answer.status == 503)
            #expect(answer.code == "signature_check_unavailable")
            #expect(answer.value("retry-after") == "1")
            #expect(try await harness.record(of: answer)["code"] == "signature_check_unavailable")
            #expect(try await report(harness)["refused"] == 1)
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("of clients that leave meanwhile hold up nobody, and leave nothing behind")
    func vanishing() async throws {
        try await GatewayHarness.run { harness in
            for _ in 0..<16 {
                let client = try await harness.gateway.rawClient()
                let token = Self.spoiled(try harness.issuer.token(.es384))
                try await client.write(
                    "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
                await client.close()
            }
            #expect(try await harness.answer("/orders/1", token: harness.issuer.token(.es384)).status == 200)
            #expect(try await report(harness)["waiting"] == 0)
            #expect(harness.upstream.requests.count == 1)
        }
    }
}
