import NIOCore

/// Connections from one event loop to one endpoint: kept open, last used first. It lends streams, each for one request
/// and its answer; in HTTP/1.1 a stream is a whole connection. `UpstreamPoolState` knows whose turn it is.
package final class UpstreamPool {
    let loop: TransportLoop
    /// nil: plain text.
    let tls: ClientTLS?
    private let connector: any UpstreamConnector
    private var state: UpstreamPoolState<HTTP1UpstreamConnection, UpstreamWaiter>
    /// nil: the endpoint is an address, not a name.
    private let resolver: EndpointResolver?
    private var addresses = KnownAddresses()
    /// Exchanges that may wait for a connection; one more is refused.
    static let waitersMax = 1_024
    /// Requests of one client address that may be under way here, or wait for it.
    let streamsPerClientMax: Int
    /// Of these, those that are or may become tunnels.
    let tunnelsPerClientMax: Int

    /// - Parameters:
    ///   - connectionsMax: connections that may be open at a time.
    ///   - streamsPerClientMax: requests of one client address at a time; nil: no bound of its own.
    ///   - tunnelsPerClientMax: of these, requests that offer to switch to another protocol; nil: all may.
    package convenience init(
        loop: TransportLoop, host: String, port: Int, tls: ClientTLS?, connectionsMax: Int,
        streamsPerClientMax: Int? = nil, tunnelsPerClientMax: Int? = nil
    ) {
        let resolver = EndpointResolver.system(host: host, port: port, loop: loop)
        self.init(
            loop: loop, tls: tls, connectionsMax: connectionsMax, streamsPerClientMax: streamsPerClientMax,
            tunnelsPerClientMax: tunnelsPerClientMax,
            connector: SocketConnector(host: host, port: port, tls: tls, resolver: resolver), resolver: resolver)
    }

    init(
        loop: TransportLoop, tls: ClientTLS?, connectionsMax: Int, streamsPerClientMax: Int? = nil,
        tunnelsPerClientMax: Int? = nil, connector: any UpstreamConnector, resolver: EndpointResolver? = nil
    ) {
        self.streamsPerClientMax = streamsPerClientMax ?? .max
        self.tunnelsPerClientMax = tunnelsPerClientMax ?? .max
        self.loop = loop
        self.tls = tls
        self.connector = connector
        self.resolver = resolver
        state = UpstreamPoolState(connectionsMax: connectionsMax, waitersMax: Self.waitersMax)
        resolver?.onAnswer = { [weak self] addresses, now in self?.resolved(addresses, now: now) }
        resolver?.isNeeded = { [weak self] in (self?.openConnections ?? 0) > 0 }
    }

    /// Connections that are open or being opened.
    package var openConnections: Int { state.open }
    /// Of these, those that serve nobody.
    package var idleConnections: Int { state.idleCount }
    /// That may be open at a time.
    package var connectionsMax: Int { state.connectionsMax }
    /// Requests that wait for a connection.
    package var waitingRequests: Int { state.waitingCount }

    // MARK: What exchanges ask for

    /// A stream that can begin at once; nil: `enqueue` for one.
    func takeStream() -> (any UpstreamStream)? { state.takeIdle() }

    /// Puts somebody in line for a stream. `fresh`: on a connection that nothing was sent on before. Never calls back
    /// before it returns.
    func enqueue(_ delegate: any UpstreamStreamDelegate, fresh: Bool) -> UpstreamWaiter {
        let waiter = UpstreamWaiter(delegate: delegate, pool: self, fresh: fresh)
        // A tunnel needs a connection of its own.
        if fresh { state.makeRoom()?.closeIdle() }
        let enqueued = state.enqueue(waiter, fresh: fresh)
        guard enqueued != .refused else {
            loop.eventLoop.assumeIsolated().execute { waiter.fail(.tooManyWaiting) }
            return waiter
        }
        waiter.deadline = loop.now() &+ loop.timeouts.upstreamConnect
        loop.deadlines.add(waiter)
        if enqueued == .reserves { connect(for: waiter) } else { connectForWaiters() }
        return waiter
    }

    /// Somebody holds too many streams already: told as if the line were full, and not before this returns.
    func refuse(_ delegate: any UpstreamStreamDelegate) -> UpstreamWaiter {
        let waiter = UpstreamWaiter(delegate: delegate, pool: self, fresh: false)
        loop.eventLoop.assumeIsolated().execute { waiter.fail(.tooManyWaiting) }
        return waiter
    }

    /// Somebody does not wait any more.
    func left(_ waiter: UpstreamWaiter) {
        loop.deadlines.remove(waiter)
        state.leave(waiter)
    }

    /// Why somebody in line has waited in vain.
    var reasonToWait: ForwardFailure.Reason { state.reasonToWait }

    // MARK: What connections report

    /// It has been made, and the other end has proved who it is.
    func opened(_ connection: HTTP1UpstreamConnection) { use(connection, state.opened(connection)) }

    /// It belongs to nobody any more.
    func ready(_ connection: HTTP1UpstreamConnection) { use(connection, state.ready(connection)) }

    private func use(
        _ connection: HTTP1UpstreamConnection, _ use: UpstreamPoolState<HTTP1UpstreamConnection, UpstreamWaiter>.Use
    ) {
        switch use {
        case .lend(let waiter): waiter.serve(connection)
        case .keep: connection.becomeIdle()
        case .close: connection.closeIdle()
        }
    }

    /// It could not be made.
    func failed(_ connection: HTTP1UpstreamConnection, _ reason: ForwardFailure.Reason, detail: UpstreamFailure?) {
        state.failed(connection)?.fail(reason, detail: detail)
        connectForWaiters()
    }

    /// It has ended, lent or idle.
    func connectionClosed(_ connection: HTTP1UpstreamConnection) {
        state.connectionClosed(connection)
        connectForWaiters()
    }

    // MARK: Where the endpoint's name leads

    /// How often addresses have left the name.
    var departures: Int { addresses.departures }

    /// Whether a connection leads where the name does not lead any more.
    func hasLeft(_ address: SocketAddress) -> Bool { addresses.hasLeft(address) }

    /// The name was resolved. Idle connections to where it does not lead any more are closed; busy ones take no further
    /// request.
    func resolved(_ answer: [SocketAddress], now: Int64) {
        guard addresses.answered(answer, now: now) else { return }
        for connection in state.takeIdle(where: \.hasLeftItsName) { connection.closeIdle() }
    }

    // MARK: Life

    /// No exchange will ask again: what is idle is closed, what is busy closes when it is given back.
    package func close() {
        resolver?.stop()
        for connection in state.close() { connection.closeIdle() }
    }

    private func connectForWaiters() {
        while state.wantsConnection { connect(for: nil) }
    }

    private func connect(for waiter: UpstreamWaiter?) {
        let connection = HTTP1UpstreamConnection(pool: self)
        state.opens(connection, for: waiter)
        connector.connect(connection, on: loop)
    }
}
