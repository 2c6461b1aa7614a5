/// One field line of a head: where its name and value lie, and what its name is.
package struct Field: Sendable {
    /// As it was sent.
    package let name: Slice
    /// Without the optional white space around it.
    package let value: Slice
    /// Of the name in lower case, with everything but letters and digits read as `-`: `X_Auth!Subject` and `x-auth-subject`
    /// have the same.
    /// Equal names have equal hashes; the reverse has to be checked with `isNamed`.
    package let foldedHash: UInt32
    /// The name, if it is one that the gateway has rules for; otherwise `other`.
    package let known: KnownField
    /// The name has a character other than letters, digits and `-`. Upstreams that keep fields as variables take `_` for it,
    /// as they do for `-` (RFC 9110 §17.10): CGI programs, mostly.
    package let irregular: Bool

    @usableFromInline
    init(name: Slice, value: Slice, foldedHash: UInt32, known: KnownField, irregular: Bool) {
        self.name = name
        self.value = value
        self.foldedHash = foldedHash
        self.known = known
        self.irregular = irregular
    }

    /// The hash that `foldedHash` has for a field with this name.
    package static func foldedHash(of name: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt32 = 0
        for octet in name { hash = FieldName.step(hash, FieldName.folded(octet)) }
        return FieldName.finished(hash)
    }
}

/// The one way in which names of fields are folded and hashed.
enum FieldName {
    /// Lower case; all but letters and digits become `-`. Only for octets of a token.
    static func folded(_ octet: UInt8) -> UInt8 {
        switch octet {
        case 0x41...0x5A: octet | 0x20
        case 0x61...0x7A, 0x30...0x39: octet
        default: UInt8(ascii: "-")
        }
    }

    static func isRegular(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Two cycles an octet.
    @inline(__always)
    static func step(_ hash: UInt32, _ octet: UInt8) -> UInt32 {
        (hash &<< 5 | hash &>> 27) ^ UInt32(octet)
    }

    /// Spreads what the steps gathered over all bits. Whoever finds a hash compares the name.
    @inline(__always)
    static func finished(_ hash: UInt32) -> UInt32 {
        let product = hash &* 0x9E37_79B1
        return product ^ product &>> 15
    }
}
