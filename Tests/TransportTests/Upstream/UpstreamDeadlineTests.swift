import HTTP
import NIOCore
import Testing

@testable import Transport

/// Times are those of `TransportTimeouts`: 2 s to connect, 30 s without progress, 50 s idle, 300 s for tunnels; and 15 s
/// to the answer's first octet, as `RecordingDelegate` asks for.
@Suite("an upstream that takes its time")
struct UpstreamDeadlineTests {
    @Test("has two seconds to be there")
    func connect() {
        let harness = UpstreamHarness()
        let delegate = harness.ask()
        harness.pass(.milliseconds(1_999))
        #expect(delegate.events.isEmpty)
        harness.pass(.milliseconds(1))
        #expect(delegate.events == ["failed: connectTimeout"])
    }

    @Test("is not to blame when all connections are busy")
    func busy() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (busy, _) = try harness.send()
        let waiting = harness.ask()
        harness.pass(.seconds(2))
        #expect(waiting.events == ["failed: tooManyWaiting"])
        #expect(busy.events.isEmpty)
    }

    @Test("has its time for the answer from the request's last octet on")
    func firstByte() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 5"))
        harness.pass(.seconds(1_000))
        let stream = try #require(delegate.stream)
        stream.sendBody(ByteBuffer(string: "hello"))
        harness.pass(.seconds(1_000))
        stream.sendBodyEnd(trailers: FieldList())
        harness.pass(.milliseconds(14_999))
        #expect(delegate.events.isEmpty)
        harness.pass(.milliseconds(1))
        #expect(delegate.events == ["failed: firstByteTimeout"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("has the same time for its 100 where the client waits for that")
    func awaitedContinue() throws {
        let harness = UpstreamHarness()
        let (delegate, _) = try harness.send(.open("Content-Length: 5", "Expect: 100-continue"))
        harness.pass(.seconds(15))
        #expect(delegate.events == ["failed: firstByteTimeout"])
    }

    @Test("has all the time that its client needs, once it has said 100")
    func saidContinue() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 5", "Expect: 100-continue"))
        try upstream.says("HTTP/1.1 100 Continue\r\n\r\n")
        harness.pass(.seconds(1_000))
        #expect(delegate.events == ["100"])
    }

    @Test("gains time with interim answers, not with half a head")
    func interim() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        harness.pass(.seconds(14))
        try upstream.says("HTTP/1.1 102 Processing\r\n\r\n")
        harness.pass(.seconds(14))
        #expect(delegate.events == ["102"])
        try upstream.says("HTTP/1.1 200")
        harness.pass(.seconds(1))
        #expect(delegate.events == ["102", "failed: firstByteTimeout"])
    }

    @Test("that takes no body has half a minute to take some")
    func takesNothing() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 100000"))
        harness.pass(.seconds(1_000))
        upstream.setWritable(false)
        harness.pass(.seconds(29))
        upstream.setWritable(true)
        harness.pass(.seconds(1_000))
        #expect(delegate.events.isEmpty)
        upstream.setWritable(false)
        harness.pass(.seconds(30))
        #expect(delegate.events == ["failed: firstByteTimeout"])
    }

    @Test(
        "stands still for half a minute at most in the middle of its answer",
        arguments: ["Content-Length: 9", "Transfer-Encoding: chunked", "Connection: close"])
    func stall(framing: String) throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        let part = framing.hasSuffix("chunked") ? "1\r\na\r\n" : "a"
        try upstream.says("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n")
        for _ in 0..<4 {
            harness.pass(.seconds(29))
            try upstream.says(part)
        }
        #expect(delegate.events.dropFirst() == ["body: a", "body: a", "body: a", "body: a"])
        harness.pass(.seconds(30))
        #expect(delegate.events.last == "failed: firstByteTimeout")
        #expect(!upstream.isOpen)
    }

    @Test(
        "may be silent for longer in a stream of events",
        arguments: [
            ("text/event-stream", true), ("Text/Event-Stream; charset=utf-8", true), ("text/event-stream-like", false),
            ("text/plain", false),
        ])
    func eventStream(type: String, isOne: Bool) throws {
        let harness = UpstreamHarness()
        var request = TestRequest()
        request.times.eventStreamIdle = .seconds(600)
        let (delegate, upstream) = try harness.send(request)
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n")
        harness.pass(.seconds(30))
        #expect((delegate.events.last == "failed: firstByteTimeout") != isOne)
        guard isOne else { return }
        harness.pass(.seconds(569))
        try upstream.says("1\r\na\r\n")
        harness.pass(.seconds(599))
        #expect(delegate.events.last == "body: a")
        harness.pass(.seconds(1))
        #expect(delegate.events.last == "failed: firstByteTimeout")
    }

    @Test("has the times that its request came with")
    func ownTimes() throws {
        let harness = UpstreamHarness()
        var poll = TestRequest()
        poll.times.firstByte = .seconds(100)
        poll.times.stall = .seconds(3)
        let (delegate, upstream) = try harness.send(poll)
        harness.pass(.seconds(99))
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
        harness.pass(.seconds(3))
        #expect(delegate.events.last == "failed: firstByteTimeout")
    }

    @Test("is not timed while its client does not read")
    func paused() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
        let stream = try #require(delegate.stream)
        stream.pauseReading()
        try upstream.says("b")
        harness.pass(.seconds(1_000))
        stream.resumeReading()
        harness.pass(.seconds(29))
        #expect(delegate.events == ["200 length(9)", "body: a", "body: b"])
        harness.pass(.seconds(1))
        #expect(delegate.events.last == "failed: firstByteTimeout")
    }

    @Test("is left when nobody has needed it for 50 seconds")
    func idle() throws {
        let harness = UpstreamHarness()
        let (_, upstream) = try harness.send()
        try upstream.says(UpstreamExchangeTests.ok)
        harness.pass(.milliseconds(49_999))
        #expect(upstream.isOpen)
        harness.pass(.milliseconds(1))
        #expect(!upstream.isOpen)
        #expect(harness.pool.takeStream() == nil)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("is left through a tunnel in which nothing moved for five minutes, either way")
    func tunnel() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.upgrade)
        try upstream.says("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        harness.pass(.seconds(299))
        try upstream.says("ping")
        harness.pass(.seconds(299))
        try #require(delegate.stream).sendTunnel(ByteBuffer(string: "pong"))
        harness.pass(.seconds(299))
        #expect(delegate.events == ["101 tunnel", "body: ping"])
        harness.pass(.seconds(1))
        #expect(delegate.events.last == "tunnel closed")
        #expect(!upstream.isOpen)
    }
}
