package import HTTP
import NIOCore

/// One request and its answer: the meeting point of the client's stream, the upstream's stream and the delegate
/// that decides. Owned by its client connection and used again for the next request; everything happens on one event
/// loop.
///
/// The rules that it keeps, whatever the two sides do:
/// - at most one final answer; `exchangeEnded` exactly once;
/// - an upstream connection that did not end cleanly is never used again;
/// - octets move only as fast as the other side takes them.
package final class Exchange: UpstreamStreamDelegate {
    enum Phase {
        /// Between requests.
        case idle
        /// The delegate has the request and has not decided.
        case deciding
        /// The delegate asked for the whole body.
        case collecting
        /// Waiting for an upstream connection.
        case connecting
        /// The request is on its way; no final head yet.
        case forwarded
        /// The final head was passed on.
        case responding
        case tunnel
        /// Answered by the gateway or ended; the rest of the request, if any, is read and dropped.
        case answered
    }

    package let loop: TransportLoop
    /// The request; parsed in place by the codec.
    package var head = RequestHead()
    package private(set) var peer: Peer
    private(set) var phase = Phase.idle

    // Both point back here. They are held, since a counted reference costs less on every step than a checked unowned
    // one; `connectionClosed` lets go of them.
    private var client: (any ClientStream)?
    private var delegate: (any ExchangeDelegate)?
    private var upstream: (any UpstreamStream)?
    private var waiter: UpstreamWaiter?

    // What the delegate sets while it decides.
    /// Body octets at most; nil: unbounded.
    package var bodyBytesMax: Int?

    // What is counted for the record.
    package private(set) var startedAt: Int64 = 0
    package private(set) var bodyBytesIn = 0
    package private(set) var bodyBytesOut = 0
    package private(set) var status = 0
    package private(set) var upstreamStartedAt: Int64 = 0
    package private(set) var upstreamFirstByteAt: Int64 = 0
    package private(set) var upstreamAttempts = 0
    /// A connection was used whose other end had proved its identity.
    package private(set) var upstreamVerified = false
    /// Tells exchanges of this connection apart for answers that come from other threads.
    private var generation = 0

    // The request towards the upstream.
    private var upstreamHead: UpstreamRequestHead?
    private var upstreamUpgrade = false
    private var requestFraming = BodyFraming.none
    private var requestBodyEnded = false
    private var bodyForwarded = false
    private var upstreamNeedsFlush = false
    private var held: ByteBuffer?
    private var heldTrailers: FieldList?
    private var collected: [UInt8] = []
    private var clientReadingPaused = false

    init(loop: TransportLoop, peer: Peer, client: any ClientStream, delegates: any ExchangeDelegateFactory) {
        self.loop = loop
        self.peer = peer
        self.client = client
        self.delegate = delegates.makeDelegate(for: self)
    }

    // MARK: What the delegate asks for

    /// Answers by the gateway itself. `fields` say nothing of framing. `close` asks for the connection to be closed after
    /// the answer.
    package func answer(status: Int, fields: FieldList, body: [UInt8], close: Bool = false) {
        guard phase != .idle, phase != .answered, phase != .responding, phase != .tunnel else { return }
        dropUpstream()
        self.status = status
        bodyBytesOut = head.method == .head ? 0 : body.count
        phase = .answered
        client?.writeAnswer(status: status, fields: fields, body: body, close: close)
        end(.complete)
        client?.finish(trailers: FieldList())
        client?.flush()
    }

    /// Forwards the request over a connection from `pool`. The body follows in the request's own framing. May be called
    /// again from `forwardFailed`.
    /// - Parameter upstreamHead: from `TransportLoop.takeUpstreamHead`, which gets it back.
    package func forward(
        to pool: UpstreamPool, head upstreamHead: consuming UpstreamRequestHead, firstByteTimeout: Int64
    ) {
        guard phase == .deciding else { return }
        self.upstreamHead = upstreamHead
        upstreamUpgrade = head.upgrade != nil && head.framing == .none
        self.firstByteTimeout = firstByteTimeout
        attempt(pool)
    }
    private var firstByteTimeout: Int64 = 0

    /// Sends the same request again to another endpoint; only from within `forwardFailed`.
    package func forwardAgain(to pool: UpstreamPool) {
        guard phase == .deciding, upstreamHead != nil else { return }
        attempt(pool)
        readFromClientEnded()
    }

    /// Reads the whole body (bounded by `bodyBytesMax`), then calls `exchangeCollected`.
    package func collectBody() {
        guard phase == .deciding else { return }
        phase = .collecting
        if let held {
            self.held = nil
            collected.append(contentsOf: held.readableBytesView)
        }
        resumeClient()
        if requestBodyEnded {
            collectedAll()
        } else if head.expectsContinue {
            client?.writeContinue()
            client?.flush()
        }
    }

    /// A handle with which another thread or task can answer this exchange later.
    package func deferredAnswer() -> DeferredAnswer {
        DeferredAnswer(
            exchange: NIOLoopBound(self, eventLoop: loop.eventLoop), generation: generation, loop: loop.handle)
    }

    fileprivate func resume(_ work: (any ExchangeDelegate) -> Void) {
        if let delegate { work(delegate) }
    }

    fileprivate func isCurrent(_ generation: Int) -> Bool { generation == self.generation && phase != .answered }

    // MARK: What the client's codec reports

    func begin(now: Int64) {
        generation &+= 1
        phase = .deciding
        startedAt = now
        bodyBytesIn = 0
        bodyBytesOut = 0
        status = 0
        upstreamStartedAt = 0
        upstreamFirstByteAt = 0
        upstreamAttempts = 0
        upstreamVerified = false
        bodyBytesMax = nil
        upstreamHead = nil
        requestFraming = head.framing
        requestBodyEnded = requestFraming == .none
        bodyForwarded = false
        held = nil
        heldTrailers = nil
        clientReadingPaused = false
        delegate?.exchangeBegan()
    }

    func refuse(_ error: HeadError, now: Int64) {
        generation &+= 1
        phase = .deciding
        startedAt = now
        bodyBytesIn = 0
        bodyBytesOut = 0
        status = 0
        upstreamStartedAt = 0
        upstreamFirstByteAt = 0
        upstreamAttempts = 0
        requestBodyEnded = true
        requestFraming = .none
        delegate?.exchangeRefused(error)
    }

    /// The client was too slow with the head (`atHead`) or the body.
    func clientTimedOut(atHead: Bool, now: Int64) {
        if atHead {
            generation &+= 1
            phase = .deciding
            startedAt = now
            bodyBytesIn = 0
            bodyBytesOut = 0
            status = 0
            upstreamAttempts = 0
            requestBodyEnded = true
        }
        switch phase {
        case .deciding, .collecting, .connecting, .forwarded:
            dropUpstream()
            phase = .deciding
            delegate?.exchangeTimedOut()
        case .responding, .tunnel:
            breakOff(.stalled)
        case .idle, .answered:
            client?.abort()
        }
    }

    func receivedBody(_ octets: ByteBuffer) {
        let (count, overflow) = bodyBytesIn.addingReportingOverflow(octets.readableBytes)
        bodyBytesIn = overflow ? .max : count
        if let most = bodyBytesMax, bodyBytesIn > most {
            bodyTooLarge()
            return
        }
        switch phase {
        case .collecting, .deciding:
            if phase == .collecting {
                collected.append(contentsOf: octets.readableBytesView)
            } else {
                hold(octets)
            }
        case .connecting:
            hold(octets)
        case .forwarded, .responding:
            guard let upstream else { return }
            upstream.sendBody(octets)
            bodyForwarded = true
            upstreamNeedsFlush = true
            if !upstream.isWritable { pauseClient() }
        case .tunnel, .idle, .answered:
            break
        }
    }

    func receivedBodyEnd(trailers: FieldList) {
        requestBodyEnded = true
        switch phase {
        case .collecting:
            collectedAll()
        case .deciding, .connecting:
            heldTrailers = trailers
        case .forwarded, .responding:
            guard let upstream else { return }
            upstream.sendBodyEnd(trailers: trailers)
            upstreamNeedsFlush = true
        case .tunnel, .idle, .answered:
            break
        }
    }

    func bodyMalformed(_ error: HeadError) {
        switch phase {
        case .deciding, .collecting, .connecting, .forwarded:
            dropUpstream()
            phase = .deciding
            delegate?.exchangeBodyRefused(error)
        case .responding, .tunnel:
            breakOff(.clientGone)
        case .idle, .answered:
            client?.abort()
        }
    }

    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool {
        delegate?.passesTrailer(field, of: trailers) ?? false
    }

    /// The end of one read from the client's socket.
    func readFromClientEnded() {
        if upstreamNeedsFlush {
            upstreamNeedsFlush = false
            upstream?.flush()
        }
    }

    func clientWritabilityChanged(_ writable: Bool) {
        guard phase == .responding || phase == .tunnel else { return }
        if writable { upstream?.resumeReading() } else { upstream?.pauseReading() }
    }

    func receivedTunnel(_ octets: ByteBuffer) {
        bodyBytesIn &+= octets.readableBytes
        guard phase == .tunnel, let upstream else { return }
        upstream.sendTunnel(octets)
        if !upstream.isWritable { pauseClient() }
    }

    /// The client's connection is gone.
    func clientGone(shuttingDown: Bool) {
        switch phase {
        case .idle, .answered:
            break
        case .tunnel:
            let upstream = self.upstream
            self.upstream = nil
            upstream?.finishTunnel()
            end(.complete)
        default:
            dropUpstream()
            end(shuttingDown ? .shutDown : .clientGone)
        }
        phase = .idle
    }

    /// No request will come any more, and nothing that comes back from elsewhere finds anybody.
    func connectionClosed() {
        generation &+= 1
        delegate = nil
        client = nil
    }

    /// The codec is ready for the next request.
    func reset() { phase = .idle }

    // MARK: What the upstream's stream reports

    func upstreamConnected(_ stream: any UpstreamStream) {
        waiter = nil
        guard phase == .connecting, let upstreamHead else {
            stream.giveBack()
            return
        }
        phase = .forwarded
        upstream = stream
        upstreamVerified = stream.isVerified
        stream.begin(
            upstreamHead, mayBecomeTunnel: upstreamUpgrade, firstByteTimeout: firstByteTimeout, delegate: self)
        if let held {
            self.held = nil
            stream.sendBody(held)
            bodyForwarded = true
        }
        if requestBodyEnded { stream.sendBodyEnd(trailers: heldTrailers ?? FieldList()) }
        upstreamNeedsFlush = true
        resumeClient()
    }

    func flushUpstream() { readFromClientEnded() }

    func upstreamFailed(_ reason: ForwardFailure.Reason, onReusedConnection: Bool) {
        waiter = nil
        switch phase {
        case .connecting, .forwarded:
            let sent = phase == .forwarded
            upstream = nil
            phase = .deciding
            delegate?.forwardFailed(
                ForwardFailure(
                    reason: reason, onReusedConnection: onReusedConnection, bodyUntouched: !bodyForwarded,
                    nothingSent: !sent))
        case .responding, .tunnel:
            upstream = nil
            breakOff(reason == .firstByteTimeout ? .stalled : .upstreamBrokeOff)
        case .idle, .deciding, .collecting, .answered:
            upstream = nil
        }
    }

    func upstreamInterim(status: Int, head: borrowing ResponseHead) {
        guard phase == .forwarded else { return }
        client?.writeInterim(status: status, head: head)
        client?.flush()
    }

    func upstreamHead(_ response: borrowing ResponseHead, framing: BodyFraming, now: Int64) {
        guard phase == .forwarded else { return }
        upstreamFirstByteAt = now
        status = response.status
        if response.status == 101 {
            phase = .tunnel
        } else {
            phase = .responding
        }
        loop.extraFields.clear()
        delegate?.appendResponseFields(to: &loop.extraFields)
        client?.writeHead(response, framing: framing, extraFields: loop.extraFields)
        if phase == .tunnel {
            client?.becomeTunnel()
            client?.flush()
            resumeClient()
        }
    }

    func upstreamBody(_ octets: ByteBuffer) {
        bodyBytesOut &+= octets.readableBytes
        if phase == .tunnel {
            client?.writeTunnel(octets)
        } else if phase == .responding {
            client?.writeBody(octets)
        } else {
            return
        }
        if client?.isWritable == false { upstream?.pauseReading() }
    }

    func passesTrailer(_ field: Field, ofAnswer trailers: borrowing FieldBlock) -> Bool {
        delegate?.passesResponseTrailer(field, of: trailers) ?? false
    }

    func upstreamEnded(trailers: FieldList) {
        upstream = nil
        guard phase == .responding else { return }
        phase = .answered
        end(.complete)
        client?.finish(trailers: trailers)
        client?.flush()
    }

    func upstreamTunnelClosed() {
        upstream = nil
        guard phase == .tunnel else { return }
        phase = .answered
        end(.complete)
        client?.closeTunnel()
    }

    func readFromUpstreamEnded() {
        if phase == .responding || phase == .tunnel { client?.flush() }
    }

    func upstreamWritabilityChanged(_ writable: Bool) {
        if writable { resumeClient() }
    }

    // MARK: Inside

    private func attempt(_ pool: UpstreamPool) {
        phase = .connecting
        upstreamAttempts += 1
        upstreamStartedAt = Clock.monotonicNanoseconds()
        if !upstreamUpgrade, let stream = pool.takeStream() {
            upstreamConnected(stream)
        } else {
            if !requestBodyEnded { pauseClient() }
            waiter = pool.enqueue(self, fresh: upstreamUpgrade)
        }
    }

    private func pauseClient() {
        guard !clientReadingPaused else { return }
        clientReadingPaused = true
        client?.pauseReading()
    }

    private func resumeClient() {
        guard clientReadingPaused else { return }
        clientReadingPaused = false
        client?.resumeReading()
    }

    /// What arrived in the same read as the head, before the upstream was ready: one read at most, since reading
    /// pauses.
    private func hold(_ octets: ByteBuffer) {
        if held == nil { held = loop.allocator.buffer(capacity: octets.readableBytes) }
        var octets = octets
        held?.writeBuffer(&octets)
        pauseClient()
    }

    private func collectedAll() {
        phase = .deciding
        let body = collected
        collected = []
        delegate?.exchangeCollected(body: body)
    }

    private func bodyTooLarge() {
        collected = []
        held = nil
        switch phase {
        case .deciding, .collecting, .connecting, .forwarded:
            dropUpstream()
            phase = .deciding
            delegate?.exchangeBodyTooLarge()
        case .responding:
            breakOff(.clientGone)
        default:
            break
        }
    }

    private func breakOff(_ ending: ExchangeEnding) {
        dropUpstream()
        phase = .answered
        end(ending)
        client?.abort()
    }

    private func dropUpstream() {
        waiter?.cancel()
        waiter = nil
        if let upstream {
            self.upstream = nil
            upstream.abandon()
        }
    }

    private func end(_ ending: ExchangeEnding) {
        if let upstreamHead { loop.give(upstreamHead) }
        upstreamHead = nil
        held = nil
        collected = []
        if clientReadingPaused { resumeClient() }
        delegate?.exchangeEnded(ending)
    }
}

/// An answer that will come from another thread or task. Answering an exchange that is over does nothing.
package struct DeferredAnswer: Sendable {
    fileprivate let exchange: NIOLoopBound<Exchange>
    fileprivate let generation: Int
    fileprivate let loop: LoopHandle

    /// Runs on the exchange's event loop, unless the exchange is over by then.
    package func resume(_ work: @escaping @Sendable (any ExchangeDelegate) -> Void) {
        loop.execute {
            let exchange = self.exchange.value
            guard exchange.isCurrent(self.generation) else { return }
            exchange.resume(work)
            exchange.readFromClientEnded()
        }
    }
}
