import Foundation
import Testing

/// The documents name files, declarations and tests. What they name must be there.

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private let documents: [String] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/README.md"]
    + ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs").path)) ?? [])
    .filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }

private func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
}

private func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
}

@Test("a link from one document to another leads somewhere", arguments: documents)
func linksLeadSomewhere(document: String) throws {
    let folder = root.appending(path: document).deletingLastPathComponent()
    for link in try text(document).matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/) {
        let target = folder.appending(path: String(link.1)).standardizedFileURL.path
        #expect(FileManager.default.fileExists(atPath: target), "\(document): \(link.1)")
    }
}

@Test("a path of the project in a document exists", arguments: documents)
func pathsExist(document: String) throws {
    for path in try text(document).matches(of: /`((?:Sources|Tests|Fuzz|Benchmarks|scripts|bench|deploy)\/[^`*…\s]+)`/)
    {
        #expect(exists(String(path.1)), "\(document): \(path.1)")
    }
}

/// `Type.member` (`Sources/…`): the file declares, or passes on, something of that name.
@Test("a declaration that a document places in a file is there", arguments: documents)
func declarationsAreThere(document: String) throws {
    for named in try text(document).matches(of: /`([A-Za-z0-9.]+)`\s+\(`(Sources\/[^`]+\.swift)`\)/) {
        let file = String(named.2)
        guard exists(file) else { continue }
        let source = try text(file)
        for name in named.1.split(separator: ".") {
            let isThere = source.contains(name)
            #expect(isThere, "\(document): \(named.1) is not in \(file)")
        }
    }
}

/// `Tests/…`: "name", "name": the file has tests of these names.
@Test("a test that a document names exists", arguments: documents)
func testsExist(document: String) throws {
    for named in try text(document).matches(of: /`(Tests\/[^`]+\.swift)`: ((?:"[^"]+"(?:, )?)+)/) {
        let file = String(named.1)
        guard exists(file) else { continue }
        let source = try text(file)
        for name in named.2.matches(of: /"([^"]+)"/) {
            let isThere = source.contains("\"\(name.1)\"")
            #expect(isThere, "\(document): \(file) has no test \"\(name.1)\"")
        }
    }
}

@Test("every room has its line in ARCHITECTURE.md")
func everyRoomIsExplained() throws {
    let architecture = try text("ARCHITECTURE.md")
    for room in try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path) {
        let isThere = architecture.contains("`\(room)`")
        #expect(isThere, "\(room)")
    }
}
