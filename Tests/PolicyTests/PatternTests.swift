import Testing

@testable import Policy

@Suite("Patterns that a claim must match")
struct PatternTests {
    @Test(
        "the whole value is compared",
        arguments: [
            ("a", "a", true), ("a", "", false), ("a", "aa", false), ("a", "b", false), ("abc", "abc", true),
            ("abc", "ab", false), ("abc", "xabc", false), ("abc", "abcx", false), ("é", "é", true),
            ("é", "e\u{301}", false), (".", "é", true), (".", "\n", true), (".", "", false), ("..", "🎉a", true),
            ("a|b", "a", true), ("a|b", "b", true), ("a|b", "ab", false), ("ab|cd", "ad", false),
            ("(a|b)c", "bc", true),
            ("(?:a|b)c", "ac", true), ("a(b|c)*", "a", true), ("a(b|c)*", "abcbcb", true), ("a(b|c)*", "abcd", false),
            ("a*", "", true), ("a*", "aaaa", true), ("a*", "aaab", false), ("a+", "", false), ("a+", "aaa", true),
            ("a?", "", true), ("a?", "a", true), ("a?", "aa", false), ("(a?b?)c", "c", true), ("(a?b?)c", "bc", true),
            ("(a?b?)c", "bac", false), ("(a*)*", "aa", true), ("(a*)*b", "aaab", true), ("(a|aa)+", "aaaaa", true),
            ("a{3}", "aaa", true), ("a{3}", "aa", false), ("a{3}", "aaaa", false), ("a{2,}", "a", false),
            ("a{2,}", "aa", true), ("a{2,}", "aaaaaa", true), ("a{0,2}", "", true), ("a{0,2}", "aa", true),
            ("a{0,2}", "aaa", false), ("a{1,3}b", "aab", true), ("a{1,3}b", "b", false), ("a{0,}", "", true),
            ("(ab){2}", "abab", true), ("(ab){2}", "aba", false), ("(a?){3}", "", true), ("(a?){3}", "aaaa", false),
            ("[a-c]+", "abcabc", true), ("[a-c]+", "abd", false), ("[^a-c]", "d", true), ("[^a-c]", "b", false),
            ("[-a]+", "a-a", true), ("[a-]+", "-", true), ("[a\\-c]+", "b", false), ("[a\\-c]+", "-", true),
            ("[.*+]", ".", true), ("[.]", "x", false), ("[\\]\\[]+", "[]", true), ("[\\d_]+", "1_2", true),
            ("[a-zé-ü]", "ö", true), ("\\d+", "0123456789", true), ("\\d", "٣", false), ("\\w+", "aZ_9", true),
            ("\\w", "é", false), ("\\s", "\t", true), ("\\S+", "abc", true), ("\\D", "5", false), ("\\W", "-", true),
            ("\\.", ".", true), ("\\.", "x", false), ("\\{tenant\\}", "{tenant}", true), ("a\\|b", "a|b", true),
            ("[a-z]+-[0-9]{3}", "orders-007", true), ("[a-z]+-[0-9]{3}", "orders-07", false),
            ("spiffe://example\\.org/(orders|payments)", "spiffe://example.org/orders", true),
        ])
    func whole(pattern: String, value: String, fits: Bool) throws {
        #expect(try #require(TextPattern(pattern)).matches(value) == fits)
    }

