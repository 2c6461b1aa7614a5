import Octets

/// Octets that a field value can hold (RFC 9110 §5.5), checked once when they were made: lists of fields take them as they
/// are, for every message.
package struct FieldValue: Sendable, Hashable {
    /// As they stand in a message.
    package private(set) var octets: [UInt8]

    /// Octets that a field value cannot hold are left out.
    package init(_ octets: [UInt8]) {
        self.octets = octets.allSatisfy(HTTPOctet.isFieldValue) ? octets : octets.filter(HTTPOctet.isFieldValue)
    }

    package init(_ text: String) { self.init(Array(text.utf8)) }

    /// So many zeros, for `setHex` and `copyHex`.
    package init(hexDigits count: Int) { octets = Array(repeating: 0x30, count: max(count, 0)) }

    package var isEmpty: Bool { octets.isEmpty }

    /// Writes 16 hexadecimal digits, in lower case, in the place of those at `start`; nothing where they do not fit.
    package mutating func setHex(_ number: UInt64, at start: Int) {
        // One check that the array is ours alone, not one for each digit.
        octets.withUnsafeMutableBytes { octets in
            guard start >= 0, start &+ 16 <= octets.count else { return }
            let high = Self.hexDigits(UInt32(truncatingIfNeeded: number &>> 32))
            let low = Self.hexDigits(UInt32(truncatingIfNeeded: number))
            octets.storeBytes(of: high, toByteOffset: start, as: UInt64.self)
            octets.storeBytes(of: low, toByteOffset: start &+ 8, as: UInt64.self)
        }
    }

    /// Eight digits, the first of them in the lowest octet of memory; all at once, since there are 48 in a request.
    private static func hexDigits(_ number: UInt32) -> UInt64 {
        // Each nibble into an octet of its own, the highest one last in the integer, then turned round.
        var word = UInt64(number)
        word = (word | word &<< 16) & 0x0000_FFFF_0000_FFFF
        word = (word | word &<< 8) & 0x00FF_00FF_00FF_00FF
        word = (word | word &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 1 in each octet that is 10 or more: those are letters.
        let letters = (word &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return (word &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
    }

    /// The octets of a value of the same length. They are copied, not shared: a shared array would be allocated anew when
    /// one of the two changes.
    package mutating func copy(_ other: borrowing FieldValue) {
        guard other.octets.count == octets.count else { return }
        octets.withUnsafeMutableBufferPointer { own in
            other.octets.withUnsafeBufferPointer { other in _ = own.update(from: other) }
        }
    }
}

/// Writes a field's value piece by piece, of pieces that need no check: each is a fixed text, digits, a value that was
/// checked before, or a part of a head that the parser has checked.
package struct FieldValueWriter: ~Copyable {
    private var octets: ByteWriter

    init(_ octets: consuming ByteWriter) { self.octets = octets }

    consuming func finish() -> ByteWriter { octets }

    /// A fixed text, which the source code shows to be fit for a field.
    package mutating func append(_ text: StaticString) { octets.append(text) }

    package mutating func append(_ value: borrowing FieldValue) { octets.append(value.octets) }

    package mutating func append(decimal number: Int) { octets.append(decimal: number) }

    /// Two hexadecimal digits.
    package mutating func append(hex octet: UInt8) {
        octets.append(Hex.digit(octet &>> 4))
        octets.append(Hex.digit(octet & 0xF))
    }

    /// Host and port as the client named them (RFC 9110 §7.2).
    package mutating func appendAuthority(of head: borrowing RequestHead) { octets.appendAuthority(of: head) }
}
