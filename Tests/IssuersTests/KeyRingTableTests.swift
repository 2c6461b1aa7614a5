import HTTP
import JOSE
import JSON
import Testing

@testable import Issuers

/// A table and somebody who drives it: time and answers are given, nothing is fetched.
private struct TableHarness {
    var table: KeyRingTable
    var now: Int64 = 1_000 * second
    /// Fetches that have not ended.
    private(set) var fetches: [KeyRingTable.Fetch] = []
    private(set) var fetchCount = 0
    private(set) var settled: [AbsoluteURL] = []

    init(_ change: (inout KeyRingTableBounds) -> Void = { _ in }) {
        var bounds = KeyRingTableBounds()
        change(&bounds)
        table = KeyRingTable(bounds: bounds)
    }

    mutating func ask(_ place: AbsoluteURL, missed: Bool = false) -> KeyRingTable.Answer {
        let (answer, commands) = table.asked(place, missed: missed, now: now, random: 0)
        perform(commands)
        return answer
    }

    mutating func bring(_ keys: [PublishedKey], cacheControl: String? = nil) {
        finish(.success(OutgoingAnswer(status: 200, cacheControl: cacheControl, body: keySet(keys.map(\.jwk)))))
    }

    mutating func finish(_ result: Result<OutgoingAnswer, KeyFetchFailure>) {
        guard !fetches.isEmpty else { fatalError("nothing is being fetched") }
        perform(table.finished(fetches.removeFirst().number, result, now: now, random: 0))
    }

    private mutating func perform(_ commands: [KeyRingTable.Command]) {
        for command in commands {
            switch command {
            case .fetch(let fetch):
                fetches.append(fetch)
                fetchCount += 1
            case .settled(let url): settled.append(url)
            case .note: break
            }
        }
    }
}

/// An answer, as far as tests compare it.
private enum Word: Equatable {
    case keys([String], KeyRingTable.Standing)
    case pending
    case busy
    case unavailable
}

extension KeyRingTable.Answer {
    fileprivate var word: Word {
        switch self {
        case .keys(let set, let standing): .keys(set.keys.compactMap(\.kid), standing)
        case .pending: .pending
        case .busy: .busy
        case .unavailable: .unavailable
        }
    }
}

@Suite("keys at many addresses")
struct KeyRingTableTests {
    private let place = url("https://keys.example/shop")
    private let first: PublishedKey
    private let next: PublishedKey

    init() throws {
        first = try PublishedKey("first")
        next = try PublishedKey("next")
    }

    private func known(_ change: (inout KeyRingTableBounds) -> Void = { _ in }) -> TableHarness {
        var harness = TableHarness(change)
        _ = harness.ask(place)
        harness.bring([first])
        return harness
    }

