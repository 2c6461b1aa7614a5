import Foundation
import Glibc
import JSON
import Synchronization
import Testing

@testable import Audit

@Suite("an audit file that somebody removes, replaces or cuts")
struct AuditFileTamperingTests {
    /// What is done to the open file, what the log says of it, and which records are where afterwards.
    struct Deed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The file's path.
        let act: @Sendable (String) throws -> Void
        let notice: @Sendable (String) -> AuditNotice
        /// Numbers of the records in the file that the name leads to afterwards.
        let numbers: [Int]
    }

    /// Octets of one record of `AuditJournal.record` with a number of one digit.
    private static let recordBytes = recordText { $0.add(.status, 1) }.count

    static let deeds: [Deed] = [
        Deed(
            testDescription: "removed", act: { try FileManager.default.removeItem(atPath: $0) },
            notice: { .removed(path: $0, rescuedBytes: 2 * recordBytes) }, numbers: [2, 3, 4]),
        Deed(
            testDescription: "removed, and another one made by somebody else",
            act: {
                try FileManager.default.removeItem(atPath: $0)
                try Data("{\"status\":9}\n".utf8).write(to: URL(fileURLWithPath: $0))
            }, notice: { .removed(path: $0, rescuedBytes: 2 * recordBytes) }, numbers: [9, 2, 3, 4]),
        Deed(
            testDescription: "replaced by a rename",
            act: {
                try Data("{\"status\":9}\n".utf8).write(to: URL(fileURLWithPath: $0 + ".new"))
                guard rename($0 + ".new", $0) == 0 else { throw Scratch.Torn() }
            }, notice: { .removed(path: $0, rescuedBytes: 2 * recordBytes) }, numbers: [9, 2, 3, 4]),
        Deed(
            testDescription: "renamed",
            act: { try FileManager.default.moveItem(atPath: $0, toPath: $0 + ".moved") },
            notice: { .movedAway(path: $0, isReopened: true) }, numbers: [4]),
        Deed(
            testDescription: "removed, with another name left",
            act: {
                guard link($0, $0 + ".other") == 0, unlink($0) == 0 else { throw Scratch.Torn() }
            }, notice: { .movedAway(path: $0, isReopened: true) }, numbers: [4]),
        Deed(
            testDescription: "cut to nothing", act: { guard truncate($0, 0) == 0 else { throw Scratch.Torn() } },
            notice: { .truncated(path: $0, from: 3 * recordBytes, to: 0) }, numbers: [4]),
        Deed(
            testDescription: "cut to one record",
            act: { guard truncate($0, off_t(recordBytes)) == 0 else { throw Scratch.Torn() } },
            notice: { .truncated(path: $0, from: 3 * recordBytes, to: recordBytes) }, numbers: [1, 4]),
    ]

    private static func write(_ number: Int, to sink: inout OpenSink) throws {
        var octets = recordText { $0.add(.status, number) }[...]
        while !octets.isEmpty { octets = try octets.dropFirst(sink.write(octets).get()) }
    }

    @Test("is noticed, and opened anew with what would have been lost", arguments: deeds)
    func noticed(_ deed: Deed) throws {
        let scratch = try Scratch()
        var sink = try OpenSink(.file(path: scratch.path, rotateBytes: 1 << 30, keep: 3))
        try Self.write(1, to: &sink)
        var notice = sink.verify()
        #expect(notice == nil)
        // These two are written into the file before anybody looks again.
        try Self.write(2, to: &sink)
        try Self.write(3, to: &sink)
        try deed.act(scratch.path)
        notice = sink.verify()
        #expect(notice == deed.notice(scratch.path))
        #expect(deed.notice(scratch.path).isAlarm)
        try Self.write(4, to: &sink)
        #expect(try scratch.records(scratch.path).numbers == deed.numbers)
        notice = sink.verify()
        #expect(notice == nil)
    }

    @Test("is noticed before the next batch is written, without its name being looked up")
    func beforeBatch() throws {
        let scratch = try Scratch()
        var sink = try OpenSink(.file(path: scratch.path, rotateBytes: 1 << 30, keep: 3))
        try FileManager.default.removeItem(atPath: scratch.path)
        let notice = sink.begin(before: 100)
        #expect(notice == .removed(path: scratch.path, rescuedBytes: 0))
        try Self.write(1, to: &sink)
        sink.end()
        #expect(try scratch.records(scratch.path).numbers == [1])
    }

    @Test("with its folder gone no request is promised a record, and no record is lost once the folder is there again")
    func folderRemoved() throws {
        let scratch = try Scratch()
        let folder = scratch.folder + "/var"
        let path = folder + "/audit.jsonl"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let heard = Heard()
        let log = try AuditLog(
            sink: .file(path: path, rotateBytes: 1 << 30, keep: 3), whenFull: .refuse, queueBytesMax: 1 << 20,
            onNotice: heard.add)
        let journal = log.journal()
        journal.record(1)
        try FileManager.default.removeItem(atPath: folder)
        journal.handOver()
        // Also with nothing to write.
        #expect(log.wait { log.isFailing })
        #expect(journal.isRefused)
        #expect(log.health.failure == "No such file or directory")
        #expect(log.health.alarm?.contains("cannot be made again") == true)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(log.wait { !log.isFailing })
        journal.record(2)
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records(path).numbers == [1, 2])
        #expect(log.health.lost == 0)
        #expect(heard.all.contains(.failing(reason: "No such file or directory")))
        #expect(heard.all.contains(.recovered))
    }

    @Test("a log that nobody writes to notices by itself, counts it, and shows it until somebody has looked")
    func idle() throws {
        let scratch = try Scratch()
        let heard = Heard()
        let log = try AuditLog(
            sink: .file(path: scratch.path, rotateBytes: 1 << 30, keep: 3), whenFull: .refuse,
            queueBytesMax: 1 << 20, onNotice: heard.add)
        try FileManager.default.removeItem(atPath: scratch.path)
        #expect(log.wait { log.alarms > 0 })
        #expect(FileManager.default.fileExists(atPath: scratch.path))
        #expect(log.health.alarms == 1)
        #expect(log.health.alarm == AuditNotice.removed(path: scratch.path, rescuedBytes: 0).text)
        log.reopen()
        #expect(log.health.alarm == nil)
        #expect(log.health.alarms == 1)
        #expect(log.stop())
        #expect(heard.all == [.removed(path: scratch.path, rescuedBytes: 0)])
    }

    @Test("standard output that leads to a removed file is an alarm; one that never had a name is none")
    func standardOutput() throws {
        let scratch = try Scratch()
        let descriptor = open(scratch.path, O_RDWR | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var sink = OpenSink(standardOutput: descriptor)
        var notice = sink.verify()
        #expect(notice == nil)
        try FileManager.default.removeItem(atPath: scratch.path)
        notice = sink.verify()
        #expect(notice == .outputRemoved)
        notice = sink.verify()
        #expect(notice == nil)
        var nameless = OpenSink(standardOutput: descriptor)
        notice = nameless.verify()
        #expect(notice == nil)
    }
}
