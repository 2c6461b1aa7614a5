import Foundation
import Policy
import Testing

@Suite("docs/fields.md")
struct BelievedFieldDocumentTests {
    @Test("it has a row for each field that is removed, with who believes it, and no other")
    func rows() throws {
        let rows = try Places.text("docs/fields.md").split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let expected = BelievedFields.groups.flatMap { group in group.names.map { ["`\($0)`", group.believers] } }
        #expect(rows == expected)
        #expect(BelievedFields.all.count == expected.count)
    }
}
