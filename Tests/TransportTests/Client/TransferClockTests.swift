import Testing

@testable import Transport

@Suite("The clock of a client's long run")
struct TransferClockTests {
    /// What happens at a second: octets move, or the client is waited for, or somebody else is.
    enum Event {
        case moved(Int)
        case run
        case stop
    }

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        var rate = 100
        var grace: Int64 = 10
        var total: Int64?
        let events: [(second: Int64, event: Event)]
        /// The second from which on the client is too slow; nil: never.
        let tooSlowAt: Double?
    }

    static let cases: [Case] = [
        .init(testDescription: "nothing moves", events: [(0, .run)], tooSlowAt: 10),
        .init(testDescription: "no least rate", rate: 0, events: [(0, .run)], tooSlowAt: nil),
        .init(testDescription: "it stands still from the begin", events: [(0, .moved(1))], tooSlowAt: nil),
        .init(
            testDescription: "exactly the least rate for long",
            events: [(0, .run)] + (1...100).map { ($0, .moved(100)) },
            tooSlowAt: 110),
        .init(
            testDescription: "half of the least rate", events: [(0, .run)] + (1...18).map { ($0, .moved(50)) },
            tooSlowAt: 19),
        .init(
            testDescription: "an octet every nine seconds", events: [(0, .run), (9, .moved(1))], tooSlowAt: 10.01),
        .init(
            testDescription: "much at first is no licence for later", events: [(0, .run), (1, .moved(1_000_000))],
            tooSlowAt: 11),
        .init(
            testDescription: "much after a pause makes good for it, no more",
            events: [(0, .run), (9, .moved(100_000)), (18, .moved(100))], tooSlowAt: 20),
        .init(
            testDescription: "time in which somebody else is waited for does not count",
            events: [(0, .run), (4, .stop), (1_000, .run)], tooSlowAt: 1_006),
        .init(
            testDescription: "what came meanwhile does",
            events: [(0, .run), (4, .stop), (500, .moved(200)), (1_000, .run)], tooSlowAt: 1_008),
        .init(
            testDescription: "to be waited for twice is to be waited for once", events: [(0, .run), (5, .run)],
            tooSlowAt: 10),
        .init(
            testDescription: "its time in all, however quick it is", total: 30,
            events: [(0, .run)] + (1...29).map { ($0, .moved(10_000)) }, tooSlowAt: 30),
        .init(
            testDescription: "its time in all, without a least rate and without what others took", rate: 0, total: 30,
            events: [(0, .run), (20, .stop), (90, .run)], tooSlowAt: 100),
        .init(
            testDescription: "a rate beyond all", rate: 2_000_000_000, events: [(0, .run), (9, .moved(.max))],
            tooSlowAt: 19),
    ]

    @Test("says when the client is too slow", arguments: cases)
    func tooSlow(_ example: Case) {
        let limits = TransferLimits.Direction(
            octetsPerSecondMin: example.rate, grace: .seconds(example.grace), total: example.total.map(Int64.seconds))
        var clock = TransferClock(limits)
        let begin: Int64 = 5_000_000_000
        for (second, event) in example.events {
            let now = begin + .seconds(second)
            #expect(clock.deadline > now, "at \(second)")
            switch event {
            case .moved(let octets): clock.moved(octets, now: now, limits)
            case .run: clock.run(now: now)
            case .stop: clock.stop(now: now)
            }
        }
        #expect(clock.deadline == example.tooSlowAt.map { begin + Int64($0 * 1_000_000_000) } ?? .max)
    }

    @Test("no time and no number of octets is too large for it")
    func extremes() {
        let limits = TransferLimits.Direction(octetsPerSecondMin: 1, grace: .max, total: .max)
        var clock = TransferClock(limits)
        clock.run(now: 0)
        clock.moved(.max, now: .max - 1, limits)
        clock.stop(now: .max - 1)
        clock.run(now: .max - 1)
        #expect(clock.deadline == .max)
    }
}
