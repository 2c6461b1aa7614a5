import HTTP
import NIOCore
import NIOEmbedded

@testable import Transport

/// A client's connection in memory, on a loop whose clock the test moves, and what its delegate heard.
final class ClientHarness {
    let eventLoop = EmbeddedEventLoop()
    let loop: TransportLoop
    let delegates: ScriptedDelegates
    let connection: HTTP1ServerConnection
    let channel: EmbeddedChannel

    /// - Parameter decide: what the delegate does when a request has begun.
    init(
        timeouts: TransportTimeouts = TransportTimeouts(), headLimits: HeadLimits = HeadLimits(),
        decide: @escaping (Exchange) -> Void = ClientHarness.answerAtOnce
    ) {
        loop = TransportLoop(index: 0, eventLoop: eventLoop, timeouts: timeouts)
        loop.timeOfTest = 1_000_000_000
        delegates = ScriptedDelegates(decide)
        let listener = ListenerRuntime(
            name: "test", host: "127.0.0.1", tls: nil, headLimits: headLimits, connectionsMax: 10, perAddressMax: 10)
        _ = listener.connectionOpened(address: "192.0.2.1")
        connection = HTTP1ServerConnection(
            loop: loop, listener: listener, delegates: delegates, address: "192.0.2.1")
        channel = EmbeddedChannel(handler: connection, loop: eventLoop)
        if let address = try? SocketAddress(ipAddress: "192.0.2.1", port: 4_711) {
            channel.connect(to: address, promise: nil)
        }
    }

    /// Answers with the request's path, so that it shows which request an answer is for.
    static func answerAtOnce(_ exchange: Exchange) {
        exchange.answer(status: 200, fields: FieldList(), body: Array(exchange.head.octets(exchange.head.path)))
    }

    var heard: [String] { delegates.heard }

    /// Octets arrive from the client, in one read.
    func receive(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        eventLoop.run()
    }

    /// What was sent to the client since the last time, but for the gateway's dates, which have tests of their own.
    func sent() throws -> String {
        try sentWithDates().replacing(String(decoding: loop.dateLine, as: UTF8.self), with: "")
    }

    func sentWithDates() throws -> String {
        eventLoop.run()
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    /// The client says that it sends no more, and goes on reading.
    func closeWriting() {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        eventLoop.run()
    }

    /// The clock moves on, and what is due by then is done.
    func pass(nanoseconds: Int64) {
        loop.timeOfTest = loop.now() &+ nanoseconds
        loop.deadlines.sweep(now: loop.now())
        eventLoop.run()
    }

    /// The client takes what it is sent, or does not.
    func setWritable(_ writable: Bool) {
        channel.isWritable = writable
        channel.pipeline.fireChannelWritabilityChanged()
        eventLoop.run()
    }

    /// The client is gone.
    func vanish() {
        channel.close(promise: nil)
        eventLoop.run()
    }

    var isOpen: Bool { channel.isActive }
    /// The loop's next turn, in which requests that wait are begun.
    func turn() {
        eventLoop.advanceTime(by: .nanoseconds(PipelineTurns.pauseNanoseconds))
        eventLoop.run()
    }

    /// The connection does not want more octets now.
    var isReadingPaused: Bool { connection.state.readingPaused }
}

/// Decides as a test says, and writes down what it heard.
final class ScriptedDelegates: ExchangeDelegateFactory, ConnectionDelegate {
    let decide: (Exchange) -> Void
    var connectionsOpened = 0
    var heard: [String] = []
    /// What is done when forwarding failed.
    var forwardFailed: (Exchange, ForwardFailure) -> Void = { exchange, _ in
        exchange.answer(status: 502, fields: FieldList(), body: [])
    }

    /// What is done with a body that was collected.
    var collected: (Exchange, [UInt8]) -> Void = { exchange, _ in
        exchange.answer(status: 200, fields: FieldList(), body: Array("collected".utf8))
    }
    /// What is done with an answer that was collected: its status, its body.
    var collectedAnswer: (Exchange, Int, [UInt8]) -> Void = { _, _, _ in }

    init(_ decide: @escaping (Exchange) -> Void) { self.decide = decide }

    func connectionOpened(_ peer: Peer) -> any ConnectionDelegate {
        connectionsOpened += 1
        return self
    }

    func connectionFailed(from address: String, reason: HandshakeFailure, now: Int64) {
        heard.append("handshake failed: \(reason.rawValue)")
    }

    func makeDelegate(for exchange: Exchange) -> any ExchangeDelegate { ScriptedDelegate(exchange, self) }
}

private final class ScriptedDelegate: ExchangeDelegate {
    private unowned let exchange: Exchange
    private let script: ScriptedDelegates

    init(_ exchange: Exchange, _ script: ScriptedDelegates) {
        self.exchange = exchange
        self.script = script
    }

    func exchangeBegan() {
        script.heard.append("began \(exchange.head.text(exchange.head.path))")
        script.decide(exchange)
    }
    func exchangeRefused(_ error: HeadError) { refuse("refused \(error)", 400) }
    func exchangeTimedOut() { refuse("timed out", 408) }
    func exchangeTooSlow() { refuse("too slow", 408) }
    func exchangeBodyTooLarge() { refuse("too large", 413) }
    func exchangeBodyRefused(_ error: HeadError) { refuse("body refused \(error)", 400) }
    func exchangeCollected(body: [UInt8]) {
        script.heard.append("collected \(String(decoding: body, as: UTF8.self))")
        script.collected(exchange, body)
    }
    func exchangeCollectedAnswer(_ head: borrowing ResponseHead, body: [UInt8]) {
        script.collectedAnswer(exchange, head.status, body)
    }
    func exchangeAnswerTooLarge() {
        script.heard.append("answer too large")
        exchange.answer(status: 502, fields: FieldList(), body: [])
    }
    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { true }
    func passesResponseTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { true }
    func appendResponseFields(to fields: inout FieldList, answerIsHTTP10: Bool) {
        fields.append("X-Request-Id", "1")
    }
    func forwardFailed(_ failure: ForwardFailure) {
        script.heard.append("forward failed \(failure.reason)")
        script.forwardFailed(exchange, failure)
    }
    func exchangeEnded(_ ending: ExchangeEnding) { script.heard.append("ended \(ending) \(exchange.figures.status)") }

    private func refuse(_ word: String, _ status: Int) {
        script.heard.append(word)
        exchange.answer(status: status, fields: FieldList(), body: [], close: true)
    }
}

extension Int64 {
    /// In nanoseconds.
    static func seconds(_ count: Int64) -> Int64 { count &* 1_000_000_000 }
}
