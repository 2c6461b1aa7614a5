import Foundation
import Testing

@testable import Audit

/// `docs/audit.md` is what operators share records by: it must name every field and its class.
@Suite("docs/audit.md")
struct AuditDocumentTests {
    /// Rows `| `field` | class | meaning |`.
    private func classes() throws -> [String: String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/audit.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
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
}
