package import Texts

/// How the pages for users are shown. A reload brings another one into force.
package struct PageSettings: Sendable, Equatable {
    /// Those in which pages can be shown.
    package var languages = Languages.builtIn
    /// Whose pages they are.
    package var brand = Brand()
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

/// Whose pages they are: what an operator gives them instead of the plain look.
package struct Brand: Sendable, Equatable {
    /// Of the product or the company; nil: the pages name none.
    package var name: String?
    /// nil: there is no image.
    package var logo: BrandLogo?
    /// Where the browser asks for light pages, or for nothing.
    package var light = BrandColours()
    /// Where it asks for dark ones.
    package var dark = BrandColours()
    /// In the foot of every page.
    package var links: [BrandLink] = []

    package init() {}
}

/// An image that the gateway serves itself.
package struct BrandLogo: Sendable, Equatable {
    /// As it was read.
    package var octets: [UInt8]
    /// Of an image that carries no script.
    package var mediaType: String
    /// Names these octets: browsers keep an image as long as it is the same.
    package var version: String

    /// What was found to be an image.
    package init(octets: [UInt8], mediaType: String, version: String) {
        self.octets = octets
        self.mediaType = mediaType
        self.version = version
    }
}

/// Colours of one scheme, each as `#rrggbb` in lower case; nil: as without a brand.
package struct BrandColours: Sendable, Equatable {
    /// Of buttons and links.
    package var accent: String?
    /// Of the text on buttons: black or white, whichever is read better there. With `accent`.
    package var accentInk: String?
    /// Around the sheet.
    package var background: String?

    package init() {}
}

/// A link in the foot of the pages.
package struct BrandLink: Sendable, Equatable {
    /// What it leads to; the raw value is the key in `routes.yaml`.
    package enum Kind: String, Sendable, CaseIterable { case privacy, terms, help }
    package var kind: Kind
    /// https.
    package var url: String

    /// To an address that was read.
    package init(kind: Kind, url: String) {
        self.kind = kind
        self.url = url
    }
}
