import Certificates
import HTTP
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// HTTP/1.1 towards an upstream: one connection, lent to one exchange at a time.
final class HTTP1UpstreamConnection: Timed, ChannelDuplexHandler, UpstreamStream {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum State {
        case connecting
        case idle
        /// The request is being sent, or its answer is awaited.
        case head
        case bodyLength(left: Int)
        case bodyChunks
        case bodyUntilClose
        case tunnel
        case closed
    }

    private let pool: UpstreamPool
    private let loop: TransportLoop
    var reservedFor: UpstreamWaiter?
    private var context: ChannelHandlerContext?
    private var exchange: (any UpstreamStreamDelegate)?
    private var state = State.connecting
    private var failure: ForwardFailure.Reason?
    private var parser = HeadParser(limits: HeadLimits())
    private var response = ResponseHead()
    private var chunkDecoder = ChunkedDecoder()
    private var leftover: ByteBuffer?
    private var method = Method.get
    private var upgrade = false
    /// The request's body goes out in chunks.
    private var chunked = false
    private var served = 0
    private var interims = 0
    private var requestSent = false
    /// An octet of the answer, or of an interim one, has arrived.
    private var answerBegun = false
    private var reusableAfter = false
    private var firstByteTimeout: Int64 = 0
    private var readingPaused = false
    private var readWanted = false
    private var unclean = false

    init(pool: UpstreamPool) {
        self.pool = pool
        self.loop = pool.loop
    }

    var isVerified: Bool { pool.tls?.identity != nil }
    /// As the channel last said: asking it goes through four objects.
    private(set) var isWritable = true

