/// The languages that pages can be shown in, and which one somebody is shown.
package struct Languages: Sendable, Equatable {
    /// Those that are built in first; one of another wording stands in its place.
    package let all: [Language]
    /// For whoever wants none of them.
    package let fallback: Language

    /// Without files of texts.
    package static let builtIn = Languages(all: [.english, .german], fallback: .english)

    private init(all: [Language], fallback: Language) {
        self.all = all
        self.fallback = fallback
    }

    /// The built-in ones and others.
    /// - Parameter fallback: a tag of one of them; nil: English.
    package init(others: [Language], fallback: String? = nil) {
        func given(_ tag: String) -> Language? { others.first { LanguageRange.areSame($0.tag, tag) } }
        let builtIn = Self.builtIn.all.map { given($0.tag) ?? $0 }
        let more = others.filter { other in !builtIn.contains { LanguageRange.areSame($0.tag, other.tag) } }
        all = builtIn + more
        self.fallback =
            all.first { language in fallback.map { LanguageRange.areSame($0, language.tag) } ?? false }
            ?? builtIn.first ?? .english
    }

    /// Whether a page can be shown in exactly this one.
    package func has(_ tag: String) -> Bool { all.contains { LanguageRange.areSame($0.tag, tag) } }

    /// In which of them a page is shown.
    /// - Parameters:
    ///   - uiLocales: `ui_locales` of the client's request (OpenID Connect Core §3.1.2.1): what the user wants most, as
    ///     the client knows.
    ///   - acceptLanguage: the values of all `Accept-Language` fields of the browser (RFC 9110 §12.5.4).
    package func choice(uiLocales: String?, acceptLanguage: [String]) -> Language {
        uiLocales.flatMap { find(LanguageRange.uiLocales($0)) } ?? find(LanguageRange.accepted(acceptLanguage))
            ?? fallback
    }

    /// Octets of what `kept` gives, at most.
    package static let keptOctetsMax = 512

    /// What of `ui_locales` is worth keeping with a request: the tags that are well-formed, the first of them.
    package static func kept(uiLocales: String) -> String? {
        var kept = ""
        for range in LanguageRange.uiLocales(uiLocales) {
            let more = kept.isEmpty ? range.text : kept + " " + range.text
            guard more.utf8.count <= keptOctetsMax else { break }
            kept = more
        }
        return kept.isEmpty ? nil : kept
    }

    /// RFC 4647 §3.4: for each wish in turn, the language that is it, or that it is a kind of.
    func find(_ ranges: [LanguageRange]) -> Language? {
        for range in ranges {
            for tag in range.truncations {
                if let language = all.first(where: { $0.tag.lowercased() == tag }) { return language }
            }
        }
        return nil
    }
}
