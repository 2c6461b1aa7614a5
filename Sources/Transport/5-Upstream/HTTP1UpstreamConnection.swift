import Certificates
import Glibc
import HTTP
import NIOCore
import NIOSSL
import NIOTLS

/// HTTP/1.1 towards an upstream: one connection, lent to one exchange at a time, whose stream it then is. The handler
/// between the socket and the values that know what is to be done: `HTTP1UpstreamState`, `HTTP1RequestEncoder` and
/// `HTTP1ResponseDecoder`. Here is how it opens and ends; being lent and reading have a file each.
final class HTTP1UpstreamConnection: Timed, ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let pool: UpstreamPool
    let loop: TransportLoop
    var context: ChannelHandlerContext?
    /// Whose exchange it is lent to.
    var delegate: (any UpstreamStreamDelegate)?
    var state = HTTP1UpstreamState()
    var encoder = HTTP1RequestEncoder()
    var decoder = HTTP1ResponseDecoder()
    /// The answer's head; apart from the decoder, since it is lent to the delegate, who may come back meanwhile.
    var response = ResponseHead()
    /// What was read and not understood yet.
    var leftover: ByteBuffer?
    /// The request's head as it was written. It is kept until the answer is there, since the loop wants its memory back
    /// when nobody else holds it any more.
    var headOctets: ByteBuffer?
    /// It is not written yet: it goes out with the first part of the body, or when the request is flushed.
    var headWaits = false
    var times = UpstreamTimes()
    /// Of the exchange, or of the event stream that its answer turned out to be.
    var stallNanoseconds: Int64 = 0
    /// Why it ends, as far as more is known than the state needs.
    private var failure: UpstreamFailure?
    /// What waits is large, and goes at once.
    var isBulk = false
    /// Monotonic nanoseconds from which on it takes no further request, and how many it takes: a name that has another
    /// address by now, or a balancer behind it, is asked again. Both are drawn, so that what began together does not end
    /// together.
    private var retiresAt = Int64.max
    private var requestsMax = Int.max
    var isWornOut: Bool { state.served >= requestsMax || loop.deadlines.sweptAt >= retiresAt || hasLeftItsName }
    /// Where it leads; nil: it is not open yet.
    private var address: SocketAddress?
    private var departuresSeen = 0
    /// The endpoint's name does not lead to its address any more. One comparison as long as no address leaves the name.
    var hasLeftItsName: Bool {
        guard pool.departures != departuresSeen else { return false }
        if let address, pool.hasLeft(address) { return true }
        departuresSeen = pool.departures
        return false
    }

    init(pool: UpstreamPool) {
        self.pool = pool
        loop = pool.loop
    }

    /// Does what the state says of the deadline; the clock is read where a time begins, and only there.
    @inline(__always)
    func start(_ timer: HTTP1UpstreamState.Timer, at now: @autoclosure () -> Int64) {
        switch timer {
        case .unchanged: break
        case .off: deadline = .max
        case .connect: deadline = now() &+ loop.timeouts.upstreamConnect
        case .firstByte: deadline = now() &+ times.firstByte
        case .stall: deadline = now() &+ stallNanoseconds
        case .idle: deadline = min(now() &+ loop.timeouts.upstreamIdle, retiresAt)
        case .tunnel: deadline = now() &+ times.tunnelIdle
        }
    }

    func start(_ timer: HTTP1UpstreamState.Timer) { start(timer, at: loop.now()) }

    // MARK: Opening

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        start(.connect)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        loop.deadlines.add(self)
        if pool.tls == nil { opened() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent, case .connecting = state.phase {
            if identityVerified(context: context) {
                opened()
            } else {
                state.willFail(.wrongIdentity)
                failure = .wrongName(certificate(context))
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// TLS has verified the chain; here the certificate must carry the identity that the policy names.
    private func identityVerified(context: ChannelHandlerContext) -> Bool {
        guard let tls = pool.tls else { return true }
        guard let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self) else {
            return tls.identity == nil
        }
        return tls.accepts(handler)
    }

    private func certificate(_ context: ChannelHandlerContext) -> CertificateFacts? {
        (try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)).flatMap(ClientTLS.certificate)
    }

    private func opened() {
        guard state.opened() else { return }
        let (lifetime, requests) = (loop.timeouts.upstreamLifetime, loop.timeouts.upstreamRequestsMax)
        retiresAt = loop.now() &+ lifetime &- Int64.random(in: 0...max(0, lifetime / 5))
        requestsMax = max(1, requests - Int.random(in: 0...max(0, requests / 5)))
        address = context?.channel.remoteAddress
        start(.off)
        pool.opened(self)
    }

    func connectFailed(_ error: any Error) {
        let missing = ResourceFaults.Kind(error)
        if let missing { loop.faults.note(missing, now: loop.now()) }
        let timedOut = UpstreamFault.isTimeout(error)
        guard let reason = state.connectFailed(timedOut: timedOut, forWant: missing != nil) else { return }
        loop.deadlines.remove(self)
        pool.failed(self, reason, detail: .connecting(error))
    }

    // MARK: Ending

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let missing = ResourceFaults.Kind(error) {
            loop.faults.note(missing, now: loop.now())
            state.willFail(.noResources)
        }
        if failure == nil {
            if case .connecting = state.phase {
                failure = .handshake(
                    error, certificate: certificate(context), unixSeconds: Clock.wallNanoseconds() / 1_000_000_000)
            } else {
                failure = .ofSocket(error)
            }
        }
        if state.errorCaught(UpstreamFault(error)) { pool.connectionClosed(self) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.deadlines.remove(self)
        start(.off)
        leftover = nil
        giveHeadOctets()
        tell(state.channelClosed())
        context.fireChannelInactive()
    }

    /// The pool hears of it first, since an exchange that is over may begin its next attempt.
    private func tell(_ ending: HTTP1UpstreamState.Ending) {
        let delegate = self.delegate
        self.delegate = nil
        let failure = self.failure
        switch ending {
        case .unnoticed:
            break
        case .neverOpened(let reason):
            pool.failed(self, reason, detail: failure)
        case .idle:
            pool.connectionClosed(self)
        case .answered:
            pool.connectionClosed(self)
            delegate?.upstreamEnded(trailers: FieldList())
        case .tunnelClosed:
            pool.connectionClosed(self)
            delegate?.upstreamTunnelClosed()
        case .failed(let reason, let onReusedConnection):
            pool.connectionClosed(self)
            delegate?.upstreamFailed(reason, detail: failure, onReusedConnection: onReusedConnection)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Where a name has several addresses, this may be the channel of an address that did not answer.
        guard context === self.context else { return }
        loop.deadlines.remove(self)
        self.context = nil
        state.removed()
    }

    override func deadlineReached(now: Int64) {
        let taken = state.isLarge ? context.flatMap { TCPProgress.acknowledged($0.channel) } : nil
        switch state.deadlineReached(taken: taken) {
        case .closeHard: closeHard()
        case .leaveIdle: leaveIdle()
        case .goOn(let timer): start(timer, at: now)
        }
    }

    /// Idle, and of no use to the next request.
    func leaveIdle() {
        guard state.closeIdle() else { return }
        pool.connectionClosed(self)
        context?.close(promise: nil)
    }

    override func flushNow() {
        isBulk = false
        guard let context else { return }
        context.flush()
        if state.awaitsFirstAnswer { acknowledgeAtOnce(context) }
    }

    /// On a new connection the kernel may wait 40 ms before it acknowledges what came (TCP_QUICKACK ends that). Session
    /// tickets are the first that a server sends; until they are acknowledged its kernel may hold back an early answer
    /// (Nagle), and drop it when the server closes with a request that it has not read.
    private func acknowledgeAtOnce(_ context: ChannelHandlerContext) {
        guard pool.tls != nil, let socket = context.channel as? any SocketOptionProvider else { return }
        _ = socket.unsafeSetSocketOption(level: .tcp, name: .init(rawValue: TCP_QUICKACK), value: Int32(1))
    }

    /// Closes the socket without waiting for the other side's close_notify.
    func closeHard() {
        guard let context else { return }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }
}

// MARK: - In its pool

extension HTTP1UpstreamConnection {
    /// Kept for the next exchange.
    func becomeIdle() { goOn(state.becomeIdle()) }

    /// Its pool has no use for it any more.
    func closeIdle() {
        guard state.closeIdle() else { return }
        context?.close(promise: nil)
    }
}
