import Foundation
import Policy
import Testing

@Suite("docs/fields.md")
struct BelievedFieldDocumentTests {
    @Test("it has each field that is removed, with who believes it, and no other")
    func rows() throws {
        let rows = try Places.text("docs/fields.md").split(separator: "\n").filter { $0.contains(" | `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let expected = BelievedFields.groups.map { group in
            [group.believers, group.names.map { "`\($0)`" }.joined(separator: " ")]
        }
        #expect(rows == expected)
        #expect(
            BelievedFields.all.count + BelievedFields.prefixes.count == BelievedFields.groups.flatMap(\.names).count,
            "no name stands there twice")
    }

    @Test("a family has the names that begin so, in any case, and a list of its own can let one pass")
    func families() {
        for name in ["X-Envoy-Anything", "x-forwarded-login", "OIDC-Claim-Groups", "Impersonate-Extra-Scopes"] {
            #expect(BelievedFields.contain(name))
        }
        for name in ["X-Envoy", "XX-Envoy-A", "Accept", "X-Custom"] { #expect(!BelievedFields.contain(name)) }
    }
}
