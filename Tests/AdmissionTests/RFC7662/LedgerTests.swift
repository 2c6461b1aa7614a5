import JSON
import Testing

@testable import Admission

@Suite("What an issuer said of tokens, over time")
struct LedgerTests {
    @Test("a hundred requests with one token cause one question, and all have its answer")
    func singleFlight() throws {
        var play = try LedgerPlay()
        let since = play.now
        for _ in 0..<100 { #expect(play.ask("t") == "pending") }
        #expect(play.callCount == 1)
        #expect(play.calls[0].token == Array("t".utf8))
        play.pass(milliseconds: 50)
        try play.end(with: .success(answer()))
        #expect(play.settled == [digest("t")])
        for _ in 0..<100 { #expect(play.ask("t", since: since) == "active") }
        #expect(play.callCount == 1)
    }

    @Test("an answer counts for thirty seconds when the token is active, for ten when it is not")
    func lifetimes() throws {
        var play = try LedgerPlay()
        try play.learn("good")
        try play.learn("bad", ["active": false])
        play.pass(milliseconds: 9_999)
        #expect(play.ask("good") == "active")
        #expect(play.ask("bad") == "inactive")
        play.pass(milliseconds: 1)
        #expect(play.ask("bad") == "pending")
        try play.end(with: .success(["active": false]))
        play.pass(milliseconds: 19_999)
        #expect(play.ask("good") == "active")
        play.pass(milliseconds: 1)
        #expect(play.ask("good") == "pending")
    }

    @Test("RS-073 no answer counts beyond exp, and exp is compared again each time")
    func expiry() throws {
        var play = try LedgerPlay()
        try play.learn("t", answer(["exp": 1_105]))
        play.pass(milliseconds: 4_999)
        #expect(play.ask("t") == "active")
        play.pass(milliseconds: 1)
        #expect(play.ask("t") == "pending")
        try play.end(with: .success(["active": false]))
        #expect(play.ask("t") == "inactive")
        // The wall clock was put forward: the other clock does not know.
        try play.learn("u", answer(["exp": 1_200]))
        play.pass(milliseconds: 1)
        play.unixSeconds = 1_200
        #expect(play.ask("u") == "pending")
    }

    @Test("RS-073 an exp with a fraction is a date")
    func fraction() throws {
        var play = try LedgerPlay()
        try play.learn("t", answer(["exp": 1_105.9]))
        play.pass(milliseconds: 4_999)
        #expect(play.ask("t") == "active")
        play.pass(milliseconds: 1)
        #expect(play.ask("t") == "pending")
    }

    @Test("RS-078 random tokens are remembered within bounds, and push out no good one")
    func bounded() throws {
        var play = try LedgerPlay { $0.inactiveMax = 50 }
        try play.learn("good")
        for number in 0..<1_000 { try play.learn("random-\(number)", ["active": false]) }
        let status = play.ledger.status(now: play.now)
        #expect(status.inactive == 50)
        #expect(status.active == 1)
        #expect(play.ask("good") == "active")
        #expect(play.ask("random-999") == "inactive")
        #expect(play.ask("random-0") == "pending")
    }

    @Test("active tokens are remembered within bounds too; the one used longest ago goes")
    func boundedActive() throws {
        var play = try LedgerPlay { $0.activeMax = 3 }
        for number in 0..<4 {
            try play.learn("t\(number)")
            #expect(play.ask("t0") == "active")
        }
        #expect(play.ledger.status(now: play.now).active == 3)
        #expect(play.ask("t1") == "pending")
    }

    // MARK: Slow and broken

    @Test("a call that is slow has one beside it after 300 ms; whichever is answered first counts, and the other ends")
    func second() throws {
        var play = try LedgerPlay()
        #expect(play.ask("t") == "pending")
        play.pass(milliseconds: 299)
        #expect(play.callCount == 1)
        play.pass(milliseconds: 1)
        #expect(play.calls.map(\.isSecond) == [false, true])
        play.pass(milliseconds: 400)
        #expect(play.callCount == 2)
        try play.end(with: .success(answer()), call: 1)
        #expect(play.calls.isEmpty)
        #expect(play.ask("t") == "active")
        #expect(play.callCount == 2)
    }

    @Test("a connection that breaks is tried once more, at once")
    func broken() throws {
        var play = try LedgerPlay()
        #expect(play.ask("t") == "pending")
        try play.end(with: .failure(.badAnswer))
        #expect(play.calls.map(\.isSecond) == [true])
        try play.end(with: .failure(.badAnswer))
        #expect(play.settled == [digest("t")])
        #expect(play.callCount == 2)
    }

    @Test("of two calls one that fails does not matter if the other is answered")
    func oneFails() throws {
        var play = try LedgerPlay()
        _ = play.ask("t")
        play.pass(milliseconds: 300)
        try play.end(with: .failure(.badStatus), call: 1)
        #expect(play.settled.isEmpty)
        try play.end(with: .success(answer()))
        #expect(play.ask("t") == "active")
    }

    @Test("RS-076 after a second it cannot be found out: whoever waited is told so and does not ask again")
    func deadline() throws {
        var play = try LedgerPlay()
        let since = play.now
        #expect(play.ask("t") == "pending")
        let number = play.calls[0].number
        play.pass(milliseconds: 1_000)
        #expect(play.settled == [digest("t")])
        #expect(play.calls.isEmpty)
        #expect(play.ask("t", since: since) == "unknowable 1")
        #expect(play.callCount == 1)
        // What comes later is too late, and somebody else asks anew.
        let late = play.ledger.finished(number, .success(.inactive), now: play.now, unixSeconds: 1_101, random: 0)
        #expect(late.isEmpty)
        play.pass(milliseconds: 1)
        #expect(play.ask("t") == "pending")
    }

    @Test("an answer with no lifetime counts for those who waited for it, and for nobody else")
    func withoutLifetime() throws {
        var play = try LedgerPlay {
            $0.activeLifetime = 0
            $0.inactiveLifetime = 0
        }
        let since = play.now
        for (token, members) in [("good", answer()), ("bad", ["active": false])] {
            #expect(play.ask(token) == "pending")
            play.pass(milliseconds: 20)
            try play.end(with: .success(members))
            #expect(play.ask(token, since: since) == (token == "good" ? "active" : "inactive"))
            play.pass(milliseconds: 1)
            #expect(play.ask(token) == "pending")
            try play.end(with: .success(members))
        }
    }

    // MARK: The breaker

    @Test("RS-076 after five failures in a row nobody is asked; then one question tries it; an answer opens it for all")
    func breaker() throws {
        var play = try LedgerPlay()
        for number in 0..<5 { #expect(try play.fail("t\(number)", .unauthorized) == "pending") }
        #expect(play.notes == [.failed(.unauthorized), .opened(failures: 5, milliseconds: 800)])
        #expect(play.ask("other") == "unknowable 1")
        #expect(play.callCount == 5)
        #expect(play.ledger.status(now: play.now).breaker == .open)
        play.pass(milliseconds: 800)
        #expect(play.ask("other") == "pending")
        #expect(play.ask("third") == "unknowable 1")
        #expect(play.ledger.status(now: play.now).breaker == .halfOpen)
        try play.end(with: .success(answer()))
        #expect(play.notes.last == .recovered(failures: 5))
        #expect(play.ask("other") == "active")
        #expect(play.ask("third") == "pending")
        #expect(play.ledger.status(now: play.now).alarms == [])
    }

    @Test("RS-076 each further failure has it left alone twice as long, up to half a minute")
    func breakerGrows() throws {
        var play = try LedgerPlay()
        for number in 0..<5 { _ = try play.fail("t\(number)") }
        var lengths: [Int64] = []
        for number in 0..<8 {
            play.pass(milliseconds: 40_000)
            #expect(try play.fail("p\(number)") == "pending")
            lengths.append((play.ledger.status(now: play.now).retryNanoseconds ?? 0) / 1_000_000)
        }
        #expect(lengths == [1_600, 3_200, 6_400, 12_800, 24_000, 24_000, 24_000, 24_000])
        #expect(play.ask("x") == "unknowable 25")
    }

    @Test("what is known carries on while nobody is asked")
    func knownCarriesOn() throws {
        var play = try LedgerPlay()
        try play.learn("good")
        for number in 0..<5 { _ = try play.fail("t\(number)") }
        #expect(play.ask("good") == "active")
        #expect(play.ask("new") == "unknowable 1")
    }

    @Test("an answer between failures starts the count anew, and odd questions do not count")
    func countsInARow() throws {
        var play = try LedgerPlay()
        for number in 0..<4 { _ = try play.fail("t\(number)") }
        try play.learn("good")
        for number in 0..<4 { _ = try play.fail("u\(number)") }
        for number in 0..<50 { _ = try play.fail("odd\(number)", .refusedRequest) }
        #expect(play.ledger.status(now: play.now).breaker == .closed)
        _ = try play.fail("last")
        #expect(play.ledger.status(now: play.now).breaker == .open)
    }

    @Test("a question that tries the endpoint has no second call, and its time-out counts")
    func probe() throws {
        var play = try LedgerPlay()
        for number in 0..<5 { _ = try play.fail("t\(number)") }
        play.pass(milliseconds: 1_000)
        #expect(play.ask("probe") == "pending")
        play.pass(milliseconds: 999)
        #expect(play.calls.count == 1)
        play.pass(milliseconds: 1)
        #expect(play.ledger.status(now: play.now).breaker == .open)
        play.pass(milliseconds: 2_000)
        // What only the question brought about is no answer about the endpoint: the next one tries.
        #expect(play.ask("odd") == "pending")
        try play.end(with: .failure(.refusedRequest))
        #expect(play.ask("next") == "pending")
        try play.end(with: .success(answer()))
        #expect(play.ledger.status(now: play.now).breaker == .closed)
    }

    // MARK: Bounds

    @Test("so many calls are under way at most, so many questions wait in line, and the rest is told to come again")
    func inFlight() throws {
        var play = try LedgerPlay {
            $0.callsMax = 2
            $0.lineMax = 3
        }
        for number in 0..<5 { #expect(play.ask("t\(number)") == "pending") }
        #expect(play.calls.count == 2)
        #expect(play.ask("t5") == "unknowable 1")
        try play.end(with: .success(answer()))
        #expect(play.calls.map(\.digest) == [digest("t1"), digest("t2")])
        #expect(play.ask("t6") == "pending")
        // Two are under way and three in line. Those that never were asked about say nothing about the endpoint when their time is over.
        play.pass(milliseconds: 1_000)
        #expect(play.calls.isEmpty)
        #expect(play.ledger.status(now: play.now).failures == 2)
        #expect(play.ledger.wakeAt == nil)
    }

    // MARK: The cache never changes an answer

    @Test("with caches and without, the same requests have the same answers", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func sameAnswers(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        // Some tokens are active, some not, some expire; that does not change meanwhile, so neither may an answer.
        func truth(_ number: UInt64) -> JSONObject {
            number % 3 == 0
                ? ["active": false] : answer(["exp": .integer(number % 3 == 1 ? 1_100 + Int64(number) : 9_999)])
        }
        var cached = try LedgerPlay { $0.activeMax = 4 }
        var plain = try LedgerPlay {
            $0.activeLifetime = 0
            $0.inactiveLifetime = 0
        }
        func word(_ play: inout LedgerPlay, _ number: UInt64) throws -> String {
            var said = play.ask("t\(number)")
            if said == "pending" {
                let isOver = (truth(number)["exp"]?.int ?? .max) <= play.unixSeconds
                try play.end(with: .success(isOver ? ["active": false] : truth(number)))
                said = play.ask("t\(number)")
            }
            return said
        }
        for _ in 0..<500 {
            let number = random.next() % 12
            let milliseconds = Int64(random.next() % 900)
            cached.pass(milliseconds: milliseconds)
            plain.pass(milliseconds: milliseconds)
            #expect(try word(&cached, number) == word(&plain, number))
        }
        #expect(cached.callCount < plain.callCount)
    }
}
