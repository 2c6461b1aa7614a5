import HTTP
import NIOCore

/// Reading requests: heads, bodies, chunks, and what is pipelined behind them.
extension HTTP1ServerConnection {
    /// Back-pressure: a read is asked for after each read; while paused it is remembered instead of passed on.
    func read(context: ChannelHandlerContext) {
        if state.readingPaused { readWanted = true } else { context.read() }
    }

    /// This is the last handler: nobody behind it waits to hear of it.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = unwrapInboundIn(data)
        switch state.reading {
        case .tunnel:
            state.tunnelMoved(now: loop.now(), loop.timeouts)
            exchange.receivedTunnel(octets)
            exchange.readFromClientEnded()
            return
        case .closing, .handshake:
            return
        case .head, .body, .chunks, .answering:
            break
        }
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
    private func keep(_ octets: ByteBuffer) {
        guard octets.readableBytes > 0, context != nil else { return }
        switch state.rest(octets.readableBytes) {
        case .drop:
            return
        case .tunnel:
            exchange.receivedTunnel(octets)
            return
        case .keepAndPause:
            pauseReading()
        case .keep:
            break
        }
        var kept = loop.allocator.buffer(capacity: octets.readableBytes)
        var octets = octets
        kept.writeBuffer(&octets)
        leftover = kept
    }

    private func process(_ octets: inout ByteBuffer) {
        processing = true
        defer { processing = false }
        while octets.readableBytes > 0 {
            if case .head = state.reading {
                guard hasRoom() else { return }
                if !hasHead {
                    exchange.head = loop.takeHead()
                    hasHead = true
                }
            }
            let now = loop.now()
            switch state.next(&octets, into: &exchange.head, now: now, loop.timeouts) {
            case .stop:
                return
            case .request(let isWhole):
                exchange.begin(now: now)
                // Unless the next one is awaited already.
                if isWhole, state.reading == .answering { exchange.receivedBodyEnd(trailers: FieldList()) }
            case .refused(let error):
                exchange.refuse(error, now: now)
                return
            case .body(let part, let isLast):
                exchange.receivedBody(part)
                if isLast { exchange.receivedBodyEnd(trailers: FieldList()) }
            case .chunksEnded:
                let trailers = state.trailers { block, field in exchange.passesTrailer(field, of: block) }
                exchange.receivedBodyEnd(trailers: trailers)
            case .bodyMalformed(let error):
                exchange.bodyMalformed(error)
                return
            case .dropped:
                break
            case .droppedAll:
                nextRequest()
            case .closeLingering:
                closeLingering()
            }
        }
    }

    /// Whether another request may be begun: a client that sends requests and does not read the answers is not read
    /// from.
    private func hasRoom() -> Bool {
        if let pending, pending.readableBytes > HTTP1ServerState.pipelineBytesMax { flushIfNeeded() }
        switch state.room(isWritable: isWritable) {
        case .free(let resumes):
            if resumes { resumeReading() }
            return state.reading == .head
        case .none:
            pauseReading()
            awaitClient()
            return false
        }
    }

    func roomCame() { if state.takeRoom(isWritable: isWritable) { nextRequest() } }

    func nextRequest() {
        guard context != nil else { return }
        exchange.reset()
        state.nextRequest(now: loop.now(), loop.timeouts)
        resumeReading()
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
