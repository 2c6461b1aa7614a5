import Glibc
import HTTP
import NIOCore
import NIOSSL

/// Writing answers: what the exchange asks of a client's stream, and how it reaches the socket.
extension HTTP1ServerConnection {
    func writeContinue() {
        append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        state.toldToContinue(now: loop.now(), loop.timeouts)
    }

    func writeInterim(status: Int, head: borrowing ResponseHead, withheld: [Int]) {
        guard !state.request.isHTTP10 else { return }
        ResponseWriter.writeInterim(head, withheld: withheld, to: &loop.writer)
        append(loop.writer.bytes)
        if status == 100 { state.toldToContinue(now: loop.now(), loop.timeouts) }
    }

    func writeHead(
        _ head: borrowing ResponseHead, framing: BodyFraming, withheld: [Int], extraFields: borrowing FieldList
    ) {
        let framing = state.answer(framing: framing)
        let request = state.request
        ResponseWriter.write(
            head, framing: framing, withheld: withheld, extraFields: extraFields, close: state.announcesClose,
            toHTTP10: request.isHTTP10, headRequest: request.isHEAD, date: loop.dateLine, to: &loop.writer)
        append(loop.writer.bytes)
    }

    func writeAnswer(status: Int, fields: FieldList, body: [UInt8], close: Bool) {
        state.answer(bodyBytes: body.count, close: close)
        ResponseWriter.writeAnswer(
            status: status, fields: fields, bodyBytes: body.count, close: state.announcesClose,
            toHTTP10: state.request.isHTTP10, date: loop.dateLine, to: &loop.writer)
        append(loop.writer.bytes)
        if !state.request.isHEAD { append(body) }
    }

    /// Small parts go into the buffer that the next flush writes; large ones are handed on as they are.
    func writeBody(_ body: ByteBuffer) {
        guard let context, body.readableBytes > 0 else { return }
        if state.writesChunks {
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
        if state.writesChunks {
            pending?.writeStaticString("\r\n")
            if pending == nil {
                var end = loop.allocator.buffer(capacity: 32)
                end.writeStaticString("\r\n")
                pending = end
            }
            needsFlush = true
        }
        if !isWritable, !state.awaitsClient { awaitClient() }
    }

    func finish(trailers: FieldList) {
        if state.writesChunks { appendSmall(ResponseWriter.lastChunk(trailers, loop.allocator)) }
        switch state.finish() {
        case .none: break
        case .nextRequest: nextRequest()
        case .dropRest: resumeReading()
        case .closeLingering: closeLingering()
        }
    }

    func flush() {
        // While a read is being processed, its end flushes once for all that was answered.
        if processing { return }
        flushIfNeeded()
    }

    func abort() {
        // Not a TLS close_notify: the client must not take a broken-off answer for a whole one.
        state.abort()
        // What there is of the answer still goes out: a part shows better than nothing that something broke off.
        flushNow()
        if state.answerFraming == .untilClose, !listener.isTLS {
            // Only a reset tells the client that this end is not the answer's.
            _ = (context?.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        closeHard()
    }

    /// Closes the socket below TLS, without a close_notify.
    func closeHard() {
        guard let context else { return }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    func pauseReading() { pauseReading(.exchange) }

    func pauseReading(_ reason: HTTP1ServerState.Pauses) {
        state.pauseReading(reason, now: loop.now(), loop.timeouts)
    }

    func resumeReading() { resumeReading(.exchange) }

    func resumeReading(_ reason: HTTP1ServerState.Pauses) {
        guard state.resumeReading(reason, now: loop.now(), loop.timeouts), readWanted else { return }
        readWanted = false
        context?.read()
    }

    func limitTransfer(_ limits: TransferLimits) { state.limitTransfer(limits, now: loop.now(), loop.timeouts) }

    func becomeTunnel(idleNanoseconds: Int64) {
        state.becomeTunnel(idleNanoseconds: idleNanoseconds, now: loop.now())
        resumeReading([.exchange, .backlog])
        guard !processing, let waiting = leftover else { return }
        leftover = nil
        exchange.receivedTunnel(waiting)
        exchange.readFromClientEnded()
    }

    func writeTunnel(_ octets: ByteBuffer) {
        guard let context else { return }
        state.tunnelMoved(now: loop.now())
        writePending()
        context.write(wrapOutboundOut(octets), promise: nil)
        needsFlush = true
    }

    func closeTunnel() { closeLingering() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let writable = context.channel.isWritable
        isWritable = writable
        switch state.writabilityChanged(writable, now: loop.now()) {
        case .none: break
        case .awaitClient: awaitClient()
        // Not from here: this may be the middle of a flush.
        case .roomCame: loop.eventLoop.assumeIsolated().execute { self.roomCame() }
        }
        exchange?.clientWritabilityChanged(writable)
        context.fireChannelWritabilityChanged()
    }

    // MARK: Towards the socket

    func append(_ octets: [UInt8]) {
        if pending == nil { pending = loop.takeBuffer() }
        pending?.writeBytes(octets)
        needsFlush = true
    }

    func appendSmall(_ octets: ByteBuffer) {
        var octets = octets
        if pending == nil { pending = loop.takeBuffer() }
        pending?.writeBuffer(&octets)
        needsFlush = true
    }

    func writePending() {
        guard let context, let octets = pending else { return }
        pending = nil
        context.write(wrapOutboundOut(octets), promise: nil)
    }

    /// Small things wait for the end of the loop's turn. Large ones go at once: nothing wakes less for their waiting,
    /// and only the flush tells whether the client takes them.
    func flushIfNeeded() {
        guard needsFlush else { return }
        if isBulk { flushNow() } else { loop.flushSoon(self) }
    }
    /// Closes after everything written has left, and reads (and drops) for a while what the client still sends: closing
    /// a socket with unread octets would reset the connection and could take the answer with it (RFC 9112 §9.6).
    func closeLingering() {
        guard let context else { return }
        state.close()
        let last = pending ?? loop.allocator.buffer(capacity: 0)
        pending = nil
        needsFlush = false
        let written = context.writeAndFlush(wrapOutboundOut(last)).assumeIsolated()
        awaitClient()
        written.whenComplete { _ in self.closeWriting() }
        if readWanted {
            readWanted = false
            read(context: context)
        }
    }

    /// Says that no more will come, and gives the client a moment to agree.
    func closeWriting() {
        guard let context else { return }
        state.linger(now: loop.now())
        // The TLS handler sends close_notify and waits for the client's, reading on meanwhile.
        context.close(mode: listener.isTLS ? .all : .output, promise: nil)
    }
}
