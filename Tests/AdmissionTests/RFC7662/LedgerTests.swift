import HTTP
import JSON
import Testing

@testable import Admission

@Suite("What an issuer said of tokens, over time")
struct LedgerTests {
    @Test("a hundred requests with one token cause one question, and all have its answer")
    func singleFlight() throws {
        var harness = try LedgerHarness()
        let since = harness.now
        for _ in 0..<100 { #expect(harness.ask("t") == "pending") }
        #expect(harness.callCount == 1)
        #expect(harness.calls[0].token == Array("t".utf8))
        harness.pass(milliseconds: 50)
        try harness.end(with: .success(answer()))
        #expect(harness.settled == [digest("t")])
        for _ in 0..<100 { #expect(harness.ask("t", since: since) == "active") }
        #expect(harness.callCount == 1)
    }

    @Test("an answer counts for thirty seconds when the token is active, for ten when it is not")
    func lifetimes() throws {
        var harness = try LedgerHarness()
        try harness.learn("good")
        try harness.learn("bad", ["active": false])
        harness.pass(milliseconds: 9_999)
        #expect(harness.ask("good") == "active")
        #expect(harness.ask("bad") == "inactive")
        harness.pass(milliseconds: 1)
        #expect(harness.ask("bad") == "pending")
        try harness.end(with: .success(["active": false]))
        harness.pass(milliseconds: 19_999)
        #expect(harness.ask("good") == "active")
        harness.pass(milliseconds: 1)
        #expect(harness.ask("good") == "pending")
    }

    @Test("RS-073 no answer counts beyond exp, and exp is compared again each time")
    func expiry() throws {
        var harness = try LedgerHarness()
        try harness.learn("t", answer(["exp": 1_105]))
        harness.pass(milliseconds: 4_999)
        #expect(harness.ask("t") == "active")
        harness.pass(milliseconds: 1)
        #expect(harness.ask("t") == "pending")
        try harness.end(with: .success(["active": false]))
        #expect(harness.ask("t") == "inactive")
        // The wall clock was put forward: the other clock does not know.
        try harness.learn("u", answer(["exp": 1_200]))
        harness.pass(milliseconds: 1)
        harness.unixSeconds = 1_200
        #expect(harness.ask("u") == "pending")
    }

    @Test("RS-073 an exp with a fraction is a date")
    func fraction() throws {
        var harness = try LedgerHarness()
        try harness.learn("t", answer(["exp": 1_105.9]))
        harness.pass(milliseconds: 4_999)
        #expect(harness.ask("t") == "active")
        harness.pass(milliseconds: 1)
        #expect(harness.ask("t") == "pending")
    }

    @Test("RS-078 random tokens are remembered within bounds, and push out no good one")
    func bounded() throws {
        var harness = try LedgerHarness { $0.inactiveMax = 50 }
        try harness.learn("good")
        for number in 0..<1_000 { try harness.learn("random-\(number)", ["active": false]) }
        let status = harness.ledger.status(now: harness.now)
        #expect(status.inactive == 50)
        #expect(status.active == 1)
        #expect(harness.ask("good") == "active")
        #expect(harness.ask("random-999") == "inactive")
        #expect(harness.ask("random-0") == "pending")
    }

    @Test("active tokens are remembered within bounds too; the one used longest ago goes")
    func boundedActive() throws {
        var harness = try LedgerHarness { $0.activeMax = 3 }
        for number in 0..<4 {
            try harness.learn("t\(number)")
            #expect(harness.ask("t0") == "active")
        }
        #expect(harness.ledger.status(now: harness.now).active == 3)
        #expect(harness.ask("t1") == "pending")
    }

    // MARK: Slow and broken

    @Test("a call that is slow has one beside it after 300 ms; whichever is answered first counts, and the other ends")
    func second() throws {
        var harness = try LedgerHarness()
        #expect(harness.ask("t") == "pending")
        harness.pass(milliseconds: 299)
        #expect(harness.callCount == 1)
        harness.pass(milliseconds: 1)
        #expect(harness.calls.map(\.isSecond) == [false, true])
        harness.pass(milliseconds: 400)
        #expect(harness.callCount == 2)
        try harness.end(with: .success(answer()), call: 1)
        #expect(harness.calls.isEmpty)
        #expect(harness.ask("t") == "active")
        #expect(harness.callCount == 2)
    }

    @Test("a connection that breaks is tried once more, at once")
    func broken() throws {
        var harness = try LedgerHarness()
        #expect(harness.ask("t") == "pending")
        try harness.end(with: .failure(.noAnswer(.badAnswer)))
        #expect(harness.calls.map(\.isSecond) == [true])
        try harness.end(with: .failure(.noAnswer(.badAnswer)))
        #expect(harness.settled == [digest("t")])
        #expect(harness.callCount == 2)
    }

    @Test("of two calls one that fails does not matter if the other is answered")
    func oneFails() throws {
        var harness = try LedgerHarness()
        _ = harness.ask("t")
        harness.pass(milliseconds: 300)
        try harness.end(with: .failure(.badStatus), call: 1)
        #expect(harness.settled.isEmpty)
        try harness.end(with: .success(answer()))
        #expect(harness.ask("t") == "active")
    }

    @Test("RS-076 after a second it cannot be found out: whoever waited is told so and does not ask again")
    func deadline() throws {
        var harness = try LedgerHarness()
        let since = harness.now
        #expect(harness.ask("t") == "pending")
        let number = harness.calls[0].number
        harness.pass(milliseconds: 1_000)
        #expect(harness.settled == [digest("t")])
        #expect(harness.calls.isEmpty)
        #expect(harness.ask("t", since: since) == "unknowable 1")
        #expect(harness.callCount == 1)
        // What comes later is too late, and somebody else asks anew.
        let late = harness.ledger.finished(number, .success(.inactive), now: harness.now, unixSeconds: 1_101, random: 0)
        #expect(late.isEmpty)
        harness.pass(milliseconds: 1)
        #expect(harness.ask("t") == "pending")
    }

    @Test("an answer with no lifetime counts for those who waited for it, and for nobody else")
    func withoutLifetime() throws {
        var harness = try LedgerHarness {
            $0.activeLifetime = 0
            $0.inactiveLifetime = 0
        }
        let since = harness.now
        for (token, members) in [("good", answer()), ("bad", ["active": false])] {
            #expect(harness.ask(token) == "pending")
            harness.pass(milliseconds: 20)
            try harness.end(with: .success(members))
            #expect(harness.ask(token, since: since) == (token == "good" ? "active" : "inactive"))
            harness.pass(milliseconds: 1)
            #expect(harness.ask(token) == "pending")
            try harness.end(with: .success(members))
        }
    }

    // MARK: The breaker

    @Test("RS-076 after five failures in a row nobody is asked; then one question tries it; an answer opens it for all")
    func breaker() throws {
        var harness = try LedgerHarness()
        for number in 0..<5 { #expect(try harness.fail("t\(number)", .unauthorized) == "pending") }
        #expect(harness.notes == [.failed(.unauthorized), .opened(failures: 5, milliseconds: 800)])
        #expect(harness.ask("other") == "unknowable 1")
        #expect(harness.callCount == 5)
        #expect(harness.ledger.status(now: harness.now).breaker == .open)
        harness.pass(milliseconds: 800)
        #expect(harness.ask("other") == "pending")
        #expect(harness.ask("third") == "unknowable 1")
        #expect(harness.ledger.status(now: harness.now).breaker == .halfOpen)
        try harness.end(with: .success(answer()))
        #expect(harness.notes.last == .recovered(failures: 5))
        #expect(harness.ask("other") == "active")
        #expect(harness.ask("third") == "pending")
        #expect(harness.ledger.status(now: harness.now).alarms == [])
    }

    @Test("RS-076 each further failure has it left alone twice as long, up to half a minute")
    func breakerGrows() throws {
        var harness = try LedgerHarness()
        for number in 0..<5 { _ = try harness.fail("t\(number)") }
        var lengths: [Int64] = []
        for number in 0..<8 {
            harness.pass(milliseconds: 40_000)
            #expect(try harness.fail("p\(number)") == "pending")
            lengths.append((harness.ledger.status(now: harness.now).retryNanoseconds ?? 0) / 1_000_000)
        }
        #expect(lengths == [1_600, 3_200, 6_400, 12_800, 24_000, 24_000, 24_000, 24_000])
        #expect(harness.ask("x") == "unknowable 25")
    }

    @Test("what is known carries on while nobody is asked")
    func knownCarriesOn() throws {
        var harness = try LedgerHarness()
        try harness.learn("good")
        for number in 0..<5 { _ = try harness.fail("t\(number)") }
        #expect(harness.ask("good") == "active")
        #expect(harness.ask("new") == "unknowable 1")
    }

    @Test("an answer between failures starts the count anew, and odd questions do not count")
    func countsInARow() throws {
        var harness = try LedgerHarness()
        for number in 0..<4 { _ = try harness.fail("t\(number)") }
        try harness.learn("good")
        for number in 0..<4 { _ = try harness.fail("u\(number)") }
        for number in 0..<50 { _ = try harness.fail("odd\(number)", .refusedRequest) }
        #expect(harness.ledger.status(now: harness.now).breaker == .closed)
        _ = try harness.fail("last")
        #expect(harness.ledger.status(now: harness.now).breaker == .open)
    }

    @Test("a question that tries the endpoint has no second call, and its time-out counts")
    func probe() throws {
        var harness = try LedgerHarness()
        for number in 0..<5 { _ = try harness.fail("t\(number)") }
        harness.pass(milliseconds: 1_000)
        #expect(harness.ask("probe") == "pending")
        harness.pass(milliseconds: 999)
        #expect(harness.calls.count == 1)
        harness.pass(milliseconds: 1)
        #expect(harness.ledger.status(now: harness.now).breaker == .open)
        harness.pass(milliseconds: 2_000)
        // What only the question brought about is no answer about the endpoint: the next one tries.
        #expect(harness.ask("odd") == "pending")
        try harness.end(with: .failure(.refusedRequest))
        #expect(harness.ask("next") == "pending")
        try harness.end(with: .success(answer()))
        #expect(harness.ledger.status(now: harness.now).breaker == .closed)
    }

    // MARK: Bounds

    @Test("so many calls are under way at most, so many questions wait in line, and the rest is told to come again")
    func inFlight() throws {
        var harness = try LedgerHarness {
            $0.callsMax = 2
            $0.lineMax = 4
        }
        for number in 0..<6 { #expect(harness.ask("t\(number)") == "pending") }
        #expect(harness.calls.count == 2)
        #expect(harness.ask("t6") == "unknowable 1")
        try harness.end(with: .success(answer()))
        #expect(harness.calls.map(\.digest) == [digest("t1"), digest("t2")])
        // The three that were never asked about say nothing about the endpoint when their time is over.
        harness.pass(milliseconds: 1_000)
        #expect(harness.calls.isEmpty)
        #expect(harness.ledger.status(now: harness.now).failures == 2)
        #expect(harness.ledger.wakeAt == nil)
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
        var cached = try LedgerHarness { $0.activeMax = 4 }
        var plain = try LedgerHarness {
            $0.activeLifetime = 0
            $0.inactiveLifetime = 0
        }
        func word(_ harness: inout LedgerHarness, _ number: UInt64) throws -> String {
            var said = harness.ask("t\(number)")
            if said == "pending" {
                let isOver = (truth(number)["exp"]?.int ?? .max) <= harness.unixSeconds
                try harness.end(with: .success(isOver ? ["active": false] : truth(number)))
                said = harness.ask("t\(number)")
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
