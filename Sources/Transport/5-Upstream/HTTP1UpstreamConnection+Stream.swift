import HTTP
import NIOCore

/// Lent to an exchange.
extension HTTP1UpstreamConnection: UpstreamStream {
    var isVerified: Bool { pool.tls?.identity != nil }
    var isWritable: Bool { state.isWritable }

    func begin(
        _ head: borrowing UpstreamRequestHead, mayBecomeTunnel: Bool, times: UpstreamTimes,
        delegate: any UpstreamStreamDelegate
    ) {
        self.delegate = delegate
        self.times = times
        stallNanoseconds = times.stall
        decoder.begin(method: head.method, upgrade: mayBecomeTunnel)
        goOn(state.begin(awaitsContinue: head.expectsContinue))
        var octets = loop.takeBuffer()
        encoder.begin(head, into: &octets)
        headOctets = octets
        headWaits = true
    }

    /// Writes the head, with a first part of the body where there is one and both fit into one TLS record.
    ///
    /// A service that refuses a request by its head alone, and closes, has then read the whole record. If it left a second
    /// one unread, its end would be a reset, which can take an answer with it that still waits to be sent.
    private func writeHead(with part: ByteBuffer? = nil, delimiters: (line: ByteBuffer, end: ByteBuffer)? = nil) {
        guard headWaits, var octets = headOctets else { return }
        headWaits = false
        if let part {
            // Moved out while it grows, so that nothing is copied.
            headOctets = nil
            if var line = delimiters?.line { octets.writeBuffer(&line) }
            var part = part
            octets.writeBuffer(&part)
            if var end = delimiters?.end { octets.writeBuffer(&end) }
            headOctets = octets
        }
        context?.write(wrapOutboundOut(octets), promise: nil)
    }

    private func fitsBehindHead(_ part: ByteBuffer) -> Bool {
        guard headWaits, let headOctets else { return false }
        // 32: of a chunk's delimiters.
        return headOctets.readableBytes &+ part.readableBytes &+ 32 <= TransportBounds.recordBytesMax
    }

    /// The loop's buffer for the request's head goes back.
    func giveHeadOctets() {
        if let headOctets { loop.give(headOctets) }
        headOctets = nil
        headWaits = false
    }

    func sendBody(_ octets: ByteBuffer) {
        guard let context, octets.readableBytes > 0 else { return }
        start(state.sentBody(octets.readableBytes))
        if octets.readableBytes > TransportBounds.smallBytesMax { isBulk = true }
        let delimiters = encoder.delimiters(of: octets, loop.allocator)
        if fitsBehindHead(octets) { return writeHead(with: octets, delimiters: delimiters) }
        writeHead()
        if let (line, end) = delimiters {
            context.write(wrapOutboundOut(line), promise: nil)
            context.write(wrapOutboundOut(octets), promise: nil)
            context.write(wrapOutboundOut(end), promise: nil)
        } else {
            context.write(wrapOutboundOut(octets), promise: nil)
        }
    }

    func sendBodyEnd(trailers: FieldList) {
        start(state.sentEnd())
        markProgress()
        guard let context, let end = encoder.end(trailers: trailers, loop.allocator) else { return }
        if fitsBehindHead(end) { return writeHead(with: end) }
        writeHead()
        context.write(wrapOutboundOut(end), promise: nil)
    }

    func sendTunnel(_ octets: ByteBuffer) {
        start(.tunnel)
        context?.write(wrapOutboundOut(octets), promise: nil)
        flush()
    }

    /// Small things wait for the end of the loop's turn, large ones do not: only the flush tells whether they are
    /// taken.
    func flush() {
        writeHead()
        if isBulk { flushNow() } else { loop.flushSoon(self) }
    }

    /// Where the body is large, it may leave long after it was written.
    func markProgress() {
        guard state.isLarge, let context, let taken = TCPProgress.acknowledged(context.channel) else { return }
        state.markProgress(taken: taken)
    }

    func pauseReading() { start(state.pause()) }

    func resumeReading() { goOn(state.resume()) }

    func goOn(_ resumption: HTTP1UpstreamState.Resumption) {
        start(resumption.timer)
        if resumption.read { context?.read() }
    }

    func finishTunnel() {
        guard let context, let resumption = state.finishTunnel() else { return abandon() }
        delegate = nil
        pool.connectionClosed(self)
        goOn(resumption)
        context.writeAndFlush(wrapOutboundOut(loop.allocator.buffer(capacity: 0))).assumeIsolated().whenComplete { _ in
            self.context?.close(promise: nil)
        }
    }

    func abandon() {
        delegate = nil
        guard state.abandon() else { return }
        start(.off)
        pool.connectionClosed(self)
        closeHard()
    }

    func giveBack() {
        delegate = nil
        if case .idle = state.phase { pool.ready(self) } else { abandon() }
    }
}
