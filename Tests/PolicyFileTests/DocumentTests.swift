import Foundation
import Policy
import Testing

@testable import PolicyFile

/// What a golden file cannot hold: octets that are not UTF-8, sizes, line ends, depth.
@Suite("The text of routes.yaml")
struct DocumentTests {
    private func findings(_ bytes: [UInt8]) -> [String] {
        PolicyReader(files: StubPolicyFiles()).read(bytes, path: "routes.yaml").findings.map {
            "\($0.description) [\($0.code.rawValue)]"
        }
    }

    private func findings(_ text: String) -> [String] { findings(Array(text.utf8)) }

    @Test("a file that is not UTF-8 is refused at its first bad octet")
    func notUTF8() {
        #expect(
            findings(Array("version: 1\n# caf".utf8) + [0xE9, 0x0A]) == [
                "routes.yaml:2:6: error: this octet is not UTF-8; save the file as UTF-8 [not_utf8]"
            ])
        #expect(findings([0xFF, 0xFE, 0x76, 0x00]).count == 1)
        // Overlong "/" and a surrogate.
        #expect(findings([0xC0, 0xAF]).first?.contains("1:1: error: this octet is not UTF-8") == true)
        #expect(findings([0x61, 0xED, 0xA0, 0x80]).first?.contains("1:2: error: this octet is not UTF-8") == true)
        // A byte order mark is no column, and a CR alone ends a line, as everywhere else.
        #expect(findings([0xEF, 0xBB, 0xBF, 0x61, 0xFF]).first?.contains(":1:2: error") == true)
        #expect(findings([0x61, 0x0D, 0x62, 0xFF]).first?.contains(":2:2: error") == true)
    }

    @Test("a file of more than a mebibyte is not read")
    func tooLarge() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: PolicyReader.fileBytesMax + 1)
        #expect(
            findings(bytes) == [
                "routes.yaml:1:1: error: the file is larger than 1 MiB; nothing was read [file_too_large]"
            ])
    }

    @Test(
        "characters that hide something are refused",
        arguments: [
            "\u{0}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}", "\u{2066}", "\u{E000}", "\u{FEFF}",
            "\u{FFFF}",
        ])
    func forbidden(_ character: String) {
        let found = findings("version: 1\n# a\(character)b\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("routes.yaml:2:4: error: the character U+") == true)
        #expect(found.first?.hasSuffix("[forbidden_character]") == true)
    }

    @Test("a byte order mark at the beginning, CRLF and CR line ends change nothing", arguments: ["\n", "\r\n", "\r"])
    func lineEnds(_ end: String) throws {
        let text =
            "\u{FEFF}" + (Sample.top + Sample.routes + "colour: blue\n").replacingOccurrences(of: "\n", with: end)
        #expect(findings(text) == ["routes.yaml:11:1: error: unknown key \"colour\" in the file [unknown_key]"])
    }

    @Test("columns count characters, not octets")
    func columns() {
        #expect(
            findings(Sample.top + Sample.routes + "# é\nnoël: {a: b}\n") == [
                "routes.yaml:12:1: error: unknown key \"noël\" in the file [unknown_key]"
            ])
        #expect(
            findings("version: {é: 1, é: 2}\n").contains {
                $0.hasPrefix("routes.yaml:1:17: error: the key \"é\" stands twice")
            })
    }

    @Test(
        "deep nesting ends in a finding, not in the process",
        arguments: [
            ("[", 200_000, ""), ("{a: ", 100_000, ""), ("- ", 200_000, ""), ("? ", 200_000, ""), ("[", 900, "]"),
            ("{a: ", 900, "}"),
        ])
    func depth(_ opening: String, _ count: Int, _ closing: String) {
        #expect(!findings(String(repeating: opening, count: count) + String(repeating: closing, count: count)).isEmpty)
        #expect(!findings((0..<700).map { String(repeating: " ", count: $0) + opening + "a:\n" }.joined()).isEmpty)
    }

    @Test("aliases are not expanded, so that a small file cannot mean a huge one")
    func billionLaughs() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1..<60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a59\n: *a59\n"
        #expect(findings(text).contains { $0.contains("YAML aliases") || $0.contains("YAML alias") })
    }

    @Test("a star inside a value is a star")
    func stars() throws {
        let text =
            Sample.top + """
                routes:
                  - id: all
                    # * in a comment
                    match: {hosts: ["*.example.com", '*.example.org'], path: "/{rest...}"}
                    public: true
                    upstream: orders
                """
        #expect(Sample.read(text).policy?.routes.first?.match.hosts == ["*.example.com", "*.example.org"])
    }

    @Test("repeated keys are all found, whatever their spelling")
    func repeated() {
        let keys = (0..<60).map { "k\($0): 1\n\"k\($0)\": 2\n" }.joined()
        let found = findings(keys).filter { $0.hasSuffix("[duplicate_key]") }
        #expect(!found.isEmpty)
        #expect(findings("*a : 1\n*a : 2\n").contains { $0.hasSuffix("[alias_refused]") })
        #expect(findings("\"\": 1\n'': 2\n").contains { $0.hasSuffix("[duplicate_key]") })
        #expect(findings("\"\\u0061\": 1\na: 2\n").contains { $0.hasSuffix("[duplicate_key]") })
        #expect(
            findings("[a]: 1\n[a]: 2\n").contains {
                $0.hasSuffix("[duplicate_key]") || $0.contains("a key must be a word")
            })
    }

    @Test("a file has the same findings each time it is read, also where the parser's own order is by chance")
    func sameFindings() {
        let many = (0..<60).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        let mixed = many + "? [c]\n: 1\n? {d: 1}\n: 1\n? [c]\n: 2\n? {d: 1}\n: 2\n"
        let tagged = (0..<60).map { "!!str k: 1\n!a\($0) k: 2\n!a\($0) k: 3\n" }.joined()
        for text in [many, mixed, tagged] {
            let first = findings(text)
            #expect(!first.isEmpty)
            for _ in 0..<30 { #expect(findings(text) == first) }
        }
    }

    @Test(
        "a message is one line of visible characters, whatever it quotes",
        arguments: ["/{a\tb}", "/{ret\t\tst...}", "/a\tb", "/{\u{7F}}", "/{\u{202E}}"])
    func oneLine(_ path: String) {
        let escaped = path.unicodeScalars.map {
            $0.isASCII && $0.value != 0x7F ? String($0) : "\\u\(String(format: "%04X", $0.value))"
        }
        let routes = """
            routes:
              - {id: a, match: {path: "\(escaped.joined())"}, public: true, upstream: orders}
            """
        let found = Sample.read(Sample.top + routes).findings
        #expect(!found.isEmpty)
        for finding in found {
            #expect(!finding.message.unicodeScalars.contains { ["\t", "\n", "\u{7F}", "\u{202E}"].contains($0) })
        }
    }

    @Test("what quotes a value and forgot to escape it still makes one line")
    func escapedAtLast() {
        let findings = FindingCollector(file: "routes.yaml")
        findings.error(.badValue, at: .start, "a\u{1B}[2J\u{202E}b\nc\td é\u{E000}")
        #expect(findings.sorted.map(\.message) == ["a\\u{1b}[2J\\u{202e}b\\nc\\td é\\u{e000}"])
    }

    /// Deterministic damage: no text may end the process, and a reading without a policy must say why.
    @Test("a damaged file gives findings", arguments: 0..<8)
    func damage(_ seed: UInt64) throws {
        var state = seed &+ 88_172_645_463_325_252
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let whole = Array((Sample.top + Sample.routes + "limits: {a: {by: [ip, {claim: /a/b}], rate: 5/m}}\n").utf8)
        let pieces: [[UInt8]] = [
            "*", "&a ", "!!", "{", "}", "[", "]", ": ", "- ", "\n", "\"", "'", "|", "%", "-----BEGIN ", "~",
            "9999999999999999999", "/", "\u{E0}",
        ]
        .map { Array($0.utf8) }
        for _ in 0..<150 {
            var bytes = whole
            for _ in 0..<(1 + next(4)) {
                let place = next(bytes.count)
                switch next(4) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8(next(256))
                case 2: bytes.insert(contentsOf: pieces[next(pieces.count)], at: place)
                default: bytes.replaceSubrange(place..<min(bytes.count, place + next(40)), with: [])
                }
                if bytes.isEmpty { bytes = whole }
            }
            let reading = PolicyReader(files: StubPolicyFiles()).read(bytes, path: "routes.yaml")
            #expect(
                reading.policy != nil || reading.findings.contains { $0.severity == .error },
                "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
