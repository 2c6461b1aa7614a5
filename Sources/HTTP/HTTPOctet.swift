import Octets

/// What single octets are to HTTP.
package enum HTTPOctet {
    /// May stand in a token (RFC 9110 §5.6.2).
    package static func isToken(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// May stand in a field value: visible, space, HTAB, obs-text (RFC 9110 §5.5).
    static func isFieldValue(_ octet: UInt8) -> Bool {
        octet >= 0x20 && octet != 0x7F || octet == 0x09
    }

    /// Whether one of eight octets is below 0x20 or is 0x7F.
    static func mayHoldControl(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highest: UInt64 = 0x8080_8080_8080_8080
        // The usual way to find a small octet in a word: its highest bit is borrowed.
        let small = (word &- ones &* 0x20) & ~word & highest
        let delete = word ^ (ones &* 0x7F)
        return small | ((delete &- ones) & ~delete & highest) != 0
    }

    /// May stand in a path segment as it is (RFC 3986 §3.3: pchar but for escapes).
    static func isPathCharacter(_ octet: UInt8) -> Bool {
        if PercentEncoding.isUnreserved(octet) { return true }
        switch octet {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
            return true
        default: return false
        }
    }
}
