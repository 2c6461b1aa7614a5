internal import Glibc
internal import HTTP
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// HTTP/1.1 towards a client (RFC 9112): one handler after TLS that reads requests octet by octet from the socket's
/// buffers, one after the other, and writes answers in their order.
final class HTTP1ServerConnection: Timed, ChannelDuplexHandler, ClientStream {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum Reading {
        case handshake
        /// Waiting for, or in the middle of, a request head.
        case head
        case body(left: Int)
        case chunks
        /// The request is read; its answer is not finished. What follows waits.
        case answering
        /// Octets pass through.
        case tunnel
        /// Only the end is awaited; what comes is dropped.
        case closing
    }

    /// Octets of a body that are read and dropped after an early answer, rather than closing the connection.
    private static let dropBytesMax = 65_536
    /// Octets of pipelined requests kept while an answer is outstanding; above it, reading pauses.
    private static let pipelineBytesMax = 65_536

    private let loop: TransportLoop
    private let listener: ListenerRuntime
    private let delegates: any ExchangeDelegateFactory
    private var context: ChannelHandlerContext!
    private var exchange: Exchange!
    private var parser: HeadParser
    private var chunkDecoder = ChunkedDecoder()
    private var reading = Reading.handshake
    private var leftover: ByteBuffer?
    private var pending: ByteBuffer?
    private var processing = false
    private var readingPaused = false
    private var readWanted = false
    private var needsFlush = false
    private var answering = BodyFraming.none
    private var answerChunked = false
    private var dropping = false
    private var droppedBytes = 0
    private var closeAfterAnswer = false
    private var draining = false
    private var requestsServed = 0
    /// The next request is not begun before the client has taken the answers that it has.
    private var waitsForRoom = false
    /// Octets that waited for the client to take them when the deadline was set.
    private var unsentBytes = 0
    private var counted = true
    private let address: String
    private let sni = ServerNameSlot()

    init(loop: TransportLoop, listener: ListenerRuntime, delegates: any ExchangeDelegateFactory, address: String) {
        self.loop = loop
        self.listener = listener
        self.delegates = delegates
        self.address = address
        self.parser = HeadParser(limits: listener.headLimits)
    }

