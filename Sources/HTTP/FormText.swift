/// Writes an `application/x-www-form-urlencoded` body (RFC 6749 appendix B).
package struct FormText: Sendable {
    /// The body so far.
    package private(set) var octets: [UInt8] = []

    package init() {}

    /// Adds a pair; both parts are percent-encoded, whatever is in them.
    package mutating func add(_ name: String, _ value: some Sequence<UInt8>) {
        if !octets.isEmpty { octets.append(UInt8(ascii: "&")) }
        octets += Self.encoded(name.utf8)
        octets.append(UInt8(ascii: "="))
        octets += Self.encoded(value)
    }

    package mutating func add(_ name: String, _ value: String) { add(name, value.utf8) }

    /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3), so that every reader understands the same.
    package static func encoded(_ text: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for octet in text {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(octet)
            default: out += [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return out
    }
}
