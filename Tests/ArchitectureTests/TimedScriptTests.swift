import Foundation
import Testing

/// `scripts/timed`, on small projects and on this one.
@Suite("scripts/timed")
struct TimedScriptTests {
    private let script = ScriptFixture(script: "timed")

    private static let tag = ".tags(" + ".timed)"
    private static let suites = """
        @Suite("one", \(tag))
        struct OneTests {
            @Test("a (test)") func a() {}
        }

        @Suite("two")
        struct TwoTests {}

        @Suite(
            "three of (several) lines", .serialized, \(tag)
        )
        final class ThreeTests {}
        """

    @Test("names the suites that have the tag, and no others")
    func suites() throws {
        let run = try script.run(on: ["Tests/ATests/Folder/A.swift": Self.suites], ["suites"])
        #expect(run.lines == [#"^ATests\.OneTests/"#, #"^ATests\.ThreeTests/"#], "\(run.errors)")
    }

    @Test("a tag that no suite has is an error, because its test would not be run as a timed one")
    func misplaced() throws {
        let test = "@Suite struct ATests { @Test(\"a\", \(Self.tag)) func a() {} }"
        let run = try script.run(on: ["Tests/ATests/A.swift": test], ["suites"])
        #expect(run.status == 1)
        #expect(run.errors.contains("1 tags .timed, but 0 suites"))
    }

    @Test("names the tests that failed in a report, so that a filter finds these and no others")
    func failed() throws {
        let report = """
            <testsuites><testsuite name="TestResults" tests="3" failures="2">
            <testcase classname="ATests.OneTests" name="a()" time="0.1" />
            <testcase classname="ATests.OneTests" name="b(kind:)" time="0.1"><failure message="no" /></testcase>
            <testcase classname="ATests.OneTests" name="b(kind:)" time="0.1"><failure message="no" /></testcase>
            <testcase classname="ATests.TwoTests" name="c()" time="0.1"><failure message="no" /></testcase>
            </testsuite></testsuites>
            """
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).xml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(report.utf8).write(to: file)
        let run = try script.run(["failed", file.path])
        #expect(run.lines == [#"^ATests\.OneTests/b\(kind:\)"#, #"^ATests\.TwoTests/c\(\)"#], "\(run.errors)")
    }

    @Test("of this project, the suites with real timeouts are among them")
    func thisProject() throws {
        let lines = try script.run(["suites"]).lines
        #expect(lines.contains(#"^DataPlaneTests\.TimeoutTests/"#))
        #expect(lines.contains(#"^StorageTests\.PostgreSQLTests/"#))
    }
}