    // MARK: Life of the connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        if listener.isTLS {
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tlsHandshake
        } else {
            open(tls: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        self.context = nil
        isWritable = false
        exchange?.connectionClosed()
        countNoMore()
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        countNoMore()
        if case .handshake = reading {
            delegates.connectionFailed(nil, reason: .tlsHandshake)
        }
        reading = .closing
        exchange?.clientGone(shuttingDown: draining)
        leftover = nil
        pending = nil
        context.fireChannelInactive()
    }

    private func countNoMore() {
        guard counted else { return }
        counted = false
        listener.connectionClosed(address: address)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A TLS alert, a reset, an unclean end: the connection is over, and channelInactive tells the exchange.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            handshakeCompleted(context: context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func handshakeCompleted(context: ChannelHandlerContext) {
        guard case .handshake = reading,
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        else { return }
        context.pipeline.syncOperations.removeHandler(name: ClientHelloTap.name).whenFailure { _ in }
        open(tls: listener.facts(of: handler, serverName: sni.name, certificateIndex: sni.certificateIndex))
    }

    private func open(tls: Peer.TLSFacts?) {
        let remote = context.remoteAddress
        let peer = Peer(
            address: address, port: remote?.port ?? 0, localPort: context.localAddress?.port ?? 0, tls: tls)
        exchange = Exchange(loop: loop, peer: peer, client: self, delegates: delegates)
        reading = .head
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.headerRead
    }

    /// The name that the ClientHello asked for; called while the handshake reads it.
    func helloNamed(_ name: String?, certificateIndex: Int) {
        sni.name = name
        sni.certificateIndex = certificateIndex
    }

    override func deadlineReached(now: Int64) {
        guard context != nil else { return }
        switch reading {
        case .handshake:
            delegates.connectionFailed(nil, reason: .tlsHandshakeTimeout)
            reading = .closing
            context.close(promise: nil)
        case .head:
            if waitsForRoom {
                if !clientTookSome() { closeHard() }
            } else if leftover == nil {
                closeLingering()
            } else {
                leftover = nil
                leftoverStartedAt = 0
                reading = .answering
                closeAfterAnswer = true
                exchange.head = RequestHead()
                exchange.clientTimedOut(atHead: true, now: now)
            }
        case .body, .chunks:
            exchange.clientTimedOut(atHead: false, now: now)
        case .answering:
            if !clientTookSome() { exchange.clientTimedOut(atHead: false, now: now) }
        case .tunnel:
            exchange.clientTimedOut(atHead: false, now: now)
        case .closing:
            if !clientTookSome() { closeHard() }
        }
    }

    /// Counts the time in which the client must take some of what is written.
    private func awaitClient() {
        unsentBytes = octetsUnsent
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.bodyStall
    }

    /// Whether it did; then the time begins anew. It may take long to have taken all.
    private func clientTookSome() -> Bool {
        guard octetsUnsent < unsentBytes else { return false }
        awaitClient()
        return true
    }

    private var octetsUnsent: Int {
        (try? context?.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    /// No new request is taken: idle connections end at their next quiet moment, busy ones after their answer.
    func drain(now: Int64) {
        draining = true
        closeAfterAnswer = true
        if case .head = reading, leftover == nil {
            // Not closed at once: a request may be on its way. It is answered with `Connection: close`.
            deadline = min(deadline, now &+ Self.drainIdleNanoseconds)
        }
    }
    private static let drainIdleNanoseconds: Int64 = 2_000_000_000

    /// At once, so that the record of what is under way is written before the process ends.
    func closeNow() {
        draining = true
        closeHard()
    }

    // MARK: Reading

    /// Back-pressure: a read is asked for after each read; while paused it is remembered instead of passed on.
    func read(context: ChannelHandlerContext) {
        if readingPaused { readWanted = true } else { context.read() }
    }

    /// This is the last handler: nobody behind it waits to hear of it.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = unwrapInboundIn(data)
        if case .tunnel = reading {
            deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
            exchange.receivedTunnel(octets)
            exchange.readFromClientEnded()
            return
        }
        if case .closing = reading { return }
        if var waiting = leftover {
            leftover = nil
            waiting.writeBuffer(&octets)
            process(&waiting)
            keep(waiting)
        } else {
            process(&octets)
            keep(octets)
        }
        exchange?.readFromClientEnded()
        flushIfNeeded()
    }

    /// Keeps what was not understood yet, in a buffer of its own: the TLS handler writes its next read into the one that
    /// it handed out, and would copy 32 KiB if that were still held.
    private func keep(_ octets: ByteBuffer) {
        guard octets.readableBytes > 0, context != nil else { return }
        switch reading {
        case .closing, .handshake:
            return
        case .tunnel:
            exchange.receivedTunnel(octets)
        case .answering:
            if octets.readableBytes > Self.pipelineBytesMax { pauseReading() }
            fallthrough
        case .head, .body, .chunks:
            var kept = loop.allocator.buffer(capacity: octets.readableBytes)
            var octets = octets
            kept.writeBuffer(&octets)
            leftover = kept
        }
    }

    private func process(_ octets: inout ByteBuffer) {
        processing = true
        defer { processing = false }
        while octets.readableBytes > 0 {
            switch reading {
            case .head:
                guard hasRoom(), readHead(&octets) else { return }
            case .body(let left):
                readBody(&octets, left: left)
            case .chunks:
                guard readChunks(&octets) else { return }
            case .handshake, .answering, .tunnel, .closing:
                return
            }
        }
    }

    /// Whether another request may be begun: a client that sends requests and does not read the answers is not read from.
    private func hasRoom() -> Bool {
        if let pending, pending.readableBytes > Self.pipelineBytesMax { flushIfNeeded() }
        guard !isWritable else {
            if waitsForRoom {
                waitsForRoom = false
                resumeReading()
            }
            if case .head = reading { return true } else { return false }
        }
        waitsForRoom = true
        pauseReading()
        awaitClient()
        return false
    }

    private func roomCame() {
        guard waitsForRoom, isWritable else { return }
        waitsForRoom = false
        nextRequest()
    }

    private func readHead(_ octets: inout ByteBuffer) -> Bool {
        let now = Clock.monotonicNanoseconds()
        do {
            guard let consumed = try parser.parseRequest(octets.readableBytesUInt8Span, into: &exchange.head) else {
                // The clock of a head starts with its first octet and is not restarted by later ones.
                if leftoverStartedAt == 0 {
                    leftoverStartedAt = now
                    deadline = now &+ loop.timeouts.headerRead
                }
                return false
            }
            octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
        } catch {
            reading = .answering
            leftoverStartedAt = 0
            deadline = .max
            closeAfterAnswer = true
            octets.clear()
            exchange.refuse(error, now: now)
            return false
        }
        leftoverStartedAt = 0
        requestsServed &+= 1
        dropping = false
        droppedBytes = 0
        closeAfterAnswer = draining || !exchange.head.keepAlive
        switch exchange.head.framing {
        case .length(let length) where length > 0:
            reading = .body(left: length)
            deadline = now &+ loop.timeouts.bodyStall
        case .chunked:
            reading = .chunks
            chunkDecoder = ChunkedDecoder()
            deadline = now &+ loop.timeouts.bodyStall
        default:
            reading = .answering
            deadline = .max
        }
        let declaredEmpty = exchange.head.framing == .length(0)
        exchange.begin(now: now)
        if declaredEmpty, case .answering = reading { exchange.receivedBodyEnd(trailers: []) }
        return true
    }
    private var leftoverStartedAt: Int64 = 0

    private func readBody(_ octets: inout ByteBuffer, left: Int) {
        let count = min(left, octets.readableBytes)
        guard let part = octets.readSlice(length: count) else { return }
        let rest = left &- count
        if rest == 0 { reading = .answering }
        else { reading = .body(left: rest) }
        deadline = rest == 0 || readingPaused ? .max : Clock.monotonicNanoseconds() &+ loop.timeouts.bodyStall
        if dropping {
            droppedBytes &+= count
            if rest == 0 { nextRequest() }
            return
        }
        exchange.receivedBody(part)
        if rest == 0, !dropping { exchange.receivedBodyEnd(trailers: []) } else if rest == 0 { nextRequest() }
    }

    private func readChunks(_ octets: inout ByteBuffer) -> Bool {
        deadline = readingPaused ? .max : Clock.monotonicNanoseconds() &+ loop.timeouts.bodyStall
        do {
            switch try chunkDecoder.next(octets.readableBytesUInt8Span, from: 0) {
            case .data(let range):
                guard let part = octets.getSlice(at: octets.readerIndex + range.lowerBound, length: range.count) else {
                    return false
                }
                octets.moveReaderIndex(forwardBy: min(range.upperBound, octets.readableBytes))
                if dropping {
                    droppedBytes &+= range.count
                    if droppedBytes > Self.dropBytesMax { closeLingering() }
                } else {
                    exchange.receivedBody(part)
                }
                return true
            case .needMore(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                return false
            case .end(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                reading = .answering
                deadline = .max
                if dropping {
                    nextRequest()
                } else {
                    exchange.receivedBodyEnd(
                        trailers: chunkDecoder.trailerLines { block, field in exchange.passesTrailer(field, of: block) })
                }
                return true
            }
        } catch {
            closeAfterAnswer = true
            octets.clear()
            if dropping {
                closeLingering()
            } else {
                reading = .answering
                deadline = .max
                exchange.bodyMalformed(error)
            }
            return false
        }
    }

    private func nextRequest() {
        dropping = false
        guard context != nil else { return }
        exchange.reset()
        reading = .head
        deadline = Clock.monotonicNanoseconds() &+ (draining ? Self.drainIdleNanoseconds : loop.timeouts.keepAliveIdle)
        if readingPaused { resumeReading() }
        guard !processing, var waiting = leftover else { return }
        // Not from within `process`: the answer came later than its request; what was pipelined behind it is next.
        leftover = nil
        process(&waiting)
        keep(waiting)
        exchange.readFromClientEnded()
        flushIfNeeded()
    }

    // MARK: ClientStream

    /// As the channel last said: asking it goes through four objects.
    private(set) var isWritable = true

    func writeContinue() {
        append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    func writeInterim(status: Int, head: borrowing ResponseHead) {
        guard !exchange.head.isHTTP10 else { return }
        ResponseWriter.writeInterim(head, to: &loop.writer)
        append(loop.writer.bytes)
    }

    func writeHead(_ head: borrowing ResponseHead, framing: BodyFraming, extraFields: [UInt8]) {
        var framing = framing
        if framing == .untilClose || framing == .chunked {
            if exchange.head.isHTTP10 {
                framing = .untilClose
                closeAfterAnswer = true
            } else {
                framing = .chunked
            }
        }
        answering = framing
        answerChunked = framing == .chunked
        if framing != .tunnel, requestUnfinishedTooLong { closeAfterAnswer = true }
        ResponseWriter.write(
            head, framing: framing, extraFields: extraFields, close: closeAfterAnswer || draining,
            toHTTP10: exchange.head.isHTTP10, headRequest: exchange.head.method == .head, to: &loop.writer)
        append(loop.writer.bytes)
    }

    func writeAnswer(status: Int, fields: [UInt8], body: [UInt8], close: Bool) {
        if close { closeAfterAnswer = true }
        if requestUnfinishedTooLong { closeAfterAnswer = true }
        answering = .length(body.count)
        answerChunked = false
        ResponseWriter.writeAnswer(
            status: status, fields: fields, bodyBytes: body.count, close: closeAfterAnswer || draining,
            toHTTP10: exchange.head.isHTTP10, to: &loop.writer)
        append(loop.writer.bytes)
        if exchange.head.method != .head { append(body) }
    }

    /// Small parts go into the buffer that the next flush writes; large ones are handed on as they are.
    func writeBody(_ body: ByteBuffer) {
        guard let context, body.readableBytes > 0 else { return }
        if answerChunked {
            var line = loop.allocator.buffer(capacity: 24)
            ResponseWriter.writeChunkSize(body.readableBytes, to: &line)
            appendSmall(line)
        }
        if body.readableBytes <= TransportBounds.smallBytesMax {
            appendSmall(body)
        } else {
            writePending()
            context.write(wrapOutboundOut(body), promise: nil)
            needsFlush = true
            isBulk = true
        }
        if answerChunked {
            pending?.writeStaticString("\r\n")
            if pending == nil {
                var end = loop.allocator.buffer(capacity: 32)
                end.writeStaticString("\r\n")
                pending = end
            }
            needsFlush = true
        }
        if !isWritable, deadline == .max { awaitClient() }
    }

    func finish(trailers: borrowing [UInt8]) {
        if answerChunked {
            answerChunked = false
            var end = loop.allocator.buffer(capacity: 8 + trailers.count)
            end.writeStaticString("0\r\n")
            end.writeBytes(copy trailers)
            end.writeStaticString("\r\n")
            appendSmall(end)
        }
        switch reading {
        case .answering:
            if closeAfterAnswer || draining { closeLingering() } else { nextRequest() }
        case .body(let left):
            if closeAfterAnswer || draining || left > Self.dropBytesMax {
                closeLingering()
            } else {
                dropping = true
                resumeReading()
            }
        case .chunks:
            if closeAfterAnswer || draining {
                closeLingering()
            } else {
                dropping = true
                resumeReading()
            }
        case .head, .handshake, .tunnel, .closing:
            break
        }
    }

    func flush() {
        // While a read is being processed, its end flushes once for all that was answered.
        if processing { return }
        flushIfNeeded()
    }

    func abort() {
        // Not a TLS close_notify: the client must not take a broken-off answer for a whole one.
        reading = .closing
        // What there is of the answer still goes out: a part shows better than nothing that something broke off.
        flushNow()
        if answering == .untilClose, !listener.isTLS {
            // Only a reset tells the client that this end is not the answer's.
            _ = (context?.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        closeHard()
    }

    /// Closes the socket below TLS, without a close_notify.
    private func closeHard() {
        guard let context else { return }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    func pauseReading() {
        readingPaused = true
        switch reading {
        case .body, .chunks: deadline = .max
        default: break
        }
    }

    func resumeReading() {
        guard readingPaused else { return }
        readingPaused = false
        switch reading {
        case .body, .chunks: deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.bodyStall
        default: break
        }
        if readWanted {
            readWanted = false
            context?.read()
        }
    }

    func becomeTunnel() {
        reading = .tunnel
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
        if readingPaused { resumeReading() }
        guard !processing, let waiting = leftover else { return }
        leftover = nil
        exchange.receivedTunnel(waiting)
        exchange.readFromClientEnded()
    }

    func writeTunnel(_ octets: ByteBuffer) {
        guard let context else { return }
        deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.tunnelIdle
        writePending()
        context.write(wrapOutboundOut(octets), promise: nil)
        needsFlush = true
    }

    func closeTunnel() { closeLingering() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let writable = context.channel.isWritable
        isWritable = writable
        switch reading {
        case .answering:
            if writable { deadline = .max } else { awaitClient() }
        case .body, .chunks:
            // While the request stands still, its answer is what is timed.
            if readingPaused { if writable { deadline = .max } else { awaitClient() } }
        case .head:
            // Not from here: this may be the middle of a flush.
            if waitsForRoom, writable { loop.eventLoop.assumeIsolated().execute { self.roomCame() } }
        default: break
        }
        exchange?.clientWritabilityChanged(writable)
        context.fireChannelWritabilityChanged()
    }

    // MARK: Writing

    /// The request's body is not read to its end, and what is missing is too much to be read and dropped.
    private var requestUnfinishedTooLong: Bool {
        switch reading {
        case .body(let left): left > Self.dropBytesMax || exchange.head.expectsContinue
        case .chunks: true
        default: false
        }
    }

    private func append(_ octets: [UInt8]) {
        if pending == nil { pending = loop.takeBuffer() }
        pending?.writeBytes(octets)
        needsFlush = true
    }

    private func appendSmall(_ octets: ByteBuffer) {
        var octets = octets
        if pending == nil { pending = loop.takeBuffer() }
        pending?.writeBuffer(&octets)
        needsFlush = true
    }

    private func writePending() {
        guard let context, let octets = pending else { return }
        pending = nil
        context.write(wrapOutboundOut(octets), promise: nil)
    }

    /// Small things wait for the end of the loop's turn. Large ones go at once: nothing wakes less for their waiting, and
    /// only the flush tells whether the client takes them.
    private func flushIfNeeded() {
        guard needsFlush else { return }
        if isBulk { flushNow() } else { loop.flushSoon(self) }
    }
    private var isBulk = false

    override func flushNow() {
        guard needsFlush, let context else { return }
        needsFlush = false
        isBulk = false
        let written = pending
        writePending()
        context.flush()
        if let written { loop.give(written) }
    }

    /// Closes after everything written has left, and reads (and drops) for a while what the client still sends: closing a
    /// socket with unread octets would reset the connection and could take the answer with it (RFC 9112 §9.6).
    private func closeLingering() {
        guard let context else { return }
        reading = .closing
        dropping = false
        readingPaused = false
        waitsForRoom = false
        let last = pending ?? loop.allocator.buffer(capacity: 0)
        pending = nil
        needsFlush = false
        let written = context.writeAndFlush(wrapOutboundOut(last)).assumeIsolated()
        awaitClient()
        written.whenComplete { _ in self.closeWriting() }
        if readWanted {
            readWanted = false
            context.read()
        }
    }

    /// Says that no more will come, and gives the client a moment to agree.
    private func closeWriting() {
        guard let context else { return }
        unsentBytes = 0
        deadline = Clock.monotonicNanoseconds() &+ Self.lingerNanoseconds
        // The TLS handler sends close_notify and waits for the client's, reading on meanwhile.
        context.close(mode: listener.isTLS ? .all : .output, promise: nil)
    }
    private static let lingerNanoseconds: Int64 = 2_000_000_000
}

/// What the ClientHello said; filled by the SNI callback in the middle of the handshake.
private final class ServerNameSlot {
    var name: String?
    var certificateIndex = 0
}
