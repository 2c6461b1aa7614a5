import Crypto
import CryptoExtras
import Octets

extension VerificationKey {
    /// Reads a public key in PEM (`PUBLIC KEY`: a SubjectPublicKeyInfo, RFC 5280 §4.1.2.7).
    /// - Parameter algorithm: then this one only; nil: all that fit the key.
    package init(pem: String, kid: String? = nil, algorithm: Algorithm? = nil) throws(KeyError) {
        guard let block = PEM(pem) else { throw .badPEM }
        if block.label.hasSuffix("PRIVATE KEY") { throw .privateKey }
        guard block.label == "PUBLIC KEY" else { throw .badPEM }
        try self.init(subjectPublicKeyInfo: block.octets, kid: kid, algorithm: algorithm)
    }

    /// Reads a public key in DER, such as that of a certificate (RFC 5280 §4.1.2.7).
    package init(
        subjectPublicKeyInfo der: [UInt8], kid: String? = nil, algorithm: Algorithm? = nil
    ) throws(KeyError) {
        try self.init(material: try Self.material(der), kid: kid, algorithm: algorithm)
    }

    private static func material(_ der: [UInt8]) throws(KeyError) -> KeyMaterial {
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) { return .p256(key) }
        if let key = try? P384.Signing.PublicKey(derRepresentation: der) { return .p384(key) }
        if let key = try? P521.Signing.PublicKey(derRepresentation: der) { return .p521(key) }
        if let key = try? Curve25519.Signing.PublicKey(derRepresentation: der) {
            return try .ed25519(Array(key.rawRepresentation))
        }
        for kind in [KeyKind.mlDSA65, .mlDSA87] {
            if let octets = MLDSAInfo.publicKey(kind, in: der) { return try .mlDSA(kind, octets) }
        }
        // The library would forget that such a key is for PSS only.
        guard !isPSSOnly(der) else { throw .unknownAlgorithm }
        guard let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: der),
            let primitives = try? key.getKeyPrimitives()
        else { throw .badPEM }
        return try .rsa(RSANumbers(modulus: Array(primitives.modulus), exponent: Array(primitives.publicExponent)))
    }

    /// id-RSASSA-PSS (RFC 4055 §1.2) where the algorithm identifier stands.
    private static func isPSSOnly(_ der: [UInt8]) -> Bool {
        let identifier: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]
        let head = der.prefix(24)
        return head.indices.contains { head[$0...].starts(with: identifier) }
    }
}
