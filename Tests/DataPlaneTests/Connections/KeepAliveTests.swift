import GatewayTesting
import JSON
import Testing

@Suite("a client's connection")
struct KeepAliveTests {
    @Test("serves one request after the other, and so does the connection behind it")
    func reuse() async throws {
        try await DataPlaneHarness.run { harness in
            let client = try harness.gateway.client()
            for number in 0..<4 {
                let answer = try await client.get("\(harness.gateway.url)/\(number)")
                #expect(answer.status == 200)
                #expect(answer.connectCount == (number == 0 ? 1 : 0))
            }
            #expect(harness.upstream.connectionsAccepted == 1)
            #expect(harness.upstream.requests.map(\.place) == [1, 2, 3, 4])
        }
    }

    @Test("gets its pipelined answers in order, refused and forwarded ones mixed")
    func pipelining() async throws {
        try await DataPlaneHarness.run(.reflect, paths: ["/slow": .gated("go", "slow\n")]) { harness in
            let client = try await harness.sending(
                Ask.get("/slow") + Ask.get("/secret/1") + Ask.post("/secret/2", "a body that nobody reads")
                    + Ask.get("/b")
                    + Ask.head("HEAD", "/c") + Ask.post("/d", "body") + Ask.get("/secret/3")
                    + Ask.get("/e", fields: "Connection: close") + Ask.get("/never"))
            _ = try await harness.upstream.request("of /slow") { $0.path == "/slow" }
            #expect(harness.upstream.requests.count == 1)
            harness.upstream.open(gate: "go")
            let (answers, ending) = try await client.readToEnd(methods: ["GET", "GET", "POST", "GET", "HEAD", "POST"])
            #expect(answers.map(\.status) == [200, 401, 401, 200, 200, 200, 401, 200])
            #expect(answers.first?.text == "slow\n")
            #expect(answers[3].text.hasPrefix("GET /b "))
            #expect(answers[5].text.hasPrefix("POST /d "))
            #expect(answers[7].text.hasPrefix("GET /e "))
            #expect(answers.map { $0.value("connection") }.last == "close")
            #expect(ending == .closed)
            #expect(harness.upstream.requests.map(\.path) == ["/slow", "/b", "/c", "/d", "/e"])
            let records = try await harness.gateway.auditRecords(atLeast: 8)
            #expect(records.count == 8)
        }
    }

    @Test("may send its requests octet by octet, or many in one record", arguments: [1, 7, 100_000])
    func pieces(size: Int) async throws {
        try await DataPlaneHarness.run { harness in
            let octets = Array((0..<5).map { Ask.post("/\($0)", "body \($0)") }.joined().utf8)
            let client = try await harness.gateway.rawClient()
            try await client.write(
                stride(from: 0, to: octets.count, by: size).map { Array(octets[$0...].prefix(size)) })
            for _ in 0..<5 { #expect(try await client.readAnswer().status == 200) }
            #expect(harness.upstream.requests.map(\.text) == (0..<5).map { "body \($0)" })
        }
    }

    @Test("that does not read its answers is not read from either")
    func unreadAnswers() async throws {
        let count = 400
        try await DataPlaneHarness.run(.pattern(65_521)) { harness in
            let client = try await harness.sending(String(repeating: Ask.get(), count: count)) {
                $0.receiveBufferBytes = 16_384
            }
            // The kernel's buffers hold a few MiB; all answers together are 26 MB.
            let asked = try await settled("requests at the upstream") { harness.upstream.requests.count }
            #expect(asked > 0)
            #expect(asked < count)
            for _ in 0..<count { #expect(try await client.readAnswer().body.count == 65_521) }
        }
    }

    @Test("of HTTP/1.0 is closed after the answer, unless it asks to be kept", arguments: [false, true])
    func http10(keeps: Bool) async throws {
        try await DataPlaneHarness.run { harness in
            let line = keeps ? "Connection: keep-alive\r\n" : ""
            let client = try await harness.sending("GET /1 HTTP/1.0\r\nHost: localhost\r\n\(line)\r\n")
            let first = try await client.readAnswer()
            #expect(first.text == "hello\n")
            #expect(first.value("connection") == (keeps ? "keep-alive" : "close"))
            if keeps {
                // Refusals too: a client that is not told would wait for the end.
                try await client.write("GET /secret/2 HTTP/1.0\r\nHost: localhost\r\n\(line)\r\n")
                let second = try await client.readAnswer()
                #expect(second.status == 401)
                #expect(second.value("connection") == "keep-alive")
                try await client.write("GET /3 HTTP/1.0\r\nHost: localhost\r\n\r\n")
            }
            let (rest, ending) = try await client.readToEnd()
            #expect(rest.map(\.status) == (keeps ? [200] : []))
            #expect(ending == .closed)
        }
    }

    @Test("without TLS gets the whole of its last answer, though it is still sending")
    func plaintextLingering() async throws {
        try await DataPlaneHarness.run(change: { $0.hasTLS = false }) { harness in
            let client = try await harness.sending(
                Ask.head("POST", "/secret/1", ["Content-Length: 10000000"]) + "begun"
            ) { $0 = .plaintext }
            for _ in 0..<50 { try? await client.write([UInt8](repeating: 0x61, count: 10_000)) }
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [401])
            #expect(answers.first?.isComplete == true)
            #expect(ending == .closed)
        }
    }
}
