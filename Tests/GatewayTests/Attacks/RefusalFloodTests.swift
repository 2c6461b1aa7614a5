import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("floods of requests that match no route", .tags(.timed))
struct RefusalFloodTests {
    private func records(_ harness: GatewayHarness) throws -> (all: [JSONObject], unmatchedOctets: Int) {
        let folder = harness.gateway.folder
        let lines = try ["audit.jsonl.1", "audit.jsonl"].filter(folder.exists).flatMap {
            try folder.read($0).split(separator: 0x0A)
        }
        var all: [JSONObject] = []
        var octets = 0
        for line in lines {
            guard let record = try JSON.parse(Array(line)).object else { continue }
            all.append(record)
            if record["decision"] == "refused" { octets += line.count + 1 }
        }
        return (all, octets)
    }

    /// What the sender writes again and again.
    static let junk = [
        "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "NONSENSE\r\n\r\n",
        "DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ]

    @Test(
        "leave every other record where it is, and a record that says how many they were",
        arguments: [1, 1_000_000])
    func flood(_ perMinute: Int) async throws {
        let settings = """
            file: {path: audit.jsonl, rotate_at: 64KiB, keep: 1}, unmatched_per_minute_max: \(perMinute)
            """
        try await GatewayHarness.run(edit: GatewayHarness.audit(settings)) { harness in
            let before = try await harness.record(of: harness.answer("/open/before"))["request_id"]?.string ?? ""
            var answers = 0
            for number in 0..<90 {
                let octets = Self.junk[number % Self.junk.count]
                let client = try await harness.gateway.rawClient()
                do {
                    try await client.write(String(repeating: octets, count: 20))
                    // What is no HTTP ends its connection.
                    for _ in 0..<(octets.hasPrefix("N") ? 1 : 20) {
                        guard try await client.readAnswer().status < 500 else { break }
                        answers += 1
                    }
                } catch {
                    // The gateway may close the connections of such a sender.
                }
                await client.reset()
            }
            let after = try await harness.answer("/open/after").value("x-request-id") ?? ""
            try await harness.gateway.stop()
            let (all, unmatchedOctets) = try records(harness)
            let ids = Set(all.compactMap { $0["request_id"]?.string })
            #expect(ids.contains(before))
            #expect(ids.contains(after))
            #expect(unmatchedOctets <= 2 * 65_536 / 4 + 4_096)
            if perMinute == 1 {
                let repeated = all.filter { $0["repeated"] != nil }
                let addresses = Set(repeated.map { $0["client_address"]?.string ?? "" })
                #expect(addresses == ["127.0.0.1"])
                let codes = Set(repeated.map { $0["code"]?.string ?? "" })
                #expect(codes.contains("no_route"))
                let own = all.filter { $0["decision"]?.string == "refused" && $0["repeated"] == nil }.count
                let shared = repeated.reduce(0) { $0 + Int($1["repeated"]?.int ?? 0) }
                #expect(own + shared >= answers)
            } else {
                #expect(harness.gateway.folder.exists("audit.jsonl.unmatched"))
            }
        }
    }
}
