/// How a value from the file appears in a message: in quotes, short, without control characters, and not at all when it
/// looks like something secret.
package enum Shown {
    static let charactersMax = 64

    /// In quotes, with escapes; a text of more than `charactersMax` characters only by its length.
    package static func value(_ text: String) -> String {
        if isPrivateMatter(text) || looksLikeToken(text) || hasPassword(text) { return "a value (not shown)" }
        if text.unicodeScalars.count > charactersMax { return "a value of \(text.unicodeScalars.count) characters" }
        var shown = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": shown += "\\\""
            case "\\": shown += "\\\\"
            default: append(scalar, to: &shown)
            }
        }
        return shown + "\""
    }

    /// A message that is one line of visible characters, whatever it quotes.
    package static func line(_ message: String) -> String {
        if message.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return message }
        var shown = ""
        for scalar in message.unicodeScalars { append(scalar, to: &shown) }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        switch scalar {
        case "\n": shown += "\\n"
        case "\r": shown += "\\r"
        case "\t": shown += "\\t"
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
    }

    /// PEM, or a private JWK.
    package static func isPrivateMatter(_ text: String) -> Bool {
        text.contains("-----BEGIN ") || (text.contains("\"kty\"") && (text.contains("\"d\"") || text.contains("\"k\"")))
    }

    /// A compact JWS, or thirty and more letters and digits in a row: nothing that an operator names by hand.
    package static func looksLikeToken(_ text: String) -> Bool {
        if text.hasPrefix("eyJ") { return true }
        var run = 0
        var digits = 0
        for scalar in text.unicodeScalars {
            let isDigit = ("0"..."9").contains(scalar)
            guard
                isDigit || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "+"
                    || scalar == "_"
            else {
                run = 0
                digits = 0
                continue
            }
            run += 1
            if isDigit { digits += 1 }
            if run >= 24, digits >= 3 { return true }
        }
        return false
    }

    /// A URL with a user in it, and so perhaps with a password.
    private static func hasPassword(_ text: String) -> Bool { text.contains("://") && text.contains("@") }

    /// `a, b or c`.
    package static func choice(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
