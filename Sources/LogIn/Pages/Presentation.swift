import AuthorizationRecords
import HTTP
import Policy
package import Texts

/// How pages are shown to whoever looks at them: in which language, and whose they are.
package struct Presentation: Sendable {
    package let language: Language
    let brand: Brand

    init(language: Language, brand: Brand = Brand()) {
        self.language = language
        self.brand = brand
    }

    /// Who writes a mail: whose pages they are, with the host, by which users see where they are.
    func sender(host: String) -> String { brand.name.map { $0.shownOnPage() + " (" + host + ")" } ?? host }

    /// What authenticator apps list an account under: they take a colon for the end of it.
    func label(host: String) -> String { brand.name.map { $0.shownOnPage().replacing(":", with: " ") } ?? host }

    /// A text as it is.
    package subscript<Key: PageText>(_ key: Key) -> String { language[key] }

    /// A text with its places filled in. What is filled in is text as well: it is escaped with the rest.
    package func text<Key: PageText>(_ key: Key, _ values: [String: String]) -> String {
        SentencePieces(language[key]).pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .place(let name): values[name] ?? ""
            }
        }.joined()
    }

    /// A text whose places are emphasised, for `PageTemplate.sentence`.
    func emphasising<Key: PageText>(_ key: Key, _ values: [String: String]) -> [[String: Any]] {
        SentencePieces(language[key]).pieces.map { piece in
            switch piece {
            case .text(let text): ["plain": text]
            case .place(let name): ["strong": values[name] ?? ""]
            }
        }
    }
}

extension EndpointCall {
    /// - Parameter uiLocales: the languages that the client says its user wants (OpenID Connect Core §3.1.2.1).
    package func presentation(uiLocales: String? = nil) -> Presentation {
        Presentation(
            language: pages.languages.choice(uiLocales: uiLocales, acceptLanguage: request.values("accept-language")),
            brand: pages.brand)
    }

    /// As the request says that is under way.
    func presentation(_ interaction: Interaction) -> Presentation {
        presentation(uiLocales: interaction.request?.uiLocales)
    }
}
