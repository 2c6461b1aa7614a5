/// base64url without padding (RFC 4648 §5, RFC 7515 §2), strictly: one text for each sequence of octets.
package enum Base64URL {
    /// The octets that `text` stands for. nil for padding, white space, `+`, `/`, any other octet, a length that no
    /// octets have, and bits that are set behind the last octet.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let rest = text.count & 3
        guard rest != 1 else { return nil }
        // Bit 7 of a value marks an octet outside the alphabet; gathered, and looked at once at the end.
        var strange: UInt8 = 0
        // Bits behind the last octet.
        var unused: UInt8 = 0
        let whole = text.count &>> 2
        let count = whole &* 3 &+ (rest == 0 ? 0 : rest &- 1)
        // Through pointers, whose bounds are those of the loops: a quarter of the cost of checking each of four octets.
        let octets = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
            text.withUnsafeBufferPointer { text in
                values.withUnsafeBufferPointer { values in
                    for quad in 0..<whole {
                        let a = values[Int(text[quad &* 4])]
                        let b = values[Int(text[quad &* 4 &+ 1])]
                        let c = values[Int(text[quad &* 4 &+ 2])]
                        let d = values[Int(text[quad &* 4 &+ 3])]
                        strange |= a | b | c | d
                        out[quad &* 3] = a &<< 2 | b &>> 4
                        out[quad &* 3 &+ 1] = b &<< 4 | c &>> 2
                        out[quad &* 3 &+ 2] = c &<< 6 | d
                    }
                    guard rest > 0 else { return }
                    let a = values[Int(text[whole &* 4])]
                    let b = values[Int(text[whole &* 4 &+ 1])]
                    strange |= a | b
                    unused = b & 0x0F
                    out[whole &* 3] = a &<< 2 | b &>> 4
                    guard rest == 3 else { return }
                    let c = values[Int(text[whole &* 4 &+ 2])]
                    strange |= c
                    unused = c & 0x03
                    out[whole &* 3 &+ 1] = b &<< 4 | c &>> 2
                }
            }
            filled = count
        }
        return strange < 0x80 && unused == 0 ? octets : nil
    }

    /// The octets that `text` stands for; nil as above.
    package static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8).span) }

    /// Without padding (RFC 7515 §2).
    package static func encode(_ octets: [UInt8]) -> String {
        var out: [UInt8] = []
        append(octets.span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The same, behind what `out` has already.
    package static func append(_ octets: Span<UInt8>, to out: inout [UInt8]) {
        var index = 0
        while index < octets.count {
            let a = octets[index]
            let b = index &+ 1 < octets.count ? octets[index &+ 1] : 0
            let c = index &+ 2 < octets.count ? octets[index &+ 2] : 0
            out.append(alphabet[Int(a &>> 2)])
            out.append(alphabet[Int((a & 0x03) &<< 4 | b &>> 4)])
            if index &+ 1 < octets.count { out.append(alphabet[Int((b & 0x0F) &<< 2 | c &>> 6)]) }
            if index &+ 2 < octets.count { out.append(alphabet[Int(c & 0x3F)]) }
            index &+= 3
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The value of each octet; 0xFF outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, octet) in alphabet.enumerated() { values[Int(octet)] = UInt8(truncatingIfNeeded: value) }
        return values
    }()
}
