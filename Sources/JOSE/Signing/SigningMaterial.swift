import Crypto
import CryptoExtras
import Octets

/// A private key as the crypto library holds it.
enum SigningMaterial: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)
    case mlDSA65(MLDSA65.PrivateKey)
    case mlDSA87(MLDSA87.PrivateKey)

    var kind: KeyKind {
        switch self {
        case .rsa: .rsa
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        case .ed25519: .ed25519
        case .mlDSA65: .mlDSA65
        case .mlDSA87: .mlDSA87
        }
    }

    static func generate(_ kind: KeyKind) throws(KeyError) -> SigningMaterial {
        do {
            switch kind {
            // 128 bits of security (NIST SP 800-57 part 1, table 2); 2048 have 112.
            case .rsa: return .rsa(try _RSA.Signing.PrivateKey(keySize: .bits3072))
            case .p256: return .p256(P256.Signing.PrivateKey())
            case .p384: return .p384(P384.Signing.PrivateKey())
            case .p521: return .p521(P521.Signing.PrivateKey())
            case .ed25519: return .ed25519(Curve25519.Signing.PrivateKey())
            case .mlDSA65: return .mlDSA65(try MLDSA65.PrivateKey())
            case .mlDSA87: return .mlDSA87(try MLDSA87.PrivateKey())
            }
        } catch {
            throw .badNumbers
        }
    }

    init(pem: String) throws(KeyError) {
        guard let block = PEM(pem) else { throw .badPEM }
        guard block.label == "PRIVATE KEY" else { throw .badPEM }
        let der = block.octets
        if let key = try? P256.Signing.PrivateKey(derRepresentation: der) {
            self = .p256(key)
        } else if let key = try? P384.Signing.PrivateKey(derRepresentation: der) {
            self = .p384(key)
        } else if let key = try? P521.Signing.PrivateKey(derRepresentation: der) {
            self = .p521(key)
        } else if let key = try? Curve25519.Signing.PrivateKey(derRepresentation: der) {
            self = .ed25519(key)
        } else if let seed = MLDSAInfo.seed(.mlDSA65, in: der),
            let key = try? MLDSA65.PrivateKey(seedRepresentation: seed, publicKey: nil)
        {
            self = .mlDSA65(key)
        } else if let seed = MLDSAInfo.seed(.mlDSA87, in: der),
            let key = try? MLDSA87.PrivateKey(seedRepresentation: seed, publicKey: nil)
        {
            self = .mlDSA87(key)
        } else if let key = try? _RSA.Signing.PrivateKey(unsafeDERRepresentation: der) {
            self = .rsa(key)
        } else {
            throw .badPEM
        }
    }

    var pem: String {
        switch self {
        case .rsa(let key): key.pkcs8PEMRepresentation
        case .p256(let key): key.pemRepresentation
        case .p384(let key): key.pemRepresentation
        case .p521(let key): key.pemRepresentation
        case .ed25519(let key): key.pemRepresentation
        case .mlDSA65(let key): Self.pem(.mlDSA65, seed: Array(key.seedRepresentation))
        case .mlDSA87(let key): Self.pem(.mlDSA87, seed: Array(key.seedRepresentation))
        }
    }

    private static func pem(_ kind: KeyKind, seed: [UInt8]) -> String {
        PEM(label: "PRIVATE KEY", octets: MLDSAInfo.privateKeyInfo(kind, seed: seed)).text
    }

    var publicMaterial: KeyMaterial {
        get throws(KeyError) {
            switch self {
            case .rsa(let key):
                guard let numbers = try? key.publicKey.getKeyPrimitives() else { throw .badNumbers }
                return try .rsa(RSANumbers(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent)))
            case .p256(let key): return .p256(key.publicKey)
            case .p384(let key): return .p384(key.publicKey)
            case .p521(let key): return .p521(key.publicKey)
            case .ed25519(let key): return .ed25519(key.publicKey)
            case .mlDSA65(let key): return .mlDSA65(key.publicKey)
            case .mlDSA87(let key): return .mlDSA87(key.publicKey)
            }
        }
    }

    func signature(of message: [UInt8], _ facts: Algorithm.Facts) throws(KeyError) -> [UInt8] {
        do {
            switch facts.hash {
            case .sha256: return try signature(digest: SHA256.hash(data: message), facts.padding)
            case .sha384: return try signature(digest: SHA384.hash(data: message), facts.padding)
            case .sha512: return try signature(digest: SHA512.hash(data: message), facts.padding)
            case nil: return try signature(message: message)
            }
        } catch {
            throw .signingFailed
        }
    }

    private func signature(digest: some Digest, _ padding: Algorithm.Padding?) throws -> [UInt8] {
        switch self {
        case .rsa(let key):
            let padding: _RSA.Signing.Padding = padding == .pss ? .PSS : .insecurePKCS1v1_5
            return Array(try key.signature(for: digest, padding: padding).rawRepresentation)
        case .p256(let key): return Array(try key.signature(for: digest).rawRepresentation)
        case .p384(let key): return Array(try key.signature(for: digest).rawRepresentation)
        case .p521(let key): return Array(try key.signature(for: digest).rawRepresentation)
        case .ed25519, .mlDSA65, .mlDSA87: throw KeyError.signingFailed
        }
    }

    private func signature(message: [UInt8]) throws -> [UInt8] {
        switch self {
        case .ed25519(let key): Array(try key.signature(for: message))
        case .mlDSA65(let key): Array(try key.signature(for: message))
        case .mlDSA87(let key): Array(try key.signature(for: message))
        case .rsa, .p256, .p384, .p521: throw KeyError.signingFailed
        }
    }
}
