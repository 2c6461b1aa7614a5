/// Percent-encoding (RFC 3986 §2.1). Readers differ in what they take for an error, so that each decodes for itself.
package enum PercentEncoding {
    /// Means the same percent-encoded or not (RFC 3986 §2.3).
    @inlinable @inline(__always)
    package static func isUnreserved(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }

    /// Appends an octet as `%` and two digits in upper case.
    @inlinable
    package static func append(_ octet: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "%"))
        out.append(Hex.uppercaseDigit(octet &>> 4))
        out.append(Hex.uppercaseDigit(octet & 0xF))
    }

    /// Percent-encodes everything but unreserved characters, so that every reader understands the same and nothing of it
    /// ends up as another parameter, as a header or as markup.
    package static func encoded(_ octets: some Sequence<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for octet in octets {
            if isUnreserved(octet) { out.append(octet) } else { append(octet, to: &out) }
        }
        return out
    }

    /// Percent-encodes everything but unreserved characters.
    package static func encoded(_ text: String) -> String {
        String(decoding: encoded(text.utf8), as: UTF8.self)
    }
}
