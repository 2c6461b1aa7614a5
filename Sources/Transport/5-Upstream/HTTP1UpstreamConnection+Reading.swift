import HTTP
import NIOCore

/// Reading answers.
extension HTTP1UpstreamConnection {
    /// Back-pressure: a read is asked for after each read; while paused it is remembered instead of passed on.
    func read(context: ChannelHandlerContext) {
        if state.mayRead() { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        start(state.writabilityChanged(context.channel.isWritable))
        markProgress()
        delegate?.upstreamWritabilityChanged(isWritable)
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
        // The answer may end here, and the next exchange begin.
        let delegate = self.delegate
        state.octetsArrived()
        process(&octets)
        keep(&octets)
        delegate?.readFromUpstreamEnded()
    }

    /// Keeps what was not understood yet, in a buffer of its own: the TLS handler writes its next read into the one
    /// that it handed out, and would copy 32 KiB if that were still held.
    private func keep(_ octets: inout ByteBuffer) {
        guard octets.readableBytes > 0 else { return }
        switch state.phase {
        case .awaitingHead, .readingBody:
            var kept = loop.allocator.buffer(capacity: octets.readableBytes)
            kept.writeBuffer(&octets)
            leftover = kept
        case .connecting, .idle, .readingUntilClose, .tunnel, .closed:
            break
        }
    }

    private func process(_ octets: inout ByteBuffer) {
        while octets.readableBytes > 0 {
            switch state.phase {
            case .awaitingHead, .readingBody, .readingUntilClose:
                guard readPart(&octets) else { return }
            case .tunnel:
                start(.tunnel)
                guard let part = octets.readSlice(length: octets.readableBytes) else { return }
                delegate?.upstreamBody(part)
            case .idle:
                // Octets that nobody asked for: not a server to trust with the next request.
                return leaveIdle()
            case .connecting, .closed:
                return
            }
        }
    }

    /// One part of an answer; false: there is nothing more to be read from these octets.
    private func readPart(_ octets: inout ByteBuffer) -> Bool {
        switch decoder.next(&octets, into: &response) {
        case .incompleteHead:
            return false
        case .incompleteBody:
            start(state.bodyPart(isLast: false))
            return false
        case .interim:
            start(state.interim())
            delegate?.upstreamInterim(status: response.status, head: response)
            return true
        case .switched:
            start(state.switched())
            delegate?.upstreamHead(response, framing: .tunnel, now: loop.now())
            return true
        case .head(let framing, let keepsAlive):
            let now = loop.now()
            if framing == .chunked || framing == .untilClose, isEventStream { stallNanoseconds = times.eventStreamIdle }
            start(state.head(framing: framing, keepsAlive: keepsAlive), at: now)
            delegate?.upstreamHead(response, framing: framing, now: now)
            guard framing == .none || framing == .length(0) else { return true }
            ended(trailers: FieldList(), trailing: octets.readableBytes)
            return false
        case .body(let part, let isLast):
            start(state.bodyPart(isLast: isLast))
            delegate?.upstreamBody(part)
            if isLast { ended(trailers: FieldList(), trailing: octets.readableBytes) }
            return !isLast
        case .end(let part):
            if let part {
                start(state.bodyPart(isLast: true))
                delegate?.upstreamBody(part)
            }
            let delegate = self.delegate
            let trailers = decoder.trailers { block, field in delegate?.passesTrailer(field, ofAnswer: block) ?? false }
            ended(trailers: trailers, trailing: octets.readableBytes)
            return false
        case .malformed:
            malformed()
            return false
        }
    }

    /// A stream of events (HTML, Server-Sent Events), which may be silent for long.
    private var isEventStream: Bool {
        guard let type = response.first(.contentType) else { return false }
        return response.mediaTypeIs(type, "text/event-stream")
    }

    /// The answer is whole. The connection is given back first, since finishing the exchange may begin the next one.
    private func ended(trailers: FieldList, trailing: Int) {
        guard let delegate else { return }
        self.delegate = nil
        giveHeadOctets()
        start(.off)
        if state.ended(trailing: trailing) {
            if isWornOut { leaveIdle() } else { pool.ready(self) }
        } else {
            pool.connectionClosed(self)
            context?.close(promise: nil)
        }
        delegate.upstreamEnded(trailers: trailers)
    }

    private func malformed() {
        let delegate = self.delegate
        self.delegate = nil
        state.malformed()
        pool.connectionClosed(self)
        closeHard()
        delegate?.upstreamFailed(
            .badResponse, detail: UpstreamFailure(.badAnswer, rule: decoder.brokenRule), onReusedConnection: false)
    }
}
