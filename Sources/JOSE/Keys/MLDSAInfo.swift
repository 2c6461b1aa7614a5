/// ML-DSA keys in DER (RFC 9881 §4, §6). Everything but the key itself is fixed, so it is compared, not parsed.
enum MLDSAInfo {
    private static let seedBytes = 32

    private static func identifier(_ kind: KeyKind) -> [UInt8] {
        [0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, kind == .mlDSA65 ? 0x12 : 0x13]
    }

    private static func publicKeyBytes(_ kind: KeyKind) -> Int { kind == .mlDSA65 ? 1_952 : 2_592 }

    /// SubjectPublicKeyInfo up to the key.
    private static func publicPrefix(_ kind: KeyKind) -> [UInt8] {
        let bitString = publicKeyBytes(kind) + 1
        let identifier = identifier(kind)
        return [0x30, 0x82] + length(identifier.count + 4 + bitString) + identifier + [0x03, 0x82] + length(bitString)
            + [0x00]
    }

    /// PKCS #8 with the seed alone, up to the seed.
    private static func privatePrefix(_ kind: KeyKind) -> [UInt8] {
        [0x30, 0x34, 0x02, 0x01, 0x00] + identifier(kind) + [0x04, 0x22, 0x80, 0x20]
    }

    private static func length(_ count: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
    }

    static func publicKey(_ kind: KeyKind, in der: [UInt8]) -> [UInt8]? {
        rest(of: der, after: publicPrefix(kind), count: publicKeyBytes(kind))
    }

    static func seed(_ kind: KeyKind, in der: [UInt8]) -> [UInt8]? {
        rest(of: der, after: privatePrefix(kind), count: seedBytes)
    }

    static func privateKeyInfo(_ kind: KeyKind, seed: [UInt8]) -> [UInt8] { privatePrefix(kind) + seed }

    private static func rest(of der: [UInt8], after prefix: [UInt8], count: Int) -> [UInt8]? {
        guard der.count == prefix.count + count, der.starts(with: prefix) else { return nil }
        return Array(der.dropFirst(prefix.count))
    }
}
