/// What a user reads on a device and types elsewhere: eight of twenty consonants, `WDJB-MJHT` (RFC 8628 §6.1). No
/// vowels, so that they make no words; none of 0, O, 1 and I. 34 bits, which is enough for ten minutes
/// and brute-force protection.
package enum UserCode {
    private static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
    /// Letters, without the dash.
    package static let length = 8

    /// nil: the source of randomness gives nothing that could be used.
    package static func generate(_ random: Randomness) -> String? {
        var code: [UInt8] = []
        // Octets from 240 on are passed over, so that every letter is as likely: one in sixteen. Thirty-two rounds of
        // sixteen are never needed.
        for _ in 0..<32 {
            for octet in random.octets(16) where octet < 240 && code.count < length {
                code.append(alphabet[Int(octet % 20)])
            }
            if code.count == length { return String(decoding: code, as: UTF8.self) }
        }
        return nil
    }

    /// What the record of a code is found by.
    package static func key(of code: String) -> String { SecretDigest.text(of: code) }

    /// As it is looked for: capitals, without whatever users put between them. nil: it is none.
    package static func normalised(_ typed: String) -> String? {
        guard typed.utf8.count <= 64 else { return nil }
        var code: [UInt8] = []
        for octet in typed.utf8 {
            let letter = (0x61...0x7A).contains(octet) ? octet - 0x20 : octet
            if alphabet.contains(letter) {
                code.append(letter)
            } else if ![UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(octet) {
                return nil
            }
        }
        return code.count == length ? String(decoding: code, as: UTF8.self) : nil
    }

    /// As it is shown: with a dash in the middle.
    package static func shown(_ code: String) -> String { "\(code.prefix(4))-\(code.dropFirst(4))" }
}
