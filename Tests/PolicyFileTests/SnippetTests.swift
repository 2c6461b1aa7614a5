import Foundation
import Policy
import Testing

@testable import PolicyFile

/// The documents show parts of `routes.yaml` in blocks that are marked `yaml`. What they show must be right: a part may
/// leave out what other parts have, and nothing else.
@Suite("Parts of routes.yaml in the documents")
struct SnippetTests {
    struct Snippet: Sendable, CustomTestStringConvertible {
        var place: String
        var text: String
        var testDescription: String { place }
    }

    static let documents =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"]
        + ((try? FileManager.default.contentsOfDirectory(atPath: Places.root.appendingPathComponent("docs").path)) ?? [])
        .filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }

    static let snippets: [Snippet] = documents.flatMap { document in
        var found: [Snippet] = []
        var open: Snippet?
        let text = (try? Places.text(document)) ?? ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if open == nil, line == "```yaml" {
                open = Snippet(place: "\(document):\(index + 2)", text: "")
            } else if let snippet = open, line == "```" {
                found.append(snippet)
                open = nil
            } else {
                open?.text += line + "\n"
            }
        }
        return found
    }

    /// What is said about a part because it is only a part.
    private static let becauseItIsAPart: Set<FindingCode> = [
        .missingKey, .unknownReference, .unused, .missingText,
    ]

    @Test("every key and value in them is one that exists", arguments: snippets)
    func read(_ snippet: Snippet) {
        let findings = PolicyReader(files: StubPolicyFiles()).read(Array(snippet.text.utf8), path: "routes.yaml")
            .findings
        let wrong = findings.filter { $0.severity == .error && !Self.becauseItIsAPart.contains($0.code) }
        #expect(wrong.map(\.description) == [])
    }

    @Test("there are some")
    func some() {
        #expect(Self.snippets.count >= 5)
    }
}
