import HTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

/// A request from a client's socket to an upstream's stream and back, in memory.
@Suite("Forwarding")
struct ForwardingTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

    @Test("a request and its answer")
    func whole() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.post + "abcd")
        #expect(harness.upstream.head == "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
        #expect(harness.upstream.body == "abcd" && harness.upstream.trailers != nil)
        try harness.upstream.answerHead(Self.ok, framing: .length(2))
        harness.upstream.answerBody("ok")
        harness.upstream.end()
        #expect(try harness.client.sent() == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: 1\r\n\r\nok")
        #expect(harness.client.heard == ["began /a", "ended complete 200"])
    }

    @Test("an answer that comes before the request is whole goes out at once, and the rest of the request goes on")
    func earlyAnswer() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.post + "ab")
        try harness.upstream.answerHead(Self.ok, framing: .length(2))
        #expect(try harness.client.sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try harness.client.receive("cd")
        #expect(harness.upstream.body == "abcd" && harness.upstream.trailers != nil)
    }

    @Test("interim answers reach the client, but not one of HTTP/1.0", arguments: ["1.1", "1.0"])
    func interim(_ version: String) throws {
        let harness = ForwardingHarness()
        try harness.receive("GET /a HTTP/\(version)\r\nHost: h\r\n\r\n")
        try harness.upstream.answerHead("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", framing: .none)
        #expect(
            try harness.client.sent() == (version == "1.1" ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : ""))
        #expect(harness.client.heard == ["began /a"])
    }

    @Test("a client that waits for 100 waits for the upstream's")
    func expectContinue() throws {
        let harness = ForwardingHarness()
        try harness.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(harness.upstream.head.contains("Expect: 100-continue\r\n"))
        #expect(try harness.client.sent() == "")
        try harness.upstream.answerHead("HTTP/1.1 100 Continue\r\n\r\n", framing: .none)
        #expect(try harness.client.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        try harness.client.receive("ab")
        #expect(harness.upstream.body == "ab" && harness.upstream.trailers != nil)
    }

    @Test("trailers pass both ways")
    func trailers() throws {
        let harness = ForwardingHarness()
        try harness.receive(
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nSum: 1\r\nHost: x\r\n\r\n"
        )
        let sent = try #require(harness.upstream.trailers)
        #expect(sent.entries.map { sent.text($0.name) + "=" + sent.text($0.value) } == ["Sum=1"])
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
        harness.upstream.answerBody("xyz")
        var trailers = FieldList()
        trailers.append("Grpc-Status", "0")
        harness.upstream.end(trailers: trailers)
        #expect(try harness.client.sent().hasSuffix("\r\n\r\n3\r\nxyz\r\n0\r\nGrpc-Status: 0\r\n\r\n"))
    }

    // MARK: How fast

    @Test("a client that does not read makes the upstream wait, until it reads")
    func slowClient() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.get)
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .length(9))
        harness.client.setWritable(false)
        #expect(harness.upstream.isPaused)
        harness.client.setWritable(true)
        #expect(!harness.upstream.isPaused)
    }

    @Test("an upstream that does not read makes the client wait, until it reads, and its time does not run meanwhile")
    func slowUpstream() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.post)
        harness.upstream.isWritable = false
        try harness.client.receive("ab")
        #expect(harness.client.isReadingPaused)
        harness.client.pass(nanoseconds: .seconds(1_000))
        #expect(harness.client.heard == ["began /a"])
        harness.upstream.setWritable(true)
        #expect(harness.client.isReadingPaused == false)
        harness.client.pass(nanoseconds: .seconds(30))
        #expect(harness.client.heard == ["began /a", "timed out", "ended complete 408"])
        #expect(harness.upstream.isAbandoned)
    }

    @Test("a client that takes nothing of an answer for too long is given up, one that takes some is not")
    func stalledClient() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.get)
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .length(9))
        harness.client.setWritable(false)
        harness.client.pass(nanoseconds: .seconds(30))
        #expect(harness.client.heard == ["began /a", "ended stalled 200"])
        #expect(harness.upstream.isAbandoned && !harness.client.isOpen)
    }

    // MARK: What goes wrong

    @Test("an answer that breaks off is broken off towards the client, without the end that would make it whole")
    func breaksOff() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.get)
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
        harness.upstream.answerBody("xyz")
        harness.upstream.fail(.closedEarly)
        #expect(try harness.client.sent().hasSuffix("3\r\nxyz\r\n"))
        #expect(harness.client.heard == ["began /a", "ended upstreamBrokeOff 200"])
        #expect(!harness.client.isOpen)
    }

    @Test("a failure before the answer is the delegate's to answer, and the connection serves on")
    func failsEarly() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.get)
        harness.upstream.fail(.closedEarly, onReusedConnection: true)
        #expect(harness.client.heard == ["began /a", "forward failed closedEarly", "ended complete 502"])
        #expect(try harness.client.sent().hasPrefix("HTTP/1.1 502 "))
        #expect(harness.client.isOpen)
    }

    @Test("a request that is sent again is the same request")
    func retry() throws {
        let harness = ForwardingHarness()
        let second = FakeUpstream()
        harness.client.delegates.forwardFailed = { exchange, failure in
            #expect(failure.bodyUntouched && failure.onReusedConnection && !failure.nothingSent)
            exchange.forwardAgain(
                to: UpstreamPool(loop: exchange.loop, host: "127.0.0.1", port: 1, tls: nil, connectionsMax: 0))
        }
        try harness.receive(Self.get)
        harness.upstream.fail(.closedEarly, onReusedConnection: true)
        harness.connect(to: second)
        #expect(second.head == harness.upstream.head && second.trailers != nil)
        try second.answerHead(Self.ok, framing: .length(2))
        second.answerBody("ok")
        second.end()
        #expect(harness.client.heard == ["began /a", "forward failed closedEarly", "ended complete 200"])
    }

    @Test("a client that leaves takes its request back, and a stream that comes too late is given back")
    func clientLeaves() throws {
        let harness = ForwardingHarness()
        try harness.client.receive(Self.get)
        harness.client.vanish()
        harness.connect()
        #expect(harness.upstream.isGivenBack && harness.upstream.head == "")
        let other = ForwardingHarness()
        try other.receive(Self.get)
        other.client.vanish()
        #expect(other.upstream.isAbandoned)
        #expect(other.client.heard == ["began /a", "ended clientGone 0"])
    }

    // MARK: Tunnels

    private static let upgrade =
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"

    @Test("after 101 octets pass both ways, and what came behind the request is the first of them")
    func tunnel() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.upgrade + "early")
        try harness.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        #expect(harness.upstream.tunnel == "early")
        try harness.client.receive("late")
        #expect(harness.upstream.tunnel == "earlylate")
        harness.upstream.answerBody("back")
        #expect(try harness.client.sent().hasSuffix("Upgrade: websocket\r\n\r\nback"))
        harness.upstream.closeTunnel()
        #expect(harness.client.heard == ["began /a", "ended complete 101"])
        #expect(!harness.client.isOpen)
    }

    @Test("a client that leaves its tunnel lets what it sent arrive")
    func leavesTunnel() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.upgrade)
        try harness.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        harness.client.vanish()
        #expect(harness.upstream.isFinished && !harness.upstream.isAbandoned)
        #expect(harness.client.heard == ["began /a", "ended complete 101"])
    }

    @Test("a tunnel through which nothing passes ends, and drain does not end one")
    func idleTunnel() throws {
        let harness = ForwardingHarness()
        try harness.receive(Self.upgrade)
        try harness.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        harness.client.connection.drain(now: harness.client.loop.now())
        harness.client.pass(nanoseconds: .seconds(299))
        try harness.client.receive("x")
        harness.client.pass(nanoseconds: .seconds(299))
        #expect(harness.client.isOpen)
        harness.client.pass(nanoseconds: .seconds(1))
        #expect(!harness.client.isOpen)
        #expect(harness.client.heard == ["began /a", "ended stalled 101"])
    }

    // MARK: Destinations that look into bodies

    @Test("a delegate can put another body in place of one that it has collected")
    func replacedBody() throws {
        let client = ClientHarness { exchange in
            exchange.bodyBytesMax = 100
            exchange.collectBody()
        }
        let upstream = FakeUpstream()
        client.delegates.collected = { exchange, body in
            ForwardingHarness.forward(exchange, body: body + Array("-new".utf8))
            exchange.waiter?.cancel()
            exchange.upstreamConnected(upstream)
        }
        try client.receive(
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n4\r\nabcd\r\n0\r\nSum: 1\r\n\r\n"
        )
        // Its length is its own, nobody is asked to wait for it, and the trailers were the other body's.
        #expect(upstream.head == "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n")
        #expect(upstream.body == "abcd-new")
        #expect(upstream.trailers.map { $0.isEmpty } == true)
        #expect(try client.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test(
        "a delegate sees a whole answer before the client sees any of it, and may put another body in its place",
        arguments: [true, false])
    func collectedAnswer(_ replaces: Bool) throws {
        let harness = ForwardingHarness { $0.answerBytesMax = 10 }
        harness.client.delegates.collectedAnswer = { exchange, status, body in
            #expect(status == 200 && String(decoding: body, as: UTF8.self) == "abcd")
            exchange.passCollectedAnswer(body: replaces ? Array("xyz".utf8) : body)
        }
        try harness.receive(Self.get)
        try harness.upstream.answerHead(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Y: z\r\n\r\n", framing: .chunked)
        harness.upstream.answerBody("ab")
        harness.upstream.answerBody("cd")
        #expect(try harness.client.sent() == "")
        harness.upstream.end()
        let body = replaces ? "xyz" : "abcd"
        #expect(
            try harness.client.sent()
                == "HTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: \(body.count)\r\nX-Request-Id: 1\r\n\r\n\(body)")
        #expect(harness.client.heard == ["began /a", "ended complete 200"])
        #expect(harness.client.isOpen)
    }

    @Test("a delegate that does not like an answer gives another one")
    func refusedAnswer() throws {
        let harness = ForwardingHarness { $0.answerBytesMax = 10 }
        harness.client.delegates.collectedAnswer = { exchange, _, _ in
            exchange.answer(status: 403, fields: FieldList(), body: [])
        }
        try harness.receive(Self.get)
        try harness.upstream.answerHead(Self.ok, framing: .length(2))
        harness.upstream.answerBody("ok")
        harness.upstream.end()
        #expect(try harness.client.sent() == "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        #expect(harness.client.heard == ["began /a", "ended complete 403"])
    }

    @Test("an answer beyond the bound is given up before the client has seen any of it")
    func answerTooLarge() throws {
        let harness = ForwardingHarness { $0.answerBytesMax = 3 }
        try harness.receive(Self.get)
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", framing: .length(4))
        harness.upstream.answerBody("abcd")
        #expect(harness.upstream.isAbandoned)
        #expect(harness.client.heard == ["began /a", "answer too large", "ended complete 502"])
        #expect(try harness.client.sent().hasPrefix("HTTP/1.1 502 "))
    }

    @Test("an upstream that breaks off an answer that is collected has given none")
    func brokenCollection() throws {
        let harness = ForwardingHarness { $0.answerBytesMax = 10 }
        try harness.receive(Self.get)
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", framing: .length(4))
        harness.upstream.answerBody("ab")
        harness.upstream.fail(.closedEarly)
        #expect(harness.client.heard == ["began /a", "forward failed closedEarly", "ended complete 502"])
        #expect(try harness.client.sent().hasPrefix("HTTP/1.1 502 "))
    }

    @Test("the answer to HEAD keeps the length that it declares, and has no body")
    func collectedHead() throws {
        let harness = ForwardingHarness { $0.answerBytesMax = 10 }
        harness.client.delegates.collectedAnswer = { exchange, _, body in exchange.passCollectedAnswer(body: body) }
        try harness.receive("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n")
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .none)
        harness.upstream.end()
        #expect(try harness.client.sent() == "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Request-Id: 1\r\n\r\n")
    }
}
