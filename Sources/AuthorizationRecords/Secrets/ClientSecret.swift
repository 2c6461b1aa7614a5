/// A client secret (`RandomText.clientSecret`), which prints itself nowhere.
package struct ClientSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// Shown once, to whoever registers the client.
    package let text: String

    /// One that somebody has already.
    package init(text: String) { self.text = text }

    /// A new one.
    package static func generate(_ random: Randomness) -> ClientSecret {
        ClientSecret(text: RandomText.clientSecret.make(random))
    }

    /// Whether a text has the shape and the checksum of a secret; it says nothing about whose it is.
    package static func isWellFormed(_ text: String) -> Bool { RandomText.clientSecret.isWellFormed(text) }

    /// Never the secret itself.
    package var description: String { "client secret" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// CRC-32 (ISO 3309) in six base62 digits, as tokens of code hosts have it.
enum Checksum {
    static let length = 6
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func text(of body: String) -> String {
        var rest = crc32(body.utf8)
        var out: [UInt8] = []
        for _ in 0..<length {
            out.append(digits[Int(rest % 62)])
            rest /= 62
        }
        return String(decoding: out.reversed(), as: UTF8.self)
    }

    static func crc32(_ octets: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for octet in octets {
            crc ^= UInt32(octet)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
