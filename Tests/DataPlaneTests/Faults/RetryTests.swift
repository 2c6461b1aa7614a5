import GatewayTesting
import JSON
import Testing

@Suite("a request that failed")
struct RetryTests {
    @Test("goes to another endpoint when the first refuses the connection, with its body", arguments: ["GET", "POST"])
    func otherEndpoint(method: String) async throws {
        let unused = RefusingPort()
        try await DataPlaneHarness.run(change: {
            $0.upstreams[0].ports.insert(unused.number, at: 0)
            $0.upstreams[0].lines = ["ejection: {after_failures: 0}", "balancing: round_robin"]
        }) { harness in
            let client = try harness.gateway.client()
            var attempts: [Int64?] = []
            for _ in 0..<4 {
                let answer = try await client.send(
                    CurlRequest(method, "\(harness.gateway.url)/", body: method == "GET" ? .none : .pattern(100_000)))
                #expect(answer.status == 200)
                attempts.append(try await harness.gateway.auditRecord(of: answer)["attempts"]?.int)
            }
            #expect(attempts.filter { $0 == 2 }.count == 2)
            #expect(harness.upstream.requests.count == 4)
            if method == "POST" {
                #expect(harness.upstream.requests.allSatisfy { $0.bodySHA256 == OctetPattern.sha256(count: 100_000) })
            }
        }
    }

    @Test("is not sent again when it was sent and may have been done", arguments: ["GET", "POST"])
    func notAgain(method: String) async throws {
        try await DataPlaneHarness.run(.closeBeforeAnswer) { harness in
            let answer = try await harness.gateway.client().send(
                CurlRequest(method, "\(harness.gateway.url)/", body: method == "GET" ? .none : .text("body")))
            #expect(answer.status == 502)
            #expect(harness.upstream.requests.count == 1)
        }
    }

    enum Loss: CaseIterable, Sendable { case beforeAnswer, inHead, afterInterim }

    @Test(
        "on a connection used before is sent again only if no octet of the answer came and it does no harm",
        arguments: ["GET", "DELETE", "POST", "PUT"], Loss.allCases)
    func reused(method: String, loss: Loss) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try harness.gateway.client()
            #expect(try await client.get("\(harness.gateway.url)/").status == 200)
            let steps: UpstreamScript =
                switch loss {
                case .beforeAnswer: .steps(.readBody, .close)
                case .inHead: .raw("HTTP/1.1 20")
                case .afterInterim: .raw("HTTP/1.1 102 Processing\r\n\r\n")
                }
            harness.upstream.script([steps, .answer()], for: "/lost")
            let answer = try await client.send(
                CurlRequest(method, "\(harness.gateway.url)/lost", body: method == "PUT" ? .text("body") : .none))
            let again = (method == "GET" || method == "DELETE") && loss == .beforeAnswer
            #expect(answer.status == (again ? 200 : 502))
            #expect(harness.upstream.requests.filter { $0.path == "/lost" }.count == (again ? 2 : 1))
        }
    }

    @Test("because the upstream had closed its idle connections is not noticed by the client")
    func idleClosed() async throws {
        try await DataPlaneHarness.run { harness in
            let client = try harness.gateway.client()
            for _ in 0..<3 {
                #expect(try await client.get("\(harness.gateway.url)/").status == 200)
                try await harness.upstream.closeConnections()
            }
        }
    }

    @Test(
        "that a client brings about, again and again, puts no endpoint out of use",
        arguments: ["Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "Content-Length: 100000\r\n\r\nabc"])
    func clientsFault(body: String) async throws {
        // A service that gives up on a body that does not come, without a word.
        let script = UpstreamScript.steps(.readBodyOctets(2), .closeUnread)
        try await DataPlaneHarness.run(
            paths: ["/slow": script],
            change: { $0.upstreams[0].lines = ["ejection: {after_failures: 1, time: 60s}"] }
        ) { harness in
            for _ in 0..<4 {
                let client = try await harness.sending("POST /slow HTTP/1.1\r\nHost: localhost\r\n\(body)")
                #expect(try await client.readAnswer().status == 502)
            }
            #expect(try await harness.gateway.client().get("\(harness.gateway.url)/").status == 200)
        }
    }

    @Test("again and again puts its endpoint out of use for a while")
    func ejection() async throws {
        let certificates = try TestCertificates.shared()
        let bad = try TestUpstream.start(.orders(certificates), otherwise: .closeBeforeAnswer)
        try await DataPlaneHarness.run(change: {
            $0.upstreams[0].ports.insert(bad.port, at: 0)
            $0.upstreams[0].lines = ["ejection: {after_failures: 3, time: 60s}", "balancing: round_robin"]
        }) { harness in
            let client = try harness.gateway.client()
            var statuses: [Int] = []
            for _ in 0..<20 { statuses.append(try await client.post("\(harness.gateway.url)/", .text("x")).status) }
            #expect(statuses.filter { $0 == 502 }.count == 3)
            #expect(statuses.suffix(10).allSatisfy { $0 == 200 })
            #expect(bad.requests.count == 3)
        }
    }
}
