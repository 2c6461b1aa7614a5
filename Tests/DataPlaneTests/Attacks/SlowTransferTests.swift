import GatewayTesting
import JSON
import Testing

/// Clients that move an octet now and then, so that no time without progress ends them.
@Suite("a client that is slow in the long run", .tags(.timed))
struct SlowTransferTests {
    /// Ten times what the tests' slow clients do, and a grace that tests can wait for.
    private static let strict = ["body_rate_min: 1KiB", "answer_rate_min: 1MiB", "rate_grace: 1s", "body_stall: 20s"]

    /// Sends this ten times a second until there is a record, or for so long.
    private func drip(
        _ text: String, to client: RawTLSClient, _ harness: DataPlaneHarness, for seconds: Int = 20
    ) async throws {
        let deadline = Deadline(in: .seconds(seconds))
        while !deadline.isPast, try harness.gateway.auditRecords().isEmpty {
            try? await client.write(text)
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test(
        "with its body, which never stands still, is told so, and the upstream is left",
        arguments: [
            ("Transfer-Encoding: chunked", "1\r\nx\r\n"), ("Content-Length: 100000", "x"),
            ("Content-Length: 1000", "x"),
        ])
    func body(framing: String, octet: String) async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts += Self.strict }) { harness in
            let client = try await harness.sending(Ask.head("POST", "/", [framing]))
            try await drip(octet, to: client, harness)
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [408] && ending == .closed)
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["code"] } == ["body_too_slow"])
            try await harness.upstreamIsLeft()
            #expect(try await harness.gateway.client().get("\(harness.gateway.url)/").status == 200)
        }
    }

    @Test("with its body may be so where its route says it")
    func route() async throws {
        try await DataPlaneHarness.run(
            change: { $0.timeouts += Self.strict },
            edit: {
                $0.replacing("body_max: unlimited", with: "body_max: unlimited\n    timeouts: {body_rate_min: 0B}")
            }
        ) { harness in
            let client = try await harness.sending(Ask.head("POST", "/", ["Transfer-Encoding: chunked"]))
            try await drip("1\r\nx\r\n", to: client, harness, for: 3)
            try await client.write("0\r\n\r\n")
            #expect(try await client.readAnswer().status == 200)
        }
    }

    @Test("is not a client whose service does not take the body")
    func slowService() async throws {
        let slow = UpstreamScript.steps(
            .readBodyOctets(1), .waitForGate("read"), .readBody,
            .write(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)))
        try await DataPlaneHarness.run(
            slow, change: { $0.timeouts += Self.strict + ["upstream_first_byte: 20s", "upstream_stall: 20s"] }
        ) { harness in
            let count = 30_000_000
            let client = try await harness.sending(Ask.head("POST", "/", ["Content-Length: \(count)"]))
            async let written: Void = client.write([UInt8](repeating: 0x78, count: count))
            // Three times the grace.
            let begun = ContinuousClock.now
            try await eventually("time to pass") { ContinuousClock.now - begun > .seconds(3) }
            harness.upstream.open(gate: "read")
            try await written
            #expect(try await client.readAnswer().status == 200)
        }
    }

    @Test("to read, though it never stands still, is cut off, and its record says so")
    func answer() async throws {
        try await DataPlaneHarness.run(.pattern(100_000_000), change: { $0.timeouts += Self.strict }) { harness in
            let client = try await harness.sending(Ask.get()) { $0.receiveBufferBytes = 16_384 }
            let deadline = Deadline(in: .seconds(20))
            while !deadline.isPast, try harness.gateway.auditRecords().isEmpty {
                _ = try? await client.read(count: 10_000)
                try? await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["ending"] } == ["client_too_slow"])
            try await harness.upstreamIsLeft()
            #expect(((try? await client.read(count: 100_000_000)) ?? []).count < 10_000_000)
        }
    }

    @Test("is not a client that waits for a service, for its answer's begin, middle or end")
    func silentService() async throws {
        let parts = UpstreamScript.steps(
            .readBody, .waitForGate("begin"),
            .write(Array("HTTP/1.1 200 OK\r\nContent-Length: 10000011\r\n\r\n".utf8)), .write(Array("hello ".utf8)),
            .waitForGate("middle"), .writePattern(10_000_000), .waitForGate("end"), .write(Array("world".utf8)))
        try await DataPlaneHarness.run(
            parts, change: { $0.timeouts += Self.strict + ["answer_total: 3s", "upstream_first_byte: 20s"] }
        ) { harness in
            let client = try await harness.sending(Ask.get())
            async let answer = client.readAnswer()
            for gate in ["begin", "middle", "end"] {
                let begun = ContinuousClock.now
                try await eventually("time to pass") { ContinuousClock.now - begun > .milliseconds(2_500) }
                harness.upstream.open(gate: gate)
            }
            #expect(try await answer.body.count == 10_000_011)
        }
    }
}
