import Octets

/// Writes an `application/x-www-form-urlencoded` body (RFC 6749 appendix B).
package struct FormText: Sendable {
    /// The body so far.
    package private(set) var octets: [UInt8] = []

    package init() {}

    /// Adds a pair; both parts are percent-encoded, whatever is in them.
    package mutating func add(_ name: String, _ value: some Sequence<UInt8>) {
        if !octets.isEmpty { octets.append(UInt8(ascii: "&")) }
        octets += PercentEncoding.encoded(name.utf8)
        octets.append(UInt8(ascii: "="))
        octets += PercentEncoding.encoded(value)
    }

    package mutating func add(_ name: String, _ value: String) { add(name, value.utf8) }
}
