import Testing

@testable import Transport

private final class Connection {}
private final class Waiter {}

/// What a connection is used for, as tests compare it.
private enum Use: Equatable {
    case lend(ObjectIdentifier), keep, close
    static func lend(to waiter: Waiter) -> Use { .lend(ObjectIdentifier(waiter)) }
}

/// The state in a box, since what cannot be copied cannot be expected of either.
private final class State {
    private var state: UpstreamPoolState<Connection, Waiter>

    init(connectionsMax: Int, waitersMax: Int) {
        state = UpstreamPoolState(connectionsMax: connectionsMax, waitersMax: waitersMax)
    }

    var open: Int { state.open }
    var wantsConnection: Bool { state.wantsConnection }
    var reasonToWait: ForwardFailure.Reason { state.reasonToWait }
    func takeIdle() -> Connection? { state.takeIdle() }
    func makeRoom() -> Connection? { state.makeRoom() }
    func enqueue(fresh: Bool) -> UpstreamPoolState<Connection, Waiter>.Enqueued {
        state.enqueue(Waiter(), fresh: fresh)
    }
    func leave(_ waiter: Waiter) { state.leave(waiter) }
    func opened(_ connection: Connection) -> Use { use(state.opened(connection)) }
    func ready(_ connection: Connection) -> Use { use(state.ready(connection)) }
    func failed(_ connection: Connection) -> Waiter? { state.failed(connection) }
    func connectionClosed(_ connection: Connection) { state.connectionClosed(connection) }
    func close() -> [Connection] { state.close() }

    private func use(_ use: UpstreamPoolState<Connection, Waiter>.Use) -> Use {
        switch use {
        case .lend(let waiter): .lend(to: waiter)
        case .keep: .keep
        case .close: .close
        }
    }

    /// Opens connections as long as some are wanted.
    func openWanted() -> [Connection] {
        var made: [Connection] = []
        while state.wantsConnection {
            let connection = Connection()
            state.opens(connection, for: nil)
            made.append(connection)
        }
        return made
    }

    /// Somebody new in line.
    func line() -> Waiter {
        let waiter = Waiter()
        let enqueued = state.enqueue(waiter, fresh: false)
        #expect(enqueued == .inLine)
        return waiter
    }

    /// A tunnel, and the connection that is opened for it.
    func tunnel() -> (Waiter, Connection) {
        let (waiter, connection) = (Waiter(), Connection())
        let enqueued = state.enqueue(waiter, fresh: true)
        #expect(enqueued == .reserves)
        state.opens(connection, for: waiter)
        return (waiter, connection)
    }

    /// So many connections that are open and idle, the one used last at the end.
    func fill(_ count: Int) -> [Connection] {
        (0..<count).map { _ in
            let connection = Connection()
            state.opens(connection, for: nil)
            #expect(opened(connection) == .keep)
            return connection
        }
    }
}

