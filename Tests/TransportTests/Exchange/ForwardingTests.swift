import HTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

/// A request from a client's socket to an upstream's stream and back, in memory.
@Suite("Forwarding")
struct ForwardingTests {
    /// A client's connection whose requests are all forwarded, and the upstream's end of the last one.
    fileprivate final class Scene {
        let client: ClientHarness
        let upstream = FakeUpstream()
        private let kept: Kept

        /// - Parameter prepare: what the delegate does before it forwards.
        init(_ prepare: @escaping (Exchange) -> Void = { _ in }) {
            let kept = Kept()
            client = ClientHarness { exchange in
                prepare(exchange)
                kept.exchange = exchange
                Scene.forward(exchange)
            }
            self.kept = kept
        }
        private final class Kept { var exchange: Exchange? }

        /// To an endpoint whose only connection is the fake one.
        static func forward(_ exchange: Exchange, body: [UInt8]? = nil) {
            let pool = UpstreamPool(loop: exchange.loop, host: "127.0.0.1", port: 1, tls: nil, connectionsMax: 0)
            let head = exchange.loop.takeUpstreamHead()
            head.head.begin(as: exchange.head, upgrade: true)
            exchange.forward(to: pool, head: head, firstByteTimeout: 15_000_000_000, body: body)
        }

        /// The client sends this, and there is a stream for its request at once.
        func receive(_ text: String) throws {
            try client.channel.writeInbound(ByteBuffer(string: text))
            connect()
        }

        func connect(to other: FakeUpstream? = nil) {
            kept.exchange?.waiter?.cancel()
            kept.exchange?.upstreamConnected(other ?? upstream)
            kept.exchange?.flushUpstream()
            client.eventLoop.run()
        }
    }

    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

    @Test("a request and its answer")
    func whole() throws {
        let scene = Scene()
        try scene.receive(Self.post + "abcd")
        #expect(scene.upstream.head == "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
        #expect(scene.upstream.body == "abcd" && scene.upstream.trailers != nil)
        try scene.upstream.answerHead(Self.ok, framing: .length(2))
        scene.upstream.answerBody("ok")
        scene.upstream.end()
        #expect(try scene.client.sent() == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: 1\r\n\r\nok")
        #expect(scene.client.heard == ["began /a", "ended complete 200"])
    }

    @Test("an answer that comes before the request is whole goes out at once, and the rest of the request goes on")
    func earlyAnswer() throws {
        let scene = Scene()
        try scene.receive(Self.post + "ab")
        try scene.upstream.answerHead(Self.ok, framing: .length(2))
        #expect(try scene.client.sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
        try scene.client.receive("cd")
        #expect(scene.upstream.body == "abcd" && scene.upstream.trailers != nil)
    }

