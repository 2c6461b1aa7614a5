import JOSE

/// A client secret: `pcs_`, 32 random octets in base64url, and six characters that check them, so that scanners find a
/// leaked one and a mistyped one is known for what it is. Nothing in it changes under any URL encoding.
package struct ClientSecret: Sendable, CustomStringConvertible, CustomReflectable {
    /// By which scanners for leaked secrets know one.
    package static let prefix = "pcs_"
    /// Shown once, to whoever registers the client.
    package let text: String

    /// A new one.
    package static func generate(_ random: Randomness) -> ClientSecret {
        let body = prefix + Base64URL.encode(random.octets(32))
        return ClientSecret(text: body + Checksum.text(of: body))
    }

    /// Whether a text has the shape and the checksum of a secret; it says nothing about whose it is.
    package static func isWellFormed(_ text: String) -> Bool {
        guard text.utf8.count == prefix.utf8.count + 43 + Checksum.length, text.hasPrefix(prefix) else { return false }
        let body = String(text.dropLast(Checksum.length))
        return Base64URL.decode(String(body.dropFirst(prefix.count))) != nil && body + Checksum.text(of: body) == text
    }

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
