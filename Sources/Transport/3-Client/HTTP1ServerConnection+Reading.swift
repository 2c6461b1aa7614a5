import HTTP
import NIOCore

/// Reading requests: heads, bodies, chunks, and what is pipelined behind them.
extension HTTP1ServerConnection {
    /// Back-pressure: a read is asked for after each read; while paused it is remembered instead of passed on.
    func read(context: ChannelHandlerContext) {
        if state.readingPaused {
            readWanted = true
        } else if state.reading != .closing || loop.closingReads.mayRead(self, loop) {
            context.read()
        }
    }

    /// It is closing, and its turn to be read from has come.
    func closingReadCame() { context?.read() }

    /// This is the last handler: nobody behind it waits to hear of it.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var octets = unwrapInboundIn(data)
        guard takes(octets.readableBytes) else { return closeHard() }
        switch state.reading {
        case .tunnel:
            state.tunnelMoved(now: loop.now())
            exchange.receivedTunnel(octets)
            exchange.readFromClientEnded()
            return
        case .closing:
            loop.closingReads.dropped(octets.readableBytes)
            return
        case .handshake:
            return
        case .head, .body, .chunks, .answering:
            break
        }
        if var waiting = leftover {
            leftover = nil
            // What is read already makes place first, so that the buffer does not grow with all that came through it.
            if waiting.readerIndex > waiting.readableBytes { waiting.discardReadBytes() }
            waiting.writeBuffer(&octets)
            if !state.isWaiting { process(&waiting) }
            keep(waiting)
        } else {
            process(&octets)
            keep(copyOf: octets)
        }
        exchange?.readFromClientEnded()
        flushIfNeeded()
    }

    /// Whether what has come is kept; what came late counts against the loop until a service can have taken it.
    private func takes(_ count: Int) -> Bool {
        switch state.arrived(count) {
        case .welcome: return true
        case .tooMany: return false
        case .late:
            guard loop.lateOctets.take(count) else { return false }
            loop.run(afterNanoseconds: LateOctets.heldNanoseconds) { [lateOctets = loop.lateOctets] in
                lateOctets.give(back: count)
            }
            return true
        }
    }

    /// Keeps what was not understood yet, in a buffer of its own: the TLS handler writes its next read into the one
    /// that it handed out, and would copy 32 KiB if that were still held.
    private func keep(copyOf octets: ByteBuffer) {
        guard octets.readableBytes > 0, context != nil else { return }
        if state.reading == .tunnel { return keep(octets) }
        var own = loop.allocator.buffer(capacity: octets.readableBytes)
        own.writeImmutableBuffer(octets)
        keep(own)
    }

    /// Keeps what was not understood yet. Nothing is copied: however many requests wait, each is read from where the one
    /// before it ended.
    private func keep(_ octets: ByteBuffer) {
        guard octets.readableBytes > 0, context != nil else { return resumeReading(.backlog) }
        switch state.rest(octets.readableBytes) {
        case .drop: return
        case .tunnel: return exchange.receivedTunnel(octets)
        case .keepAndPause: pauseReading(.backlog)
        case .keep: if state.backlogFell(to: octets.readableBytes) { resumeReading(.backlog) }
        }
        leftover = octets
    }

    /// - Parameter requestsMax: that are begun now; where there are more, the connection waits for its turn.
    private func process(_ octets: inout ByteBuffer, requestsMax: Int = HTTP1ServerState.pipelinedAtOnceMax) {
        processing = true
        defer { processing = false }
        var requestsLeft = requestsMax
        while octets.readableBytes > 0 {
            if case .head = state.reading {
                guard hasRoom() else { return }
                guard requestsLeft > 0 else { return waitForTurn() }
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
                requestsLeft -= 1
                exchange.begin(now: now)
                // Unless the next one is awaited already.
                if isWhole, state.reading == .answering { exchange.receivedBodyEnd(trailers: FieldList()) }
            case .refused(let error):
                exchange.refuse(error, now: now)
                return
            case .body(let part, let isLast):
                exchange.receivedBody(part)
                if isLast { exchange.receivedBodyEnd(trailers: FieldList()) }
            case .chunksEnded(let part):
                if let part { exchange.receivedBody(part) }
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

    private func waitForTurn() {
        state.waitForTurn()
        loop.pipelineTurns.add(self, loop)
    }

    /// One of the requests that wait may be begun.
    func turnCame() {
        guard state.takeTurn() else { return }
        readOn(requestsMax: 1)
    }

    /// Whether another request may be begun: a client that sends requests and does not read the answers is not read
    /// from.
    private func hasRoom() -> Bool {
        if let pending, pending.readableBytes > HTTP1ServerState.pendingBytesMax { flushIfNeeded() }
        guard state.room(isWritable: isWritable) else {
            waitForRoom()
            return false
        }
        resumeReading(.room)
        return state.reading == .head
    }

    private func waitForRoom() {
        pauseReading(.room)
        awaitClient()
    }

    func roomCame() { if state.takeRoom(isWritable: isWritable) { nextRequest() } }

    func nextRequest() {
        guard context != nil else { return }
        exchange.reset()
        state.nextRequest(now: loop.now(), loop.timeouts)
        resumeReading([.exchange, .room])
        if processing { return }
        guard leftover != nil else {
            loop.giveHead(of: exchange)
            hasHead = false
            if state.hasAnsweredAll { closeLingering() }
            return
        }
        // Not from within `process`: the answer came later than its request; what was pipelined behind it is next.
        readOn(requestsMax: HTTP1ServerState.pipelinedAtOnceMax)
    }

    /// Reads what was kept.
    private func readOn(requestsMax: Int) {
        guard leftover != nil, let context else { return }
        guard state.roomForPipelined(unsentBytes: octetsUnsent) else {
            waitForRoom()
            // Nothing is written here: it tells when what was written before is gone.
            context.writeAndFlush(wrapOutboundOut(loop.allocator.buffer(capacity: 0))).assumeIsolated()
                .whenComplete { _ in self.roomCame() }
            return
        }
        guard var waiting = leftover else { return }
        leftover = nil
        process(&waiting, requestsMax: requestsMax)
        keep(waiting)
        exchange?.readFromClientEnded()
        flushIfNeeded()
        if state.hasAnsweredAll { closeLingering() }
    }
}
