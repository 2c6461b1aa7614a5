package import HTTP
import Octets

/// What `resource` names (RFC 8707 §2): two spellings of one URL are one resource.
package enum ResourceIndicator {
    /// The one spelling of an http or https URL without fragment (RFC 3986 §6.2.2, §6.2.3): scheme and host in lower
    /// case, no default port, `/` for an empty path, escapes only where they are needed, no dot segments. Anything else
    /// is a name of its own, code point by code point.
    package static func canonical(_ text: String) -> String { url(text)?.description ?? text }

    /// Whether both name the same resource.
    package static func areEquivalent(_ one: String, _ other: String) -> Bool {
        one.utf8.elementsEqual(other.utf8) || canonical(one).utf8.elementsEqual(canonical(other).utf8)
    }

    /// nil: no http or https URL, or one that two readers could understand differently.
    package static func url(_ text: String) -> AbsoluteURL? {
        guard text.utf8.count <= AbsoluteURL.bytesMax, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        guard let url = AbsoluteURL(text[..<colon].lowercased() + text[colon...]) else { return nil }
        let query = url.target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? url.target.utf8.endIndex
        guard let path = escaped(url.target.utf8[..<query]), let rest = escaped(url.target.utf8[query...]) else {
            return nil
        }
        return AbsoluteURL(url, target: withoutDotSegments(path) + rest)
    }

    /// Escapes of unreserved octets are undone, others written with capitals (RFC 3986 §6.2.2.1, §6.2.2.2); nil: one is
    /// broken.
    private static func escaped(_ text: Substring.UTF8View) -> String? {
        var out: [UInt8] = []
        var rest = text[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                out.append(octet)
                continue
            }
            guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                return nil
            }
            let value = high << 4 | low
            if ASCII.isLetter(value) || ASCII.isDigit(value) || "-._~".utf8.contains(value) {
                out.append(value)
            } else {
                out += Array("%".utf8) + [digit(high), digit(low)]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func nibble(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x37
        case 0x61...0x66: octet - 0x57
        default: nil
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x37 + nibble }

    /// RFC 3986 §5.2.4.
    private static func withoutDotSegments(_ path: String) -> String {
        guard path.utf8.contains(UInt8(ascii: ".")) else { return path }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var kept: [Substring] = []
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
