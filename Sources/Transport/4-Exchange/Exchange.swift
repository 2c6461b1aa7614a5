package import HTTP
import NIOCore

/// One request and its answer: the meeting point of the client's stream, the upstream's stream and the delegate
/// that decides. Owned by its client connection and used again for the next request; everything happens on one event
/// loop.
///
/// It acts; what follows from what is `ExchangeState`'s. The rules that the two keep, whatever the two sides do:
/// - at most one final answer; `exchangeEnded` exactly once;
/// - an upstream connection that did not end cleanly is never used again;
/// - octets move only as fast as the other side takes them.
package final class Exchange: UpstreamStreamDelegate {
    package let loop: TransportLoop
    /// The request; parsed in place by the codec.
    package var head = RequestHead()
    /// Of the request, without a copy of its head.
    package var method: Method { head.method }
    /// The other end of the client's connection.
    package let peer: Peer
    private var state = ExchangeState()

    // Both point back here. They are held, since a counted reference costs less on every step than a checked unowned
    // one; `connectionClosed` lets go of them.
    private var client: (any ClientStream)?
    private var delegate: (any ExchangeDelegate)?
    private var upstream: (any UpstreamStream)?
    private(set) var waiter: UpstreamWaiter?

    // The request towards the upstream.
    private var upstreamHead: UpstreamHeadBuffer?
    private var upstreamUpgrade = false
    /// Of the client's address, and the pool of which it holds a stream for this request.
    private let share: ClientShare
    private var holdsOf: UpstreamPool?
    private var holdsForTunnel = false
    /// Where the request goes when its body is whole.
    private var gatheringFor: UpstreamPool?
    private var times = UpstreamTimes()
    private var upstreamNeedsFlush = false
    /// Of an answer that is collected, and how its body is delimited.
    private var collectedHead: (head: ResponseHead, framing: BodyFraming)?

    init(
        loop: TransportLoop, peer: Peer, share: ClientShare, client: any ClientStream,
        connection: any ConnectionDelegate
    ) {
        self.loop = loop
        self.peer = peer
        self.share = share
        self.client = client
        self.delegate = connection.makeDelegate(for: self)
    }

    // MARK: What is known of the request

    /// Body octets at most; nil: unbounded. The delegate sets it while it decides.
    package var bodyBytesMax: Int? {
        get { state.bodyBytesMax }
        set { state.bodyBytesMax = newValue }
    }

    /// Octets of an answer's body that the delegate wants to see whole before the client gets any of it; nil: it goes to
    /// the client as it comes. The delegate sets it before it forwards.
    package var answerBytesMax: Int? {
        get { state.answerBytesMax }
        set { state.answerBytesMax = newValue }
    }

    /// How slow the client may be with this request and its answer, where that differs from what holds for all. The delegate
    /// sets it while it decides.
    package func limitTransfer(_ limits: TransferLimits) { client?.limitTransfer(limits) }

    /// What is counted for the record. Whoever needs several of them reads it once.
    package var figures: ExchangeFigures { state.figures }

    // MARK: What the delegate asks for

    /// Answers by the gateway itself. `fields` say nothing of framing. `close` asks for the connection to be closed after
    /// the answer.
    package func answer(status: Int, fields: FieldList, body: [UInt8], close: Bool = false) {
        guard state.answer(status: status, bodyBytes: head.method == .head ? 0 : body.count) else { return }
        dropUpstream()
        client?.writeAnswer(status: status, fields: fields, body: body, close: close)
        end(.complete)
        client?.finish(trailers: FieldList())
        client?.flush()
    }

    /// Forwards the request over a connection from `pool`. The body follows in the request's own framing; a small one is
    /// waited for first, so that a slow client holds no connection to the upstream (`TransportLoop.gatheredBytesMax`).
    /// - Parameters:
    ///   - upstreamHead: from `TransportLoop.takeUpstreamHead`, which gets it back.
    ///   - body: in place of the client's, which was collected before; nil: the client's.
    package func forward(
        to pool: UpstreamPool, head upstreamHead: UpstreamHeadBuffer, times: UpstreamTimes,
        body: [UInt8]? = nil
    ) {
        if let body {
            guard state.replaceBody(body, loop.allocator) else { return }
            upstreamHead.head.replaceBody(bytes: body.count)
        }
        self.upstreamHead = upstreamHead
        upstreamUpgrade = upstreamHead.head.offersUpgrade
        self.times = times
        if state.gather(head.framing, expectsContinue: head.expectsContinue, bytesMax: loop.gatheredBytesMax) {
            gatheringFor = pool
            // It stood still if the decision took its time.
            resumeClient()
        } else {
            attempt(pool)
        }
    }

    private func attempt(_ pool: UpstreamPool) {
        guard state.attempt(now: loop.now()) else { return }
        connect(pool)
    }

    /// Sends the same request again to another endpoint; only from within `forwardFailed`.
    package func forwardAgain(to pool: UpstreamPool) {
        guard upstreamHead != nil else { return }
        attempt(pool)
        readFromClientEnded()
    }

    /// Reads the whole body (bounded by `bodyBytesMax`), then calls `exchangeCollected`.
    package func collectBody() {
        switch state.collectBody() {
        case .ignore:
            break
        case .goOn(let resumesClient):
            if resumesClient { client?.resumeReading() }
            guard head.expectsContinue else { return }
            client?.writeContinue()
            client?.flush()
        case .whole(let body):
            delegate?.exchangeCollected(body: body)
        }
    }

    /// Sends the answer that was collected (`answerBytesMax`), with what the delegate adds to every answer.
    /// - Parameter body: in place of the upstream's; nil: the upstream's as it came.
    package func passCollectedAnswer(body: [UInt8]) {
        guard let collectedHead, state.passAnswer(bodyBytes: head.method == .head ? 0 : body.count) else { return }
        self.collectedHead = nil
        // An answer that cannot have a body (HEAD, 204, 304) has none now.
        let framing = collectedHead.framing == .none ? BodyFraming.none : .length(body.count)
        writeHead(collectedHead.head, framing: framing)
        if framing != .none, !body.isEmpty { client?.writeBody(loop.allocator.buffer(bytes: body)) }
        state.passedAnswer()
        end(.complete)
        client?.finish(trailers: FieldList())
        client?.flush()
    }

    /// A handle with which another thread or task can answer this exchange later, through its delegate.
    package func deferredAnswer<Delegate: ExchangeDelegate>(for delegate: Delegate) -> DeferredAnswer<Delegate> {
        DeferredAnswer(
            bound: NIOLoopBound((exchange: self, delegate: delegate), eventLoop: loop.eventLoop),
            generation: state.generation, loop: loop.handle)
    }

    fileprivate func isCurrent(_ generation: Int) -> Bool { state.isCurrent(generation) }

    // MARK: What the client's codec reports

    func begin(now: Int64) {
        state.begin(framing: head.framing, now: now)
        delegate?.exchangeBegan()
    }

    func refuse(_ error: HeadError, now: Int64) {
        state.begin(framing: .none, now: now)
        delegate?.exchangeRefused(error)
    }

    /// The client was too slow with the head (`atHead`) or the body.
    func clientTimedOut(atHead: Bool, now: Int64) {
        if atHead { state.begin(framing: .none, now: now) }
        perform(state.failed(.stalled)) { $0.exchangeTimedOut() }
    }

    /// The client was too slow in the long run, with its body or with the answer.
    func clientTooSlow() { perform(state.failed(.clientTooSlow)) { $0.exchangeTooSlow() } }

    func receivedBody(_ octets: ByteBuffer) {
        switch state.receivedBody(octets, loop.allocator) {
        case .none:
            break
        case .pauseClient:
            client?.pauseReading()
        case .send:
            guard let upstream else { return }
            upstream.sendBody(octets)
            upstreamNeedsFlush = true
            if !upstream.isWritable { pauseClient() }
        case .tooLarge(let fault):
            perform(fault) { $0.exchangeBodyTooLarge() }
        }
    }

    func receivedBodyEnd(trailers: FieldList) {
        switch state.receivedBodyEnd(trailers: trailers) {
        case .none:
            break
        case .send:
            guard let upstream else { return }
            upstream.sendBodyEnd(trailers: trailers)
            upstreamNeedsFlush = true
        case .collected(let body):
            delegate?.exchangeCollected(body: body)
        case .gathered:
            guard let pool = gatheringFor else { return }
            gatheringFor = nil
            attempt(pool)
        }
    }

    func bodyMalformed(_ error: HeadError) {
        perform(state.failed(.clientGone)) { $0.exchangeBodyRefused(error) }
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
        guard state.isAnswering else { return }
        if writable { upstream?.resumeReading() } else { upstream?.pauseReading() }
    }

    func receivedTunnel(_ octets: ByteBuffer) {
        guard state.receivedTunnel(octets.readableBytes), let upstream else { return }
        upstream.sendTunnel(octets)
        if !upstream.isWritable { pauseClient() }
    }

    /// The client's connection is gone.
    func clientGone(shuttingDown: Bool) {
        switch state.clientGone() {
        case .none:
            break
        case .finishTunnel:
            let upstream = self.upstream
            self.upstream = nil
            upstream?.finishTunnel()
            end(shuttingDown ? .shutDown : .complete)
        case .dropUpstream:
            dropUpstream()
            end(shuttingDown ? .shutDown : .clientGone)
        }
    }

    /// No request will come any more, and nothing that comes back from elsewhere finds anybody.
    func connectionClosed() {
        state.connectionClosed()
        delegate = nil
        client = nil
    }

    /// The codec is ready for the next request.
    func reset() { state.reset() }

    // MARK: What the upstream's stream reports

    func upstreamConnected(_ stream: any UpstreamStream) {
        waiter = nil
        guard let upstreamHead,
            case .begin(let held, let trailers, let resumesClient) = state.connected(verified: stream.isVerified)
        else {
            stream.giveBack()
            return
        }
        upstream = stream
        stream.begin(
            upstreamHead.head, mayBecomeTunnel: upstreamUpgrade, times: times, delegate: self)
        if let held { stream.sendBody(held) }
        if let trailers { stream.sendBodyEnd(trailers: trailers) }
        upstreamNeedsFlush = true
        if resumesClient { client?.resumeReading() }
    }

    func flushUpstream() { readFromClientEnded() }

    func upstreamFailed(_ reason: ForwardFailure.Reason, detail: UpstreamFailure?, onReusedConnection: Bool) {
        waiter = nil
        upstream = nil
        switch state.upstreamFailed(reason, detail: detail, onReusedConnection: onReusedConnection) {
        case .ignore: break
        case .tellDelegate(let failure): delegate?.forwardFailed(failure)
        case .breakOff(let ending): breakOff(ending)
        }
    }

    func upstreamInterim(status: Int, head: borrowing ResponseHead) {
        guard state.phase == .forwarded else { return }
        client?.writeInterim(status: status, head: head, withheld: withheld(of: head))
        client?.flush()
    }

    func upstreamHead(_ response: borrowing ResponseHead, framing: BodyFraming, now: Int64) {
        switch state.upstreamHead(status: response.status, now: now) {
        case .ignore:
            break
        case .pass:
            writeHead(response, framing: framing)
        case .tunnel:
            writeHead(response, framing: framing)
            client?.becomeTunnel(idleNanoseconds: times.tunnelIdle)
            client?.flush()
            resumeClient()
        case .keep:
            collectedHead = (copy response, framing)
        }
    }

    private func writeHead(_ response: borrowing ResponseHead, framing: BodyFraming) {
        var extraFields = loop.takeExtraFields()
        delegate?.appendResponseFields(to: &extraFields, answerIsHTTP10: response.isHTTP10)
        client?.writeHead(response, framing: framing, withheld: withheld(of: response), extraFields: extraFields)
        loop.give(extraFields: consume extraFields)
    }

    /// Indices of the fields that the client does not get.
    private func withheld(of head: borrowing ResponseHead) -> [Int] {
        guard head.count(.setCookie) > 0, let delegate else { return [] }
        var indices: [Int] = []
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            if field.known == .setCookie, !delegate.passesCookie(field, of: head) { indices.append(index) }
        }
        return indices
    }

    func upstreamBody(_ octets: ByteBuffer) {
        switch state.upstreamBody(octets) {
        case .none:
            return
        case .tunnel:
            client?.writeTunnel(octets)
        case .pass:
            client?.writeBody(octets)
        case .tooLarge:
            collectedHead = nil
            dropUpstream()
            delegate?.exchangeAnswerTooLarge()
            return
        }
        if client?.isWritable == false { upstream?.pauseReading() }
    }

    func passesTrailer(_ field: Field, ofAnswer trailers: borrowing FieldBlock) -> Bool {
        delegate?.passesResponseTrailer(field, of: trailers) ?? false
    }

    func upstreamEnded(trailers: FieldList) {
        upstream = nil
        switch state.upstreamEnded() {
        case .ignore:
            break
        case .finish:
            end(.complete)
            client?.finish(trailers: trailers)
            client?.flush()
        case .collected(let body):
            guard let collectedHead else { return }
            delegate?.exchangeCollectedAnswer(collectedHead.head, body: body)
        }
    }

    func upstreamTunnelClosed() {
        upstream = nil
        guard state.upstreamTunnelClosed() else { return }
        end(.complete)
        client?.closeTunnel()
    }

    func readFromUpstreamEnded() {
        if state.isAnswering { client?.flush() }
    }

    func upstreamWritabilityChanged(_ writable: Bool) {
        if writable { resumeClient() }
    }

    // MARK: Inside

    private func connect(_ pool: UpstreamPool) {
        releaseShare()
        guard share.take(of: pool, forTunnel: upstreamUpgrade) else {
            if state.mustWait() { client?.pauseReading() }
            waiter = pool.refuse(self)
            return
        }
        holdsOf = pool
        holdsForTunnel = upstreamUpgrade
        if !upstreamUpgrade, let stream = pool.takeStream() {
            upstreamConnected(stream)
        } else {
            if state.mustWait() { client?.pauseReading() }
            waiter = pool.enqueue(self, fresh: upstreamUpgrade)
        }
    }

    private func releaseShare() {
        guard let pool = holdsOf else { return }
        holdsOf = nil
        share.giveBack(of: pool, forTunnel: holdsForTunnel)
    }

    private func perform(_ fault: ExchangeState.Fault, _ tell: (any ExchangeDelegate) -> Void) {
        switch fault {
        case .ignore:
            break
        case .tellDelegate:
            dropUpstream()
            if let delegate { tell(delegate) }
        case .breakOff(let ending):
            breakOff(ending)
        case .abortClient:
            client?.abort()
        }
    }

    private func pauseClient() { if state.pausesClient() { client?.pauseReading() } }

    private func resumeClient() { if state.resumesClient() { client?.resumeReading() } }

    private func breakOff(_ ending: ExchangeEnding) {
        dropUpstream()
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
        releaseShare()
        if let upstreamHead { loop.give(upstreamHead) }
        upstreamHead = nil
        if collectedHead != nil { collectedHead = nil }
        if gatheringFor != nil { gatheringFor = nil }
        if state.end() { client?.resumeReading() }
        delegate?.exchangeEnded(ending)
    }
}

/// An answer that will come from another thread or task. Answering an exchange that is over does nothing.
package struct DeferredAnswer<Delegate: ExchangeDelegate>: Sendable {
    fileprivate let bound: NIOLoopBound<(exchange: Exchange, delegate: Delegate)>
    fileprivate let generation: Int
    fileprivate let loop: LoopHandle

    /// Runs on the exchange's event loop, unless the exchange is over by then.
    package func resume(_ work: @escaping @Sendable (Delegate) -> Void) {
        loop.execute {
            let (exchange, delegate) = bound.value
            guard exchange.isCurrent(generation) else { return }
            work(delegate)
            exchange.readFromClientEnded()
        }
    }
}
