import NIOCore
import NIOPosix
import NIOSSL

/// Connections from one event loop to one endpoint: kept open, last used first. It lends streams, each for one request
/// and its answer; in HTTP/1.1 a stream is a whole connection.
package final class UpstreamPool {
    let loop: TransportLoop
    let host: String
    let port: Int
    let tls: ClientTLS?
    private let connectionsMax: Int
    /// Exchanges that may wait for a connection; one more is refused.
    static let waitersMax = 1_024

    private var idle: [HTTP1UpstreamConnection] = []
    private var waiters: [UpstreamWaiter] = []
    /// Connections that are open or being opened.
    private var open = 0
    /// Of those, being opened for whoever is first in line.
    private var opening = 0
    private var closed = false

    package init(loop: TransportLoop, host: String, port: Int, tls: ClientTLS?, connectionsMax: Int) {
        self.loop = loop
        self.host = host
        self.port = port
        self.tls = tls
        self.connectionsMax = connectionsMax
    }

    package var openConnections: Int { open }

    /// A stream that can begin at once; nil: `enqueue` for one.
    func takeStream() -> (any UpstreamStream)? { idle.popLast() }

    /// Puts somebody in line for a stream. `fresh`: on a connection that nothing was sent on before. Never calls back
    /// before it returns.
    func enqueue(_ delegate: any UpstreamStreamDelegate, fresh: Bool) -> UpstreamWaiter {
        let waiter = UpstreamWaiter(delegate: delegate, pool: self, fresh: fresh)
        // A tunnel needs a connection of its own; one that idles gives up its place for it.
        if fresh, open >= connectionsMax, !idle.isEmpty { idle.removeFirst().closeIdle() }
        if waiters.count >= Self.waitersMax || (fresh && open >= connectionsMax) {
            loop.eventLoop.assumeIsolated().execute { waiter.fail(.tooManyWaiting) }
            return waiter
        }
        waiter.deadline = Clock.monotonicNanoseconds() &+ loop.timeouts.upstreamConnect
        loop.deadlines.add(waiter)
        if fresh {
            connect(for: waiter)
        } else {
            waiters.append(waiter)
            connectForWaiters()
        }
        return waiter
    }

    func cancelled(_ waiter: UpstreamWaiter) {
        loop.deadlines.remove(waiter)
        if let index = waiters.firstIndex(where: { $0 === waiter }) { waiters.remove(at: index) }
    }

    /// A connection has been made, and the other end has proved who it is.
    func opened(_ connection: HTTP1UpstreamConnection) {
        if connection.reservedFor == nil { opening -= 1 }
        ready(connection)
    }

    /// A connection belongs to nobody (any more).
    func ready(_ connection: HTTP1UpstreamConnection) {
        if let waiter = connection.reservedFor {
            connection.reservedFor = nil
            if waiter.serve(connection) { return }
        }
        while !waiters.isEmpty {
            let waiter = waiters.removeFirst()
            if waiter.serve(connection) { return }
        }
        if closed {
            connection.closeIdle()
            return
        }
        connection.becomeIdle()
        idle.append(connection)
    }

    func failed(_ connection: HTTP1UpstreamConnection, _ reason: ForwardFailure.Reason) {
        open -= 1
        if let waiter = connection.reservedFor {
            connection.reservedFor = nil
            waiter.fail(reason)
        } else {
            opening -= 1
            if !waiters.isEmpty { waiters.removeFirst().fail(reason) }
        }
        connectForWaiters()
    }

    func connectionClosed(_ connection: HTTP1UpstreamConnection) {
        open -= 1
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
        connectForWaiters()
    }

    /// No exchange will ask again: what is idle is closed, what is busy closes when it is given back.
    package func close() {
        closed = true
        let idle = self.idle
        self.idle = []
        for connection in idle { connection.closeIdle() }
    }

    private func connectForWaiters() {
        while open < connectionsMax, opening < waiters.count { connect(for: nil) }
    }

    /// Why somebody in line has waited in vain: connections are not being made, or all of them are busy.
    var reasonToWait: ForwardFailure.Reason { opening > 0 ? .connectTimeout : .tooManyWaiting }

    private func connect(for waiter: UpstreamWaiter?) {
        open += 1
        if waiter == nil { opening += 1 }
        let connection = HTTP1UpstreamConnection(pool: self)
        connection.reservedFor = waiter
        let loopBound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        let tls = self.tls
        ClientBootstrap(group: loop.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(TransportBounds.unsentBytes, value: TransportBounds.unsentBytesMax)
            .connectTimeout(.nanoseconds(loop.timeouts.upstreamConnect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        var handler = NIOSSLHandler.Configuration()
                        handler.maximumPreservedOutboundBufferCapacity = TransportBounds.preservedTLSBytes
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(
                                context: tls.context, serverHostname: tls.serverName, configuration: handler))
                    }
                    try channel.pipeline.syncOperations.addHandler(loopBound.value)
                }
            }
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenFailure { error in
                connection.connectFailed(error)
            }
    }
}

/// An exchange in line for a stream.
final class UpstreamWaiter: Timed {
    private var delegate: (any UpstreamStreamDelegate)?
    private let pool: UpstreamPool
    private let fresh: Bool

    init(delegate: any UpstreamStreamDelegate, pool: UpstreamPool, fresh: Bool) {
        self.fresh = fresh
        self.delegate = delegate
        self.pool = pool
    }

    func cancel() {
        delegate = nil
        pool.cancelled(self)
    }

    /// False: nobody waits here any more.
    func serve(_ connection: HTTP1UpstreamConnection) -> Bool {
        guard let delegate else { return false }
        self.delegate = nil
        pool.loop.deadlines.remove(self)
        delegate.upstreamConnected(connection)
        delegate.flushUpstream()
        return true
    }

    func fail(_ reason: ForwardFailure.Reason) {
        guard let delegate else { return }
        self.delegate = nil
        pool.cancelled(self)
        delegate.upstreamFailed(reason, onReusedConnection: false)
    }

    /// In line behind connections that are all busy, the endpoint is not to blame; otherwise it could not be reached.
    override func deadlineReached(now: Int64) { fail(fresh ? .connectTimeout : pool.reasonToWait) }
}
