import Foundation
import Policy

/// Findings as `portcullis check` prints them.
package enum FindingReport {
    /// One line for each finding, each with a line feed.
    package static func text(_ findings: [Finding]) -> String {
        findings.map { $0.description + "\n" }.joined()
    }

    /// `{"errors": 1, "findings": [{"code": …, "column": …, "file": …, "line": …, "message": …, "severity": …}],
    /// "warnings": 0}` for editors and CI (`--format json`).
    package static func json(_ findings: [Finding]) -> [UInt8] {
        let document = Document(
            errors: findings.count { $0.severity == .error },
            warnings: findings.count { $0.severity == .warning },
            findings: findings.map(Document.Entry.init))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Integers and strings only: there is nothing in it that could not be encoded.
        return (try? encoder.encode(document)).map { Array($0) + [0x0A] } ?? []
    }

    private struct Document: Encodable {
        struct Entry: Encodable {
            var file: String
            var line: Int
            var column: Int
            var severity: String
            var code: String
            var message: String

            init(_ finding: Finding) {
                file = finding.file
                line = finding.position.line
                column = finding.position.column
                severity = finding.severity.rawValue
                code = finding.code.rawValue
                message = finding.message
            }
        }
        var errors: Int
        var warnings: Int
        var findings: [Entry]
    }
}
