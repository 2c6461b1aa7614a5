import HTTP
import NIOCore

/// Reading requests: heads, bodies, chunks, and what is pipelined behind them.
extension HTTP1ServerConnection {
    /// Back-pressure: a read is asked for after each read; while paused it is remembered instead of passed on.
    func read(context: ChannelHandlerContext) {
        if readingPaused { readWanted = true } else { context.read() }
    }

    /// This is the last handler: nobody behind it waits to hear of it.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = unwrapInboundIn(data)
        if case .tunnel = reading {
            deadline = loop.now() &+ loop.timeouts.tunnelIdle
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

    /// Keeps what was not understood yet, in a buffer of its own: the TLS handler writes its next read into the one
    /// that it handed out, and would copy 32 KiB if that were still held.
    func keep(_ octets: ByteBuffer) {
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

    func process(_ octets: inout ByteBuffer) {
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

    /// Whether another request may be begun: a client that sends requests and does not read the answers is not read
    /// from.
    func hasRoom() -> Bool {
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

    func roomCame() {
        guard waitsForRoom, isWritable else { return }
        waitsForRoom = false
        nextRequest()
    }

    func readHead(_ octets: inout ByteBuffer) -> Bool {
        let now = loop.now()
        if !hasHead {
            exchange.head = loop.takeHead()
            hasHead = true
        }
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
        if declaredEmpty, case .answering = reading { exchange.receivedBodyEnd(trailers: FieldList()) }
        return true
    }
    func readBody(_ octets: inout ByteBuffer, left: Int) {
        let count = min(left, octets.readableBytes)
        guard let part = octets.readSlice(length: count) else { return }
        let rest = left &- count
        if rest == 0 { reading = .answering } else { reading = .body(left: rest) }
        deadline = rest == 0 || readingPaused ? .max : loop.now() &+ loop.timeouts.bodyStall
        if dropping {
            droppedBytes &+= count
            if rest == 0 { nextRequest() }
            return
        }
        exchange.receivedBody(part)
        if rest == 0, !dropping { exchange.receivedBodyEnd(trailers: FieldList()) } else if rest == 0 { nextRequest() }
    }

    func readChunks(_ octets: inout ByteBuffer) -> Bool {
        deadline = readingPaused ? .max : loop.now() &+ loop.timeouts.bodyStall
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
                        trailers: chunkDecoder.trailerFields { block, field in
                            exchange.passesTrailer(field, of: block)
                        })
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

    func nextRequest() {
        dropping = false
        guard context != nil else { return }
        exchange.reset()
        reading = .head
        deadline = loop.now() &+ (draining ? Self.drainIdleNanoseconds : loop.timeouts.keepAliveIdle)
        if readingPaused { resumeReading() }
        if processing { return }
        guard var waiting = leftover else {
            loop.giveHead(of: exchange)
            hasHead = false
            return
        }
        // Not from within `process`: the answer came later than its request; what was pipelined behind it is next.
        leftover = nil
        process(&waiting)
        keep(waiting)
        exchange.readFromClientEnded()
        flushIfNeeded()
    }
}
