import GatewayTesting
import JSON
import Testing

@Suite("an upstream", .tags(.timed))
struct UpstreamFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var script: UpstreamScript = .answer()
        var manner: @Sendable (TestCertificates) -> UpstreamManner = { .orders($0) }
        let status: Int
        let code: String
        var timeouts: [String] = []
        /// Words of `upstream_failure`, where it is not a race.
        var failure: String?
        /// Beginning of `upstream_shown`.
        var shown: String?

        func says(_ failure: String, shown: String? = nil) -> Fault {
            var fault = self
            (fault.failure, fault.shown) = (failure, shown)
            return fault
        }

        init(
            _ words: String, _ script: UpstreamScript, _ status: Int = 502, _ code: String = "upstream_bad_response",
            timeouts: [String] = []
        ) {
            (testDescription, self.script, self.status, self.code, self.timeouts) = (
                words, script, status, code, timeouts
            )
        }

        init(
            _ words: String, _ code: String = "wrong_upstream_identity",
            manner: @escaping @Sendable (TestCertificates) -> UpstreamManner
        ) {
            (testDescription, self.manner, status, self.code) = (words, manner, 502, code)
        }
    }

    private static func shows(_ certificate: @escaping @Sendable (TestCertificates) -> TestCertificate)
        -> @Sendable (TestCertificates) -> UpstreamManner
    {
        { .mutualTLS(certificate($0), clientAuthorities: $0.upstreamAuthority.pem) }
    }

    static let faults: [Fault] = [
        Fault("that does not answer", .hang, 504, "upstream_timeout", timeouts: ["upstream_first_byte: 300ms"]).says(
            "first_byte_timeout"),
        Fault("that closes before its answer", .closeBeforeAnswer, 502, "upstream_unreachable").says("closed_early"),
        Fault("that resets before its answer", .resetBeforeAnswer, 502, "upstream_unreachable").says("reset"),
        Fault(
            "that closes in the middle of its head", .raw("HTTP/1.1 200 OK\r\nContent-Le"), 502, "upstream_unreachable"),
        Fault("that speaks another protocol", .raw("220 mail.example.com ESMTP\r\n")).says("protocol:bad_status_line"),
        Fault(
            "that sends Content-Length and Transfer-Encoding",
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        Fault("that sends two lengths", .raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"))
            .says("protocol:repeated_content_length"),
        Fault("that sends an unknown coding", .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello")),
        Fault("that sends a negative length", .raw("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")),
        Fault("that folds lines", .raw("HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n")).says(
            "protocol:obsolete_folding"),
        Fault(
            "with a bare CR in its head", .raw("HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n")),
        Fault("that answers HTTP/2", .raw("HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n")),
        Fault("whose head is too large", .oversizedHead(octets: 300_000)).says("protocol:head_too_large"),
        Fault("with another identity", manner: shows(\.payments)).says(
            "tls_wrong_name", shown: "spiffe://example.org/payments"),
        Fault("without an identity", manner: shows(\.withoutIdentity)).says("tls_wrong_name"),
        Fault("with two identities", manner: shows(\.twoIdentities)),
        Fault("whose certificate has expired", manner: shows(\.expiredOrders)).says("tls_expired"),
        Fault("for whom nobody vouches", manner: shows(\.foreignOrders)).says("tls_unknown_authority"),
        Fault(
            "that does not accept the gateway's certificate",
            manner: { .mutualTLS($0.orders, clientAuthorities: $0.foreignAuthority.pem) }),
        Fault("that speaks before TLS") {
            UpstreamManner.orders($0).opening(
                .plaintextFirst(Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".utf8)))
        },
        Fault("that speaks no TLS", "wrong_upstream_identity|upstream_unreachable") {
            UpstreamManner.orders($0).opening(.garbage(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        },
        Fault("that closes on accept", "upstream_unreachable") { UpstreamManner.orders($0).opening(.close) },
        Fault("that closes after the handshake", "upstream_unreachable") {
            UpstreamManner.orders($0).opening(.closeAfterHandshake)
        },
    ]

    @Test("is told as what it is, and the client's connection serves on", arguments: faults)
    func fault(_ fault: Fault) async throws {
        try await DataPlaneHarness.run(
            fault.script, manner: fault.manner, change: { $0.timeouts += fault.timeouts + ["upstream_connect: 5s"] }
        ) { harness in
            let client = try harness.gateway.client()
            for number in 0..<2 {
                let answer = try await client.post("\(harness.gateway.url)/", .text("body"))
                #expect(answer.status == fault.status)
                #expect(answer.value("content-type") == "application/problem+json")
                #expect(answer.connectCount == (number == 0 ? 1 : 0))
                let record = try await harness.gateway.auditRecord(of: answer)
                // Whether a server that hangs up had said something before is a race on its side.
                #expect(fault.code.split(separator: "|").contains { record["code"] == .string(String($0)) })
                #expect(record["decision"] == "refused")
                // A connection that had served is tried again, freshly.
                let words = record["upstream_failure"]?.string?.split(separator: " ").map(String.init) ?? []
                #expect(!words.isEmpty)
                if let failure = fault.failure { #expect(words.last == failure) }
                if let shown = fault.shown { #expect(record["upstream_shown"]?.string?.hasPrefix(shown) == true) }
            }
            #expect(try harness.gateway.auditRecords().count == 2)
            try await harness.upstreamIsLeft()
        }
    }

    @Test("that is not there is unreachable")
    func refused() async throws {
        let port = RefusingPort()
        try await DataPlaneHarness.run(change: { $0.upstreams[0].ports = [port.number] }) { harness in
            let answer = try await harness.gateway.client().get("\(harness.gateway.url)/")
            #expect(answer.status == 502)
            let record = try await harness.gateway.auditRecord(of: answer)
            #expect(record["code"] == "upstream_unreachable")
            #expect(record["upstream_failure"] == "refused")
        }
    }

    @Test("that accepts and then says nothing is given up after upstream_connect")
    func mute() async throws {
        try await DataPlaneHarness.run(
            manner: { UpstreamManner.orders($0).opening(.hang) },
            change: { $0.timeouts.append("upstream_connect: 300ms") }
        ) { harness in
            let answer = try await harness.gateway.client().get("\(harness.gateway.url)/")
            #expect(answer.status == 504)
            #expect(try await harness.gateway.auditRecord(of: answer)["code"] == "upstream_timeout")
            try await harness.upstreamIsLeft()
        }
    }

    @Test(
        "that cannot be connected to is given up after upstream_connect, and another endpoint is asked",
        arguments: [false, true])
    func silent(hasOther: Bool) async throws {
        let port = SilentPort()
        try await DataPlaneHarness.run(change: {
            $0.timeouts.append("upstream_connect: 1500ms")
            $0.upstreams[0].ports = [port.number] + (hasOther ? $0.upstreams[0].ports : [])
            $0.upstreams[0].lines = ["balancing: round_robin", "ejection: {after_failures: 0}"]
        }) { harness in
            let client = try harness.gateway.client()
            var records: [JSONObject] = []
            for _ in 0..<2 {
                records.append(
                    try await harness.gateway.auditRecord(
                        of: try await client.post("\(harness.gateway.url)/", .text("body"))))
            }
            if hasOther {
                #expect(records.map { $0["status"] } == [200, 200])
                #expect(records.contains { $0["attempts"] == 2 })
            } else {
                #expect(records.map { $0["status"] } == [504, 504])
                #expect(records.map { $0["code"] } == ["upstream_timeout", "upstream_timeout"])
            }
        }
    }

    @Test(
        "that breaks its answer off has it broken off at the client",
        arguments: [
            (UpstreamScript.closeMidBody(promised: 1_000, sent: 10), "upstream_broke_off"),
            (.closeMidChunks, "upstream_broke_off"),
            (.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nXYZ\r\n"), "upstream_broke_off"),
            (
                .steps(
                    .readBody, .write(UpstreamScript.head(200, [HeaderField("Content-Length", "1000")])),
                    .writePattern(10), .reset), "upstream_broke_off"
            ),
            (
                .steps(
                    .readBody, .write(UpstreamScript.head(200, [HeaderField("Content-Length", "1000")])),
                    .writePattern(10), .hang), "stalled"
            ),
        ])
    func brokenOff(script: UpstreamScript, ending: String) async throws {
        try await DataPlaneHarness.run(script, change: { $0.timeouts.append("upstream_stall: 300ms") }) { harness in
            let client = try await harness.sending(Ask.get() + Ask.get("/never"))
            let (answers, end) = try await client.readToEnd()
            #expect(answers.count <= 1)
            #expect(answers.allSatisfy { !$0.isComplete })
            #expect(end != .closed)
            let records = try await harness.gateway.auditRecords(atLeast: 1)
            #expect(records.map { $0["ending"] } == [.string(ending)])
            try await harness.upstreamIsLeft()
        }
    }

    @Test("that says more than its answer is not asked again on that connection")
    func extra() async throws {
        try await DataPlaneHarness.run(
            .answer(),
            paths: [
                "/extra": .says(
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            ]
        ) { harness in
            let client = try harness.gateway.client()
            #expect(try await client.get("\(harness.gateway.url)/extra").text == "ok")
            for _ in 0..<3 { #expect(try await client.get("\(harness.gateway.url)/").text == "hello\n") }
            #expect(harness.upstream.connectionsAccepted == 2)
        }
    }

    @Test(
        "that says Connection: close, or HTTP/1.0, is not asked again on that connection",
        arguments: [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ])
    func closes(answer: String) async throws {
        try await DataPlaneHarness.run(.says(answer)) { harness in
            let client = try harness.gateway.client()
            for number in 0..<3 {
                let answer = try await client.get("\(harness.gateway.url)/")
                #expect(answer.text == "ok")
                #expect(answer.connectCount == (number == 0 ? 1 : 0))
            }
            #expect(harness.upstream.connectionsAccepted == 3)
        }
    }
}