    // MARK: Life of the connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamConnect
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Where a name has several addresses, this may be the channel of an address that did not answer.
        guard context === self.context else { return }
        loop.deadlines.remove(self)
        self.context = nil
        isWritable = false
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        if pool.tls == nil { opened() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent, case .connecting = state {
            if identityVerified(context: context) {
                opened()
            } else {
                failure = .wrongIdentity
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// TLS has verified the chain; here the certificate must carry the identity that the policy names.
    private func identityVerified(context: ChannelHandlerContext) -> Bool {
        guard let tls = pool.tls else { return true }
        guard let identity = tls.identity else { return true }
        guard let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self),
            let der = handler.peerCertificate.flatMap({ try? $0.toDERBytes() }),
            let facts = try? CertificateFacts(der: der)
        else { return false }
        return identity.matches(facts)
    }

    private func opened() {
        guard case .connecting = state else { return }
        state = .idle
        deadline = .max
        pool.opened(self)
    }

    func connectFailed(_ error: any Error) {
        guard case .connecting = state else { return }
        state = .closed
        loop.deadlines.remove(self)
        pool.failed(self, failure ?? (Self.isTimeout(error) ? .connectTimeout : .unreachable))
    }

    private static func isTimeout(_ error: any Error) -> Bool {
        if case .connectTimeout = error as? ChannelError { return true }
        guard let attempts = (error as? NIOConnectionError)?.connectionErrors else { return false }
        return attempts.contains { isTimeout($0.error) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .connecting:
            if failure == nil { failure = Self.reason(of: error) }
        case .idle:
            // TLS may take its time to close; nobody must be lent this connection meanwhile.
            state = .closed
            pool.connectionClosed(self)
        case .head where !answerBegun && error is BoringSSLError:
            // An alert after the handshake: in TLS 1.3 that is how a server refuses our certificate (RFC 8446
            // §4.4.2.4).
            failure = .tlsFailed
        default:
            unclean = true
        }
        context.close(promise: nil)
    }

    /// A server that hangs up in the middle of the handshake has not said who it is; that is not a wrong identity.
    private static func reason(of error: any Error) -> ForwardFailure.Reason {
        switch error {
        case NIOSSLError.handshakeFailed(.sslError(let errors)) where errors == [.eofDuringHandshake]: .unreachable
        case is NIOSSLError, is BoringSSLError: .tlsFailed
        default: .unreachable
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        deadline = .max
        let was = state
        state = .closed
        leftover = nil
        giveHeadOctets()
        switch was {
        case .connecting:
            pool.failed(self, failure ?? .unreachable)
        case .closed:
            break
        case .idle:
            pool.connectionClosed(self)
        case .bodyUntilClose:
            let exchange = self.exchange
            self.exchange = nil
            pool.connectionClosed(self)
            if unclean {
                exchange?.upstreamFailed(failure ?? .closedEarly, onReusedConnection: false)
            } else {
                exchange?.upstreamEnded(trailers: FieldList())
            }
        case .tunnel:
            let exchange = self.exchange
            self.exchange = nil
            pool.connectionClosed(self)
            exchange?.upstreamTunnelClosed()
        case .head, .bodyLength, .bodyChunks:
            let exchange = self.exchange
            self.exchange = nil
            pool.connectionClosed(self)
            exchange?.upstreamFailed(failure ?? .closedEarly, onReusedConnection: served > 1 && !answerBegun)
        }
        context.fireChannelInactive()
    }

    override func deadlineReached(now: Int64) {
        switch state {
        case .connecting: failure = .connectTimeout
        case .idle: return closeIdle()
        case .head, .bodyLength, .bodyChunks, .bodyUntilClose, .tunnel: failure = .firstByteTimeout
        case .closed: break
        }
        if case .bodyUntilClose = state { unclean = true }
        closeHard()
    }

    // MARK: Lent to an exchange

    func begin(
        _ head: borrowing UpstreamRequestHead, mayBecomeTunnel: Bool, firstByteTimeout: Int64,
        delegate: any UpstreamStreamDelegate
    ) {
        exchange = delegate
        method = head.method
        upgrade = mayBecomeTunnel
        chunked = head.framing == .chunked
        self.firstByteTimeout = firstByteTimeout
        state = .head
        served &+= 1
        interims = 0
        requestSent = false
        answerBegun = false
        failure = nil
        // The answer's first octet is due once the request's last one has left: `sendBodyEnd` begins to count. A client
        // that waits for 100 waits for the upstream.
        deadline = head.expectsContinue ? Clock.monotonicNanoseconds() &+ firstByteTimeout : .max
        // The exchange before may have ended while its client was slow to read.
        if readingPaused { resumeReading() }
        var octets = loop.takeBuffer()
        octets.writeWithUnsafeMutableBytes(minimumWritableBytes: head.http1BytesMax) { head.writeHTTP1(to: $0) }
        headOctets = octets
        context?.write(wrapOutboundOut(octets), promise: nil)
    }

    func sendBody(_ octets: ByteBuffer) {
        guard let context, octets.readableBytes > 0 else { return }
        progressed()
        if octets.readableBytes > TransportBounds.smallBytesMax { isBulk = true }
        if chunked {
            var line = loop.allocator.buffer(capacity: 24)
            ResponseWriter.writeChunkSize(octets.readableBytes, to: &line)
            context.write(wrapOutboundOut(line), promise: nil)
            context.write(wrapOutboundOut(octets), promise: nil)
            var end = loop.allocator.buffer(capacity: 2)
            end.writeStaticString("\r\n")
            context.write(wrapOutboundOut(end), promise: nil)
        } else {
            context.write(wrapOutboundOut(octets), promise: nil)
        }
    }

    func sendBodyEnd(trailers: FieldList) {
        requestSent = true
        if case .head = state { deadline = Clock.monotonicNanoseconds() &+ firstByteTimeout }
        guard chunked, let context else { return }
        context.write(wrapOutboundOut(ResponseWriter.lastChunk(trailers, loop.allocator)), promise: nil)
    }

    /// The request's head as it was written. It is kept until the answer is there, since the loop wants its memory back
    /// when nobody else holds it any more.
    private var headOctets: ByteBuffer?

    private func giveHeadOctets() {
        if let headOctets { loop.give(headOctets) }
        headOctets = nil
    }

    func sendTunnel(_ octets: ByteBuffer) {
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
        context?.write(wrapOutboundOut(octets), promise: nil)
        flush()
    }

    /// Small things wait for the end of the loop's turn, large ones do not: only the flush tells whether they are
    /// taken.
    func flush() {
        if isBulk { flushNow() } else { loop.flushSoon(self) }
    }
    private var isBulk = false

    override func flushNow() {
        isBulk = false
        context?.flush()
    }

    /// The exchange is over before its answer was: what is on the wire belongs to nobody, so the connection ends.
    func abandon() {
        exchange = nil
        switch state {
        case .closed: return
        default:
            state = .closed
            deadline = .max
            pool.connectionClosed(self)
            closeHard()
        }
    }

    func finishTunnel() {
        exchange = nil
        guard case .tunnel = state, let context else { return abandon() }
        state = .closed
        pool.connectionClosed(self)
        resumeReading()
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamStall
        context.writeAndFlush(wrapOutboundOut(loop.allocator.buffer(capacity: 0))).assumeIsolated().whenComplete { _ in
            self.context?.close(promise: nil)
        }
    }

    func giveBack() {
        exchange = nil
        if case .idle = state { pool.ready(self) } else { abandon() }
    }

    func becomeIdle() {
        state = .idle
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamIdle
        if readingPaused { resumeReading() }
    }

    func closeIdle() {
        guard case .idle = state else { return }
        state = .closed
        pool.connectionClosed(self)
        context?.close(promise: nil)
    }

    func pauseReading() {
        readingPaused = true
        deadline = .max
    }

    func resumeReading() {
        guard readingPaused else { return }
        readingPaused = false
        switch state {
        case .bodyLength, .bodyChunks, .bodyUntilClose:
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamStall
        case .tunnel:
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
        default:
            break
        }
        if readWanted {
            readWanted = false
            context?.read()
        }
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if readingPaused { readWanted = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if case .head = state { progressed() }
        exchange?.upstreamWritabilityChanged(isWritable)
        context.fireChannelWritabilityChanged()
    }

    /// This is the last handler: nobody behind it waits to hear of it.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = unwrapInboundIn(data)
        if var waiting = leftover {
            leftover = nil
            waiting.writeBuffer(&octets)
            octets = waiting
        }
        let exchange = self.exchange
        answerBegun = true
        process(&octets)
        if octets.readableBytes > 0 {
            switch state {
            case .head, .bodyLength, .bodyChunks:
                var kept = loop.allocator.buffer(capacity: octets.readableBytes)
                kept.writeBuffer(&octets)
                leftover = kept
            default:
                break
            }
        }
        exchange?.readFromUpstreamEnded()
    }

    private func process(_ octets: inout ByteBuffer) {
        while octets.readableBytes > 0 {
            switch state {
            case .head:
                guard readHead(&octets) else { return }
            case .bodyLength(let left):
                let count = min(left, octets.readableBytes)
                guard let part = octets.readSlice(length: count) else { return }
                if left > count {
                    state = .bodyLength(left: left &- count)
                    progressed()
                    exchange?.upstreamBody(part)
                } else {
                    exchange?.upstreamBody(part)
                    ended(trailers: FieldList(), trailing: octets.readableBytes)
                    return
                }
            case .bodyChunks:
                guard readChunks(&octets) else { return }
            case .bodyUntilClose:
                progressed()
                let part = octets
                octets.clear()
                exchange?.upstreamBody(part)
                return
            case .tunnel:
                deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
                let part = octets
                octets = loop.allocator.buffer(capacity: 0)
                exchange?.upstreamBody(part)
                return
            case .idle:
                // Octets that nobody asked for: not a server to trust with the next request.
                octets.clear()
                closeIdle()
                return
            case .connecting, .closed:
                return
            }
        }
    }

    /// Octets went one way or the other. Before the answer, and until the request is sent, whoever is waited for has
    /// the clock: the upstream while it does not take octets, else the client.
    private func progressed() {
        guard !readingPaused else { return }
        if case .head = state {
            deadline =
                requestSent
                ? Clock.monotonicNanoseconds() &+ firstByteTimeout
                : isWritable ? .max : Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamStall
        } else {
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamStall
        }
    }

    private func readHead(_ octets: inout ByteBuffer) -> Bool {
        do {
            guard let consumed = try parser.parseResponse(octets.readableBytesUInt8Span, into: &response) else {
                return false
            }
            octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
        } catch {
            return badResponse(&octets)
        }
        let status = response.status
        if status == 101 {
            guard upgrade, response.first(.upgrade) != nil else { return badResponse(&octets) }
            state = .tunnel
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
            exchange?.upstreamHead(response, framing: .tunnel, now: Clock.monotonicNanoseconds())
            return true
        }
        if status < 200 {
            interims += 1
            guard interims <= TransportBounds.interimAnswersMax else { return badResponse(&octets) }
            progressed()
            exchange?.upstreamInterim(status: status, head: response)
            return true
        }
        let framing: BodyFraming
        do {
            framing = try response.framing(answering: method)
        } catch {
            return badResponse(&octets)
        }
        let now = Clock.monotonicNanoseconds()
        reusableAfter = response.keepAlive && !upgrade
        switch framing {
        case .none, .length(0):
            state = .bodyLength(left: 0)
            exchange?.upstreamHead(response, framing: framing, now: now)
            ended(trailers: FieldList(), trailing: octets.readableBytes)
            return false
        case .length(let length):
            state = .bodyLength(left: length)
        case .chunked:
            state = .bodyChunks
            chunkDecoder = ChunkedDecoder()
        case .untilClose, .tunnel:
            state = .bodyUntilClose
            reusableAfter = false
        }
        deadline = now &+ loop.timeouts.upstreamStall
        exchange?.upstreamHead(response, framing: framing, now: now)
        return true
    }

    private func readChunks(_ octets: inout ByteBuffer) -> Bool {
        do {
            switch try chunkDecoder.next(octets.readableBytesUInt8Span, from: 0) {
            case .data(let range):
                guard let part = octets.getSlice(at: octets.readerIndex + range.lowerBound, length: range.count) else {
                    return false
                }
                octets.moveReaderIndex(forwardBy: min(range.upperBound, octets.readableBytes))
                progressed()
                exchange?.upstreamBody(part)
                return true
            case .needMore(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                progressed()
                return false
            case .end(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                let trailers = chunkDecoder.trailerFields { block, field in
                    exchange?.passesTrailer(field, ofAnswer: block) ?? false
                }
                ended(trailers: trailers, trailing: octets.readableBytes)
                return false
            }
        } catch {
            return badResponse(&octets)
        }
    }

    /// The answer is whole. The connection is given back first, since finishing the exchange may begin the next one.
    private func ended(trailers: FieldList, trailing: Int) {
        guard let exchange else { return }
        self.exchange = nil
        giveHeadOctets()
        deadline = .max
        if reusableAfter, requestSent, trailing == 0, context != nil {
            state = .idle
            pool.ready(self)
            exchange.upstreamEnded(trailers: trailers)
        } else {
            state = .closed
            pool.connectionClosed(self)
            context?.close(promise: nil)
            exchange.upstreamEnded(trailers: trailers)
        }
    }

    private func badResponse(_ octets: inout ByteBuffer) -> Bool {
        octets.clear()
        let exchange = self.exchange
        self.exchange = nil
        state = .closed
        pool.connectionClosed(self)
        closeHard()
        exchange?.upstreamFailed(.badResponse, onReusedConnection: false)
        return false
    }

    /// Closes the socket without waiting for the other side's close_notify.
    private func closeHard() {
        guard let context else { return }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }
}
