import GatewayTesting
import Testing

@Suite("answers before the request is whole")
struct InterimTests {
    @Test("100 is relayed when the upstream says it, and the body follows")
    func continues() async throws {
        let script = UpstreamScript.steps(
            .waitForGate("ready"), .write(UpstreamScript.head(100, [])), .readBody,
            .write(UpstreamScript.head(200, [HeaderField("Content-Length", "2")]) + Array("ok".utf8)))
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(
                Ask.head("POST", "/", ["Content-Length: 5", "Expect: 100-continue"]))
            let request = try await harness.upstream.request("with Expect") { $0.value("expect") == "100-continue" }
            #expect(request.bodyCount == 0)
            harness.upstream.open(gate: "ready")
            #expect(
                String(decoding: try await client.read(count: 25), as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.write("hello")
            #expect(try await client.readAnswer().text == "ok")
            #expect(try await harness.upstream.requests(atLeast: 1)[0].text == "hello")

            var honest = CurlRequest("POST", "\(harness.gateway.url)/", body: .pattern(200_000))
            honest.waitsForContinue = .seconds(20)
            let answer = try await harness.gateway.client().send(honest)
            #expect(answer.informational == [100])
            #expect(answer.sentCount == 200_000)
        }
    }

    @Test("100 is said by the gateway where it reads the body itself")
    func continuesLocally() async throws {
        let health = "- id: health\n  match: {path: /health}\n  public: true\n  local: health\n"
        try await DataPlaneHarness.run(change: { $0.routes = health + $0.routes }) { harness in
            let client = try await harness.sending(
                Ask.head("POST", "/health", ["Content-Length: 5", "Expect: 100-continue"]))
            #expect(
                String(decoding: try await client.read(count: 25), as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.write("hello")
            #expect(try await client.readAnswer(to: "POST").status == 200)
        }
    }

    @Test("a refusal comes before a body that waits for 100, and ends the connection")
    func refusedBeforeBody() async throws {
        try await DataPlaneHarness.run { harness in
            var request = CurlRequest("POST", "\(harness.gateway.url)/secret/1", body: .pattern(200_000))
            request.waitsForContinue = .seconds(20)
            let answer = try await harness.gateway.client().send(request)
            #expect(answer.status == 401)
            #expect(answer.sentCount == 0)
            #expect(answer.value("connection") == "close")
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("1xx answers are relayed, but not to HTTP/1.0")
    func interim() async throws {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
        try await DataPlaneHarness.run(.says(hints + hints + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
            harness in
            let client = try await harness.sending(Ask.get())
            let answer = try await client.readAnswer()
            #expect(answer.text == "ok")
            #expect(
                answer.informational.map { $0.fields }
                    == Array(repeating: [HeaderField("Link", "</style.css>")], count: 2))
            let old = try await harness.sending("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            #expect(try await old.readAnswer().informational.isEmpty)
        }
    }

    @Test("an upstream that says 1xx for ever is cut off")
    func endlessInterim() async throws {
        let script = UpstreamScript.says(
            String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 40)
                + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(Ask.get())
            #expect(try await client.readAnswer().status == 502)
        }
    }

    @Test(
        "an early answer reaches a client that is still sending, whether or not the upstream reads on",
        arguments: [true, false])
    func early(readsOn: Bool) async throws {
        try await DataPlaneHarness.run(.early(413, thenReadsBody: readsOn)) { harness in
            for chunked in [false, true] {
                var request = CurlRequest(
                    "POST", "\(harness.gateway.url)/", body: .pattern(8_000_000, chunked: chunked))
                request.timeout = .seconds(20)
                let answer = try await harness.gateway.client().send(request)
                #expect(answer.status == 413)
                #expect(answer.text == "early\n")
            }
        }
    }

    @Test("after an early answer a short rest of the body is dropped, and the connection serves on")
    func shortRest() async throws {
        try await DataPlaneHarness.run(
            .answer(), paths: ["/early": .early(200, thenReadsBody: true)],
            change: { $0.bounds.append("body_gathered_max: 0B") }
        ) { harness in
            let client = try await harness.sending(Ask.head("POST", "/early", ["Content-Length: 100"]) + "0123456789")
            let early = try await client.readAnswer()
            #expect(early.text == "early\n")
            #expect(early.value("connection") == nil)
            try await client.write(String(repeating: "x", count: 90) + Ask.get("/next"))
            #expect(try await client.readAnswer().text == "hello\n")
            // The connection whose request was not sent whole is not used again.
            #expect(harness.upstream.connectionsAccepted == 2)
        }
    }

    @Test("after an early answer a long rest is not waited for")
    func longRest() async throws {
        try await DataPlaneHarness.run(.early(403, thenReadsBody: true)) { harness in
            let client = try await harness.sending(Ask.head("POST", "/", ["Content-Length: 10000000"]) + "0123456789")
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [403])
            #expect(answers.first?.value("connection") == "close")
            #expect(ending == .closed)
        }
    }

    @Test(
        "what a service says to the head alone, and then closes, reaches the client, whatever of the body was not read")
    func closesUnread() async throws {
        let manner: @Sendable (TestCertificates) -> UpstreamManner = {
            var manner = UpstreamManner.orders($0)
            manner.isOrdinary = true
            return manner
        }
        let answer = UpstreamScript.head(
            401, [HeaderField("Content-Length", "5"), HeaderField("Connection", "close")])
        let script = UpstreamScript.steps(.write(answer + Array("nope\n".utf8)), .closeUnread)
        try await DataPlaneHarness.run(script, manner: manner) { harness in
            for count in [1, 1_000, 15_000] {
                // More often than endpoints are given up after.
                for _ in 0..<6 {
                    let client = try await harness.sending(
                        Ask.head("POST", "/", ["Content-Length: \(count)"]) + String(repeating: "x", count: count))
                    #expect(try await client.readAnswer(to: "POST").status == 401, "\(count)")
                }
            }
        }
    }

    @Test("an answer that streams while the request still does is passed on as it comes")
    func bothWays() async throws {
        let script = UpstreamScript.steps(
            .readBodyOctets(5),
            .write(
                UpstreamScript.head(200, [HeaderField("Transfer-Encoding", "chunked")]) + Array("3\r\none\r\n".utf8)),
            .readBodyOctets(5), .write(Array("3\r\ntwo\r\n".utf8)), .readBody,
            .write(Array("5\r\nthree\r\n0\r\n\r\n".utf8)))
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(
                Ask.head("POST", "/", ["Transfer-Encoding: chunked"]) + "5\r\nfirst\r\n")
            let head = try await read(client, through: "3\r\none\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 "))
            try await client.write("6\r\nsecond\r\n")
            _ = try await read(client, through: "3\r\ntwo\r\n")
            try await client.write("5\r\nthird\r\n0\r\n\r\n")
            _ = try await read(client, through: "5\r\nthree\r\n0\r\n\r\n")
            #expect(try await harness.upstream.requests(atLeast: 1)[0].text == "firstsecondthird")
        }
    }

    /// Octets up to and with these.
    private func read(_ client: RawTLSClient, through end: String) async throws -> String {
        var text = ""
        while !text.hasSuffix(end) {
            let octets = try await client.read(count: 1)
            if octets.isEmpty { break }
            text += String(decoding: octets, as: UTF8.self)
        }
        return text
    }
}