    @Test("interim answers reach the client, but not one of HTTP/1.0", arguments: ["1.1", "1.0"])
    func interim(_ version: String) throws {
        let scene = Scene()
        try scene.receive("GET /a HTTP/\(version)\r\nHost: h\r\n\r\n")
        try scene.upstream.answerHead("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", framing: .none)
        #expect(
            try scene.client.sent() == (version == "1.1" ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : ""))
        #expect(scene.client.heard == ["began /a"])
    }

    @Test("a client that waits for 100 waits for the upstream's")
    func expectContinue() throws {
        let scene = Scene()
        try scene.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(scene.upstream.head.contains("Expect: 100-continue\r\n"))
        #expect(try scene.client.sent() == "")
        try scene.upstream.answerHead("HTTP/1.1 100 Continue\r\n\r\n", framing: .none)
        #expect(try scene.client.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        try scene.client.receive("ab")
        #expect(scene.upstream.body == "ab" && scene.upstream.trailers != nil)
    }

    @Test("trailers pass both ways")
    func trailers() throws {
        let scene = Scene()
        try scene.receive(
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nSum: 1\r\nHost: x\r\n\r\n"
        )
        let sent = try #require(scene.upstream.trailers)
        #expect(sent.entries.map { sent.text($0.name) + "=" + sent.text($0.value) } == ["Sum=1"])
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
        scene.upstream.answerBody("xyz")
        var trailers = FieldList()
        trailers.append("Grpc-Status", "0")
        scene.upstream.end(trailers: trailers)
        #expect(try scene.client.sent().hasSuffix("\r\n\r\n3\r\nxyz\r\n0\r\nGrpc-Status: 0\r\n\r\n"))
    }

    // MARK: How fast

    @Test("a client that does not read makes the upstream wait, until it reads")
    func slowClient() throws {
        let scene = Scene()
        try scene.receive(Self.get)
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .length(9))
        scene.client.setWritable(false)
        #expect(scene.upstream.isPaused)
        scene.client.setWritable(true)
        #expect(!scene.upstream.isPaused)
    }

    @Test("an upstream that does not read makes the client wait, until it reads, and its time does not run meanwhile")
    func slowUpstream() throws {
        let scene = Scene()
        try scene.receive(Self.post)
        scene.upstream.isWritable = false
        try scene.client.receive("ab")
        #expect(scene.client.isReadingPaused)
        scene.client.pass(nanoseconds: .seconds(1_000))
        #expect(scene.client.heard == ["began /a"])
        scene.upstream.setWritable(true)
        #expect(scene.client.isReadingPaused == false)
        scene.client.pass(nanoseconds: .seconds(30))
        #expect(scene.client.heard == ["began /a", "timed out", "ended complete 408"])
        #expect(scene.upstream.isAbandoned)
    }

    @Test("a client that takes nothing of an answer for too long is given up, one that takes some is not")
    func stalledClient() throws {
        let scene = Scene()
        try scene.receive(Self.get)
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .length(9))
        scene.client.setWritable(false)
        scene.client.pass(nanoseconds: .seconds(30))
        #expect(scene.client.heard == ["began /a", "ended stalled 200"])
        #expect(scene.upstream.isAbandoned && !scene.client.isOpen)
    }

    // MARK: What goes wrong

    @Test("an answer that breaks off is broken off towards the client, without the end that would make it whole")
    func breaksOff() throws {
        let scene = Scene()
        try scene.receive(Self.get)
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
        scene.upstream.answerBody("xyz")
        scene.upstream.fail(.closedEarly)
        #expect(try scene.client.sent().hasSuffix("3\r\nxyz\r\n"))
        #expect(scene.client.heard == ["began /a", "ended upstreamBrokeOff 200"])
        #expect(!scene.client.isOpen)
    }

    @Test("a failure before the answer is the delegate's to answer, and the connection serves on")
    func failsEarly() throws {
        let scene = Scene()
        try scene.receive(Self.get)
        scene.upstream.fail(.closedEarly, onReusedConnection: true)
        #expect(scene.client.heard == ["began /a", "forward failed closedEarly", "ended complete 502"])
        #expect(try scene.client.sent().hasPrefix("HTTP/1.1 502 "))
        #expect(scene.client.isOpen)
    }

    @Test("a request that is sent again is the same request")
    func retry() throws {
        let scene = Scene()
        let second = FakeUpstream()
        scene.client.delegates.forwardFailed = { exchange, failure in
            #expect(failure.bodyUntouched && failure.onReusedConnection && !failure.nothingSent)
            exchange.forwardAgain(
                to: UpstreamPool(loop: exchange.loop, host: "127.0.0.1", port: 1, tls: nil, connectionsMax: 0))
        }
        try scene.receive(Self.get)
        scene.upstream.fail(.closedEarly, onReusedConnection: true)
        scene.connect(to: second)
        #expect(second.head == scene.upstream.head && second.trailers != nil)
        try second.answerHead(Self.ok, framing: .length(2))
        second.answerBody("ok")
        second.end()
        #expect(scene.client.heard == ["began /a", "forward failed closedEarly", "ended complete 200"])
    }

    @Test("a client that leaves takes its request back, and a stream that comes too late is given back")
    func clientLeaves() throws {
        let scene = Scene()
        try scene.client.receive(Self.get)
        scene.client.vanish()
        scene.connect()
        #expect(scene.upstream.isGivenBack && scene.upstream.head == "")
        let other = Scene()
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
        let scene = Scene()
        try scene.receive(Self.upgrade + "early")
        try scene.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        #expect(scene.upstream.tunnel == "early")
        try scene.client.receive("late")
        #expect(scene.upstream.tunnel == "earlylate")
        scene.upstream.answerBody("back")
        #expect(try scene.client.sent().hasSuffix("Upgrade: websocket\r\n\r\nback"))
        scene.upstream.closeTunnel()
        #expect(scene.client.heard == ["began /a", "ended complete 101"])
        #expect(!scene.client.isOpen)
    }

    @Test("a client that leaves its tunnel lets what it sent arrive")
    func leavesTunnel() throws {
        let scene = Scene()
        try scene.receive(Self.upgrade)
        try scene.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        scene.client.vanish()
        #expect(scene.upstream.isFinished && !scene.upstream.isAbandoned)
        #expect(scene.client.heard == ["began /a", "ended complete 101"])
    }

    @Test("a tunnel through which nothing passes ends, and drain does not end one")
    func idleTunnel() throws {
        let scene = Scene()
        try scene.receive(Self.upgrade)
        try scene.upstream.answerHead(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", framing: .tunnel)
        scene.client.connection.drain(now: scene.client.loop.now())
        scene.client.pass(nanoseconds: .seconds(299))
        try scene.client.receive("x")
        scene.client.pass(nanoseconds: .seconds(299))
        #expect(scene.client.isOpen)
        scene.client.pass(nanoseconds: .seconds(1))
        #expect(!scene.client.isOpen)
        #expect(scene.client.heard == ["began /a", "ended stalled 101"])
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
            ForwardingTests.Scene.forward(exchange, body: body + Array("-new".utf8))
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
        let scene = Scene { $0.answerBytesMax = 10 }
        scene.client.delegates.collectedAnswer = { exchange, status, body in
            #expect(status == 200 && String(decoding: body, as: UTF8.self) == "abcd")
            exchange.passCollectedAnswer(body: replaces ? Array("xyz".utf8) : body)
        }
        try scene.receive(Self.get)
        try scene.upstream.answerHead(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Y: z\r\n\r\n", framing: .chunked)
        scene.upstream.answerBody("ab")
        scene.upstream.answerBody("cd")
        #expect(try scene.client.sent() == "")
        scene.upstream.end()
        let body = replaces ? "xyz" : "abcd"
        #expect(
            try scene.client.sent()
                == "HTTP/1.1 200 OK\r\nX-Y: z\r\nContent-Length: \(body.count)\r\nX-Request-Id: 1\r\n\r\n\(body)")
        #expect(scene.client.heard == ["began /a", "ended complete 200"])
        #expect(scene.client.isOpen)
    }

    @Test("a delegate that does not like an answer gives another one")
    func refusedAnswer() throws {
        let scene = Scene { $0.answerBytesMax = 10 }
        scene.client.delegates.collectedAnswer = { exchange, _, _ in
            exchange.answer(status: 403, fields: FieldList(), body: [])
        }
        try scene.receive(Self.get)
        try scene.upstream.answerHead(Self.ok, framing: .length(2))
        scene.upstream.answerBody("ok")
        scene.upstream.end()
        #expect(try scene.client.sent() == "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        #expect(scene.client.heard == ["began /a", "ended complete 403"])
    }

    @Test("an answer beyond the bound is given up before the client has seen any of it")
    func answerTooLarge() throws {
        let scene = Scene { $0.answerBytesMax = 3 }
        try scene.receive(Self.get)
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", framing: .length(4))
        scene.upstream.answerBody("abcd")
        #expect(scene.upstream.isAbandoned)
        #expect(scene.client.heard == ["began /a", "answer too large", "ended complete 502"])
        #expect(try scene.client.sent().hasPrefix("HTTP/1.1 502 "))
    }

    @Test("an upstream that breaks off an answer that is collected has given none")
    func brokenCollection() throws {
        let scene = Scene { $0.answerBytesMax = 10 }
        try scene.receive(Self.get)
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", framing: .length(4))
        scene.upstream.answerBody("ab")
        scene.upstream.fail(.closedEarly)
        #expect(scene.client.heard == ["began /a", "forward failed closedEarly", "ended complete 502"])
        #expect(try scene.client.sent().hasPrefix("HTTP/1.1 502 "))
    }

    @Test("the answer to HEAD keeps the length that it declares, and has no body")
    func collectedHead() throws {
        let scene = Scene { $0.answerBytesMax = 10 }
        scene.client.delegates.collectedAnswer = { exchange, _, body in exchange.passCollectedAnswer(body: body) }
        try scene.receive("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n")
        try scene.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", framing: .none)
        scene.upstream.end()
        #expect(try scene.client.sent() == "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX-Request-Id: 1\r\n\r\n")
    }
}
