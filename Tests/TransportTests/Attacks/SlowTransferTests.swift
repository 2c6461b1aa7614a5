import HTTP
import NIOCore
import Testing

@testable import Transport

/// A client that sends a body, or takes an answer, a few octets at a time holds a connection to the service for as long as
/// it likes, unless it has to keep to a rate. Whoever waits for others must not be taken for it.
@Suite("A slow transfer")
struct SlowTransferTests {
    /// 100 octets a second with ten seconds of grace; an octet every thirty seconds is no standstill.
    private static func timeouts(_ body: Int = 100, answer: Int = 100, total: Int64? = nil) -> TransportTimeouts {
        var timeouts = TransportTimeouts()
        timeouts.bodyStall = .seconds(30)
        timeouts.transfer = limits(body, answer: answer, total: total)
        return timeouts
    }

    private static func limits(_ body: Int, answer: Int = 100, total: Int64? = nil) -> TransferLimits {
        TransferLimits(
            body: .init(octetsPerSecondMin: body, grace: .seconds(10), total: total),
            answer: .init(octetsPerSecondMin: answer, grace: .seconds(10), total: total))
    }

    private static func head(_ fields: String) -> String { "POST /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n" }
    private static let refused = ["began /a", "too slow", "ended complete 408"]

    @Test(
        "of a body that drips is refused, whatever delimits it, and its upstream is left",
        arguments: [
            ("Transfer-Encoding: chunked", "1\r\nx\r\n", 0), ("Content-Length: 100000", "x", 0),
            ("Content-Length: 100", "x", 1_000),
        ])
    func bodyDrips(fields: String, octet: String, gatheredMax: Int) throws {
        let harness = ForwardingHarness(timeouts: Self.timeouts()) { $0.loop.gatheredBytesMax = gatheredMax }
        try harness.client.receive(Self.head(fields))
        if gatheredMax == 0 { harness.connect() }
        for _ in 0..<9 {
            harness.client.pass(nanoseconds: .seconds(1))
            try harness.client.receive(octet)
        }
        #expect(harness.client.heard == ["began /a"])
        harness.client.pass(nanoseconds: .seconds(2))
        #expect(harness.client.heard == Self.refused && harness.upstream.isAbandoned == (gatheredMax == 0))
    }

    @Test("of a body that keeps to the rate goes on for as long as it takes, unless its time in all is over")
    func bodyKeepsToIt() throws {
        for (total, seconds) in [(nil, 1_000), (Int64.seconds(60), 59)] as [(Int64?, Int)] {
            let harness = ForwardingHarness(timeouts: Self.timeouts(total: total))
            try harness.receive(Self.head("Content-Length: 10000000"))
            for _ in 0..<seconds {
                harness.client.pass(nanoseconds: .seconds(1))
                try harness.client.receive(String(repeating: "x", count: 100))
            }
            #expect(harness.client.heard == ["began /a"])
            harness.client.pass(nanoseconds: .seconds(1))
            #expect(harness.client.heard == (total == nil ? ["began /a"] : Self.refused))
        }
    }

    @Test("of a body that stands still is what it was: a timeout")
    func bodyStandsStill() throws {
        var timeouts = Self.timeouts()
        timeouts.bodyStall = .seconds(5)
        let harness = ForwardingHarness(timeouts: timeouts)
        try harness.receive(Self.head("Content-Length: 100000"))
        harness.client.pass(nanoseconds: .seconds(5))
        #expect(harness.client.heard == ["began /a", "timed out", "ended complete 408"])
    }

    @Test("is not the client's while the service does not take the body, however often, or has no connection yet")
    func serviceIsSlow() throws {
        let harness = ForwardingHarness(timeouts: Self.timeouts())
        try harness.client.receive(Self.head("Content-Length: 100000") + "x")
        #expect(harness.client.isReadingPaused)
        harness.client.pass(nanoseconds: .seconds(1))
        harness.connect()
        for _ in 0..<8 {
            harness.client.pass(nanoseconds: .seconds(1))
            harness.upstream.setWritable(false)
            try harness.client.receive("x")
            #expect(harness.client.isReadingPaused)
            harness.client.pass(nanoseconds: .seconds(100))
            harness.upstream.setWritable(true)
        }
        #expect(harness.client.heard == ["began /a"])
        // Eight seconds were the client's.
        harness.client.pass(nanoseconds: .seconds(3))
        #expect(harness.client.heard == Self.refused)
    }

