import Crypto
import JSON

/// A text that stands in many records, made ready once: JSON-escaped, in quotes, and bounded.
package struct AuditText: Sendable {
    /// Octets of a text at most; what is longer ends in `…`.
    package static let bytesMax = 256

    let escaped: [UInt8]

    /// Cuts a text that is longer than `bytesMax` between two Unicode scalars.
    package init(_ text: String) {
        var out: [UInt8] = []
        if text.utf8.count <= Self.bytesMax {
            JSONText.appendEscaped(text, to: &out)
        } else {
            var kept = ""
            var bytes = 0
            for scalar in text.unicodeScalars {
                bytes += UTF8.width(scalar)
                if bytes > Self.bytesMax - 3 { break }
                kept.unicodeScalars.append(scalar)
            }
            JSONText.appendEscaped(kept + "…", to: &out)
        }
        escaped = out
    }
}

/// What stands in a record in a secret's place: enough to find all records of one token, of no use to whoever reads
/// them.
package struct SecretDigest: Sendable {
    /// In quotes.
    let escaped: [UInt8]

    /// HMAC-SHA-256 under the log's key, the first 16 octets in hexadecimal.
    fileprivate init(_ octets: [UInt8], key: SymmetricKey) {
        let code = HMAC<SHA256>.authenticationCode(for: octets, using: key)
        var out: [UInt8] = [0x22]
        for octet in code.prefix(16) {
            for nibble in [octet >> 4, octet & 15] { out.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble) }
        }
        escaped = out + [0x22]
    }
}

/// The key of the hashes that stand for secrets. Made anew by each process unless one is given, so that records of
/// different days can be joined only by whoever arranged for that.
package struct SecretDigestKey: Sendable {
    private let key: SymmetricKey

    /// A random key, for this process only.
    package init() { key = SymmetricKey(size: .bits256) }

    /// `octets`: 32 or more, from a file.
    package init(octets: [UInt8]) { key = SymmetricKey(data: octets) }

    /// - Parameter octets: the secret; nothing of it is kept.
    package func digest(_ octets: [UInt8]) -> SecretDigest { SecretDigest(octets, key: key) }
}
