/// What single octets are in ASCII.
package enum ASCII {
    /// 0 to 9.
    @inlinable @inline(__always)
    package static func isDigit(_ octet: UInt8) -> Bool { octet &- 0x30 < 10 }

    /// A to Z and a to z.
    @inlinable @inline(__always)
    package static func isLetter(_ octet: UInt8) -> Bool { (octet | 0x20) &- 0x61 < 26 }

    /// A letter or a digit.
    @inlinable @inline(__always)
    package static func isAlphanumeric(_ octet: UInt8) -> Bool { isLetter(octet) || isDigit(octet) }

    /// A capital becomes a small letter; anything else stays.
    @inlinable @inline(__always)
    package static func lowercased(_ octet: UInt8) -> UInt8 { octet &- 0x41 < 26 ? octet | 0x20 : octet }
}
