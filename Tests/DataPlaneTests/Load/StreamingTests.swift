import Foundation
import GatewayTesting
import Testing

@Suite("a gateway's memory", .serialized)
struct StreamingTests {
    /// 5 GB as a length says it, a tenth of that in chunks.
    private static let bytes = 5_000_000_000
    /// Far more than the buffers of one connection on each side need, far less than what passes through.
    private static let growthMax = 48 << 20

    private func run(_ script: UpstreamScript, _ body: (DataPlaneHarness, ProgramGateway) async throws -> Void)
        async throws
    {
        try await DataPlaneHarness.run(script, runner: try ProgramRunner.built()) { harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            // Once around, so that what is made once is there before the measurement.
            _ = try? await harness.gateway.client().get("\(harness.gateway.url)/secret/1")
            try await body(harness, program)
        }
    }

    /// Octets of a process in memory, now or at their most.
    private func resident(_ program: ProgramGateway, _ line: String = "VmHWM") throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(program.process.pid)/status", encoding: .utf8)
        let words = try #require(status.split(separator: "\n").first { $0.hasPrefix(line + ":") }).split(
            whereSeparator: \.isWhitespace)
        return try #require(Int(words[1])) * 1_024
    }

    @Test("does not grow with 5 GB that a client sends", arguments: [false, true])
    func upload(chunked: Bool) async throws {
        let count = chunked ? Self.bytes / 10 : Self.bytes
        try await run(.answer()) { harness, program in
            let before = try resident(program)
            let answer = try await harness.gateway.client().post(
                "\(harness.gateway.url)/", .pattern(count, chunked: chunked))
            #expect(answer.status == 200)
            #expect(harness.upstream.requests.first?.bodyCount == count)
            #expect(harness.upstream.requests.first?.bodySHA256 == OctetPattern.sha256(count: count))
            #expect(try resident(program) - before < Self.growthMax)
        }
    }

    @Test("does not grow with 5 GB that a client gets", arguments: [false, true])
    func download(chunked: Bool) async throws {
        let count = chunked ? Self.bytes / 10 : Self.bytes
        try await run(.pattern(count, chunked: chunked)) { harness, program in
            let before = try resident(program)
            let answer = try await harness.gateway.client().get("\(harness.gateway.url)/")
            #expect(answer.bodyCount == count)
            #expect(answer.bodySHA256 == OctetPattern.sha256(count: count))
            #expect(try resident(program) - before < Self.growthMax)
        }
    }

    @Test("does not grow with clients that do not read", arguments: [false, true])
    func slowReaders(chunked: Bool) async throws {
        try await run(.pattern(200 << 20, chunked: chunked)) { harness, program in
            let before = try resident(program)
            var clients: [RawTLSClient] = []
            for _ in 0..<8 { clients.append(try await harness.sending(Ask.get()) { $0.receiveBufferBytes = 16_384 }) }
            _ = try await harness.upstream.requests(atLeast: clients.count)
            _ = try await settled("the gateway's processor time") { try processorTime(program) }
            #expect(try resident(program) - before < Self.growthMax)
            for client in clients { await client.reset() }
            try await harness.upstreamIsLeft()
        }
    }

    @Test("does not grow with upstreams that do not read")
    func slowUpstream() async throws {
        try await run(.hangUnread) { harness, program in
            let before = try resident(program)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var request = CurlRequest("POST", "\(harness.gateway.url)/", body: .pattern(200 << 20))
                        request.timeout = .seconds(4)
                        _ = try? await harness.gateway.client().send(request)
                    }
                }
            }
            #expect(try resident(program) - before < Self.growthMax)
        }
    }

    /// Ticks of the clock that a process has used.
    private func processorTime(_ program: ProgramGateway) throws -> Int {
        let words = try String(contentsOfFile: "/proc/\(program.process.pid)/stat", encoding: .utf8).split(
            separator: " ")
        return (Int(words[13]) ?? 0) + (Int(words[14]) ?? 0)
    }
}
