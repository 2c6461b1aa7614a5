/// The sentences of one page, each under a name: what a page says stands here and nowhere else, so that a page cannot
/// name a text that is not there, and no text is there in one language only.
///
/// The raw value is what a file of another language calls the text; it stays the same between releases.
package protocol PageText: RawRepresentable<String>, CaseIterable, Sendable, Hashable {
    /// What files call the page.
    static var page: String { get }
    var sentence: Sentence { get }
}

extension PageText {
    /// As in messages: `login.title`.
    package var name: String { Self.page + "." + rawValue }
}

/// A sentence in the languages that are built in. `{client}` stands for what is filled in.
package struct Sentence: Sendable, Equatable {
    /// As a native writes it.
    package let english: String
    /// The same, with the formal "Sie".
    package let german: String

    package init(_ english: String, de german: String) {
        self.english = english
        self.german = german
    }
}

/// A sentence with places that are filled in, taken apart. Anything is a text: braces that are no place stand for
/// themselves.
package struct SentencePieces: Sendable, Equatable {
    /// One part of it.
    package enum Piece: Sendable, Equatable {
        /// As it stands there.
        case text(String)
        /// What is filled in under this name.
        case place(String)
    }
    package let pieces: [Piece]

    /// Takes it apart; there is no sentence that it could not.
    package init(_ sentence: String) {
        var pieces: [Piece] = []
        var rest = sentence[...]
        while let open = rest.firstIndex(of: "{") {
            let behind = rest[rest.index(after: open)...]
            guard let close = behind.firstIndex(of: "}"), Self.isName(behind[..<close]) else {
                pieces.append(.text(String(rest[...open])))
                rest = behind
                continue
            }
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.place(String(behind[..<close])))
            rest = behind[behind.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
    }

    /// The names of its places.
    package var places: Set<String> {
        Set(pieces.compactMap { if case .place(let name) = $0 { name } else { nil } })
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
    }
}
