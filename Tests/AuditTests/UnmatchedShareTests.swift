import Foundation
import Glibc
import JSON
import Testing

@testable import Audit

@Suite("What refused requests that match no route can take of the audit log")
struct UnmatchedShareTests {
    private static func refuse(_ journal: AuditJournal, _ number: Int) -> Bool {
        guard let ticket = journal.open() else { return false }
        ticket.closeUnmatched(
            by: AuditSender(key: 1, address: AuditText("192.0.2.1")), code: 1, text: AuditText("no_route"), at: 0
        ) {
            $0.add(.status, number)
            $0.add(.code, "no_route")
        }
        return true
    }

    @Test("they push no other record out, however many they are: what is more than their share has files of its own")
    func files() throws {
        let scratch = try Scratch()
        let rotateBytes = 20_000
        let log = try AuditLog(
            sink: .file(path: scratch.path, rotateBytes: rotateBytes, keep: 2), whenFull: .refuse,
            queueBytesMax: 1 << 20, retention: AuditRetention(unmatchedKeep: 1))
        let journal = log.journal()
        for number in 0..<100 {
            journal.record(number)
            for refusal in 0..<50 { #expect(Self.refuse(journal, 1_000 + number * 50 + refusal)) }
            journal.handOver()
            #expect(log.flush())
        }
        #expect(log.stop())
        // Some 350,000 octets of refusals, where 60,000 are kept.
        let files = [2, 1].map { "\(scratch.path).\($0)" }.filter(FileManager.default.fileExists) + [scratch.path]
        let records = try files.flatMap { try scratch.records($0) }
        #expect(records.filter { $0["code"] == nil }.numbers == Array(0..<100))
        let inFile = records.filter { $0["code"] != nil }.count
        #expect(inFile > 0)
        let unmatched = "\(scratch.path).unmatched"
        let apart = try scratch.records("\(unmatched).1") + scratch.records(unmatched)
        #expect(apart.allSatisfy { $0["code"] == "no_route" })
        // The newest of them, and none twice.
        #expect(apart.numbers.last == 5_999)
        #expect(apart.numbers == Array((6_000 - apart.count)..<6_000))
        for file in files + [unmatched, "\(unmatched).1"] { #expect(scratch.octets(file).count <= rotateBytes) }
        #expect(!FileManager.default.fileExists(atPath: "\(unmatched).2"))
        #expect(log.health.written == 5_100)
        #expect(log.health.lost == 0)
    }

    @Test("a slow sink goes on promising records to requests that match, however many do not")
    func queue() throws {
        let scratch = try Scratch()
        try #require(mkfifo(scratch.path, 0o600) == 0)
        let reader = open(scratch.path, O_RDONLY | O_NONBLOCK)
        try #require(reader >= 0)
        defer { close(reader) }
        let bound = 1 << 20
        let log = try AuditLog(
            sink: .file(path: scratch.path, rotateBytes: 0, keep: 0), whenFull: .refuse, queueBytesMax: bound)
        let journal = log.journal()
        // Nobody reads.
        for number in 0..<100_000 {
            guard Self.refuse(journal, number) else { return #expect(Bool(false), "refused after \(number)") }
            if number % 20 == 0 { journal.handOver() }
        }
        journal.handOver()
        #expect(log.health.queuedBytes <= bound / 4 + 65_536 + AuditRecord.bytesMax)
        #expect(log.health.counted > 90_000)
        for number in 0..<100 { #expect(journal.record(number)) }
        #expect(!log.stop(within: 0))
    }
}
