import GatewayTesting
import JSON
import Testing

@Suite("a client that is slow", .tags(.timed))
struct TimeoutTests {
    @Test("with its head is told so, whether or not it keeps sending", arguments: [false, true])
    func head(drips: Bool) async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts.append("header_read: 1500ms") }) { harness in
            let client = try await harness.sending("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            if drips {
                let deadline = Deadline(in: .seconds(20))
                // One octet now and then does not restart the clock. Without the pause a quiet machine sends more than a
                // head may have before the time is over.
                while !deadline.isPast, try harness.gateway.auditRecords().isEmpty {
                    try? await client.write("x")
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [408])
            #expect(ending == .closed)
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["code"] } == ["request_timeout"])
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("to begin is disconnected without an answer", arguments: [true, false])
    func silent(first: Bool) async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts += ["header_read: 1500ms", "keep_alive_idle: 300ms"] }) {
            harness in
            let client = try await harness.gateway.rawClient()
            if !first {
                try await client.write(Ask.get())
                #expect(try await client.readAnswer().status == 200)
            }
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.isEmpty)
            #expect(ending == .closed)
        }
    }

    @Test("between requests may be slow for keep_alive_idle, not only for header_read")
    func idle() async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts += ["header_read: 2500ms", "keep_alive_idle: 20s"] }) {
            harness in
            let client = try await harness.sending(Ask.get())
            #expect(try await client.readAnswer().status == 200)
            // A connection that is too slow with its head ends meanwhile.
            _ = try await harness.sending("GET").readToEnd()
            try await client.write(Ask.get())
            #expect(try await client.readAnswer().status == 200)
        }
    }

    @Test("with its body is told so, and the upstream is left", arguments: [false, true])
    func body(chunked: Bool) async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts += ["body_stall: 300ms"] }) { harness in
            let client = try await harness.sending(
                Ask.head("POST", "/", [chunked ? "Transfer-Encoding: chunked" : "Content-Length: 10"])
                    + (chunked ? "5\r\nhello\r\n" : "hello"))
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [408])
            #expect(ending == .closed)
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["code"] } == ["request_timeout"])
            try await harness.upstreamIsLeft()
        }
    }

    @Test("with its body is not blamed on the upstream, which cannot answer before")
    func slowBody() async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts += ["upstream_first_byte: 1s", "upstream_stall: 1s"] }) {
            harness in
            let client = try await harness.sending(Ask.head("POST", "/", ["Content-Length: 3"]))
            for octet in "ab" {
                try await client.write(String(octet))
                let begun = ContinuousClock.now
                try await eventually("longer than an answer may take") {
                    ContinuousClock.now - begun > .milliseconds(1_400)
                }
            }
            try await client.write("!")
            #expect(try await client.readAnswer().status == 200)
        }
    }

    @Test("to read is cut off when nothing moves, and the upstream is left")
    func unread() async throws {
        try await DataPlaneHarness.run(.pattern(100_000_000), change: { $0.timeouts += ["body_stall: 500ms"] }) {
            harness in
            let client = try await harness.sending(Ask.get()) { $0.receiveBufferBytes = 16_384 }
            try await harness.upstreamIsLeft()
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["ending"] } == ["stalled"])
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.allSatisfy { !$0.isComplete })
            #expect(ending != .closed)
        }
    }

    @Test("but steady gets its whole answer", arguments: [true, false])
    func steady(tls: Bool) async throws {
        let count = 8_000_000
        try await DataPlaneHarness.run(
            .pattern(count),
            change: {
                $0.hasTLS = tls
                $0.timeouts += ["body_stall: 2s", "upstream_stall: 2s"]
            }
        ) { harness in
            let client = try await harness.sending(Ask.get()) {
                if !tls { $0 = .plaintext }
                $0.receiveBufferBytes = 65_536
            }
            // Half a megabyte a second: the kernel's send buffer alone would keep the gateway waiting for longer than 2
            // s.
            var octets = 0
            for _ in 0..<30 {
                let begun = ContinuousClock.now
                octets += try await client.read(count: 100_000).count
                try await eventually("a fifth of a second") { ContinuousClock.now - begun > .milliseconds(200) }
            }
            #expect(octets == 3_000_000)
            #expect(try await client.read(count: count - octets).count == count - octets)
            #expect(try await harness.gateway.auditRecords(atLeast: 1).map { $0["ending"] } == [nil])
        }
    }

    @Test("with its handshake is disconnected")
    func handshake() async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts.append("tls_handshake: 300ms") }) { harness in
            let silent = try await harness.gateway.rawClient { $0 = .plaintext }
            #expect(try await silent.readToEnd().answers.isEmpty)
            let partial = try await harness.gateway.rawClient { $0 = .plaintext }
            try await partial.write([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            #expect(try await partial.readToEnd().answers.isEmpty)
            #expect(try await harness.gateway.client().get("\(harness.gateway.url)/").status == 200)
        }
    }

    @Test("does not hold up others on the same event loop")
    func beside() async throws {
        try await DataPlaneHarness.run(.pattern(50_000_000), paths: ["/quick": .answer()]) { harness in
            let slow = try await harness.sending(Ask.get("/slow")) { $0.receiveBufferBytes = 16_384 }
            let slower = try await harness.sending("GET / HT")
            let client = try harness.gateway.client()
            for _ in 0..<20 { #expect(try await client.get("\(harness.gateway.url)/quick").status == 200) }
            await slow.reset()
            await slower.reset()
        }
    }
}

@Suite("open connections")
struct ConnectionLimitTests {
    @Test(
        "are not more than the listener, or one address, may have",
        arguments: ["connections_max: 2", "connections_per_address_max: 2"])
    func limit(line: String) async throws {
        try await DataPlaneHarness.run(edit: {
            $0.replacing("- address: 127.0.0.1:0", with: "- address: 127.0.0.1:0\n    \(line)")
        }) { harness in
            let first = try await harness.sending(Ask.get())
            let second = try await harness.sending(Ask.get())
            for client in [first, second] { #expect(try await client.readAnswer().status == 200) }
            for _ in 0..<3 {
                await #expect(throws: (any Error).self) { try await harness.sending(Ask.get()).readAnswer() }
            }
            await first.close()
            try await eventually("room for another connection") {
                guard let client = try? await harness.sending(Ask.get()) else { return false }
                return (try? await client.readAnswer().status) == 200
            }
            try await second.write(Ask.get())
            #expect(try await second.readAnswer().status == 200)
        }
    }

    @Test("count no more once they have failed", arguments: 0..<3)
    func failures(kind: Int) async throws {
        try await DataPlaneHarness.run(edit: {
            $0.replacing("- address: 127.0.0.1:0", with: "- address: 127.0.0.1:0\n    connections_max: 2")
        }) { harness in
            for _ in 0..<6 {
                try await eventually("a connection that is not refused") {
                    switch kind {
                    case 0:
                        let client = try await harness.gateway.rawClient { $0 = .plaintext }
                        try? await client.write("GET / HTTP/1.1\r\n\r\n")
                        _ = try? await client.readToEnd()
                        return true
                    case 1:
                        guard let client = try? await harness.sending(Ask.get()) else { return false }
                        guard (try? await client.readAnswer()) != nil else { return false }
                        await client.reset()
                        return true
                    default:
                        guard let client = try? await harness.sending("nonsense\r\n\r\n") else { return false }
                        return (try? await client.readToEnd().answers.map(\.status)) == [400]
                    }
                }
            }
            try await eventually("room") {
                (try? await harness.gateway.client().get("\(harness.gateway.url)/").status) == 200
            }
        }
    }
}
