/// Hexadecimal digits (RFC 4648 §8).
package enum Hex {
    /// The value of a digit in either case; nil for any other octet.
    @inlinable @inline(__always)
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x41...0x46: digit &- 0x37
        case 0x61...0x66: digit &- 0x57
        default: nil
        }
    }

    /// Whether it is a digit in lower case.
    @inlinable @inline(__always)
    package static func isLowercaseDigit(_ octet: UInt8) -> Bool { ASCII.isDigit(octet) || octet &- 0x61 < 6 }

    /// The digit of a value below 16, in lower case.
    @inlinable @inline(__always)
    package static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

    /// The digit of a value below 16, in upper case.
    @inlinable @inline(__always)
    package static func uppercaseDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }

    /// Two digits for each octet, in lower case.
    package static func text(of octets: some Sequence<UInt8>) -> String {
        var out: [UInt8] = []
        for octet in octets {
            out.append(digit(octet &>> 4))
            out.append(digit(octet & 0xF))
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Sixteen digits, in lower case.
    package static func text(_ number: UInt64) -> String {
        text(of: stride(from: 56, through: 0, by: -8).lazy.map { UInt8(truncatingIfNeeded: number &>> UInt64($0)) })
    }
}