    @Test(
        "what would need backtracking, or says less than it seems to, is refused with the way out",
        arguments: [
            ("^a", "the whole value is compared"), ("a$", "leave it out"), ("(a)\\1", "\\1 is not understood"),
            ("a(?=b)", "no look-around"), ("(?i)a", "no options"), ("(?<x>a)", "no names"),
            ("a*?", "behind a repetition"),
            ("a**", "behind a repetition"), ("a{2}{3}", "behind a repetition"), ("*a", "repeats nothing"),
            ("a|*", "repeats nothing"), ("a|", "is empty"), ("()", "is empty"), ("|", "is empty"), ("(a", "not closed"),
            ("a)", "closes nothing"), ("[a", "not closed"), ("a]", "closes nothing"), ("a}", "closes nothing"),
            ("{2}", "repeats nothing"), ("a{", "a repetition is"), ("a{x}", "a repetition is"),
            ("a{3,2}", "a repetition is"),
            ("a{0}", "a repetition is"), ("a{65}", "up to 64"), ("a{1,2,3}", "a repetition is"),
            ("a{,2}", "a repetition is"),
            ("[]", "[] holds nothing"), ("[z-a]", "lower to a higher"), ("[[:alpha:]]", "not understood"),
            ("[a-\\d]", "lower to a higher"), ("\\b", "\\b is not understood"), ("\\n", "not understood"),
            ("\\p{L}", "\\p is not understood"), ("a\\", "at the end"), ("[\\D]", "not understood"),
        ])
    func refused(pattern: String, why: String) {
        #expect(throws: ValueProblem.self) { try TextPattern(parsing: pattern) }
        do throws(ValueProblem) {
            _ = try TextPattern(parsing: pattern)
        } catch {
            #expect(error.message.contains(why), "\(error.message)")
        }
    }

    @Test("patterns, groups and repetitions are bounded, as they are written and written out")
    func bounds() {
        #expect(TextPattern(String(repeating: "a", count: 256)) != nil)
        #expect(TextPattern(String(repeating: "a", count: 257)) == nil)
        #expect(TextPattern("(a{64}){4}") != nil)
        #expect(TextPattern("(a{64}){5}") == nil)
        #expect(TextPattern("((((a{64}){64}){64}){64}){64}") == nil)
        #expect(TextPattern(String(repeating: "(", count: 16) + "a" + String(repeating: ")", count: 16)) != nil)
        #expect(TextPattern(String(repeating: "(", count: 17) + "a" + String(repeating: ")", count: 17)) == nil)
    }

    @Test("a value that is too long matches nothing")
    func longValue() throws {
        let pattern = try #require(TextPattern("a*"))
        #expect(pattern.matches(String(repeating: "a", count: 512)))
        #expect(!pattern.matches(String(repeating: "a", count: 513)))
    }

    /// With backtracking each of these takes longer than the universe has been there.
    @Test(
        "patterns that are ruinous elsewhere are not here (ReDoS)",
        arguments: ["(a+)+b", "(a|aa)+b", "(a*)*b", "(.*)(.*)(.*)(.*)b", "(a?){64}a{64}b", "((a*)*|b)*c"])
    func ruinous(pattern: String) throws {
        let pattern = try #require(TextPattern(pattern))
        #expect(!pattern.matches(String(repeating: "a", count: 512)))
    }

    /// The same language, told by trying all splits; the two must agree on every text of up to five letters.
    @Test(
        "the automaton says what the definition of regular expressions says",
        arguments: [
            "a(b|c)*a?", "(a|ab)(c|bc)?", "(a{1,2}b){1,2}c?", "((a|b)?c)*", "[^a](b?c{2,})?", "(a*b*)*", ".?.?(ab|c)+",
        ])
    func definition(text: String) throws {
        let pattern = try #require(TextPattern(text))
        let node = try PatternParser.parse(text)
        var texts = [""]
        var layer = [""]
        for _ in 0..<5 {
            layer = layer.flatMap { text in ["a", "b", "c"].map { text + $0 } }
            texts += layer
        }
        for value in texts {
            let scalars = Array(value.unicodeScalars)
            #expect(pattern.matches(value) == Self.ends(node, scalars, [0]).contains(scalars.count), "\(value)")
        }
    }

    /// Where the node can end when it begins at one of these places.
    private static func ends(_ node: PatternNode, _ text: [Unicode.Scalar], _ starts: Set<Int>) -> Set<Int> {
        switch node {
        case .one(let characters):
            return Set(starts.filter { $0 < text.count && characters.contains(text[$0]) }.map { $0 + 1 })
        case .sequence(let parts): return parts.reduce(starts) { ends($1, text, $0) }
        case .choice(let parts): return parts.reduce([]) { $0.union(ends($1, text, starts)) }
        case .repeated(let part, let least, let most):
            var now = starts
            for _ in 0..<least { now = ends(part, text, now) }
            var all = now
            // Beyond the text's length a further repetition reaches nothing new.
            for _ in 0..<((most ?? least + text.count + 1) - least) {
                now = ends(part, text, now)
                all.formUnion(now)
            }
            return all
        }
    }
}
