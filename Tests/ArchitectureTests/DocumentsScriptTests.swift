import Testing

/// The documents name files, declarations and tests. What they name must be there.
@Suite("scripts/documents")
struct DocumentsScriptTests {
    private let script = ScriptFixture(script: "documents")

    @Test("what the documents of this project name is there")
    func thisProject() throws {
        let run = try script.run()
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test(
        "a document that names what is not there is a breach",
        arguments: [
            ("[gone](docs/gone.md)", "README.md:2: the link leads nowhere: docs/gone.md"),
            ("[part](#no-such-part)", "README.md:2: README.md has no heading for #no-such-part"),
            ("`Sources/A/Gone.swift`", "README.md:2: there is no Sources/A/Gone.swift"),
            ("`Head.parse` (`Sources/A/Head.swift`)", "README.md:2: Sources/A/Head.swift declares no parse"),
            ("`Tests/ATests/A.swift`: \"it flies\"", "README.md:2: Tests/ATests/A.swift has no test \"it flies\""),
        ])
    func breaches(text: String, breach: String) throws {
        let run = try script.run(on: [
            "README.md": "# Title\n\(text)\n", "Sources/A/Head.swift": "struct Head {}\n",
            "Tests/ATests/A.swift": "@Test(\"it walks\")\n",
        ])
        #expect(run.status == 1)
        #expect(run.lines == [breach])
    }

    @Test("links, headings, declarations and tests that are there are no breach, and code blocks are passed over")
    func rightOnes() throws {
        let readme = """
            # The title, at last
            [here](#the-title-at-last) [there](docs/page.md#part-two) `Head.parse` (`Sources/A/Head.swift`)
            `Tests/ATests/A.swift`: "it walks"
            ```
            [no link](nowhere.md)
            ```
            """
        let run = try script.run(on: [
            "README.md": readme, "docs/page.md": "## Part two\n",
            "Sources/A/Head.swift": "struct Head { func parse() {} }\n",
            "Tests/ATests/A.swift": "@Test(\"it walks\")\n",
        ])
        #expect(run.status == 0, "\(run.output)")
    }

    @Test("a page that grew past 3,000 words is a breach")
    func longPages() throws {
        let run = try script.run(on: ["README.md": String(repeating: "word ", count: 3_001)])
        #expect(run.lines.count == 1 && run.output.contains("3001 words"), "\(run.output)")
    }
}
