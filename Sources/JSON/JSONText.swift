import Octets

/// Writes pieces of JSON text straight into a buffer of octets: for audit records and problem documents, which are
/// built for every request and must not pass through a `String`.
package enum JSONText {
    /// Appends `octets` as a JSON string with its quotation marks. What is not UTF-8 becomes `\ufffd`, one for each
    /// ill-formed part (Unicode 15 §3.9); control characters and DEL are escaped.
    package static func appendEscaped(_ octets: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var index = 0
        while index < octets.count {
            let start = index
            while index < octets.count, isPlain(octets[index]) { index &+= 1 }
            if index > start { out.append(contentsOf: UnsafeBufferPointer(rebasing: octets[start..<index])) }
            guard index < octets.count else { break }
            let octet = octets[index]
            if octet < 0x80 {
                escape(octet, to: &out)
                index &+= 1
            } else {
                let (count, isWellFormed) = sequence(octets, at: index)
                if isWellFormed {
                    for offset in index..<(index &+ count) { out.append(octets[offset]) }
                } else {
                    append("\\ufffd", to: &out)
                }
                index &+= count
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// Appends `octets` as a JSON string with its quotation marks.
    package static func appendEscaped(_ octets: ArraySlice<UInt8>, to out: inout [UInt8]) {
        octets.withUnsafeBufferPointer { appendEscaped($0, to: &out) }
    }

    /// Appends `octets` as a JSON string with its quotation marks.
    package static func appendEscaped(_ octets: [UInt8], to out: inout [UInt8]) {
        octets.withUnsafeBufferPointer { appendEscaped($0, to: &out) }
    }

    /// Appends `octets` as a JSON string with its quotation marks.
    package static func appendEscaped(_ octets: Span<UInt8>, to out: inout [UInt8]) {
        octets.withUnsafeBufferPointer { appendEscaped($0, to: &out) }
    }

    /// Appends `text` as a JSON string with its quotation marks.
    package static func appendEscaped(_ text: String, to out: inout [UInt8]) {
        var text = text
        text.withUTF8 { appendEscaped($0, to: &out) }
    }

    /// Appends fixed text as it stands.
    package static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// Appends a decimal number.
    package static func append(_ number: Int64, to out: inout [UInt8]) {
        if number < 0 { out.append(UInt8(ascii: "-")) }
        DecimalDigits.append(number.magnitude, to: &out)
    }

    private static func isPlain(_ octet: UInt8) -> Bool {
        octet >= 0x20 && octet < 0x7F && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }

    private static func escape(_ octet: UInt8, to out: inout [UInt8]) {
        switch octet {
        case UInt8(ascii: "\""): append("\\\"", to: &out)
        case UInt8(ascii: "\\"): append("\\\\", to: &out)
        case 0x08: append("\\b", to: &out)
        case 0x09: append("\\t", to: &out)
        case 0x0A: append("\\n", to: &out)
        case 0x0C: append("\\f", to: &out)
        case 0x0D: append("\\r", to: &out)
        default:
            append("\\u00", to: &out)
            out.append(Hex.digit(octet &>> 4))
            out.append(Hex.digit(octet & 0xF))
        }
    }

    /// Length of the UTF-8 sequence that begins at `index` with an octet >= 0x80, or of its longest well-formed
    /// beginning (one at least).
    private static func sequence(_ octets: UnsafeBufferPointer<UInt8>, at index: Int) -> (
        count: Int, isWellFormed: Bool
    ) {
        let first = octets[index]
        let length: Int
        var range: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, range) = (3, 0xA0...0xBF)
        case 0xED: (length, range) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, range) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, range) = (4, 0x80...0x8F)
        default: return (1, false)
        }
        var count = 1
        while count < length {
            guard index &+ count < octets.count, range.contains(octets[index &+ count]) else { return (count, false) }
            range = 0x80...0xBF
            count &+= 1
        }
        return (length, true)
    }
}
