import GatewayTesting
import JSON
import Testing

/// Clients and upstreams that do everything at once, each in its own way; what happens is random, but begins from a
/// fixed number, so that a failure can be met again.
@Suite("in all commotion")
struct CommotionTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// What the upstream does is the first segment of the path; its answers name the path, so that a mix-up shows.
    private static let upstream = UpstreamScript { request in
        let name = "\(request.target)\n"
        func answer(_ fields: [HeaderField] = [], _ text: String) -> UpstreamStep {
            .write(
                UpstreamScript.head(200, [HeaderField("Content-Length", "\(text.utf8.count)")] + fields)
                    + Array(text.utf8))
        }
        func chunks(_ texts: [String]) -> [UpstreamStep] {
            [.write(UpstreamScript.head(200, [HeaderField("Transfer-Encoding", "chunked")]))]
                + texts.map { .write(Array("\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n".utf8)) } + [
                    .write(Array("0\r\n\r\n".utf8))
                ]
        }
        switch request.path.split(separator: "/").first ?? "" {
        case "length": return [.readBody, answer([], name)]
        case "chunks": return [.readBody] + chunks([name, "more", "and more"])
        case "closing": return [.readBody, answer([HeaderField("Connection", "close")], name), .close]
        case "early": return [answer([], name), .readBody]
        case "earlyClose": return [answer([HeaderField("Connection", "close")], name), .close]
        case "interim": return [.readBody, .write(UpstreamScript.head(103, [])), answer([], name)]
        case "large":
            return [.readBody] + chunks([name] + Array(repeating: String(repeating: "x", count: 50_000), count: 8))
        case "drop": return [.readBody, .close]
        case "reset": return [.reset]
        case "cut":
            return [
                .readBody, .write(UpstreamScript.head(200, [HeaderField("Content-Length", "1000")]) + Array(name.utf8)),
                .close,
            ]
        case "garbage": return [.readBody, .write(Array("nonsense\r\n\r\n".utf8)), .close]
        default:
            return [
                .drip(
                    UpstreamScript.head(200, [HeaderField("Content-Length", "\(name.utf8.count)")]) + Array(name.utf8),
                    pause: .milliseconds(1))
            ]
        }
    }

    private static let kinds = [
        "length", "length", "length", "chunks", "closing", "early", "earlyClose", "interim", "large", "drop", "reset",
        "cut", "garbage", "drip", "secret",
    ]

    private static func request(_ number: Int, _ dice: inout Dice) -> (path: String, octets: [UInt8]) {
        let path = "/\(kinds.randomElement(using: &dice) ?? "length")/\(number)"
        let size = [0, 1, 500, 20_000, 150_000].randomElement(using: &dice) ?? 0
        let body = String(repeating: "b", count: size)
        switch Int.random(in: 0..<3, using: &dice) {
        case 0: return (path, Array(Ask.get(path).utf8))
        case 1: return (path, Array(Ask.post(path, body).utf8))
        default:
            let chunk = size == 0 ? "" : "\(String(size, radix: 16))\r\n\(body)\r\n"
            return (path, Array((Ask.head("POST", path, ["Transfer-Encoding: chunked"]) + chunk + "0\r\n\r\n").utf8))
        }
    }

    @Test(
        "every answer belongs to its request, every request has its record, and nothing is left over",
        arguments: [1, 2, 3] as [UInt64])
    func everything(seed: UInt64) async throws {
        let health = "- id: health\n  match: {path: /health}\n  public: true\n  local: health\n"
        try await DataPlaneHarness.run(
            Self.upstream,
            change: {
                $0.routes = health + $0.routes
                $0.upstreams[0].lines = ["connections_per_worker_max: 6", "ejection: {after_failures: 0}"]
                $0.timeouts += ["upstream_connect: 10s"]
            }
        ) { harness in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<12 {
                    group.addTask {
                        var dice = Dice(state: seed << 32 | UInt64(worker))
                        for round in 0..<12 { try await Self.run(harness, worker * 10_000 + round * 100, &dice) }
                    }
                }
                try await group.waitForAll()
            }
            let client = try harness.gateway.client()
            #expect(try await client.get("\(harness.gateway.url)/length/last").text == "/length/last\n")
            try await eventually("all connections but this one to be gone") {
                let report = try JSON.parse(try await client.get("\(harness.gateway.url)/health").body)
                return report.object?["connections"] == 1
            }
            // When the last one is written, all are.
            _ = try await harness.gateway.auditRecord(of: try await client.get("\(harness.gateway.url)/health"))
            let records = try harness.gateway.auditRecords()
            let ids = records.compactMap { $0["request_id"]?.string }
            #expect(ids.count == records.count)
            #expect(Set(ids).count == ids.count)
            // What reached the upstream is on record; a retry is one request of the client, and two at the upstream.
            #expect(Set(harness.upstream.requests.compactMap { $0.value("x-request-id") }).isSubset(of: Set(ids)))
        }
    }

    /// One connection's life.
    private static func run(_ harness: DataPlaneHarness, _ number: Int, _ dice: inout Dice) async throws {
        let client = try await harness.gateway.rawClient()
        let requests = (0..<Int.random(in: 1...5, using: &dice)).map { Self.request(number + $0, &dice) }
        let manner = Int.random(in: 0..<6, using: &dice)
        // The gateway may close before it has read everything.
        if manner == 0 {
            let octets = requests.flatMap(\.octets)
            try? await client.write(Array(octets.prefix(Int.random(in: 1...octets.count, using: &dice))))
            await client.reset()
            return
        }
        if manner == 1 {
            for request in requests { try? await client.write(request.octets) }
            _ = try? await client.read(count: Int.random(in: 1...100, using: &dice))
            await client.close()
            return
        }
        if manner < 4 {
            // Pipelined.
            try? await client.write(requests.map(\.octets))
            for request in requests where try await !judge(client, request.path) { return }
        } else {
            for request in requests {
                try? await client.write(request.octets)
                guard try await judge(client, request.path) else { return }
            }
        }
        await client.close()
    }

    /// Whether the connection is good for another request.
    private static func judge(_ client: RawTLSClient, _ path: String) async throws -> Bool {
        let answer: RawAnswer
        do {
            guard let next = try await client.readAnswerOrEnd() else { return false }
            answer = next
        } catch WireError.timeout {
            Issue.record("no answer for \(path)")
            return false
        } catch {
            return false
        }
        if answer.status == 200, answer.isComplete { #expect(answer.text.hasPrefix("\(path)\n"), "\(path)") }
        if path.hasPrefix("/secret/") { #expect(answer.status == 401) }
        if path.hasPrefix("/length/") || path.hasPrefix("/chunks/") {
            #expect(answer.status == 200 || answer.status == 502)
        }
        guard answer.isComplete, answer.value("connection") != "close" else {
            await client.close()
            return false
        }
        return true
    }
}