    @Test("is not the client's until the service has said 100, for which it waits", arguments: [false, true])
    func waitsForContinue(_ sendsAtOnce: Bool) throws {
        let harness = ForwardingHarness(timeouts: Self.timeouts())
        try harness.receive(Self.head("Content-Length: 100000\r\nExpect: 100-continue"))
        if sendsAtOnce {
            try harness.client.receive("x")
        } else {
            harness.client.pass(nanoseconds: .seconds(20))
            try harness.upstream.answerHead("HTTP/1.1 100 Continue\r\n\r\n", framing: .none)
        }
        harness.client.pass(nanoseconds: .seconds(9))
        #expect(harness.client.heard == ["began /a"])
        harness.client.pass(nanoseconds: .seconds(2))
        #expect(harness.client.heard == Self.refused)
    }

    @Test("has the limits of its route")
    func ofItsRoute() throws {
        for (limits, isCut) in [(Self.limits(0), false), (Self.limits(1_000), true)] {
            let harness = ForwardingHarness(timeouts: Self.timeouts(isCut ? 0 : 100)) { $0.limitTransfer(limits) }
            try harness.receive(Self.head("Transfer-Encoding: chunked"))
            harness.client.pass(nanoseconds: .seconds(11))
            #expect(harness.client.heard == (isCut ? Self.refused : ["began /a"]))
            guard !isCut else { continue }
            // The next request may be one for another route.
            try harness.client.receive("0\r\n\r\n")
            try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", framing: .length(0))
            harness.upstream.end()
            #expect(harness.client.heard.last == "ended complete 200")
        }
    }

    @Test("of a body whose answer has begun breaks that off, and the record tells it from a standstill")
    func answered() throws {
        let harness = ForwardingHarness(timeouts: Self.timeouts())
        try harness.receive(Self.head("Transfer-Encoding: chunked"))
        try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
        harness.upstream.answerBody("hello")
        harness.client.pass(nanoseconds: .seconds(11))
        #expect(harness.client.heard == ["began /a", "ended clientTooSlow 200"] && harness.upstream.isAbandoned)
    }

    @Test("of a body that nobody wants any more ends the connection")
    func dropped() throws {
        let client = ClientHarness(timeouts: Self.timeouts())
        try client.receive(Self.head("Content-Length: 50000"))
        #expect(client.heard == ["began /a", "ended complete 200"] && client.isOpen)
        client.pass(nanoseconds: .seconds(9))
        try client.receive("x")
        #expect(client.isOpen)
        client.pass(nanoseconds: .seconds(2))
        #expect(!client.isOpen && client.heard.count == 2)
    }

    // MARK: Answers

