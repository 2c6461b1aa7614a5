import HTTP
import NIOCore

/// Lent to an exchange.
extension HTTP1UpstreamConnection: UpstreamStream {
    var isVerified: Bool { pool.tls?.identity != nil }
    var isWritable: Bool { state.isWritable }

    func begin(
        _ head: borrowing UpstreamRequestHead, mayBecomeTunnel: Bool, firstByteTimeout: Int64,
        delegate: any UpstreamStreamDelegate
    ) {
        self.delegate = delegate
        self.firstByteTimeout = firstByteTimeout
        decoder.begin(method: head.method, upgrade: mayBecomeTunnel)
        goOn(state.begin(awaitsContinue: head.expectsContinue))
        var octets = loop.takeBuffer()
        encoder.begin(head, into: &octets)
        headOctets = octets
        context?.write(wrapOutboundOut(octets), promise: nil)
    }

    /// The loop's buffer for the request's head goes back.
    func giveHeadOctets() {
        if let headOctets { loop.give(headOctets) }
        headOctets = nil
    }

    func sendBody(_ octets: ByteBuffer) {
        guard let context, octets.readableBytes > 0 else { return }
        start(state.sentBody())
        if octets.readableBytes > TransportBounds.smallBytesMax { isBulk = true }
        if let (line, end) = encoder.delimiters(of: octets, loop.allocator) {
            context.write(wrapOutboundOut(line), promise: nil)
            context.write(wrapOutboundOut(octets), promise: nil)
            context.write(wrapOutboundOut(end), promise: nil)
        } else {
            context.write(wrapOutboundOut(octets), promise: nil)
        }
    }

    func sendBodyEnd(trailers: FieldList) {
        start(state.sentEnd())
        guard let context, let end = encoder.end(trailers: trailers, loop.allocator) else { return }
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
        if isBulk { flushNow() } else { loop.flushSoon(self) }
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
