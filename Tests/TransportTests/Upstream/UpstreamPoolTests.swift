import Glibc
import HTTP
import NIOCore
import Testing

@testable import Transport

@Suite("a pool of connections to an upstream")
struct UpstreamPoolTests {
    private let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test("serves those in line one after the other, on the connections that there may be")
    func line() throws {
        let harness = UpstreamHarness(connectionsMax: 2)
        let delegates = (0..<5).map { _ in harness.ask() }
        #expect(harness.upstreams.count == 2)
        for upstream in harness.upstreams { try upstream.accept() }
        #expect(delegates.map { $0.stream != nil } == [true, true, false, false, false])
        try harness.upstreams[1].says(empty)
        #expect(delegates.map { $0.stream != nil } == [true, false, true, false, false])
        try harness.upstreams[0].says(empty)
        try harness.upstreams[0].says(empty)
        #expect(delegates.map(\.events.count) == [2, 2, 0, 2, 0])
        #expect(delegates[4].stream === harness.upstreams[0].connection)
        #expect(harness.upstreams.count == 2)
    }

    @Test("refuses who would be the 1,025th in line, and not before that has returned")
    func lineBound() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let waiting = (0..<UpstreamPool.waitersMax).map { _ in harness.ask() }
        let refused = RecordingDelegate()
        refused.ask(harness.pool)
        #expect(refused.events.isEmpty)
        harness.endTurn()
        #expect(refused.events == ["failed: tooManyWaiting"])
        #expect(waiting.allSatisfy { $0.events.isEmpty })
    }

    /// The end of the first connection makes room for the second, which fails before the first exchange has heard of its own.
    @Test("tells each exchange what befell its own connection", arguments: [true, false])
    func ownFailures(malformed: Bool) throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (first, second) = (harness.ask(), harness.ask())
        try harness.upstreams[0].accept()
        harness.refuseConnections(IOError(errnoCode: ECONNREFUSED, reason: "connect"))
        if malformed {
            try harness.upstreams[0].says("SSH-2.0-x\r\n\r\n")
        } else {
            harness.upstreams[0].fails(IOError(errnoCode: ECONNRESET, reason: "read"))
        }
        harness.endTurn()
        #expect(first.failure == (malformed ? "protocol:bad_status_line" : "reset"))
        #expect(second.failure == "refused")
    }

    @Test("forgets who does not wait any more")
    func cancelled() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (first, second) = (harness.ask(), harness.ask())
        try #require(first.waiter).cancel()
        try harness.upstreams[0].accept()
        #expect(first.stream == nil)
        #expect(second.stream != nil)
        harness.pass(.seconds(10))
        #expect(first.events.isEmpty)
    }

    @Test("keeps a connection that came too late for whoever wanted it", arguments: [TestRequest(), .upgrade])
    func late(request: TestRequest) throws {
        let harness = UpstreamHarness()
        let delegate = harness.ask(request)
        try #require(delegate.waiter).cancel()
        try harness.upstreams[0].accept()
        #expect(harness.pool.openConnections == 1)
        #expect(harness.pool.takeStream() === harness.upstreams[0].connection)
    }

    @Test("connects for whoever waits when a connection ends")
    func room() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (busy, upstream) = try harness.send()
        let waiting = harness.ask()
        #expect(harness.upstreams.count == 1)
        try #require(busy.stream).abandon()
        #expect(!upstream.isOpen)
        #expect(harness.upstreams.count == 2)
        try harness.upstreams[1].accept()
        #expect(waiting.stream != nil)
    }

    @Test("gives up a connection that has served its requests", arguments: [1, 2, 5, 10])
    func requests(most: Int) throws {
        let harness = UpstreamHarness()
        harness.loop.timeouts.upstreamRequestsMax = most
        for _ in 0..<most {
            let (delegate, upstream) = try harness.send()
            try upstream.says(empty)
            #expect(delegate.events.count == 2)
        }
        let first = harness.upstreams[0]
        #expect(first.isOpen == false)
        #expect(harness.upstreams.count(where: \.isOpen) == harness.pool.openConnections)
        let (next, _) = try harness.send()
        #expect(next.stream !== first.connection)
    }

    @Test("gives up a connection that is old: at the end of its answer, or while it is idle")
    func lifetime() throws {
        let harness = UpstreamHarness()
        harness.loop.timeouts.upstreamIdle = .max / 4
        harness.loop.timeouts.upstreamLifetime = .seconds(100)
        let (busy, first) = try harness.send(.open("Content-Length: 5"))
        let (_, second) = try harness.send()
        try second.says(empty)
        harness.pass(.seconds(79))
        #expect(first.isOpen && second.isOpen)
        harness.pass(.seconds(21))
        #expect(first.isOpen && !second.isOpen)
        let stream = try #require(busy.stream)
        stream.sendBody(ByteBuffer(string: "hello"))
        stream.sendBodyEnd(trailers: FieldList())
        try first.says(empty)
        #expect(busy.events.count == 2)
        #expect(!first.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("closes idle connections to an address that has left the name, and lends busy ones to nobody else")
    func departed() throws {
        let harness = UpstreamHarness()
        let addresses = try ["192.0.2.1", "192.0.2.2"].map { try SocketAddress(ipAddress: $0, port: 1) }
        let second: Int64 = 1_000_000_000
        harness.pool.resolved(addresses, now: 0)
        let delegates = (0..<4).map { _ in harness.ask() }
        for (index, upstream) in harness.upstreams.enumerated() { try upstream.accept(at: "192.0.2.\(index % 2 + 1)") }
        // One idle and one busy at each address.
        for upstream in harness.upstreams.prefix(2) { try upstream.says(empty) }
        harness.pool.resolved([addresses[0]], now: 30 * second)
        #expect(harness.upstreams.map(\.isOpen) == [true, true, true, true])
        harness.pool.resolved([addresses[0]], now: 60 * second)
        harness.endTurn()
        #expect(harness.upstreams.map(\.isOpen) == [true, false, true, true])
        #expect(harness.pool.openConnections == 3)
        for upstream in harness.upstreams.suffix(2) { try upstream.says(empty) }
        harness.endTurn()
        #expect(delegates.allSatisfy { $0.events.last == "ended" })
        #expect(harness.upstreams.map(\.isOpen) == [true, false, true, false])
        #expect(harness.pool.openConnections == 2)
        // It is back: what is opened now is kept.
        harness.pool.resolved(addresses, now: 90 * second)
        let more = (0..<3).map { _ in harness.ask() }
        try #require(harness.upstreams.last).accept(at: "192.0.2.2")
        for upstream in harness.upstreams where upstream.isOpen { try upstream.says(empty) }
        harness.endTurn()
        #expect(more.allSatisfy { $0.events.last == "ended" })
        #expect(harness.pool.openConnections == 3)
    }

    @Test("does not give up all at once what was opened at once")
    func spread() throws {
        let harness = UpstreamHarness(connectionsMax: 100)
        harness.loop.timeouts.upstreamIdle = .max / 4
        harness.loop.timeouts.upstreamLifetime = .seconds(100)
        for _ in 0..<100 { _ = harness.ask() }
        for upstream in harness.upstreams { try upstream.accept() }
        for upstream in harness.upstreams { try upstream.says(empty) }
        var open = [harness.pool.openConnections]
        harness.pass(.seconds(79))
        for _ in 0..<21 {
            open.append(harness.pool.openConnections)
            harness.pass(.seconds(1))
        }
        #expect(open.first == 100 && open[1] == 100 && harness.pool.openConnections == 0)
        // Of a hundred within 20 s, never thirty in one.
        #expect(zip(open, open.dropFirst()).allSatisfy { $0 - $1 < 30 })
    }

    @Test("that is closed lets requests end on its connections, and closes these")
    func drain() throws {
        let harness = UpstreamHarness()
        let (first, busy) = try harness.send()
        let (second, idle) = try harness.send()
        #expect(busy !== idle)
        try idle.says(empty)
        #expect(second.events.last == "ended")
        harness.pool.close()
        #expect(!idle.isOpen)
        #expect(busy.isOpen)
        try busy.says(empty)
        #expect(first.events == ["204 none", "ended"])
        #expect(!busy.isOpen)
        #expect(harness.pool.openConnections == 0)
    }
}
