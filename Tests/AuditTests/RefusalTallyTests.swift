import JSON
import Testing

@testable import Audit

@Suite("Refused requests that matched no route")
struct RefusalTallyTests {
    private static let second: Int64 = 1_000_000_000
    private static let start: Int64 = 1_790_000_000 * second

    private static func sender(_ number: Int) -> AuditSender {
        AuditSender(key: UInt64(number), address: AuditText("192.0.2.\(number)"))
    }

    private static let noRoute = AuditText("no_route")

    private static func records(_ counted: [RefusalTally.Counted]) throws -> [JSONObject] {
        var clock = RecordClock()
        return try Scratch.records(counted.flatMap { $0.record(at: start, clock: &clock) })
    }

    @Test("beyond the rate they share one record: how many, the first and the last")
    func counted() throws {
        var tally = RefusalTally(writtenMax: 3)
        var own = 0
        for number in 0..<10 {
            let time = Self.start + Int64(number) * Self.second
            if tally.take(Self.sender(1), code: 1, text: Self.noRoute, at: time, hasRoom: true) { own += 1 }
        }
        #expect(own == 3)
        var ended = tally.takeEnded(at: Self.start + 59 * Self.second)
        #expect(ended.isEmpty)
        ended = tally.takeEnded(at: Self.start + 60 * Self.second)
        let records = try Self.records(ended)
        try #require(records.count == 1)
        #expect(records[0]["client_address"] == "192.0.2.1")
        #expect(records[0]["decision"] == "refused")
        #expect(records[0]["code"] == "no_route")
        #expect(records[0]["repeated"] == 7)
        #expect(records[0]["first_time"] == "2026-09-21T14:13:23.000Z")
        #expect(records[0]["last_time"] == "2026-09-21T14:13:29.000Z")
        #expect(tally.isEmpty)
    }

    /// What is refused, and how often it is given a record of its own where one is allowed for each.
    @Test(
        "they are counted apart by address and code, and anew in each minute",
        arguments: [
            ("the same", [(1, 1, 0), (1, 1, 0)], 1), ("another address", [(1, 1, 0), (2, 1, 0)], 2),
            ("another code", [(1, 1, 0), (1, 2, 0)], 2), ("the next minute", [(1, 1, 0), (1, 1, 60)], 2),
            ("the clock was set back", [(1, 1, 0), (1, 1, -1)], 2),
        ])
    func apart(_ name: String, _ refusals: [(sender: Int, code: UInt8, second: Int)], own: Int) {
        var tally = RefusalTally(writtenMax: 1)
        var count = 0
        for refusal in refusals {
            let time = Self.start + Int64(refusal.second) * Self.second
            if tally.take(
                Self.sender(refusal.sender), code: refusal.code, text: Self.noRoute, at: time, hasRoom: true)
            {
                count += 1
            }
        }
        #expect(count == own)
    }

    @Test("where there is no room they are counted from the first on")
    func noRoom() throws {
        var tally = RefusalTally(writtenMax: 3)
        let isOwn = tally.take(Self.sender(1), code: 1, text: Self.noRoute, at: Self.start, hasRoom: false)
        #expect(!isOwn)
        #expect(try Self.records(tally.takeAll()).map { $0["repeated"] } == [1])
    }

    @Test("what was counted when the next minute begins is written, too, and nothing twice")
    func windows() throws {
        var tally = RefusalTally(writtenMax: 1)
        for second in [0, 1, 60, 61, 62] {
            let time = Self.start + Int64(second) * Self.second
            _ = tally.take(Self.sender(1), code: 1, text: Self.noRoute, at: time, hasRoom: true)
        }
        #expect(try Self.records(tally.takeEnded(at: Self.start + 63 * Self.second)).map { $0["repeated"] } == [1])
        #expect(try Self.records(tally.takeAll()).map { $0["repeated"] } == [2])
        #expect(tally.isEmpty)
    }

    @Test("addresses beyond the bound share a record without an address, and memory does not grow")
    func bounded() throws {
        var tally = RefusalTally(writtenMax: 1)
        let most = RefusalTally.entriesMax
        for number in 0..<(most + 500) {
            _ = tally.take(Self.sender(number), code: 1, text: Self.noRoute, at: Self.start, hasRoom: true)
        }
        let records = try Self.records(tally.takeEnded(at: Self.start + 60 * Self.second))
        #expect(records.map { $0["repeated"] } == [500])
        #expect(records.map { $0["client_address"] } == [nil])
        // Windows that end without anybody who takes what has ended.
        for minute in 0..<4 {
            for number in 0..<most {
                for _ in 0..<2 {
                    let time = Self.start + Int64(minute) * 60 * Self.second
                    _ = tally.take(Self.sender(number), code: 1, text: Self.noRoute, at: time, hasRoom: true)
                }
            }
        }
        #expect(tally.takeAll().count <= 2 * most)
    }

    // MARK: In the log

    private func refuse(_ journal: AuditJournal, _ number: Int, by sender: AuditSender) {
        journal.open()?.closeUnmatched(by: sender, code: 1, text: Self.noRoute, at: Self.start) {
            $0.add(.status, number)
            $0.add(.code, "no_route")
        }
    }

    @Test("every record of a request that matched a route is there; of refusals so many as are allowed, and the number")
    func mixed() throws {
        let scratch = try Scratch()
        let log = try AuditLog(
            sink: .file(path: scratch.path, rotateBytes: 1 << 30, keep: 3), whenFull: .refuse, queueBytesMax: 1 << 20,
            unmatchedPerMinuteMax: 5)
        let journal = log.journal()
        for number in 0..<100 {
            refuse(journal, 1_000 + number, by: Self.sender(1))
            journal.record(number)
            if number % 7 == 0 { journal.handOver() }
        }
        journal.handOver()
        #expect(log.health.counted == 95)
        #expect(log.stop())
        let records = try scratch.records(scratch.path)
        #expect(records.filter { $0["code"] == nil }.numbers == Array(0..<100))
        #expect(records.filter { $0["code"] != nil }.numbers == Array(1_000..<1_005))
        #expect(records.compactMap { $0["repeated"]?.int } == [95])
        // In their order, up to the one for many.
        #expect(records.numbers.prefix(4) == [1_000, 0, 1_001, 1])
    }
}
