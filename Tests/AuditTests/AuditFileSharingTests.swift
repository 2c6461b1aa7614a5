import Foundation
import JSON
import Testing

@testable import Audit

/// The command line writes into the file of a gateway that is writing, too.
@Suite("an audit file that two processes write to")
struct AuditFileSharingTests {
    private static func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-shared-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private static func change(_ number: Int) -> ChangeRecord {
        ChangeRecord(
            at: 0, [(.change, "client_added"), (.object, "c\(number)")], before: nil,
            after: ["name": .string(String(repeating: "x", count: 500))])
    }

    @Test(
        "every record of both is there once and whole, while the file is rotated again and again",
        arguments: [0, 20_000])
    func together(_ rotateBytes: Int) async throws {
        try await Self.withFolder { folder in
            let path = folder.appending(path: "audit.jsonl").path
            let log = try AuditLog(
                sink: .file(path: path, rotateBytes: rotateBytes, keep: 1_000), whenFull: .refuse,
                queueBytesMax: 1 << 20)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        for number in 0..<200 { try AuditFile.append(Self.change(writer * 1_000 + number), to: path) }
                    }
                }
                group.addTask {
                    let journal = log.journal()
                    for number in 0..<2_000 {
                        journal.open()?.close(at: 0) { $0.add(.status, number) }
                        if number % 10 == 0 { journal.handOver() }
                        if number % 100 == 0 { log.flush() }
                    }
                    journal.handOver()
                }
                try await group.waitForAll()
            }
            log.flush()
            log.stop()
            var objects: [String] = []
            var statuses: [Int64] = []
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
                let octets = try Data(contentsOf: file)
                #expect(octets.last == 0x0A)
                for line in octets.split(separator: 0x0A) {
                    let record = try #require(try JSON.parse(Array(line)).object)
                    if let object = record["object"]?.string { objects.append(object) }
                    if let status = record["status"]?.int { statuses.append(status) }
                }
            }
            #expect(Set(objects).count == 400)
            #expect(objects.count == 400)
            #expect(statuses.sorted() == (0..<2_000).map(Int64.init))
        }
    }

    @Test("a line that somebody left half written is ended before the next record")
    func halfLine() async throws {
        try await Self.withFolder { folder in
            let file = folder.appending(path: "audit.jsonl")
            try Data("{\"time\":".utf8).write(to: file)
            try AuditFile.append(Self.change(1), to: file.path)
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.last?.contains("\"c1\"") == true)
        }
    }

    @Test("where no file can be opened nothing may be changed")
    func unwritable() {
        #expect(throws: AuditSinkError.self) { try AuditFile.check("/nowhere/at/all/audit.jsonl") }
        #expect(throws: AuditSinkError.self) { try AuditFile.append(Self.change(1), to: "/nowhere/at/all/audit.jsonl") }
    }
}
