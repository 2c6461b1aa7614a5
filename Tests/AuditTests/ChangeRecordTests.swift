import Foundation
import JSON
import Testing

@testable import Audit

@Suite("records of changes")
struct ChangeRecordTests {
    private static let time: Int64 = 1_767_225_600_000_000_000

    private func parsed(_ record: ChangeRecord) throws -> JSONObject {
        #expect(record.octets.last == 0x0A)
        #expect(record.octets.count <= ChangeRecord.bytesMax)
        #expect(record.octets.count { $0 == 0x0A } == 1)
        return try #require(try JSON.parse(Array(record.octets.dropLast())).object)
    }

    @Test("who, what, before and after, in one line; what is empty is left out")
    func whole() throws {
        let record = try parsed(
            ChangeRecord(
                at: Self.time,
                [(.requestID, "01"), (.change, "client_changed"), (.object, "a\"\n"), (.actorClient, "")],
                before: ["scope": "a"], after: nil))
        #expect(
            record == [
                "time": "2026-01-01T00:00:00.000Z", "request_id": "01", "change": "client_changed", "object": "a\"\n",
                "before": ["scope": "a"],
            ])
    }

    @Test("whatever is in it, a record keeps within its bound, stays whole, and says what it left out")
    func bound() throws {
        let long = String(repeating: "\u{1}", count: 70_000)
        let side: JSONObject = ["name": "billing", "jwks": .string(long), "contacts": .strings([long, long])]
        let texts: [(field: ChangeField, value: String)] = [
            (.requestID, long), (.change, long), (.outcome, long), (.object, long), (.actorClient, long),
            (.actorSubject, long),
        ]
        let record = try parsed(ChangeRecord(at: Self.time, texts, before: side, after: side))
        #expect(record["truncated"] == true)
        #expect(record["before"]?.object?["name"] == "billing")
        #expect(record["after"]?.object?["jwks"]?.string?.hasPrefix("left out: ") == true)
    }

    @Test(
        "a log that drops what it cannot keep takes no changes then, and one that was promised is written all the same")
    func fullLog() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-change-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "audit.jsonl")
        let log = try AuditLog(
            sink: .file(path: file.path, rotateBytes: 0, keep: 0), whenFull: .dropAndCount, queueBytesMax: 0)
        #expect(!log.takesChanges)
        log.record(ChangeRecord(at: Self.time, [(.change, "client_added")], before: nil, after: [:]))
        #expect(log.flush())
        log.stop()
        #expect(try String(contentsOf: file, encoding: .utf8).contains("client_added"))
    }

    @Test("docs/audit.md names every field of it with its class, and no other")
    func document() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/audit.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| Field `") }.map { line in
            line.split(separator: "|").prefix(2).map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
                .joined(separator: " ")
        }
        #expect(
            rows.sorted() == ChangeField.allCases.map { "Field `\($0.rawValue) \($0.classification.rawValue)" }.sorted()
        )
    }
}

extension JSON {
    fileprivate static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}
