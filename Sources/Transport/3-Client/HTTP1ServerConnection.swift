import HTTP
import NIOCore
import NIOSSL
import NIOTLS

/// HTTP/1.1 towards a client (RFC 9112): one handler after TLS that reads requests octet by octet from the socket's
/// buffers, one after the other, and writes answers in their order. Here is its state and its life; reading and writing
/// have a file each.
final class HTTP1ServerConnection: Timed, ChannelDuplexHandler, ClientStream, ClientConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Reading {
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
    static let dropBytesMax = 65_536
    /// Octets of pipelined requests kept while an answer is outstanding; above it, reading pauses.
    static let pipelineBytesMax = 65_536

    let loop: TransportLoop
    let listener: ListenerRuntime
    let delegates: any ExchangeDelegateFactory
    var context: ChannelHandlerContext!
    var exchange: Exchange!
    var parser: HeadParser
    var chunkDecoder = ChunkedDecoder()
    var reading = Reading.handshake
    var leftover: ByteBuffer?
    /// When the first octet of a head came that is not whole yet; 0: none.
    var leftoverStartedAt: Int64 = 0
    /// The exchange has a head to parse into; while nothing of a request is there, the loop keeps it for others.
    var hasHead = false
    var pending: ByteBuffer?
    var processing = false
    var readingPaused = false
    var readWanted = false
    var needsFlush = false
    /// What waits is large, and goes at once.
    var isBulk = false
    /// As the channel last said: asking it goes through four objects.
    var isWritable = true
    var answering = BodyFraming.none
    var answerChunked = false
    var dropping = false
    var droppedBytes = 0
    var closeAfterAnswer = false
    var draining = false
    var requestsServed = 0
    /// The next request is not begun before the client has taken the answers that it has.
    var waitsForRoom = false
    /// Octets that waited for the client to take them when the deadline was set.
    var unsentBytes = 0
    var counted = true
    let address: String
    var registryPlace = -1
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
        loop.connections.add(self)
        if listener.isTLS {
            deadline = loop.now() &+ loop.timeouts.tlsHandshake
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
            address: address, port: remote?.port ?? 0, localPort: context.localAddress?.port ?? 0,
            listenerHost: listener.host, tls: tls)
        exchange = Exchange(loop: loop, peer: peer, client: self, connection: delegates.connectionOpened(peer))
        reading = .head
        deadline = loop.now() &+ loop.timeouts.headerRead
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
    func awaitClient() {
        unsentBytes = octetsUnsent
        deadline = loop.now() &+ loop.timeouts.bodyStall
    }

    /// Whether it did; then the time begins anew. It may take long to have taken all.
    func clientTookSome() -> Bool {
        guard octetsUnsent < unsentBytes else { return false }
        awaitClient()
        return true
    }

    private var octetsUnsent: Int {
        (try? context?.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    func drain(now: Int64) {
        draining = true
        closeAfterAnswer = true
        if case .head = reading, leftover == nil {
            // Not closed at once: a request may be on its way. It is answered with `Connection: close`.
            deadline = min(deadline, now &+ Self.drainIdleNanoseconds)
        }
    }
    static let drainIdleNanoseconds: Int64 = 2_000_000_000

    func closeNow() {
        draining = true
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
