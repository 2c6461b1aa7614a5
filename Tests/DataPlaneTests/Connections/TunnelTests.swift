import GatewayTesting
import JSON
import Testing

@Suite("tunnels", .tags(.timed))
struct TunnelTests {
    private static let upgrade = ["Connection: Upgrade", "Upgrade: websocket"]

    @Test("carry octets both ways, also those that follow the heads at once")
    func echo() async throws {
        let script = UpstreamScript.steps(
            .write(
                UpstreamScript.head(101, [HeaderField("Connection", "Upgrade"), HeaderField("Upgrade", "websocket")])
                    + Array("welcome".utf8)), .echoOctets)
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade) + "early")
            let answer = try await client.readAnswer()
            #expect(answer.status == 101)
            #expect(answer.value("upgrade") == "websocket")
            #expect(answer.value("connection")?.lowercased() == "upgrade")
            let request = try #require(harness.upstream.requests.first)
            #expect(request.value("upgrade") == "websocket")
            #expect(request.value("connection")?.lowercased() == "upgrade")
            #expect(String(decoding: try await client.read(count: 12), as: UTF8.self) == "welcomeearly")
            let block = [UInt8]((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
            for _ in 0..<20 {
                try await client.write(block)
                #expect(try await client.read(count: block.count) == block)
            }
            await client.closeWriting()
            try await harness.upstreamIsLeft()
            let record = try await harness.gateway.auditRecords(atLeast: 1)
            #expect(record.count == 1)
            #expect(record.first?["status"] == 101)
            #expect(record.first?["ending"] == nil)
        }
    }

    @Test("end at the client when the upstream ends them, with everything it said before")
    func upstreamEnds() async throws {
        let script = UpstreamScript.steps(
            .write(
                UpstreamScript.head(101, [HeaderField("Connection", "Upgrade"), HeaderField("Upgrade", "websocket")])),
            .writePattern(2_000_000), .close)
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade))
            #expect(try await client.readAnswer().status == 101)
            #expect(try await client.read(count: 3_000_000).count == 2_000_000)
            #expect(try await client.readToEnd().ending == .closed)
        }
    }

    @Test("end at the upstream when the client breaks them off")
    func clientBreaks() async throws {
        try await DataPlaneHarness.run(.upgradeEcho()) { harness in
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade))
            #expect(try await client.readAnswer().status == 101)
            await client.reset()
            try await harness.upstreamIsLeft()
            #expect(try await harness.gateway.auditRecords(atLeast: 1).count == 1)
        }
    }

    @Test("are offers, which a route that does not allow them ignores (RFC 9110 §7.8)")
    func ignored() async throws {
        try await DataPlaneHarness.run(.reflect) { harness in
            let client = try await harness.sending(Ask.head("GET", "/elsewhere", Self.upgrade) + Ask.get("/next"))
            let answer = try await client.readAnswer()
            #expect(answer.status == 200)
            #expect(!answer.text.lowercased().contains("upgrade"))
            #expect(try await client.readAnswer().status == 200)
        }
    }

    @Test(
        "to another version of HTTP are offers that nobody takes, also where the route allows others",
        arguments: [
            ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
            [
                "Connection: Upgrade, HTTP2-Settings", "Content-Length: 0", "Upgrade: h2c",
                "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
            ], ["Connection: upgrade", "Upgrade: TLS/1.3"], ["Connection: upgrade", "Upgrade: websocket, h2c"],
        ])
    func otherVersions(fields: [String]) async throws {
        try await DataPlaneHarness.run(.reflect) { harness in
            for path in ["/elsewhere", "/ws/1"] {
                let client = try await harness.sending(Ask.head("GET", path, fields) + Ask.get("/next"))
                let answer = try await client.readAnswer()
                #expect(answer.status == 200)
                #expect(!answer.text.lowercased().contains("upgrade"))
                #expect(!answer.text.lowercased().contains("http2-settings"))
                #expect(try await client.readAnswer().status == 200)
            }
        }
    }

    @Test("are not begun when the upstream answers otherwise, and the connection serves on")
    func declined() async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade) + Ask.get("/next"))
            #expect(try await client.readAnswer().status == 200)
            #expect(try await client.readAnswer().status == 200)
            #expect(harness.upstream.requests.map(\.path) == ["/ws/1", "/next"])
        }
    }

    @Test("that nobody asked for are an answer that is none")
    func unasked() async throws {
        try await DataPlaneHarness.run(
            .says("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        ) {
            harness in
            let client = try await harness.sending(Ask.get())
            #expect(try await client.readAnswer().status == 502)
        }
    }

    @Test("find room beside idle connections")
    func room() async throws {
        try await DataPlaneHarness.run(
            paths: ["/ws/1": .upgradeEcho()], change: { $0.upstreams[0].lines = ["connections_per_worker_max: 1"] }
        ) { harness in
            #expect(try await harness.gateway.client().get("\(harness.gateway.url)/").status == 200)
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade))
            #expect(try await client.readAnswer().status == 101)
        }
    }

    @Test("that are quiet for too long end")
    func idle() async throws {
        try await DataPlaneHarness.run(.upgradeEcho(), change: { $0.timeouts.append("tunnel_idle: 300ms") }) {
            harness in
            let client = try await harness.sending(Ask.head("GET", "/ws/1", Self.upgrade))
            #expect(try await client.readAnswer().status == 101)
            _ = try await client.readToEnd()
            try await harness.upstreamIsLeft()
            #expect(try await harness.gateway.auditRecords(atLeast: 1).count == 1)
        }
    }
}
