/// Decimal digits, nothing else: no sign, no `_`, no leading zero (which some read as octal).
package enum Digits {
    /// The number; nil if the text is anything else, or above `Int.max`.
    package static func int(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text == "0" || !text.hasPrefix("0")
        else {
            return nil
        }
        return Int(text)  // nil above Int.max
    }
}
