import Testing

@testable import Texts

@Suite("Which language a page is shown in")
struct LanguageChoiceTests {
    private static let languages = Languages(others: [
        Language(tag: "fr", texts: [:]), Language(tag: "pt-BR", texts: [:]), Language(tag: "zh-Hant", texts: [:]),
    ])

    @Test(
        "RFC 9110 §12.5.4, RFC 4647 §3.4: the heaviest wish that is one of the languages, or a kind of one",
        arguments: [
            ([], "en"), ([""], "en"), (["de"], "de"), (["DE-at"], "de"), (["de-Latn-DE-1996, fr"], "de"),
            (["fr;q=0.8, de;q=0.9"], "de"), (["fr;q=0.9, de"], "de"), (["fr, de"], "fr"), (["it, es, de;q=0.1"], "de"),
            (["it"], "en"), (["*"], "en"), (["*, de;q=0.5"], "de"), (["de;q=0"], "en"),
            (["de;q=0.0, fr;q=0.001"], "fr"),
            (["pt-br"], "pt-BR"), (["pt"], "en"), (["zh-Hant-TW"], "zh-Hant"), (["zh-TW, de"], "de"),
            (["it", "de"], "de"), (["de-x-private"], "de"),
            // What is not well-formed is passed over.
            (["de;q=2, fr"], "fr"), (["de;q=1.001, fr"], "fr"), (["de;q=-1, fr;q=0.1"], "fr"),
            (["de;q=0.1234, fr;q=0.1"], "fr"),
            (["de;q, fr"], "fr"), (["de;level=1, fr"], "fr"), (["de;q=1;q=1, fr"], "fr"), (["d\u{e9}, fr"], "fr"),
            (["de-, fr"], "fr"), (["-de, fr"], "fr"), (["deutschland, fr"], "fr"), (["1de, fr"], "fr"),
            ([",, ,de"], "de"),
            (["\tde ; q=0.5 , fr;q=0.4"], "de"), (["de;Q=0.5, fr;q=0.4"], "de"),
        ])
    func accepted(values: [String], tag: String) {
        #expect(Self.languages.choice(uiLocales: nil, acceptLanguage: values).tag == tag)
    }

    @Test(
        "OpenID Connect Core §3.1.2.1: what the client says its user wants comes before the browser",
        arguments: [
            ("de", "de"), ("it de-CH fr", "de"), ("it", "fr"), ("", "fr"), ("de;q=0.1", "fr"), ("  de  ", "de"),
            ("*", "fr"),
            ("\u{0}de", "fr"), ("<script>", "fr"),
        ])
    func uiLocales(text: String, tag: String) {
        #expect(Self.languages.choice(uiLocales: text, acceptLanguage: ["fr"]).tag == tag)
    }

    @Test(
        "of ui_locales what is well-formed is kept, to a bound",
        arguments: [
            ("de en", "de en"), ("DE  fr-CA", "de fr-ca"), ("<x> de", "de"), ("", nil), ("\u{0}", nil),
            (
                String(repeating: "abcdefgh ", count: 200),
                Array(repeating: "abcdefgh", count: 32).joined(separator: " ")
            ),
            (
                String(repeating: "abcdefgh-abcdefgh-abcdefgh ", count: 40),
                Array(repeating: "abcdefgh-abcdefgh-abcdefgh", count: 19).joined(separator: " ")
            ),
        ])
    func kept(text: String, kept: String?) {
        #expect(Languages.kept(uiLocales: text) == kept)
    }

    @Test("what is looked at is bounded: the first 32 wishes, of 1,024 octets in all")
    func bounded() {
        func choice(_ text: String) -> String {
            Self.languages.choice(uiLocales: nil, acceptLanguage: [text]).tag
        }
        #expect(choice(String(repeating: "xx,", count: 31) + "de") == "de")
        #expect(choice(String(repeating: "xx,", count: 32) + "de") == "en")
        #expect(choice(String(repeating: " ", count: 1_020) + ",de") == "de")
        #expect(choice(String(repeating: " ", count: 1_024) + ",de") == "en")
        let tags = Array(repeating: "xx", count: 32).joined(separator: " ") + " de"
        #expect(Self.languages.choice(uiLocales: tags, acceptLanguage: []).tag == "en")
    }

    @Test(
        "a language of another wording stands in the place of the one that is built in, and may be the one for all others"
    )
    func others() {
        let own = Language(tag: "DE", texts: ["login": ["title": "Hereinspaziert"]])
        let languages = Languages(others: [own, Language(tag: "fr", texts: [:])], fallback: "De")
        #expect(languages.all.map(\.tag) == ["en", "DE", "fr"])
        let shown = languages.choice(uiLocales: nil, acceptLanguage: ["it"])
        #expect(shown[LoginText.title] == "Hereinspaziert")
        #expect(shown[LoginText.password] == "Passwort")
        #expect(languages.choice(uiLocales: "fr", acceptLanguage: [])[LoginText.password] == "Password")
        #expect(Languages(others: [], fallback: "xx").fallback == .english)
    }

    @Test(
        "the direction of writing follows from the tag",
        arguments: [("ar", true), ("he-IL", true), ("fa", true), ("az-Arab", true), ("ur-Latn", false), ("de", false)])
    func direction(tag: String, isRightToLeft: Bool) {
        #expect(Language(tag: tag, texts: [:]).isRightToLeft == isRightToLeft)
    }
}
