/// Who waits for a connection to one endpoint, which connections are idle or being opened, and how many there may be. A
/// value without I/O: `UpstreamPool` tells it what happens and does what it answers. What is lent is in none of its
/// lists, only counted.
struct UpstreamPoolState<Connection: AnyObject, Waiter: AnyObject>: ~Copyable {
    let connectionsMax: Int
    /// Exchanges that may wait for a connection; one more is refused.
    private let waitersMax: Int

    /// The last used one at the end.
    private var idle: [Connection] = []
    /// The line, first come first served.
    private var waiters: [Waiter] = []
    /// Connections that are open or being opened.
    private(set) var open = 0
    /// Of those, being opened for whoever is first in line.
    private var opening = 0
    /// Of those, being opened for somebody who is not in line; nil: who left meanwhile.
    private var reservations: [(connection: Connection, waiter: Waiter?)] = []
    private var isClosed = false

    init(connectionsMax: Int, waitersMax: Int) {
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
    }

    /// The connection that was used last, if any is idle.
    mutating func takeIdle() -> Connection? { idle.popLast() }

    /// Those of the idle connections that are of no use any more; they are to be closed.
    mutating func takeIdle(where isUseless: (Connection) -> Bool) -> [Connection] {
        let useless = idle.filter(isUseless)
        guard !useless.isEmpty else { return [] }
        idle.removeAll { one in useless.contains { $0 === one } }
        open -= useless.count
        return useless
    }

    /// Connections that serve nobody, and requests that wait for one.
    var idleCount: Int { idle.count }
    var waitingCount: Int { waiters.count + reservations.count { $0.waiter != nil } }

    // MARK: Waiting

    enum Enqueued: Equatable {
        /// In line; `wantsConnection` tells whether one is to be opened.
        case inLine
        /// Not in line: a connection is to be opened for this one alone.
        case reserves
        /// All connections are busy, and nobody else may wait.
        case refused
    }

    /// A connection of one's own takes a place; if there is none left, one that idles gives up its own and is closed.
    mutating func makeRoom() -> Connection? {
        guard open >= connectionsMax, !idle.isEmpty else { return nil }
        open -= 1
        return idle.removeFirst()
    }

    /// - Parameter fresh: only a connection that nothing was sent on before will do.
    mutating func enqueue(_ waiter: Waiter, fresh: Bool) -> Enqueued {
        if waiters.count >= waitersMax || (fresh && open >= connectionsMax) { return .refused }
        if fresh { return .reserves }
        waiters.append(waiter)
        return .inLine
    }

    /// Somebody does not wait any more.
    mutating func leave(_ waiter: Waiter) {
        if let index = waiters.firstIndex(where: { $0 === waiter }) { waiters.remove(at: index) }
        if let index = reservations.firstIndex(where: { $0.waiter === waiter }) { reservations[index].waiter = nil }
    }

    /// More wait than connections are being opened, and there may be more of these.
    var wantsConnection: Bool { open < connectionsMax && opening < waiters.count }

    /// Why somebody in line has waited in vain: connections are not being made, or all of them are busy.
    var reasonToWait: ForwardFailure.Reason { opening > 0 ? .connectTimeout : .tooManyWaiting }

    // MARK: Connections come and go

    /// A connection is being opened, for whoever is first in line or for `waiter` alone.
    mutating func opens(_ connection: Connection, for waiter: Waiter?) {
        open += 1
        if let waiter { reservations.append((connection, waiter)) } else { opening += 1 }
    }

    enum Use {
        case lend(to: Waiter)
        case keep
        case close
    }

    /// A connection has been made, and the other end has proved who it is.
    mutating func opened(_ connection: Connection) -> Use {
        guard let index = reservation(of: connection) else {
            opening -= 1
            return ready(connection)
        }
        guard let waiter = reservations.remove(at: index).waiter else { return ready(connection) }
        return .lend(to: waiter)
    }

    /// A connection belongs to nobody any more.
    mutating func ready(_ connection: Connection) -> Use {
        if !waiters.isEmpty { return .lend(to: waiters.removeFirst()) }
        if isClosed {
            open -= 1
            return .close
        }
        idle.append(connection)
        return .keep
    }

    /// A connection could not be made. Returns who hears of it: the one that it was meant for, or who is first in line.
    mutating func failed(_ connection: Connection) -> Waiter? {
        open -= 1
        if let index = reservation(of: connection) { return reservations.remove(at: index).waiter }
        opening -= 1
        return waiters.isEmpty ? nil : waiters.removeFirst()
    }

    /// A connection has ended, lent or idle.
    mutating func connectionClosed(_ connection: Connection) {
        open -= 1
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    /// No exchange will ask again: what is idle is to be closed, what is busy closes when it is given back.
    mutating func close() -> [Connection] {
        isClosed = true
        open -= idle.count
        defer { idle = [] }
        return idle
    }

    private func reservation(of connection: Connection) -> Int? {
        reservations.firstIndex { $0.connection === connection }
    }
}
