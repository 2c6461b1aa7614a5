import HTTP
import NIOCore
import NIOEmbedded
import Octets
import Testing

@testable import Transport

/// A pool of connections to an upstream that the test plays itself: no sockets, and a clock that stands still until the
/// test moves it.
final class UpstreamHarness {
    let eventLoop = EmbeddedEventLoop()
    let loop: TransportLoop
    let pool: UpstreamPool
    private let connector = EmbeddedConnector()

    init(connectionsMax: Int = 4) {
        loop = TransportLoop(index: 0, eventLoop: eventLoop, timeouts: TransportTimeouts())
        loop.timeOfTest = 1_000_000_000_000
        pool = UpstreamPool(loop: loop, tls: nil, connectionsMax: connectionsMax, connector: connector)
    }

    /// Every connection that the pool has asked for so far.
    var upstreams: [EmbeddedUpstream] { connector.upstreams }

    /// From here on connections fail as they are asked for.
    func refuseConnections(_ error: any Error) { connector.refusal = error }

    /// Time passes, and the sweep finds what is due.
    func pass(_ time: Duration) {
        loop.timeOfTest = loop.now() &+ time.nanoseconds
        loop.deadlines.sweep(now: loop.now())
        endTurn()
    }

    /// What waits for the end of the loop's turn happens.
    func endTurn() { eventLoop.run() }

    /// A request that asks for a stream; it begins as soon as it has one.
    func ask(_ request: TestRequest = TestRequest()) -> RecordingDelegate {
        let delegate = RecordingDelegate(request)
        delegate.ask(pool)
        endTurn()
        return delegate
    }

    /// A request on its way, on the connection that it opened or, if one was idle, took.
    func send(_ request: TestRequest = TestRequest()) throws -> (RecordingDelegate, EmbeddedUpstream) {
        let delegate = ask(request)
        if delegate.stream == nil { try #require(upstreams.last).accept() }
        let upstream = try #require(upstreams.last { $0.connection === delegate.stream })
        return (delegate, upstream)
    }
}

/// What a test sends to an upstream.
struct TestRequest {
    var method = "GET"
    var fields: [String] = []
    /// It is sent to its end as soon as there is a stream.
    var isWhole = true
    /// Of the body; it is there already when there is a stream.
    var firstPart = ""
    var mayBecomeTunnel = false
    var times = UpstreamTimes()

    static var upgrade: TestRequest {
        TestRequest(fields: ["Connection: upgrade", "Upgrade: websocket"], mayBecomeTunnel: true)
    }
    /// A request whose body the test sends.
    static func open(_ fields: String...) -> TestRequest {
        TestRequest(method: "POST", fields: fields, isWhole: false)
    }

    func head() throws -> UpstreamRequestHead {
        let lines = ["\(method) / HTTP/1.1", "Host: a"] + fields + ["", ""]
        var parser = HeadParser()
        var head = RequestHead()
        _ = try #require(try parser.parseRequest(Array(lines.joined(separator: "\r\n").utf8).span, into: &head))
        var request = UpstreamRequestHead()
        request.begin(as: head, upgrade: mayBecomeTunnel)
        return request
    }
}

/// Writes down what it hears of its stream.
final class RecordingDelegate: UpstreamStreamDelegate {
    private let request: TestRequest
    private(set) var events: [String] = [] { didSet { if let event = events.last { onEvent?(event) } } }
    private(set) var waiter: UpstreamWaiter?
    /// nil: none yet, or it is over.
    private(set) var stream: (any UpstreamStream)?
    private(set) var readsEnded = 0
    /// As records say it.
    private(set) var failure = ""
    private(set) var writability: [Bool] = []
    /// Called with each event.
    var onEvent: ((String) -> Void)?
    /// Takes the stream but does not begin.
    var gives: ((any UpstreamStream) -> Void)?

    init(_ request: TestRequest = TestRequest()) { self.request = request }

    func ask(_ pool: UpstreamPool) {
        if !request.mayBecomeTunnel, let stream = pool.takeStream() {
            upstreamConnected(stream)
            stream.flush()
        } else {
            waiter = pool.enqueue(self, fresh: request.mayBecomeTunnel)
        }
    }

