import GatewayTesting
import JSON
import Testing

/// What RFC 9110 §7 and RFC 9112 demand of those who stand between.
@Suite("an intermediary")
struct IntermediaryTests {
    // MARK: Date (RFC 9110 §6.6.1)

    @Test(
        "dates answers that have no date, and leaves those that have one",
        arguments: [
            ("/none", nil), ("/dated", "Sun, 06 Nov 1994 08:49:37 GMT"), ("/nominated", nil), ("/secret/1", nil),
        ] as [(String, String?)])
    func date(path: String, expected: String?) async throws {
        func answer(_ fields: String) -> UpstreamScript {
            .says("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 0\r\n\r\n")
        }
        try await DataPlaneHarness.run(paths: [
            "/none": answer(""), "/dated": answer("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
            "/nominated": answer("Connection: date\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
        ]) { harness in
            let answer = try await harness.sending(Ask.get(path)).readAnswer()
            let dates = answer.fields.filter { $0.name.lowercased() == "date" }.map(\.value)
            #expect(dates.count == 1)
            if let expected { #expect(dates == [expected]) } else { #expect(dates[0].hasSuffix(" GMT")) }
        }
    }

    // MARK: Via (RFC 9110 §7.6.3)

    @Test(
        "names itself in both directions, behind whoever stood before it",
        arguments: [
            ("", ["1.1 portcullis"]), ("via: gateway-1", ["1.1 gateway-1"]), ("via: off", []),
        ])
    func via(setting: String, own: [String]) async throws {
        let answer = "HTTP/1.1 200 OK\r\nVia: 1.0 inner\r\nContent-Length: 0\r\n\r\n"
        try await DataPlaneHarness.run(.says(answer), change: { $0.sections = setting }) { harness in
            let client = try await harness.sending(Ask.get("/", fields: "Via: 1.1 edge", "via: 2 cdn (x)"))
            let answer = try await client.readAnswer()
            #expect(answer.fields.filter { $0.name.lowercased() == "via" }.map(\.value) == ["1.0 inner"] + own)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.values("via") == ["1.1 edge", "2 cdn (x)"] + own)
            // What the gateway itself answers came by nobody.
            let refusal = try await harness.sending(Ask.get("/secret/1")).readAnswer()
            #expect(refusal.value("via") == nil)
        }
    }

    @Test("names in Via the version by which each message came")
    func viaVersion() async throws {
        try await DataPlaneHarness.run(.raw("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", closes: true)) { harness in
            let client = try await harness.sending("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            #expect(try await client.readAnswer().value("via") == "1.0 portcullis")
            #expect(try await harness.upstream.requests(atLeast: 1)[0].values("via") == ["1.0 portcullis"])
        }
    }

    // MARK: Odd answers that can mean one thing only

    @Test(
        "passes on answers whose framing is odd, where only one thing can be meant, and uses their connection no more where more may follow",
        arguments: [
            ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 ;a=b\r\nhi\r\n0\r\n\r\n", 200, "hi", true),
            ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2   \r\nhi\r\n0   \r\n\r\n", 200, "hi", true),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", true),
            ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", 200, "hi", true),
            ("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 204, "", false),
            ("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204, "", false),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", false),
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n", 200, "", true),
            ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n", 304, "", false),
        ] as [(String, String, Int, String, Bool)])
    func oddAnswers(method: String, answer: String, status: Int, body: String, keepsAlive: Bool) async throws {
        try await DataPlaneHarness.run(.says(answer)) { harness in
            for _ in 0..<2 {
                let client = try await harness.sending(
                    "\(method) / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                let passed = try await client.readAnswer(to: method)
                #expect(passed.status == status)
                #expect(String(decoding: passed.body, as: UTF8.self) == body)
                #expect(passed.fields.filter { $0.name.lowercased() == "content-length" }.count <= 1)
            }
            _ = try await harness.upstream.requests(atLeast: 2)
            #expect(harness.upstream.connectionsAccepted == (keepsAlive ? 1 : 2))
        }
    }

    // MARK: Max-Forwards (RFC 9110 §7.6.2)

    @Test(
        "counts down how far OPTIONS and TRACE may go, and answers where they end",
        arguments: [
            ("OPTIONS", ["5"], 200, ["4"]), ("TRACE", ["1"], 200, ["0"]), ("OPTIONS", ["0"], 200, nil),
            ("OPTIONS", ["00"], 200, nil), ("TRACE", ["0"], 405, nil), ("OPTIONS", ["3", "0"], 200, nil),
            ("OPTIONS", ["99999999999999999999"], 200, ["999999"]), ("OPTIONS", ["-1"], 200, ["-1"]),
            ("OPTIONS", ["x"], 200, ["x"]), ("OPTIONS", [], 200, []), ("GET", ["0"], 200, ["0"]),
            ("POST", ["7"], 200, ["7"]), ("options", ["0"], 200, ["0"]),
        ] as [(String, [String], Int, [String]?)])
    func maxForwards(method: String, sent: [String], status: Int, received: [String]?) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.sending(Ask.head(method, "/x", sent.map { "Max-Forwards: \($0)" }))
            #expect(try await client.readAnswer().status == status)
            let record = try await harness.gateway.auditRecords(atLeast: 1)[0]
            #expect(record["status"]?.int == Int64(status))
            #expect(harness.upstream.requests.first?.values("max-forwards") == received)
        }
    }

    @Test("tells, where OPTIONS ends with it, which methods its routes allow, and only after its checks")
    func options() async throws {
        try await DataPlaneHarness.run(change: {
            $0.routes = """
                - id: read
                  match: {methods: [GET, OPTIONS], path: "/orders"}
                  public: true
                  upstream: orders
                - id: write
                  match: {methods: [POST], path: "/orders"}
                  require: {issuers: [partner], scopes: ["orders:write"]}
                  upstream: orders
                - id: secret
                  match: {path: "/secret"}
                  require: {issuers: [partner], scopes: ["orders:read"]}
                  upstream: orders
                """
        }) { harness in
            let client = try await harness.sending(Ask.head("OPTIONS", "/orders", ["Max-Forwards: 0"]))
            let answer = try await client.readAnswer(to: "OPTIONS")
            #expect(answer.status == 200 && answer.value("content-length") == "0")
            #expect(answer.value("allow") == "GET, OPTIONS, POST")
            try await client.write(Ask.head("OPTIONS", "/secret", ["Max-Forwards: 0"]))
            #expect(try await client.readAnswer().status == 401)
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test(
        "answers what asks about the server as a whole, and passes it on to nobody",
        arguments: ["*", "https://localhost"])
    func serverWide(target: String) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.sending(
                "OPTIONS \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n" + Ask.get("/next"))
            let answer = try await client.readAnswer()
            #expect(answer.status == 200)
            #expect(answer.value("content-length") == "0")
            #expect(answer.value("date") != nil && answer.value("x-request-id") != nil)
            #expect(try await client.readAnswer().status == 200)
            #expect(try await harness.upstream.requests(atLeast: 1).map(\.path) == ["/next"])
            let record = try await harness.gateway.auditRecords(atLeast: 2)[0]
            #expect(record["method"] == "OPTIONS" && record["path"] == "*" && record["decision"] == "allowed")
        }
    }

    // MARK: RFC 9112 §9.6

    @Test(
        "hands on all that a client has sent before it said that it sends no more, however late the service takes it",
        arguments: [false, true])
    func lateService(chunked: Bool) async throws {
        let script = UpstreamScript.steps(
            .waitForGate("read"), .readBody, .write(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)))
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.gateway.rawClient()
            let (count, parts) = (65_536, 16)
            try await client.write(
                Ask.head("POST", "/", [chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(count * parts)"]))
            let sending = Task {
                for _ in 0..<parts {
                    let part = String(repeating: "x", count: count)
                    try await client.write(chunked ? "10000\r\n\(part)\r\n" : part)
                }
                if chunked { try await client.write("0\r\n\r\n") }
                await client.closeWriting()
            }
            try await sending.value
            try await Task.sleep(for: .milliseconds(300))
            harness.upstream.open(gate: "read")
            #expect(try await client.readAnswer().status == 200)
            #expect(try await harness.upstream.requests(atLeast: 1)[0].bodyCount == count * parts)
        }
    }

    // MARK: RFC 9112 §5.1

    @Test("removes the white space before the colon of an answer's fields and trailers, and refuses a request's")
    func spaceBeforeColon() async throws {
        let answer =
            "HTTP/1.1 200 OK\r\nX-A : 1\r\nX-B\t: 2\r\nTransfer-Encoding : chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum : 3\r\n\r\n"
        try await DataPlaneHarness.run(.says(answer)) { harness in
            let client = try await harness.sending(Ask.get())
            let answer = try await client.readAnswer()
            #expect(answer.status == 200 && answer.text == "ok")
            #expect(answer.value("x-a") == "1" && answer.value("x-b") == "2")
            #expect(answer.trailers.map(\.name) == ["X-Sum"])
            try await client.write("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n")
            #expect(try await client.readAnswer().status == 400)
        }
    }

    // MARK: RFC 7301 §3.2

    @Test(
        "ends a handshake that offers none of its protocols with no_application_protocol, however the offer comes",
        arguments: [
            (["h2"], false), (["h2", "http/1.0"], false), (["acme-tls/1"], false), (["http/1.1"], true),
            (["h2", "http/1.1"], true), (["HTTP/1.1"], false), (nil, true),
        ] as [([String]?, Bool)], [nil, 20] as [Int?])
    func protocols(offer: ([String]?, Bool), pieces: Int?) async throws {
        let (offered, isTaken) = offer
        try await DataPlaneHarness.run { harness in
            for version in [TLSVersionChoice.tls12, .tls13] {
                let connect = {
                    try await harness.gateway.rawClient {
                        $0.tls?.protocols = offered
                        $0.tls?.maximum = version
                        $0.segmentOctets = pieces
                        $0.helloRecordOctets = pieces
                    }
                }
                guard isTaken else {
                    let failure = await #expect(throws: TLSFailure.self) { try await connect() }
                    #expect(failure?.alertReceived == 120)
                    continue
                }
                let client = try await connect()
                try await client.write(Ask.get())
                #expect(try await client.readAnswer().status == 200)
            }
        }
    }

    // MARK: Clients that send no more

    enum Ending: CaseIterable, Sendable { case finWithoutTLS, closeNotify, closeNotifyAndFIN }

    @Test("answers a client that has said that it sends no more", arguments: Ending.allCases)
    func halfClosed(ending: Ending) async throws {
        try await DataPlaneHarness.run(
            paths: ["/slow": .gated("go", "here you are")], change: { $0.hasTLS = ending != .finWithoutTLS }
        ) { harness in
            let client = try await harness.gateway.rawClient { if ending == .finWithoutTLS { $0 = .plaintext } }
            try await client.write(Ask.get("/slow") + Ask.get("/pipelined"))
            if ending == .closeNotify { await client.closeNotify() } else { await client.closeWriting() }
            _ = try await harness.upstream.request("of /slow") { $0.path == "/slow" }
            harness.upstream.open(gate: "go")
            let (answers, end) = try await client.readToEnd()
            #expect(answers.map(\.status) == [200, 200])
            #expect(answers.first?.text == "here you are")
            #expect(end == .closed)
            let records = try await harness.gateway.auditRecords(atLeast: 2)
            #expect(records.allSatisfy { $0["ending"] == nil })
        }
    }
}
