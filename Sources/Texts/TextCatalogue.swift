/// All pages that say something. A page with texts of its own has one line here.
package enum TextCatalogue {
    /// Each is named once.
    package static let pages: [any PageText.Type] = [
        CommonText.self, LoginText.self, ProviderText.self, ConsentText.self, DeviceText.self, LogoutText.self,
        ErrorText.self, FactorText.self, AccountText.self, PasswordText.self, ForgottenText.self, MailText.self,
    ]

    /// By page and name.
    package static let sentences: [String: [String: Sentence]] = {
        var sentences: [String: [String: Sentence]] = [:]
        for page in pages { sentences[page.page] = texts(of: page) }
        return sentences
    }()

    /// Of all texts, page by page: `login.title`.
    package static let names = pages.flatMap { names(of: $0) }

    private static func names<Page: PageText>(of page: Page.Type) -> [String] { page.allCases.map(\.name) }

    /// Texts in one language, all of them.
    static func table(_ language: KeyPath<Sentence, String>) -> [String: [String: String]] {
        sentences.mapValues { $0.mapValues { $0[keyPath: language] } }
    }

    private static func texts<Page: PageText>(of page: Page.Type) -> [String: Sentence] {
        Dictionary(uniqueKeysWithValues: page.allCases.map { ($0.rawValue, $0.sentence) })
    }
}