@Suite("who gets which connection to an upstream")
struct UpstreamPoolStateTests {
    @Test("the one that was used last, first")
    func lastUsedFirst() {
        let state = State(connectionsMax: 4, waitersMax: 4)
        let connections = state.fill(3)
        #expect(state.takeIdle() === connections[2])
        #expect(state.ready(connections[2]) == .keep)
        for connection in connections.reversed() { #expect(state.takeIdle() === connection) }
        #expect(state.takeIdle() == nil)
        #expect(state.open == 3)
    }

    @Test("is decided by the line: first come, first served, whichever connection is ready")
    func line() {
        let state = State(connectionsMax: 2, waitersMax: 4)
        let waiters = (0..<4).map { _ in state.line() }
        let opened = state.openWanted()
        #expect(opened.count == 2)
        #expect(state.opened(opened[1]) == .lend(to: waiters[0]))
        #expect(state.opened(opened[0]) == .lend(to: waiters[1]))
        #expect(state.openWanted().isEmpty)
        #expect(state.ready(opened[0]) == .lend(to: waiters[2]))
        #expect(state.ready(opened[0]) == .lend(to: waiters[3]))
        #expect(state.ready(opened[0]) == .keep)
    }

    @Test("no more connections are opened than wait, and not above the bound")
    func bound() {
        let state = State(connectionsMax: 3, waitersMax: 10)
        _ = state.line()
        #expect(state.openWanted().count == 1)
        #expect(state.openWanted().isEmpty)
        for _ in 0..<5 { _ = state.line() }
        #expect(state.openWanted().count == 2)
        #expect(state.open == 3)
    }

    @Test("the line is bounded")
    func lineBound() {
        let state = State(connectionsMax: 1, waitersMax: 2)
        let first = state.line()
        _ = state.line()
        #expect(state.enqueue(fresh: false) == .refused)
        state.leave(first)
        _ = state.line()
    }

    @Test("who leaves the line is not served")
    func leaves() {
        let state = State(connectionsMax: 1, waitersMax: 4)
        let (first, second) = (state.line(), state.line())
        let opened = state.openWanted()
        state.leave(first)
        #expect(state.opened(opened[0]) == .lend(to: second))
    }

    @Test("a connection that nobody waits for any more is kept")
    func nobodyWaits() {
        let state = State(connectionsMax: 1, waitersMax: 4)
        let waiter = state.line()
        let opened = state.openWanted()
        state.leave(waiter)
        #expect(state.opened(opened[0]) == .keep)
        #expect(state.takeIdle() === opened[0])
    }

    @Test("a connection that could not be made fails the first in line, and another is opened for the next")
    func failed() {
        let state = State(connectionsMax: 1, waitersMax: 4)
        let (first, second) = (state.line(), state.line())
        let opened = state.openWanted()
        #expect(state.failed(opened[0]) === first)
        #expect(state.open == 0)
        let again = state.openWanted()
        #expect(again.count == 1)
        #expect(state.failed(again[0]) === second)
        #expect(state.openWanted().isEmpty)
    }

    @Test("a connection that ends makes room for the line")
    func ends() {
        let state = State(connectionsMax: 1, waitersMax: 4)
        let connection = state.fill(1)[0]
        _ = state.takeIdle()
        _ = state.line()
        #expect(!state.wantsConnection)
        state.connectionClosed(connection)
        #expect(state.wantsConnection)
        #expect(state.open == 0)
    }

    @Test("an idle connection that ends is not lent")
    func idleEnds() {
        let state = State(connectionsMax: 2, waitersMax: 4)
        let connections = state.fill(2)
        state.connectionClosed(connections[1])
        #expect(state.takeIdle() === connections[0])
        #expect(state.open == 1)
    }

    // MARK: Tunnels

    @Test("a tunnel has a connection of its own, ahead of the line")
    func fresh() {
        let state = State(connectionsMax: 2, waitersMax: 4)
        let inLine = state.line()
        let opened = state.openWanted()
        let (tunnel, own) = state.tunnel()
        #expect(state.opened(own) == .lend(to: tunnel))
        #expect(state.opened(opened[0]) == .lend(to: inLine))
        #expect(state.ready(own) == .keep)
    }

    @Test("a tunnel takes the place of the connection that idles longest, and is refused if all are busy")
    func freshBound() {
        let state = State(connectionsMax: 2, waitersMax: 4)
        let connections = state.fill(2)
        #expect(state.makeRoom() === connections[0])
        #expect(state.open == 1)
        _ = state.tunnel()
        _ = state.takeIdle()
        #expect(state.makeRoom() == nil)
        #expect(state.enqueue(fresh: true) == .refused)
    }

    @Test("no place is given up while there is another")
    func room() {
        let state = State(connectionsMax: 3, waitersMax: 4)
        _ = state.fill(2)
        #expect(state.makeRoom() == nil)
    }

    @Test("a connection whose tunnel has left goes to the line, and its failure to nobody")
    func freshLeaves() {
        let state = State(connectionsMax: 3, waitersMax: 4)
        let own = (0..<2).map { _ in
            let (tunnel, connection) = state.tunnel()
            state.leave(tunnel)
            return connection
        }
        let inLine = state.line()
        #expect(state.opened(own[0]) == .lend(to: inLine))
        #expect(state.failed(own[1]) == nil)
        #expect(state.open == 1)
    }

    @Test("a tunnel whose connection could not be made hears of it, and not the line")
    func freshFails() {
        let state = State(connectionsMax: 3, waitersMax: 4)
        _ = state.line()
        _ = state.openWanted()
        let (tunnel, own) = state.tunnel()
        #expect(state.failed(own) === tunnel)
        #expect(state.openWanted().isEmpty)
    }

    // MARK: Why, and the end

    @Test("who waited in vain learns whether connections were being made or all were busy")
    func reason() {
        let state = State(connectionsMax: 1, waitersMax: 4)
        _ = state.line()
        let opened = state.openWanted()
        #expect(state.reasonToWait == .connectTimeout)
        _ = state.opened(opened[0])
        _ = state.line()
        #expect(state.reasonToWait == .tooManyWaiting)
    }

    @Test("a pool that is closed closes what is idle, then what comes back, and still serves its line")
    func closes() {
        let state = State(connectionsMax: 3, waitersMax: 4)
        let connections = state.fill(3)
        #expect(state.takeIdle() === connections[2])
        let closed = state.close()
        #expect(closed.count == 2 && closed[0] === connections[0] && closed[1] === connections[1])
        #expect(state.open == 1)
        let inLine = state.line()
        #expect(state.ready(connections[2]) == .lend(to: inLine))
        #expect(state.ready(connections[2]) == .close)
        #expect(state.open == 0)
    }
}
