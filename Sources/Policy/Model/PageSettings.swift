package import Texts

/// How the pages for users are shown. A reload brings another one into force.
package struct PageSettings: Sendable, Equatable {
    /// Those in which pages can be shown.
    package var languages = Languages.builtIn
    /// Files that it was made from, besides `routes.yaml`.
    package var files: [String] = []

    package init() {}
}

/// A text of the operator's, in one language or in several.
package struct LocalisedText: Sendable, Equatable, ExpressibleByStringLiteral {
    /// By tag; empty when there is one text for all languages.
    package var byLanguage: [String: String]
    /// For languages that it has no text in.
    package var fallback: String

    /// - Parameter byLanguage: texts for some languages, by tag.
    package init(_ text: String, byLanguage: [String: String] = [:]) {
        fallback = text
        self.byLanguage = byLanguage
    }

    package init(stringLiteral text: String) { self.init(text) }

    /// What somebody is shown who is shown pages in this language.
    package subscript(_ language: Language) -> String { language.nearest(in: byLanguage) ?? fallback }
}
