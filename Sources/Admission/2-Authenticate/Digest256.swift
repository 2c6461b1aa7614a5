import Crypto

/// 32 octets of a SHA-256, held inline.
package struct Digest256: Sendable, Hashable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64

    /// - Parameter octets: 32 of them; nil for any other number.
    package init?(_ octets: [UInt8]) {
        guard octets.count == 32 else { return nil }
        func word(_ index: Int) -> UInt64 {
            octets[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        (a, b, c, d) = (word(0), word(1), word(2), word(3))
    }

    /// - Parameter digest: 32 octets, as SHA-256 makes them.
    init(digest: UnsafeRawBufferPointer) {
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        (a, b, c, d) = (word(0), word(8), word(16), word(24))
    }

    /// The first 128 bits.
    var leading: (UInt64, UInt64) { (a, b) }

    /// The first 128 bits of a text's SHA-256.
    static func leading(of text: String) -> (UInt64, UInt64) { leading(of: Array(text.utf8)) }

    /// The first 128 bits of a text's SHA-256.
    static func leading(of text: [UInt8]) -> (UInt64, UInt64) {
        SHA256.hash(data: text).withUnsafeBytes { Digest256(digest: $0) }.leading
    }

    /// All 32, in network order. Allocates: for what leaves the process, not for comparing.
    package var octets: [UInt8] {
        [a, b, c, d].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - $0 * 8)) } }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(a) }

    /// Equal, in a time that does not depend on where they differ.
    package static func == (one: Digest256, other: Digest256) -> Bool {
        (one.a ^ other.a) | (one.b ^ other.b) | (one.c ^ other.c) | (one.d ^ other.d) == 0
    }
}
