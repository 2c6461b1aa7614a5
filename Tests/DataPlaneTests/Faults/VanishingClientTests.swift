import GatewayTesting
import JSON
import Testing

@Suite("a client that vanishes")
struct VanishingClientTests {
    enum Leaving: String, CaseIterable, Sendable { case closes, cutsOff, resets }

    private func leave(_ client: RawTLSClient, _ leaving: Leaving) async {
        switch leaving {
        case .closes: await client.close()
        case .cutsOff: await client.cutOff()
        case .resets: await client.reset()
        }
    }

    private func judge(_ harness: DataPlaneHarness, status: Int) async throws {
        try await harness.upstreamIsLeft()
        let records = try await harness.gateway.auditRecords(atLeast: 1)
        #expect(records.count == 1)
        #expect(records[0]["ending"] == "client_gone")
        #expect(records[0]["status"]?.int == Int64(status))
    }

    @Test("in the middle of its request takes the upstream's connection with it", arguments: Leaving.allCases)
    func midRequest(leaving: Leaving) async throws {
        try await DataPlaneHarness.run(change: { $0.bounds.append("body_gathered_max: 0B") }) { harness in
            let client = try await harness.sending(Ask.head("POST", "/", ["Content-Length: 1000"]) + "0123456789")
            _ = try await harness.upstream.request("whose body has begun") { $0.bodyCount == 10 }
            await leave(client, leaving)
            try await judge(harness, status: 0)
        }
    }

    @Test("before the answer", arguments: Leaving.allCases)
    func beforeAnswer(leaving: Leaving) async throws {
        try await DataPlaneHarness.run(.hang) { harness in
            let client = try await harness.sending(Ask.get())
            _ = try await harness.upstream.requests(atLeast: 1)
            await leave(client, leaving)
            try await judge(harness, status: 0)
        }
    }

    @Test("in the middle of its answer", arguments: Leaving.allCases)
    func midAnswer(leaving: Leaving) async throws {
        let script = UpstreamScript.steps(
            .write(UpstreamScript.head(200, [HeaderField("Content-Length", "1000")])), .writePattern(10), .hang)
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(Ask.get())
            #expect(try await client.read(count: 12) == Array("HTTP/1.1 200".utf8))
            await leave(client, leaving)
            try await judge(harness, status: 200)
        }
    }

    @Test("while the gateway waits for it to read", arguments: Leaving.allCases)
    func unread(leaving: Leaving) async throws {
        try await DataPlaneHarness.run(.pattern(100_000_000)) { harness in
            let client = try await harness.sending(Ask.get()) { $0.receiveBufferBytes = 16_384 }
            #expect(try await client.read(count: 12) == Array("HTTP/1.1 200".utf8))
            await leave(client, leaving)
            try await judge(harness, status: 200)
        }
    }

    @Test("while a connection is being made for it")
    func connecting() async throws {
        try await DataPlaneHarness.run(manner: { UpstreamManner.orders($0).opening(.hang) }) { harness in
            let client = try await harness.sending(Ask.get())
            try await eventually("a connection at the upstream") { harness.upstream.connectionsAccepted > 0 }
            await client.reset()
            let records = try await harness.gateway.auditRecords(atLeast: 1)
            #expect(records.map { $0["ending"] } == ["client_gone"])
        }
    }

    @Test("leaves nothing behind that a next request could meet")
    func nothingLeft() async throws {
        try await DataPlaneHarness.run(.reflect, paths: ["/slow": .gated("go", "for somebody else")]) { harness in
            let first = try await harness.sending(Ask.get("/slow"))
            _ = try await harness.upstream.request("of /slow") { $0.path == "/slow" }
            await first.close()
            _ = try await harness.gateway.auditRecord(where: "ending", is: "client_gone")
            harness.upstream.open(gate: "go")
            for number in 0..<5 {
                let answer = try await harness.gateway.client().get("\(harness.gateway.url)/\(number)")
                #expect(answer.text.hasPrefix("GET /\(number) "))
            }
        }
    }
}
