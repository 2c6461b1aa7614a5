/// A wish for a language: a basic language range (RFC 4647 §2.1) that is not `*`, which wishes for nothing.
struct LanguageRange: Equatable {
    /// In lower case.
    let text: String

    /// Octets of all fields that are looked at, at most: whoever sends more, only the first count.
    static let acceptedOctetsMax = 1_024
    /// Wishes at most, the first of them.
    static let countMax = 32
    /// Octets of one.
    static let octetsMax = 64

    /// nil: it is none.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.octetsMax else { return nil }
        let subtags = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        for (index, subtag) in subtags.enumerated() {
            guard (1...8).contains(subtag.count),
                subtag.allSatisfy({ Self.isLetter($0) || index > 0 && Self.isDigit($0) })
            else { return nil }
        }
        self.text = text.lowercased()
    }

    static func areSame(_ tag: String, _ other: String) -> Bool { tag.lowercased() == other.lowercased() }

    /// `ui_locales`: tags in order of preference, with spaces between.
    static func uiLocales(_ text: String) -> [LanguageRange] {
        text.utf8.prefix(acceptedOctetsMax).split(separator: 0x20).prefix(countMax).compactMap {
            Self(String(decoding: $0, as: UTF8.self))
        }
    }

    /// `Accept-Language`: by weight, and at one weight in their order. What is not well-formed is passed over.
    static func accepted(_ values: [String]) -> [LanguageRange] {
        let octets = values.joined(separator: ",").utf8.prefix(acceptedOctetsMax)
        let elements = octets.split(separator: UInt8(ascii: ",")).prefix(countMax)
        let weighed = elements.compactMap { element -> (range: LanguageRange, weight: Int)? in
            let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(Self.trimmed)
            guard let first = parts.first, parts.count <= 2, let range = Self(first),
                let weight = parts.count == 2 ? Self.weight(parts[1]) : 1_000, weight > 0
            else { return nil }
            return (range, weight)
        }
        return weighed.enumerated().sorted {
            ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset)
        }.map(\.element.range)
    }

    /// RFC 4647 §3.4: `zh-hant-cn-x-private`, `zh-hant-cn`, `zh-hant`, `zh`.
    var truncations: [String] {
        var truncations: [String] = []
        var subtags = text.split(separator: "-")
        while !subtags.isEmpty {
            truncations.append(subtags.joined(separator: "-"))
            subtags.removeLast()
            // What only says that something follows.
            if let last = subtags.last, last.utf8.count == 1 { subtags.removeLast() }
        }
        return truncations
    }

    /// In thousandths (RFC 9110 §12.4.2); nil: it is none.
    private static func weight(_ text: String) -> Int? {
        let octets = Array(text.lowercased().utf8)
        guard octets.count >= 3, octets.count <= 7, octets[0] == UInt8(ascii: "q"), octets[1] == UInt8(ascii: "=")
        else { return nil }
        let number = octets[2...]
        guard let whole = number.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        var thousandths = whole == UInt8(ascii: "1") ? 1_000 : 0
        let digits = number.dropFirst()
        guard let point = digits.first else { return thousandths }
        guard point == UInt8(ascii: "."), digits.dropFirst().allSatisfy(isDigit) else { return nil }
        var worth = 100
        for digit in digits.dropFirst() {
            thousandths += Int(digit - UInt8(ascii: "0")) * worth
            worth /= 10
        }
        return thousandths <= 1_000 ? thousandths : nil
    }

    private static func trimmed(_ octets: Substring.UTF8View) -> String {
        let blanks: Set<UInt8> = [0x20, 0x09]
        var octets = octets.drop { blanks.contains($0) }
        while let last = octets.last, blanks.contains(last) { octets.removeLast() }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func isDigit(_ octet: UInt8) -> Bool { (0x30...0x39).contains(octet) }
    private static func isLetter(_ octet: UInt8) -> Bool {
        (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
    }
}

extension Language {
    /// Whether it can be a tag of a language (BCP 47): `fr`, `pt-BR`, `zh-Hant`.
    package static func isTag(_ text: String) -> Bool {
        guard LanguageRange(text) != nil, let first = text.split(separator: "-").first else { return false }
        return (2...3).contains(first.utf8.count)
    }
}