    func upstreamConnected(_ stream: any UpstreamStream) {
        waiter = nil
        if let gives { return gives(stream) }
        self.stream = stream
        do {
            stream.begin(
                try request.head(), mayBecomeTunnel: request.mayBecomeTunnel,
                times: request.times, delegate: self)
        } catch {
            Issue.record(error)
        }
        if !request.firstPart.isEmpty { stream.sendBody(ByteBuffer(string: request.firstPart)) }
        if request.isWhole { stream.sendBodyEnd(trailers: FieldList()) }
    }

    func flushUpstream() { stream?.flush() }

    func upstreamFailed(_ reason: ForwardFailure.Reason, detail: UpstreamFailure?, onReusedConnection: Bool) {
        failure = UpstreamFailure(reason, detail: detail).word
        over("failed: \(reason)\(onReusedConnection ? ", reused" : "")")
    }

    func upstreamInterim(status: Int, head: borrowing ResponseHead) { events.append("\(status)") }

    func upstreamHead(_ response: borrowing ResponseHead, framing: BodyFraming, now: Int64) {
        events.append("\(response.status) \(framing)")
    }

    func upstreamBody(_ octets: ByteBuffer) { events.append("body: \(String(buffer: octets))") }

    func passesTrailer(_ field: Field, ofAnswer trailers: borrowing FieldBlock) -> Bool { true }

    func upstreamEnded(trailers: FieldList) {
        let fields = trailers.entries.map { ", \(trailers.text($0.name))=\(trailers.text($0.value))" }
        over("ended\(fields.joined())")
    }

    func upstreamTunnelClosed() { over("tunnel closed") }
    func readFromUpstreamEnded() { readsEnded += 1 }
    func upstreamWritabilityChanged(_ writable: Bool) { writability.append(writable) }

    private func over(_ event: String) {
        stream = nil
        waiter = nil
        events.append(event)
    }
}

/// The other end of a connection, as the test plays it.
final class EmbeddedUpstream {
    let connection: HTTP1UpstreamConnection
    let channel: EmbeddedChannel
    private let reads = ReadCounter()

    fileprivate init(_ connection: HTTP1UpstreamConnection, on loop: TransportLoop) throws {
        self.connection = connection
        let eventLoop = try #require(loop.eventLoop as? EmbeddedEventLoop)
        channel = EmbeddedChannel(handlers: [reads, connection], loop: eventLoop)
    }

    /// Reads that reached the socket.
    var readsAsked: Int { reads.count }
    var isOpen: Bool { channel.isActive }

    func accept(at address: String = "127.0.0.1") throws {
        channel.connect(to: try SocketAddress(ipAddress: address, port: 1), promise: nil)
        channel.embeddedEventLoop.run()
    }

    func refuse(_ error: any Error = ChannelError.ioOnClosedChannel) { connection.connectFailed(error) }

    func says(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    /// What was sent and flushed since the last call.
    func heard() throws -> String { try pieces().joined() }

    /// The same, as it was written piece by piece: each of them is a record of TLS, or several.
    func pieces() throws -> [String] {
        channel.embeddedEventLoop.run()
        var pieces: [String] = []
        while let octets = try channel.readOutbound(as: ByteBuffer.self) { pieces.append(String(buffer: octets)) }
        return pieces
    }

    /// The other end closes.
    func close() {
        channel.close(promise: nil)
        channel.embeddedEventLoop.run()
    }

    func fails(_ error: any Error) { channel.pipeline.fireErrorCaught(error) }

    func setWritable(_ writable: Bool) {
        channel.isWritable = writable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    /// The channel asks for its next octets, as it does after each read.
    func asksToRead() { channel.read() }
}

private final class EmbeddedConnector: UpstreamConnector {
    private(set) var upstreams: [EmbeddedUpstream] = []
    var refusal: (any Error)?

    func connect(_ connection: HTTP1UpstreamConnection, on loop: TransportLoop) {
        if let refusal { return connection.connectFailed(refusal) }
        do { upstreams.append(try EmbeddedUpstream(connection, on: loop)) } catch { Issue.record(error) }
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}