    @Test("the first question fetches, others wait for the same fetch, and then the keys are remembered")
    func singleFlight() {
        var harness = TableHarness()
        for _ in 0..<100 { #expect(harness.ask(place).word == .pending) }
        #expect(harness.fetchCount == 1)
        #expect(harness.fetches.first?.url == place)
        harness.now += second / 2
        harness.bring([first])
        #expect(harness.settled == [place])
        #expect(harness.table.answer(place, since: 1_000 * second, now: harness.now).word == .keys(["first"], .fetched))
        #expect(harness.ask(place).word == .keys(["first"], .remembered))
        #expect(harness.fetchCount == 1)
    }

    @Test("keys that did not do are fetched anew once each thirty seconds, and what is remembered is given meanwhile")
    func cooldown() {
        var harness = known()
        harness.now += second
        #expect(harness.ask(place, missed: true).word == .pending)
        harness.bring([first, next])
        for _ in 0..<100 {
            harness.now += second / 5
            #expect(harness.ask(place, missed: true).word == .keys(["first", "next"], .remembered))
        }
        #expect(harness.fetchCount == 2)
        harness.now += 11 * second
        #expect(harness.ask(place, missed: true).word == .pending)
        #expect(harness.fetchCount == 3)
    }

    @Test("keys that are a little old are refreshed beside the question; those that are too old are waited for")
    func refresh() {
        var harness = known()
        harness.now += 460 * second
        #expect(harness.ask(place).word == .keys(["first"], .remembered))
        #expect(harness.fetchCount == 2)
        harness.bring([first])
        harness.now += 601 * second
        #expect(harness.ask(place).word == .pending)
        harness.bring([next])
        #expect(harness.ask(place).word == .keys(["next"], .remembered))
    }

    @Test("keys that cannot be fetched anew are kept for a day, and a miss is not known to be one")
    func staleIfError() {
        var harness = known()
        harness.now += 601 * second
        let asked = harness.now
        #expect(harness.ask(place).word == .pending)
        harness.finish(.failure(.noAnswer(.unreachable)))
        #expect(harness.table.answer(place, since: asked, now: harness.now).word == .keys(["first"], .kept))
        #expect(harness.ask(place).word == .keys(["first"], .kept))
        #expect(harness.ask(place, missed: true).word == .keys(["first"], .kept))
        #expect(harness.fetchCount == 2)
        harness.now += 86_400 * second
        #expect(harness.ask(place).word == .pending)
        harness.finish(.failure(.noAnswer(.unreachable)))
        #expect(harness.ask(place).word == .unavailable)
    }

    @Test("an address that fails is asked again after one second, two, four and so on, however many want it")
    func backoff() {
        var harness = TableHarness()
        #expect(harness.ask(place).word == .pending)
        for seconds: Int64 in [1, 2, 4, 8] {
            harness.finish(.failure(.noAnswer(.unreachable)))
            for _ in 0..<50 { #expect(harness.ask(place).word == .unavailable) }
            harness.now += seconds * second
            #expect(harness.ask(place).word == .pending)
        }
        #expect(harness.fetchCount == 5)
    }

    @Test("a dead address does not concern another one")
    func independence() {
        var harness = TableHarness()
        _ = harness.ask(place)
        harness.finish(.failure(.noAnswer(.timeout)))
        let other = url("https://other.example/keys")
        _ = harness.ask(other)
        harness.bring([next])
        #expect(harness.ask(other).word == .keys(["next"], .remembered))
        #expect(harness.ask(place).word == .unavailable)
    }

    @Test(
        "redirects, wrong types, broken, empty and endless key sets are failures",
        arguments: [
            OutgoingAnswer(status: 302, body: []),
            OutgoingAnswer(status: 200, contentType: "text/html", body: keySet([])),
            OutgoingAnswer(status: 200, body: Array("{".utf8)),
            OutgoingAnswer(status: 200, body: keySet([])), OutgoingAnswer(status: 500, body: []),
            OutgoingAnswer(status: 200, body: [UInt8](repeating: 0x20, count: 1_048_577)),
            OutgoingAnswer(status: 200, body: keySet(Array(repeating: ["kty": "EC"], count: 101))),
        ])
    func badAnswers(answer: OutgoingAnswer) {
        var harness = TableHarness()
        _ = harness.ask(place)
        harness.finish(.success(answer))
        #expect(harness.ask(place).word == .unavailable)
    }

    @Test("fetches at a time are bounded, in all and to one host; who comes then is told to ask again")
    func bounds() {
        var harness = TableHarness { bounds in
            bounds.fetchesMax = 3
            bounds.fetchesPerHostMax = 2
        }
        for path in ["/a", "/b"] { #expect(harness.ask(url("https://keys.example\(path)")).word == .pending) }
        #expect(harness.ask(url("https://keys.example/c")).word == .busy)
        #expect(harness.ask(url("https://other.example/")).word == .pending)
        #expect(harness.ask(url("https://third.example/")).word == .busy)
        #expect(harness.fetchCount == 3)
        harness.finish(.failure(.noAnswer(.timeout)))
        #expect(harness.ask(url("https://keys.example/c")).word == .pending)
        harness.bring([first])
        #expect(harness.ask(url("https://third.example/")).word == .pending)
    }

    @Test("keys that are remembered are given although there is no room for a fetch, but a miss is not known to be one")
    func busyButKnown() {
        var harness = known { $0.fetchesMax = 1 }
        _ = harness.ask(url("https://other.example/"))
        harness.now += second
        #expect(harness.ask(place).word == .keys(["first"], .remembered))
        #expect(harness.ask(place, missed: true).word == .busy)
        #expect(harness.table.answer(place, since: harness.now, now: harness.now).word == .keys(["first"], .kept))
    }

    @Test("a fetch that says nothing for half a minute is given up; its late answer changes nothing, but makes room")
    func lost() {
        var harness = TableHarness { $0.fetchesPerHostMax = 2 }
        _ = harness.ask(place)
        harness.now += 31 * second
        #expect(harness.ask(place).word == .unavailable)
        harness.now += 2 * second
        #expect(harness.ask(place).word == .pending)
        #expect(harness.fetches.count == 2)
        #expect(harness.ask(url("https://keys.example/other")).word == .busy)
        harness.bring([first])
        #expect(harness.ask(place).word == .pending)
        #expect(harness.ask(url("https://keys.example/other")).word == .pending)
        harness.bring([next])
        #expect(harness.ask(place).word == .keys(["next"], .remembered))
    }

    @Test(
        "of more addresses than there is room for, the one that was asked for longest ago is forgotten, and none that is being fetched"
    )
    func forgotten() {
        var harness = TableHarness { $0.ringsMax = 2 }
        let (second, third) = (url("https://second.example/"), url("https://third.example/"))
        for place in [place, second] {
            _ = harness.ask(place)
            harness.bring([first])
        }
        #expect(harness.ask(place).word == .keys(["first"], .remembered))
        #expect(harness.ask(third).word == .pending)
        #expect(harness.table.count == 2)
        #expect(harness.ask(place).word == .keys(["first"], .remembered))
        #expect(harness.ask(second).word == .pending)
        // Both are being fetched now.
        #expect(harness.ask(place).word == .unavailable)
        #expect(harness.table.count == 2)
    }

    @Test("documents that are remembered are bounded in octets, too")
    func octets() {
        let size = keySet([first.jwk]).count
        var harness = TableHarness { $0.octetsMax = 3 * size }
        for number in 0..<10 {
            _ = harness.ask(url("https://keys.example/\(number)"))
            harness.bring([first])
            #expect(harness.table.count == min(number + 1, 3))
        }
    }
}
