import Foundation
import JSON
import Testing

@testable import Audit

/// `docs/audit.md` is what operators share records by: it must name every field and its class.
@Suite("docs/audit.md")
struct AuditDocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Rows `| `field` | class | meaning |`.
    private func classes() throws -> [String: String] {
        let rows = try Self.text("docs/audit.md").split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
        }
        return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in "\(first) twice" })
    }

    @Test("every field is there with its class, and no other field")
    func complete() throws {
        let fields = Dictionary(
            uniqueKeysWithValues: AuditField.allCases.map { ("\($0.name)", $0.classification.rawValue) })
        #expect(try classes() == fields)
    }

    @Test("the records that questions are shown with have the members of real ones")
    func sample() throws {
        let order = AuditField.allCases.map(\.name)
        let changeOrder = ChangeField.allCases.map(\.rawValue)
        let lines = try Self.text("docs/audit-questions.md").split(separator: "\n").filter {
            $0.hasPrefix("{\"time\":")
        }
        #expect(lines.count == 14)
        for line in lines {
            let record = try #require(try JSON.parse(Array(line.utf8)).object, "\(line)")
            let known = record["change"] == nil ? order : changeOrder
            for name in record.names { #expect(known.contains(name), "\(name) in \(line)") }
            if record["change"] != nil {
                #expect(record.names == changeOrder.filter { record[$0] != nil })
                // One or the other did it.
                #expect((record["actor_user"] == nil) != (record["actor_client"] == nil))
            }
        }
    }
}
