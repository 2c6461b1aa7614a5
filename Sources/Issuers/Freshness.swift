import Octets

/// How long an answer counts as fresh, by its own word (RFC 9111 §4.2).
enum Freshness {
    /// Seconds; nil: it does not say. `no-store` and `no-cache` are 0, so that the lower bound holds.
    static func seconds(cacheControl: String?, age: String?) -> Int64? {
        guard let cacheControl else { return nil }
        var maxAge: Int64?
        for directive in cacheControl.lowercased().utf8.split(separator: 0x2C) {
            let word = trimmed(directive)
            if word.elementsEqual("no-store".utf8) || word.elementsEqual("no-cache".utf8) { return 0 }
            if word.starts(with: "max-age=".utf8), let seconds = number(word.dropFirst(8)) {
                // Of several the smallest: the field is the issuer's, the caution is ours.
                maxAge = min(maxAge ?? .max, seconds)
            }
        }
        guard let maxAge else { return nil }
        let age = age.flatMap { number(trimmed(Substring($0).utf8)) } ?? 0
        return max(0, maxAge - age)
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }

    /// Digits, perhaps in quotes; what is larger than a year is a year.
    private static func number(_ text: Substring.UTF8View) -> Int64? {
        var digits = text
        if digits.first == 0x22, digits.last == 0x22, digits.count >= 2 { digits = digits.dropFirst().dropLast() }
        guard !digits.isEmpty, digits.allSatisfy({ ASCII.isDigit($0) }) else { return nil }
        guard digits.count <= 8 else { return 31_536_000 }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}