    /// An answer of a length that matters, on a connection that does not take it.
    private func answering(_ timeouts: TransportTimeouts) throws -> HTTP1ServerState {
        var state = HTTP1ServerState(limits: HeadLimits())
        state.opened(now: 0, timeouts)
        var head = RequestHead()
        var octets = ByteBuffer(string: "GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = state.next(&octets, into: &head, now: 0, timeouts)
        _ = state.answer(framing: .length(100_000_000))
        return state
    }

    /// Takes so much each second, and says how it went on and after how many seconds it ended.
    private func take(
        _ octets: UInt64, each seconds: Int64 = 1, of state: inout HTTP1ServerState, from taken: UInt64 = 1_000_000,
        begin: Int64 = 0, _ timeouts: TransportTimeouts
    ) -> (HTTP1ServerState.Taking, Int64) {
        state.awaitClient(taken: taken, now: .seconds(begin), timeouts)
        for second in begin...(begin + 200) {
            let now = Int64.seconds(second)
            guard state.deadline <= now else { continue }
            guard state.expired(hasLeftover: false, now: now) == .askClient(otherwise: .exchangeTimedOut) else {
                return (.nothing, -1)
            }
            let taking = state.clientTook(
                until: taken + UInt64((second - begin) / seconds) * octets, now: now, timeouts)
            if taking != .enough { return (taking, second) }
        }
        return (.enough, begin + 200)
    }

    @Test(
        "of an answer is given up below the rate, a standstill as such",
        arguments: [
            (100, 1, HTTP1ServerState.Taking.enough, 200), (1_000_000, 9, .enough, 200), (5, 1, .tooLittle, 11),
            (90, 1, .tooLittle, 100), (100, 9, .tooLittle, 11), (0, 1, .tooLittle, 10),
        ] as [(UInt64, Int64, HTTP1ServerState.Taking, Int64)])
    func answerDrips(octets: UInt64, each: Int64, taking: HTTP1ServerState.Taking, second: Int64) throws {
        let timeouts = Self.timeouts(answer: 100)
        var state = try answering(timeouts)
        let (found, at) = take(octets, each: each, of: &state, timeouts)
        #expect(found == taking && at == second)
    }

    @Test("of an answer that nobody takes any of is a standstill where that comes first")
    func answerStandsStill() throws {
        var timeouts = Self.timeouts()
        timeouts.bodyStall = .seconds(10)
        var state = try answering(timeouts)
        let (found, at) = take(0, of: &state, timeouts)
        #expect(found == .nothing && at == 10)
    }

    @Test("of an answer has a time in all, which is the client's alone")
    func answerTotal() throws {
        let timeouts = Self.timeouts(total: .seconds(60))
        var state = try answering(timeouts)
        state.awaitClient(taken: 0, now: .seconds(1), timeouts)
        #expect(state.writabilityChanged(true, now: .seconds(6)) == .none)
        #expect(state.deadline == .max && !state.awaitsClient)
        // The service was silent for an hour, as event streams are.
        let (found, at) = take(1_000_000, of: &state, begin: 3_600, timeouts)
        #expect(found == .tooLittle && at == 3_655)
    }

    @Test("is nobody's while there is nothing to take, however long and however often")
    func nothingToTake() throws {
        let timeouts = Self.timeouts()
        var state = try answering(timeouts)
        for hour in 0..<10 as Range<Int64> {
            let now = Int64.seconds(hour * 3_600)
            state.awaitClient(taken: UInt64(hour) * 100, now: now, timeouts)
            #expect(state.deadline > now + .seconds(1))
            _ = state.writabilityChanged(true, now: now + .seconds(1))
            #expect(state.deadline == .max)
        }
    }

    @Test("of an answer has the limits of its route, and the next request those of all")
    func answerOfItsRoute() throws {
        let timeouts = Self.timeouts(answer: 100)
        var state = try answering(timeouts)
        state.limitTransfer(Self.limits(0, answer: 0), now: 0, timeouts)
        #expect(take(20, of: &state, timeouts).0 == .enough)
        _ = state.finish()
        state.nextRequest(now: .seconds(300), timeouts)
        var head = RequestHead()
        var octets = ByteBuffer(string: "GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = state.next(&octets, into: &head, now: .seconds(300), timeouts)
        _ = state.answer(framing: .length(100_000_000))
        let (found, _) = take(20, of: &state, from: 2_000_000, begin: 300, timeouts)
        #expect(found == .tooLittle)
    }

    @Test("of an answer ends with it: the rest of a body, which is dropped, has its own time")
    func answerEndsBeforeBody() throws {
        let timeouts = Self.timeouts(0, answer: 100)
        var state = HTTP1ServerState(limits: HeadLimits())
        state.opened(now: 0, timeouts)
        var head = RequestHead()
        var octets = ByteBuffer(string: Self.head("Content-Length: 50000"))
        _ = state.next(&octets, into: &head, now: 0, timeouts)
        _ = state.answer(framing: .length(5))
        state.awaitClient(taken: 0, now: 0, timeouts)
        #expect(state.deadline == .seconds(10))
        let finish = state.finish()
        #expect(finish == .dropRest && state.deadline == .seconds(30))
    }

    @Test("of an answer is seen while the request is still read, and when that ends")
    func answerBesideBody() throws {
        for endsBody in [false, true] {
            let harness = ForwardingHarness(timeouts: Self.timeouts())
            try harness.receive(Self.head("Content-Length: 100000"))
            try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked)
            harness.upstream.answerBody("hello")
            harness.client.setWritable(false)
            try harness.client.receive(String(repeating: "x", count: endsBody ? 100_000 : 50_000))
            for _ in 0..<9 {
                harness.client.pass(nanoseconds: .seconds(1))
                if !endsBody { try harness.client.receive(String(repeating: "x", count: 100)) }
            }
            #expect(harness.client.heard == ["began /a"])
            harness.client.pass(nanoseconds: .seconds(2))
            #expect(harness.client.heard == ["began /a", "ended clientTooSlow 200"] && harness.upstream.isAbandoned)
        }
    }
}
