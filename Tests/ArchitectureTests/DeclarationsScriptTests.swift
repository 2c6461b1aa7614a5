import Testing

/// What a module shows to others says what it is.
@Suite("scripts/declarations")
struct DeclarationsScriptTests {
    private let script = ScriptFixture(script: "declarations")

    /// What the script says of a file with these declarations.
    private func findings(_ source: String) throws -> [String] {
        let run = try script.run(on: ["Sources/A/A.swift": source], ["--list", "A"])
        return run.lines.filter { $0.hasPrefix("Sources/A/A.swift:") }.map {
            String($0.dropFirst("Sources/A/A.swift:".count))
        }
    }

    @Test("this project has no more declarations without a comment than its bound")
    func thisProject() throws {
        let run = try script.run()
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test(
        "what other modules see and no comment explains is found",
        arguments: [
            ("package struct A {}", "1: struct A has no comment"),
            ("/// One.\nstruct A {\n    package var b: String\n}", "3: var b has no comment"),
            ("/// One.\npackage struct A {\n    package var a: A?\n}", "3: var a has no comment"),
            ("/// One.\npackage enum A {\n    case b(Int)\n}", "3: case b has no comment"),
            ("/// One.\npackage protocol A {\n    func b()\n}", "3: func b has no comment"),
            ("package func a(_ b: String = \"package func c() {\") {}", "1: func a has no comment"),
            (
                "/// One.\nextension A {\n    package init(_ b: Int) { self.b = b * 2 }\n}",
                "3: init init has no comment"
            ),
        ])
    func found(source: String, finding: String) throws {
        #expect(try findings(source) == [finding])
    }

    @Test(
        "what a comment could only repeat needs none",
        arguments: [
            "/// One.\npackage struct A {\n    var b: String\n    func c() { let d = 1 }\n}",
            "/// One.\n@frozen\npackage enum A {\n    case b, c(d: Int)\n}",
            "/// One.\npackage struct A {\n    package let rules: [RouteRule]\n    package var isB: Bool\n}",
            "/// One.\npackage struct A {\n    package let bodyBytesMax: Int\n}",
            "/// One.\npackage struct A {\n    package init(b: Int) {\n        self.b = b\n    }\n}",
            "/// One.\npackage protocol A {\n    /// Two.\n    func b(_ c: Int)\n}\n"
                + "extension D: A {\n    package func b(_ e: Int) {}\n}",
            "/// One.\npackage func a(_ b: Int) {}\npackage func a(_ b: String) {}",
            "/// One.\npackage struct A: Hashable {\n    package func hash(into hasher: inout Hasher) {}\n}",
        ])
    func plain(source: String) throws {
        #expect(try findings(source) == [])
    }
}
