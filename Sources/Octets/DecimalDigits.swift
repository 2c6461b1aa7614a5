/// Numbers in decimal digits.
package enum DecimalDigits {
    /// Appends the digits of `number`, without leading zeros, without a `String` and without dividing by anything but ten.
    @inlinable
    package static func append(_ number: UInt64, to out: inout [UInt8]) {
        if number < 10 { return out.append(0x30 &+ UInt8(truncatingIfNeeded: number)) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var place = 20
        var rest = number
        while rest > 0, place > 0 {
            place &-= 1
            let tenth = rest / 10
            digits[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- tenth &* 10)
            rest = tenth
        }
        digits.span.extracting(place..<20).withUnsafeBufferPointer { out.append(contentsOf: $0) }
    }

    /// The number that a text says in digits and nothing else: no sign, no `_`, no leading zero (which some read as
    /// octal). nil if the text is anything else, or above `Int.max`.
    package static func int(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit), text == "0" || !text.hasPrefix("0") else {
            return nil
        }
        return Int(text)  // nil above Int.max
    }
}
