import Glibc
import HTTP
import NIOCore
import NIOSSL

/// Writing answers: what the exchange asks of a client's stream, and how it reaches the socket.
extension HTTP1ServerConnection {
    func writeContinue() {
        append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    func writeInterim(status: Int, head: borrowing ResponseHead) {
        guard !exchange.head.isHTTP10 else { return }
        ResponseWriter.writeInterim(head, to: &loop.writer)
        append(loop.writer.bytes)
    }

    func writeHead(_ head: borrowing ResponseHead, framing: BodyFraming, extraFields: FieldList) {
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

    func writeAnswer(status: Int, fields: FieldList, body: [UInt8], close: Bool) {
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

    func finish(trailers: FieldList) {
        if answerChunked {
            answerChunked = false
            appendSmall(ResponseWriter.lastChunk(trailers, loop.allocator))
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
    func closeHard() {
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
        case .body, .chunks: deadline = loop.now() &+ loop.timeouts.bodyStall
        default: break
        }
        if readWanted {
            readWanted = false
            context?.read()
        }
    }

    func becomeTunnel() {
        reading = .tunnel
        deadline = loop.now() &+ loop.timeouts.tunnelIdle
        if readingPaused { resumeReading() }
        guard !processing, let waiting = leftover else { return }
        leftover = nil
        exchange.receivedTunnel(waiting)
        exchange.readFromClientEnded()
    }

    func writeTunnel(_ octets: ByteBuffer) {
        guard let context else { return }
        deadline = loop.now() &+ loop.timeouts.tunnelIdle
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

    // MARK: Towards the socket

    /// The request's body is not read to its end, and what is missing is too much to be read and dropped.
    var requestUnfinishedTooLong: Bool {
        switch reading {
        case .body(let left): left > Self.dropBytesMax || exchange.head.expectsContinue
        case .chunks: true
        default: false
        }
    }

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
    func closeWriting() {
        guard let context else { return }
        unsentBytes = 0
        deadline = loop.now() &+ Self.lingerNanoseconds
        // The TLS handler sends close_notify and waits for the client's, reading on meanwhile.
        context.close(mode: listener.isTLS ? .all : .output, promise: nil)
    }
    static let lingerNanoseconds: Int64 = 2_000_000_000
}
