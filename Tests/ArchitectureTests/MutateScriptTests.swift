import Foundation
import Testing

/// Which conditions scripts/mutate finds. That it judges them right shows in its own output, each time that it is used.
@Suite("scripts/mutate")
struct MutateScriptTests {
    private let script = ScriptFixture(script: "mutate")
    private let manifest = """
        // swift-tools-version: 6.2
        import PackageDescription
        let package = Package(
            name: "small",
            targets: [
                .target(name: "A", swiftSettings: [.define("DECIDES")]), .target(name: "B"),
                .testTarget(name: "ATests", dependencies: ["A"]),
            ])
        """

    private func conditions(_ body: String, _ arguments: [String] = ["--list"]) throws -> [String] {
        let run = try script.run(
            on: [
                "Package.swift": manifest, "Sources/A/A.swift": body, "Sources/B/B.swift": "let b = 1 < 2",
                "Tests/ATests/A.swift": "import A",
            ], arguments)
        try #require(run.status == 0, "\(run.output)\(run.errors)")
        return run.lines
    }

    @Test("each single condition is found once, with its line and declaration, in modules that decide")
    func single() throws {
        let body = """
            struct S {
                var isSmall: Bool { count.isZero }
                func f(_ a: Int, _ b: [Int], _ c: Bool) -> Bool {
                    guard a > 0, !b.isEmpty else { return false }
                    while c && (a < 9 || !c) { break }
                    for x in b where x.isMultiple(of: 2) { _ = x == 1 ? 1 : 2 }
                    return b.contains { $0 != a }
                }
            }
            """
        #expect(
            try conditions(body) == [
                "Sources/A/A.swift:2  count.isZero  (S.isSmall)", "Sources/A/A.swift:4  a > 0  (S.f)",
                "Sources/A/A.swift:4  b.isEmpty  (S.f)", "Sources/A/A.swift:5  c  (S.f)",
                "Sources/A/A.swift:5  a < 9  (S.f)", "Sources/A/A.swift:5  c  (S.f)",
                "Sources/A/A.swift:6  x.isMultiple(of: 2)  (S.f)", "Sources/A/A.swift:6  x == 1  (S.f)",
                "Sources/A/A.swift:7  b.contains { $0 != a }  (S.f)", "Sources/A/A.swift:7  $0 != a  (S.f)",
            ])
    }

    @Test("bindings, patterns, literals and conditional compilation are no conditions")
    func noConditions() throws {
        let body = """
            func f(_ a: Int?) -> Bool {
                #if os(Linux) && !DEBUG
                    if let a, case 1...2 = a { return true }
                #endif
                while true { return false }
            }
            """
        #expect(try conditions(body) == [])
    }

    @Test("a sample is as large as it was asked for, and the same for the same seed")
    func sample() throws {
        let body = (0..<40).map { "let a\($0) = \($0) < 7" }.joined(separator: "\n")
        let first = try conditions(body, ["--list", "--sample", "10"])
        #expect(first.count == 10)
        #expect(try conditions(body, ["--list", "--sample", "10"]) == first)
        #expect(try conditions(body, ["--list", "--sample", "10", "--seed", "2"]) != first)
    }
}
