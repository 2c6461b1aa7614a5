/// What clients send that may have secrets in it, made fit for records: each secret becomes `***`.
package enum MaskedText {
    private static let mask = Array("***".utf8)
    /// A parameter whose name contains one of these, in lower case and percent-decoded, is taken for a secret. `code` also
    /// finds `country_code`: better that than a code of authorization.
    private static let secretNames = [
        "token", "secret", "passw", "pwd", "key", "sig", "assertion", "code", "auth", "cred", "session", "jwt",
        "ticket",
        "saml", "hash", "nonce", "state", "otp", "pin", "request",
    ].map { Array($0.utf8) }
    /// Octets that are looked at; records keep less.
    private static let bytesMax = 4_096

    /// A query without its `?`: values of parameters that may be secrets are masked, and so is whatever looks like a JWT.
    package static func query(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var isFirst = true
        for part in octets.prefix(bytesMax).split(omittingEmptySubsequences: false, whereSeparator: isSeparator) {
            if !isFirst { out.append(octets[part.startIndex - 1]) }
            isFirst = false
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
                // A query may be nothing but a token.
                out += looksLikeToken(part) || part.count > 32 ? mask : Array(part)
                continue
            }
            let value = part[part.index(after: equals)...]
            out += part[...equals]
            out += isSecret(part[..<equals]) || looksLikeToken(value) ? mask : Array(value)
        }
        return out
    }

    /// A request's target as it was sent, without query and fragment, and without name and password of a URI's authority.
    package static func target(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let path = octets.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        guard let first = path.first, first != UInt8(ascii: "/"), let at = path.lastIndex(of: UInt8(ascii: "@")) else {
            return path
        }
        let start = path.indices.first { index in
            index > path.startIndex && path[index] == UInt8(ascii: "/") && path[index - 1] == UInt8(ascii: "/")
        }
        return (Array(path[..<(start.map { $0 + 1 } ?? path.startIndex)]) + mask + Array(path[at...]))[...]
    }

    private static func isSeparator(_ octet: UInt8) -> Bool { octet == UInt8(ascii: "&") || octet == UInt8(ascii: ";") }

    private static func looksLikeToken(_ value: ArraySlice<UInt8>) -> Bool {
        value.starts(with: "eyJ".utf8) || value.count { $0 == UInt8(ascii: ".") } == 2 && value.count > 64
    }

    private static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        var plain: [UInt8] = []
        var rest = name
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%"), let high = rest.first.flatMap(digit),
                let low = rest.dropFirst().first.flatMap(digit)
            else {
                plain.append(octet | (octet >= 0x41 && octet <= 0x5A ? 0x20 : 0))
                continue
            }
            rest = rest.dropFirst(2)
            let decoded = high << 4 | low
            plain.append(decoded | (decoded >= 0x41 && decoded <= 0x5A ? 0x20 : 0))
        }
        return secretNames.contains { secret in
            plain.indices.contains { plain[$0...].starts(with: secret) }
        }
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x37
        case 0x61...0x66: octet - 0x57
        default: nil
        }
    }
}
