import Certificates
import HTTP
import NIOCore
import NIOSSL
import NIOTLS

/// HTTP/1.1 towards a client (RFC 9112): one handler after TLS that reads requests octet by octet from the socket's
/// buffers, one after the other, and writes answers in their order. It acts; what follows from what is
/// `HTTP1ServerState`'s. Here is its life; reading and writing have a file each.
final class HTTP1ServerConnection: Timed, ChannelDuplexHandler, ClientStream, ClientConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let loop: TransportLoop
    let listener: ListenerRuntime
    let delegates: any ExchangeDelegateFactory
    let address: String
    var context: ChannelHandlerContext!
    var exchange: Exchange!
    var state: HTTP1ServerState
    /// Octets that were not understood yet.
    var leftover: ByteBuffer?
    /// The exchange has a head to parse into; while nothing of a request is there, the loop keeps it for others.
    var hasHead = false
    /// What is written and not on its way yet.
    var pending: ByteBuffer?
    /// In the middle of a read.
    var processing = false
    /// A read was asked for while reading was paused.
    var readWanted = false
    var needsFlush = false
    /// What waits is large, and goes at once.
    var isBulk = false
    /// As the channel last said: asking it goes through four objects.
    var isWritable = true
    private var share: ClientShare?
    /// The listener counts this connection.
    private var counted = true
    var registryPlace = -1
    private let sni = ServerNameSlot()
    /// What was wrong with the handshake, until the connection is closed.
    private var handshakeFailure: HandshakeFailure?
    /// nil: without TLS.
    private let security: ListenerRuntime.Security?

    init(
        loop: TransportLoop, listener: ListenerRuntime, delegates: any ExchangeDelegateFactory, address: String,
        security: ListenerRuntime.Security? = nil
    ) {
        self.security = security
        self.loop = loop
        self.listener = listener
        self.delegates = delegates
        self.address = address
        state = HTTP1ServerState(limits: listener.headLimits)
    }

    /// The state has it.
    override var deadline: Int64 {
        get { state.deadline }
        set { state.deadline = newValue }
    }

    // MARK: Life of the connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        loop.connections.add(self)
        if listener.isTLS {
            state.handshakeBegan(now: loop.now(), loop.timeouts)
        } else {
            open(tls: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        loop.connections.remove(self)
        self.context = nil
        isWritable = false
        exchange?.connectionClosed()
        countNoMore()
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        loop.connections.remove(self)
        countNoMore()
        if state.reading == .handshake {
            delegates.connectionFailed(from: address, reason: handshakeFailure ?? .closed, now: loop.now())
        }
        state.abort()
        exchange?.clientGone(shuttingDown: state.isCutOff)
        leftover = nil
        pending = nil
        context.fireChannelInactive()
    }

    private func countNoMore() {
        guard counted else { return }
        counted = false
        if let share { loop.clientShares.left(share) }
        share = nil
        listener.connectionClosed(address: address)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state.reading == .handshake, handshakeFailure == nil {
            handshakeFailed(HandshakeFailure(error, certificate: shownCertificate(), unixSeconds: loop.unixSeconds))
        }
        // A TLS alert, a reset, an unclean end: the connection is over, and channelInactive tells the exchange.
        if case .uncleanShutdown = error as? NIOSSLError {
            // Nobody is there to agree to the end.
            closeHard()
        } else {
            context.close(promise: nil)
        }
    }

    /// The first reason counts.
    func handshakeFailed(_ reason: HandshakeFailure) { handshakeFailure = handshakeFailure ?? reason }

    /// What the client has shown, verified or not.
    private func shownCertificate() -> CertificateFacts? {
        let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        return handler?.peerCertificate.flatMap { try? CertificateFacts(der: $0.toDERBytes()) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            handshakeCompleted(context: context)
        } else if case .inputClosed = event as? ChannelEvent {
            inputClosed(context: context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// FIN, or with TLS close_notify.
    private func inputClosed(context: ChannelHandlerContext) {
        switch state.inputClosed() {
        case .none: break
        case .close: context.close(promise: nil)
        case .closeLingering: closeLingering()
        case .answer:
            guard listener.isTLS else { return }
            // What lies below TLS tells more: see `socketEnded`.
            try? context.pipeline.syncOperations.addHandler(SocketEndTap(connection: self), position: .first)
        }
    }

    /// FIN behind a close_notify. Most who send both have left, and do not wait for an answer; some read on. Where
    /// nothing of the answer moves for a while, so that the client's kernel has no octet to refuse, it has left.
    func socketEnded() {
        guard context != nil, let exchange else { return }
        let before = exchange.figures
        loop.run(afterNanoseconds: HTTP1ServerState.lingerNanoseconds) { [weak self] in
            guard let self, context != nil, state.reading == .answering else { return }
            let now = exchange.figures
            guard now.startedAt == before.startedAt, now.bodyBytesOut == before.bodyBytesOut else { return }
            closeHard()
        }
    }

    private func handshakeCompleted(context: ChannelHandlerContext) {
        guard state.reading == .handshake,
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        else { return }
        context.pipeline.syncOperations.removeHandler(name: ClientHelloTap.name).whenFailure { _ in }
        let facts = listener.facts(
            of: handler, serverName: sni.name, certificateIndex: sni.certificateIndex, security: security)
        if let security, facts.clientCertificateDER != nil, !facts.certificateCounts(unixSeconds: loop.unixSeconds) {
            listener.endSessions(of: security.tls)
        }
        open(tls: facts)
    }

    private func open(tls: Peer.TLSFacts?) {
        let remote = context.remoteAddress
        let peer = Peer(
            address: address, port: remote?.port ?? 0, localPort: context.localAddress?.port ?? 0,
            listenerHost: listener.host, listenerTag: listener.tag, tls: tls)
        let share = loop.clientShares.joined(address)
        self.share = share
        exchange = Exchange(
            loop: loop, peer: peer, share: share, client: self, connection: delegates.connectionOpened(peer))
        state.opened(now: loop.now(), loop.timeouts)
        if listener.isClosing { drain(now: loop.now()) }
    }

    /// The name that the ClientHello asked for; called while the handshake reads it.
    func helloNamed(_ name: String?, certificateIndex: Int) {
        sni.name = name
        sni.certificateIndex = certificateIndex
    }

    override func deadlineReached(now: Int64) {
        guard context != nil else { return }
        switch state.expired(hasLeftover: leftover != nil, now: now) {
        case .handshakeTimedOut:
            delegates.connectionFailed(from: address, reason: .timeout, now: now)
            context.close(promise: nil)
        case .closeLingering:
            closeLingering()
        case .headTimedOut:
            leftover = nil
            exchange.head = RequestHead()
            exchange.clientTimedOut(atHead: true, now: now)
        case .exchangeTimedOut:
            exchange.clientTimedOut(atHead: false, now: now)
        case .bodyTooSlow:
            exchange.clientTooSlow()
        case .askClient(let otherwise):
            switch (state.clientTook(until: octetsTaken, now: loop.now(), loop.timeouts), otherwise) {
            case (.enough, _): break
            case (.nothing, .closeHard), (.tooLittle, .closeHard): closeHard()
            case (.nothing, .exchangeTimedOut): exchange.clientTimedOut(atHead: false, now: now)
            case (.tooLittle, .exchangeTimedOut): exchange.clientTooSlow()
            }
        }
    }

    /// Counts the time in which the client must take some of what is written.
    func awaitClient() { state.awaitClient(taken: octetsTaken, now: loop.now(), loop.timeouts) }

    /// What the client has acknowledged. The system keeps hundreds of kilobytes for a slow one, so that what this process has
    /// not got rid of may stand still for minutes.
    private var octetsTaken: UInt64 { context.flatMap { TCPProgress.acknowledged($0.channel) } ?? 0 }

    /// What is written and was not taken by the socket.
    var octetsUnsent: Int {
        (try? context?.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    var isTagged: Bool { listener.tag != nil }

    func drain(now: Int64) { state.drain(now: now, hasLeftover: leftover != nil) }

    func closeNow() {
        state.closeNow()
        closeHard()
    }

    override func flushNow() {
        guard needsFlush, let context else { return }
        needsFlush = false
        isBulk = false
        let written = pending
        writePending()
        context.flush()
        if let written { loop.give(written) }
    }
}

/// What the ClientHello said; filled by the SNI callback in the middle of the handshake.
private final class ServerNameSlot {
    var name: String?
    var certificateIndex = 0
}
