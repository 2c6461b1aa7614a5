import Testing

/// A project of two modules: `Rules` decides and may import `Values`; both have a row in ARCHITECTURE.md.
@Suite("scripts/architecture")
struct ArchitectureScriptTests {
    private let script = ScriptFixture(script: "architecture")

    private static let package = """
        // swift-tools-version: 6.2
        import PackageDescription
        let package = Package(
            name: "small",
            targets: [
                .target(name: "Values"),
                .target(name: "Rules", dependencies: ["Values"], swiftSettings: [.define("DECIDES")]),
            ])
        """
    private static let table = """
        | 0 | `Values` | values | - | - |
        | 1 | `Rules` | rules | Values | - |
        """

    private func run(
        rules: String = "import Values\n", values: String = "import Foundation\n", table: String = table
    ) throws -> ScriptFixture.Run {
        try script.run(on: [
            "Package.swift": Self.package, "ARCHITECTURE.md": table, "Sources/Values/Value.swift": values,
            "Sources/Rules/Rule.swift": rules,
        ])
    }

    @Test("this project keeps to Package.swift and to the table of ARCHITECTURE.md")
    func thisProject() throws {
        let run = try script.run()
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test("a project that keeps to its Package.swift has no breach")
    func noBreach() throws {
        let run = try run()
        #expect(run.status == 0 && run.output.isEmpty, "\(run.output)\(run.errors)")
    }

    @Test(
        "a module that reaches for what is not its own is a breach",
        arguments: [
            ("package import struct Foundation.Data\nimport Values\n", "a deciding module may not use it"),
            ("@preconcurrency import NIOCore\nimport Values\n", "Package.swift does not name it as a dependency"),
            ("import Values\nlet now = clock_gettime\n", "it may not use 'clock_gettime'"),
            ("import Values\nfunc f() { Task { } }\n", "it may not use 'Task {'"),
            ("import Values\n    public func f() {}\n", "nothing is public"),
            ("struct Rule {}\n", "Rules depends on Values, which none of its files imports"),
        ])
    func reaches(rules: String, breach: String) throws {
        let run = try run(rules: rules)
        #expect(run.status == 1)
        #expect(run.lines.count == 1 && run.output.contains(breach), "\(run.output)\(run.errors)")
    }

    @Test("a module without a row in ARCHITECTURE.md, or with an untrue one, is a breach")
    func tableOfModules() throws {
        let missing = try run(table: "| 0 | `Values` | values | - | - |")
        #expect(missing.output == "ARCHITECTURE.md: the table of modules has no row for Rules\n")
        let untrue = try run(table: Self.table.replacing("| rules | Values |", with: "| rules | - |"))
        #expect(untrue.output.contains("ARCHITECTURE.md:2: Rules imports Values by Package.swift; the table says -"))
    }
}
