import Octets

/// Why octets are not a form.
package enum FormError: Error, Equatable, Sendable {
    /// More octets or fields than the bounds.
    case tooLarge
    /// A `%` without two hexadecimal digits, or an octet that should have been percent-encoded.
    case badEncoding
    case notUTF8
}

/// The fields of an `application/x-www-form-urlencoded` body (WHATWG URL §5.1), decoded strictly: OAuth parameters must
/// not mean different things to different readers (RFC 6749 §3.2).
package struct FormFields: Sendable {
    /// One field of the form.
    package typealias Pair = (name: String, value: String)

    /// Octets of a form at most; far above any request of OAuth.
    package static let bytesMax = 65_536
    /// Fields of a form at most.
    package static let fieldsMax = 256

    /// In their order; a name sent twice stands here twice.
    package let pairs: [Pair]

    /// Reads a whole body. A name without `=` has an empty value; empty pairs are passed over.
    package init(_ octets: [UInt8]) throws(FormError) {
        guard octets.count <= Self.bytesMax else { throw .tooLarge }
        var pairs: [Pair] = []
        for part in octets.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.fieldsMax else { throw .tooLarge }
            let split = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let name = try Self.decoded(part[..<split])
            let value = try Self.decoded(part[split...].dropFirst())
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// Every value of a name.
    package func values(_ name: String) -> [String] {
        pairs.compactMap { $0.name.utf8.elementsEqual(name.utf8) ? $0.value : nil }
    }

    /// The names that stand there more than once, each once (RFC 6749 §3.2 forbids it).
    package var repeatedNames: [String] {
        var seen: Set<[UInt8]> = []
        var repeated: Set<[UInt8]> = []
        return pairs.compactMap { pair in
            let name = Array(pair.name.utf8)
            guard !seen.insert(name).inserted, repeated.insert(name).inserted else { return nil }
            return pair.name
        }
    }

    private static func decoded(_ octets: ArraySlice<UInt8>) throws(FormError) -> String {
        var plain: [UInt8] = []
        plain.reserveCapacity(octets.count)
        var index = octets.startIndex
        while index < octets.endIndex {
            let octet = octets[index]
            index &+= 1
            switch octet {
            case UInt8(ascii: "+"):
                plain.append(0x20)
            case UInt8(ascii: "%"):
                guard octets.endIndex &- index >= 2, let high = Hex.value(octets[index]),
                    let low = Hex.value(octets[index &+ 1])
                else { throw .badEncoding }
                plain.append(high &<< 4 | low)
                index &+= 2
            case 0x20..<0x7F:
                // A space ought to be "+" or "%20"; nobody reads it as anything else, and clients send it (oidc-agent).
                plain.append(octet)
            default:
                throw .badEncoding
            }
        }
        guard let text = String(validating: plain, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}
