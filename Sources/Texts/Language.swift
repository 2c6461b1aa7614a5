/// A language that pages are shown in, with every text of the catalogue.
package struct Language: Sendable, Equatable {
    /// BCP 47, as it stands in `lang` and `Content-Language`.
    package let tag: String
    /// By page and name; complete.
    package let texts: [String: [String: String]]

    /// Built in, and what stands in for all that a language does not say.
    package static let english = Language(tag: "en", complete: TextCatalogue.table(\.english))
    /// Built in.
    package static let german = Language(tag: "de", complete: TextCatalogue.table(\.german))

    private init(tag: String, complete texts: [String: [String: String]]) {
        self.tag = tag
        self.texts = texts
    }

    /// Another language, or another wording of one that is built in. What `texts` does not have is taken from the language
    /// that is built in and nearest.
    package init(tag: String, texts: [String: [String: String]]) {
        let all = Self.nearest(to: tag).texts.merging(texts) { own, given in own.merging(given) { _, text in text } }
        self.init(tag: tag, complete: all)
    }

    /// What stands in for texts that a language does not have: for `de-CH` German, for `fr` English.
    package static func nearest(to tag: String) -> Language {
        Languages.builtIn.find([LanguageRange(tag)].compactMap { $0 }) ?? english
    }

    /// What a page says.
    package subscript<Key: PageText>(_ key: Key) -> String {
        texts[Key.page]?[key.rawValue] ?? key.sentence.english
    }

    /// Whether it is written from right to left (the scripts of Arabic, Hebrew, Syriac, Thaana).
    package var isRightToLeft: Bool {
        let subtags = tag.lowercased().split(separator: "-")
        if let script = subtags.dropFirst().first(where: { $0.utf8.count == 4 }) {
            return ["arab", "hebr", "syrc", "thaa", "nkoo", "adlm"].contains(script)
        }
        return subtags.first.map { Self.rightToLeft.contains(String($0)) } ?? false
    }

    private static let rightToLeft: Set<String> = ["ar", "he", "iw", "fa", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"]
}

extension Language {
    /// The value of texts by language that fits this one: its own, or of what it is a kind of.
    package func nearest(in texts: [String: String]) -> String? {
        guard !texts.isEmpty, let range = LanguageRange(tag) else { return nil }
        for tag in range.truncations {
            if let text = texts.first(where: { LanguageRange.areSame($0.key, tag) }) { return text.value }
        }
        return nil
    }
}
