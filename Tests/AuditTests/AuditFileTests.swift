import Foundation
import Glibc
import JSON
import Testing

@testable import Audit

@Suite("The audit file")
struct AuditFileTests {
    @Test("a new file is readable by its owner only")
    func mode() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        var status = stat()
        #expect(stat(scratch.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(log.stop())
    }

    @Test("a file that is there is appended to")
    func appended() throws {
        let scratch = try Scratch()
        for number in 1...3 {
            let log = try AuditLog.toFile(scratch.path)
            log.journal().record(number)
            #expect(log.stop())
        }
        #expect(try scratch.records(scratch.path).numbers == [1, 2, 3])
    }

    @Test("behind a line that a killed process left torn, records begin on a line of their own")
    func tornTail() throws {
        let scratch = try Scratch()
        let torn = #"{"time":"2026-01-01T00:00:00.000Z","sta"#
        try Data(torn.utf8).write(to: URL(fileURLWithPath: scratch.path))
        let log = try AuditLog.toFile(scratch.path)
        log.journal().record(1)
        #expect(log.stop())
        let lines = scratch.octets(scratch.path).split(separator: 0x0A)
        try #require(lines.count == 2)
        #expect(Array(lines[0]) == Array(torn.utf8))
        #expect(try Scratch.records(Array(lines[1]) + [0x0A]).numbers == [1])
    }

    @Test(
        "a file that cannot be opened is an error at the start that names it", arguments: ["/nowhere/audit.jsonl", "/"])
    func cannotOpen(_ path: String) {
        let error = #expect(throws: AuditSinkError.self) { try AuditLog.toFile(path) }
        #expect(error?.description.hasPrefix("\(path): ") == true)
    }

    @Test("the file is rotated before it exceeds its size, whole records in each, and the oldest goes")
    func rotation() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path, rotateBytes: 4_000, keep: 2)
        let journal = log.journal()
        for number in 0..<1_000 {
            journal.record(number)
            if number % 10 == 9 {
                journal.handOver()
                #expect(log.flush())
            }
        }
        #expect(log.stop())
        let files = ["\(scratch.path).2", "\(scratch.path).1", scratch.path]
        let numbers = try files.map { try scratch.records($0).numbers }
        for file in files { #expect(scratch.octets(file).count <= 4_000) }
        #expect(numbers.allSatisfy { !$0.isEmpty })
        #expect(numbers.joined().elementsEqual((1_000 - numbers.joined().count)..<1_000))
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path).3"))
        #expect(log.health.written == 1_000)
    }

    @Test("no record is lost or doubled by rotation, whatever the sizes", arguments: [1, 60, 100, 1_000, 50_000])
    func rotationKeepsAll(_ rotateBytes: Int) throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path, rotateBytes: rotateBytes, keep: 400)
        let journal = log.journal()
        for number in 0..<200 {
            journal.record(number)
            journal.handOver()
            if number % 3 == 0 { log.flush() }
        }
        #expect(log.stop())
        let files =
            (1...400).reversed().map { "\(scratch.path).\($0)" }.filter(FileManager.default.fileExists) + [scratch.path]
        #expect(try files.flatMap { try scratch.records($0).numbers } == Array(0..<200))
    }

    @Test("with nothing to keep, the full file goes")
    func keepNone() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path, rotateBytes: 1, keep: 0)
        let journal = log.journal()
        for number in 0..<3 {
            journal.record(number)
            journal.handOver()
            log.flush()
        }
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).numbers == [2])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder) == ["audit.jsonl"])
    }

    @Test("where an older file cannot be moved, nothing is written over: the file grows", arguments: [1, 2, 3])
    func rotationBlocked(_ keep: Int) throws {
        let scratch = try Scratch()
        // A folder that is not empty cannot be replaced by a file.
        try FileManager.default.createDirectory(atPath: "\(scratch.path).\(keep)/x", withIntermediateDirectories: true)
        let older = (1..<keep).map { "\(scratch.path).\($0)" }
        for path in older { try Data("{}\n".utf8).write(to: URL(fileURLWithPath: path)) }
        let log = try AuditLog.toFile(scratch.path, rotateBytes: 1, keep: keep)
        let journal = log.journal()
        for number in 0..<5 {
            journal.record(number)
            journal.handOver()
            #expect(log.flush())
        }
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).numbers == [0, 1, 2, 3, 4])
        for path in older { #expect(scratch.octets(path) == Array("{}\n".utf8)) }
        #expect(log.health.failure == nil)
    }

    @Test("a rotation that could not open the new file does not move the old ones again and again")
    func rotationWithoutNewFile() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path, rotateBytes: 1, keep: 3)
        let journal = log.journal()
        func record(_ number: Int) {
            journal.record(number)
            journal.handOver()
            #expect(log.flush())
        }
        record(0)
        record(1)
        // As after a rename whose open failed: the open file is elsewhere, and the path is taken by a folder.
        try FileManager.default.moveItem(atPath: scratch.path, toPath: "\(scratch.folder)/elsewhere")
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        for number in 2..<6 { record(number) }
        #expect(try scratch.records("\(scratch.path).1").numbers == [0])
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path).2"))
        #expect(try scratch.records("\(scratch.folder)/elsewhere").numbers == [1, 2, 3, 4, 5])
        try FileManager.default.removeItem(atPath: scratch.path)
        record(6)
        #expect(try scratch.records(scratch.path).numbers == [6])
        #expect(log.stop())
    }

    @Test("after a rotation by somebody else and SIGHUP, records go to the new file")
    func reopened() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        func record(_ number: Int) {
            journal.record(number)
            journal.handOver()
            #expect(log.flush())
        }
        record(1)
        try FileManager.default.moveItem(atPath: scratch.path, toPath: "\(scratch.path).moved")
        record(2)
        log.reopen()
        record(3)
        #expect(log.stop())
        #expect(try scratch.records("\(scratch.path).moved").numbers == [1, 2])
        #expect(try scratch.records(scratch.path).numbers == [3])
    }

    @Test("a reopening that fails leaves the old file in use")
    func reopenFails() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        try FileManager.default.moveItem(atPath: scratch.path, toPath: "\(scratch.path).moved")
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        log.reopen()
        journal.record(1)
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records("\(scratch.path).moved").numbers == [1])
    }

    @Test("octets are taken back only while they are the last")
    func takeBack() throws {
        let scratch = try Scratch()
        var file = try OpenFile(scratch.path)
        func write(_ text: String, _ file: inout OpenFile) throws { _ = try file.write(Array(text.utf8)[...]).get() }
        func takeBack(_ count: Int, _ file: inout OpenFile) -> Bool { file.takeBack(count) }
        try write("one\ntw", &file)
        #expect(takeBack(2, &file))
        #expect(scratch.octets(scratch.path) == Array("one\n".utf8))
        try write("two\nth", &file)
        #expect(scratch.octets(scratch.path) == Array("one\ntwo\nth".utf8))
        var other = try OpenFile(scratch.path)
        try write("\nelse\n", &other)
        #expect(!takeBack(2, &file))
        #expect(!takeBack(1_000, &file))
    }

    @Test("a batch knows where its records begin and end")
    func boundaries() {
        let batch = AuditBatch(octets: Array("{}\n{1}\n{22}\n".utf8), records: 3)
        #expect((0...12).map(batch.startOfRecord) == [0, 0, 0, 3, 3, 3, 3, 7, 7, 7, 7, 7, 12])
        #expect((0...12).map(batch.recordsEnded) == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3])
    }
}
