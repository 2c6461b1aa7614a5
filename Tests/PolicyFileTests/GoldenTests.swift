import Foundation
import Policy
import Testing

@testable import PolicyFile

/// Each file in `Golden/`: a `routes.yaml`, a line of dashes, and what the reader must say: the findings, each with its
/// code behind it, and the policy's summary when there is one. A new case is a new file.
///
/// To record what the reader says now: `PORTCULLIS_RECORD_GOLDEN=1 swift test --filter Golden`, then read the
/// difference.
@Suite("What is said about a routes.yaml")
struct GoldenTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var url: URL
        var text: String
        var expected: String
        var testDescription: String { url.deletingPathExtension().lastPathComponent }
    }

    static let separator = "\n--------------------------------\n"

    static let cases: [Case] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().compactMap { name in
            let url = folder.appendingPathComponent(name)
            guard let whole = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            let parts = whole.components(separatedBy: separator)
            return Case(url: url, text: parts[0] + "\n", expected: parts.count > 1 ? parts[1] : "")
        }
    }()

    @Test("the findings and the summary are the recorded ones", arguments: cases)
    func golden(_ golden: Case) throws {
        let said = Self.said(about: golden)
        if ProcessInfo.processInfo.environment["PORTCULLIS_RECORD_GOLDEN"] != nil {
            try Data((golden.text.dropLast() + Self.separator + said).utf8).write(to: golden.url)
        } else {
            #expect(said == golden.expected)
        }
    }

    @Test("there are at least forty cases")
    func count() {
        #expect(Self.cases.count >= 40)
    }

    @Test("every finding's code is shown by a case")
    func codes() {
        // What a golden file, which is UTF-8 and small, cannot show is in `DocumentTests`; what follows from clients in a
        // database in `ObtainableScopeTests`.
        let elsewhere: Set<FindingCode> = [.fileTooLarge, .notUTF8, .forbiddenCharacter, .withoutPKCE]
        let shown = Self.cases.map(\.expected).joined()
        for code in FindingCode.allCases where !elsewhere.contains(code) {
            #expect(shown.contains("[\(code.rawValue)]"), "\(code.rawValue)")
        }
    }

    static func said(about golden: Case) -> String {
        let reading = PolicyReader(files: StubPolicyFiles(directives: golden.text)).read(
            Array(golden.text.utf8), path: "routes.yaml")
        let findings = reading.findings.map { "\($0.description) [\($0.code.rawValue)]\n" }
        return (findings + (reading.policy?.summary.map { $0 + "\n" } ?? [])).joined()
    }
}
