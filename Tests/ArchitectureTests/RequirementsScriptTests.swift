import Testing

/// `scripts/requirements` on a small project of its own. Ids of families that the real list does not have, so that this
/// file counts for nothing there.
@Suite("scripts/requirements")
struct RequirementsScriptTests {
    private let script = ScriptFixture(script: "requirements")

    private static let list = """
        id,section,requirement
        XX-001,1 §1,"one, with a comma"
        XX-002,1 §2,two
        XX-003,1 §3,three
        XX-004,1 §4,four
        YY-001,2,other
        """

    private static let tests = """
        @Test("XX-001/002 both", arguments: [400])
        // "XX-003 in a comment is no test"
        let text = "about XX-003"
        """

    @Test("says what is tested and where, what deliberately is not and why, and what is missing")
    func report() throws {
        let files = [
            "docs/requirements.csv": Self.list, "Tests/ATests/A.swift": Self.tests,
            "docs/requirements-untested.csv": "id,reason\nXX-003,because\n",
        ]
        let run = try script.run(on: files, ["--prefix", "XX"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.output == """
                XX-001  tested    Tests/ATests/A.swift:1
                XX-002  tested    Tests/ATests/A.swift:1
                XX-003  untested  because
                XX-004  MISSING   [1 §4] four
                4 requirements: 2 tested, 1 deliberately untested, 1 missing

                """)
        let missing = try script.run(on: files, ["--prefix", "XX", "--missing", "--strict"])
        #expect(missing.status == 1)
        #expect(missing.output.split(separator: "\n").count == 2)
    }

    @Test("a reason for what has a test, and an id that the list does not have, are errors")
    func contradictions() throws {
        let run = try script.run(
            on: [
                "docs/requirements.csv": Self.list,
                "Tests/A.swift": #"@Test("XX-001 XX-009 both")"#,
                "docs/requirements-untested.csv": "id,reason\nXX-001,because\nXX-010,because\n",
            ], [])
        #expect(run.status == 1)
        #expect(run.errors.split(separator: "\n").count == 3, "\(run.errors)")
    }

    @Test("the lists of this project are well-formed, and every id in its tests is on them")
    func thisProject() throws {
        let run = try script.run()
        #expect(run.status == 0, "\(run.errors)")
        #expect(try script.run(["--help"]).output.contains("--strict"))
    }
}
