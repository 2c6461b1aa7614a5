import Testing

@testable import Admission

@Suite("signatures that wait to be checked")
struct SignatureQueueTests {
    typealias Queue = SignatureQueue<Int, String>

    private static func sender(_ number: Int) -> ClientAddress { address("192.0.2.\(number)") }

    /// What comes in is `address/number`; `!` before it: the address is suspect; `+`: its last signature was good.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let arriving: [String]
        let order: [String]
    }

    private static func add(_ text: String, _ id: Int, to queue: inout Queue) -> Bool {
        let name = text.drop { "!+".contains($0) }
        let sender = sender(Int(name.prefix { $0 != "/" }) ?? 0)
        if text.hasPrefix("+") { queue.checked(from: sender, isGood: true) }
        let standing = queue.standing(of: sender, isSuspect: text.hasPrefix("!"))
        return queue.add(String(name), id, from: sender, standing)
    }

    @Test(
        "are taken in turns of addresses, those of better standing first, and all of them get on",
        arguments: [
            Case(testDescription: "nothing", arriving: [], order: []),
            Case(testDescription: "of one address, in their order", arriving: ["1/a", "1/b"], order: ["1/a", "1/b"]),
            Case(
                testDescription: "one that sends many waits for itself", arriving: ["1/a", "1/b", "1/c", "2/a", "3/a"],
                order: ["1/a", "2/a", "3/a", "1/b", "1/c"]),
            Case(
                testDescription: "suspects come last", arriving: ["!1/a", "!2/a", "3/a"],
                order: ["3/a", "!1/a", "!2/a"].map { $0.filter { $0 != "!" } }),
            Case(
                testDescription: "who has shown a good one comes first", arriving: ["!1/a", "2/a", "+3/a"],
                order: ["3/a", "2/a", "1/a"]),
            Case(
                testDescription: "every fourth turn is for those of worst standing",
                arriving: ["!1/a", "!2/a", "3/a", "4/a", "5/a", "6/a", "7/a", "8/a"],
                order: ["3/a", "4/a", "5/a", "1/a", "6/a", "7/a", "8/a", "2/a"]),
        ])
    func order(_ row: Case) {
        var queue = Queue(seed: (1, 2))
        for (id, text) in row.arriving.enumerated() {
            let isTaken = Self.add(text, id, to: &queue)
            #expect(isTaken)
        }
        #expect(queue.count == row.arriving.count)
        var order: [String] = []
        while let job = queue.next() { order.append(job) }
        #expect(order == row.order)
        #expect(queue.count == 0)
    }

    @Test("of bad standing are refused while there is room for others", arguments: SenderStanding.allCases)
    func full(_ standing: SenderStanding) {
        var queue = Queue(seed: (1, 2))
        for id in 0..<standing.placesMax {
            let isTaken = queue.add("", id, from: Self.sender(id % 200), standing)
            #expect(isTaken)
        }
        for other in SenderStanding.allCases {
            let isTaken = queue.add("", 10_000 + other.rawValue, from: Self.sender(250), other)
            #expect(isTaken == (other > standing), "\(other) after \(standing)")
        }
    }

    @Test("of one address have half of the places at most")
    func oneAddress() {
        var queue = Queue(seed: (1, 2))
        var taken = (0..<Queue.placesOfAddressMax).map { queue.add("", $0, from: Self.sender(1), .proven) }
        #expect(taken.allSatisfy { $0 })
        taken = [1, 2].map { queue.add("", 9_000 + $0, from: Self.sender($0), .proven) }
        #expect(taken == [false, true])
        _ = queue.next()
        taken = [1, 1].enumerated().map { queue.add("", 9_100 + $0.offset, from: Self.sender($0.element), .proven) }
        #expect(taken == [true, false])
    }

    @Test("are not checked when nobody waits for them any more, and leave their place")
    func removed() {
        var queue = Queue(seed: (1, 2))
        for (id, text) in ["1/a", "1/b", "2/a", "3/a"].enumerated() { _ = Self.add(text, id, to: &queue) }
        let removed = [1, 2, 2].map { queue.remove($0) }
        #expect(removed == [true, true, false])
        #expect(queue.count == 2)
        let order = (0..<3).map { _ in queue.next() }
        #expect(order == ["1/a", "3/a", nil])
        _ = Self.add("2/b", 2, to: &queue)
        let last = queue.next()
        #expect(last == "2/b")
    }

    @Test("the same one is not taken twice")
    func twice() {
        var queue = Queue(seed: (1, 2))
        let taken = (0..<2).map { _ in Self.add("1/a", 7, to: &queue) }
        #expect(taken == [true, false])
        #expect(queue.count == 1)
    }

    @Test("an address has proved itself until its next bad one")
    func standing() {
        var queue = Queue(seed: (1, 2))
        let one = Self.sender(1)
        #expect(queue.standing(of: one, isSuspect: false) == .unknown)
        queue.checked(from: one, isGood: true)
        #expect(queue.standing(of: one, isSuspect: false) == .proven)
        #expect(queue.standing(of: one, isSuspect: true) == .suspect)
        #expect(queue.standing(of: Self.sender(2), isSuspect: false) == .unknown)
        queue.checked(from: one, isGood: false)
        #expect(queue.standing(of: one, isSuspect: false) == .unknown)
    }

    @Test("an address is suspect for ten minutes after a bad token, though its allowance is whole after one second")
    func suspicion() throws {
        let limiter = try #require(AddressLimiter(perMinuteMax: 60, seed: (1, 2)))
        let second: Int64 = 1_000_000_000
        let now = 10_000 * second
        #expect(!limiter.counted(Self.sender(1), since: now - 600 * second))
        limiter.count(Self.sender(1), now: now)
        for (later, isSuspect) in [(0, true), (2, true), (599, true), (602, false)] as [(Int64, Bool)] {
            let since = now + (later - 600) * second
            #expect(limiter.counted(Self.sender(1), since: since) == isSuspect, "after \(later) s")
        }
        #expect(!limiter.counted(Self.sender(2), since: now - 600 * second))
    }
}
