import Foundation
import Testing

@testable import Texts

@Suite("What pages say")
struct TextCatalogueTests {
    private static let all = TextCatalogue.sentences.flatMap { page, sentences in
        sentences.map { (name: page + "." + $0.key, sentence: $0.value) }
    }

    @Test("both languages say each sentence, with the same places to be filled in")
    func complete() {
        #expect(Self.all.count > 60)
        for (name, sentence) in Self.all {
            for text in [sentence.english, sentence.german] {
                #expect(!text.isEmpty && text == text.trimmingCharacters(in: .whitespacesAndNewlines), "\(name)")
                #expect(!text.contains("  ") && !text.contains("\n"), "\(name)")
            }
            let places = SentencePieces(sentence.english).places
            #expect(places == SentencePieces(sentence.german).places, "\(name)")
            // A brace that is no place is a place that was misspelt.
            for text in [sentence.english, sentence.german] {
                #expect(
                    text.count { $0 == "{" }
                        == SentencePieces(text).pieces.count { if case .place = $0 { true } else { false } }, "\(name)")
            }
        }
        for language in Languages.builtIn.all {
            #expect(language.texts.values.map(\.count).reduce(0, +) == Self.all.count)
        }
    }

    @Test("German addresses people formally")
    func formal() {
        for (name, sentence) in Self.all {
            #expect(
                sentence.german.firstMatch(of: /\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein(e|en|em|er|es)?)\b/) == nil, "\(name)")
        }
    }

    @Test("every page with texts is in the catalogue, under a name of its own, and names can stand in files")
    func registered() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Texts/Pages")
        var declared: [String] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            declared += text.matches(of: /enum (\w+): String, PageText/).map { String($0.1) }
        }
        #expect(declared.sorted() == TextCatalogue.pages.map { "\($0)" }.sorted())
        #expect(Set(TextCatalogue.pages.map { $0.page }).count == TextCatalogue.pages.count)
        for (name, _) in Self.all { #expect(name.wholeMatch(of: /[a-z_]+\.[a-z_]+/) != nil, "\(name)") }
    }

    @Test(
        "a sentence is taken apart at its places, and other braces are text",
        arguments: [
            ("a {b} c", ["a ", "=b", " c"]), ("{b}", ["=b"]), ("{b}{c}", ["=b", "=c"]), ("", []), ("a", ["a"]),
            ("{ b}", ["{", " b}"]), ("{b", ["{", "b"]), ("}{", ["}{"]), ("{{b}}", ["{", "=b", "}"]),
            ("{}", ["{", "}"]),
        ])
    func pieces(text: String, pieces: [String]) {
        let found = SentencePieces(text).pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .place(let name): "=" + name
            }
        }
        #expect(found == pieces)
    }
}
