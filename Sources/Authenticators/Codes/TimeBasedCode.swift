import Crypto
import Octets

/// Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and thirty seconds, which is what all apps know.
package enum TimeBasedCode {
    /// Of the shared secret: as many as the hash has (RFC 4226 §4 R6).
    package static let secretOctets = 20
    /// Of a code (RFC 4226 §5.3).
    package static let digits = 6
    package static let stepSeconds: Int64 = 30
    /// Steps before and behind the present one that count, too, because clocks differ (RFC 6238 §5.2).
    package static let drift: Int64 = 1

    /// The step in which a code is right; nil: in none of those that count, or in one that was used before (RFC 6238 §5.2).
    /// - Parameters:
    ///   - typed: as somebody typed it; spaces do not matter.
    ///   - lastStep: of the code that was taken last.
    ///   - now: seconds since 1970.
    package static func step(of typed: String, secret: [UInt8], after lastStep: Int64?, now: Int64) -> Int64? {
        guard typed.utf8.count <= 32 else { return nil }
        let code = typed.utf8.filter { $0 != 0x20 }
        guard code.count == digits, code.allSatisfy(ASCII.isDigit) else { return nil }
        let present = now / stepSeconds
        var found: Int64?
        // All are computed, whichever is right.
        for step in (present - drift)...(present + drift) where step >= 0 {
            let isRight = ConstantTime.areEqual(Array(self.code(step: step, secret: secret).utf8), code)
            if isRight, found == nil, step > lastStep ?? -1 { found = step }
        }
        return found
    }

    /// RFC 4226 §5.3.
    package static func code(step: Int64, secret: [UInt8]) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * Int64($0))) }
        let mac = Array(
            HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: secret)))
        let offset = Int((mac.last ?? 0) & 0x0F)
        let number = mac[offset..<(offset + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// For typing: base32 (RFC 4648 §6) without padding.
    package static func base32(_ octets: [UInt8]) -> String {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for octet in octets {
            buffer = buffer << 8 | UInt32(octet)
            bits += 8
            while bits >= 5 {
                bits -= 5
                out.append(alphabet[Int(buffer >> UInt32(bits) & 31)])
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { out.append(alphabet[Int(buffer << UInt32(5 - bits) & 31)]) }
        return String(decoding: out, as: UTF8.self)
    }

    /// What `base32` wrote; nil: it did not.
    package static func octets(base32 text: String) -> [UInt8]? {
        guard text.utf8.count <= 64 else { return nil }
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for letter in text.utf8 {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            buffer = buffer << 5 | UInt32(value)
            bits += 5
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        return buffer == 0 && base32(out) == text ? out : nil
    }

    /// The address that authenticator apps read (Key URI Format).
    /// - Parameter issuer: which site it is; the host.
    package static func address(secret: [UInt8], user: String, issuer: String) -> String {
        let site = PercentEncoding.encoded(issuer)
        return "otpauth://totp/\(site):\(PercentEncoding.encoded(user))?secret=\(base32(secret))&issuer=\(site)"
            + "&algorithm=SHA1&digits=\(digits)&period=\(stepSeconds)"
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
}
