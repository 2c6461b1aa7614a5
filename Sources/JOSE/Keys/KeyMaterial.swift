import Crypto
import CryptoExtras

/// A public key as the crypto library holds it: decoded and checked once, when it is loaded.
enum KeyMaterial: Sendable {
    case rsa(_RSA.Signing.PublicKey, RSANumbers)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case mlDSA65(MLDSA65.PublicKey)
    case mlDSA87(MLDSA87.PublicKey)

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

    /// RSA of 4,096 bits takes 90 us, of 8,192 four times that, and an exponent beyond 65537 several times more; ML-DSA
    /// 250 us, P-384 800 us, P-521 1,300 us.
    var isCostly: Bool {
        switch self {
        case .rsa(_, let numbers): numbers.bits > 4_096 || numbers.exponent.count > 3
        case .p256, .ed25519: false
        case .p384, .p521, .mlDSA65, .mlDSA87: true
        }
    }

    /// Octets of every signature that `algorithm` makes with this key.
    private func signatureBytes(_ facts: Algorithm.Facts) -> Int? {
        if case .rsa(_, let numbers) = self { return numbers.modulus.count }
        return facts.signatureBytes
    }

    /// Whether `signature` over `message` was made with this key by `algorithm`. False also when the two do not fit.
    func verifies(_ signature: [UInt8], of message: [UInt8], _ algorithm: Algorithm) -> Bool {
        let facts = algorithm.facts
        guard facts.key == kind, signature.count == signatureBytes(facts) else { return false }
        switch facts.hash {
        case .sha256: return verifies(signature, digest: SHA256.hash(data: message), facts.padding)
        case .sha384: return verifies(signature, digest: SHA384.hash(data: message), facts.padding)
        case .sha512: return verifies(signature, digest: SHA512.hash(data: message), facts.padding)
        case nil: return verifies(signature, message: message)
        }
    }

    private func verifies(_ signature: [UInt8], digest: some Digest, _ padding: Algorithm.Padding?) -> Bool {
        switch self {
        case .rsa(let key, _):
            let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
            switch padding {
            case .pkcs1: return key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5)
            case .pss: return key.isValidSignature(signature, for: digest, padding: .PSS)
            case nil: return false
            }
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .ed25519, .mlDSA65, .mlDSA87:
            return false
        }
    }

    private func verifies(_ signature: [UInt8], message: [UInt8]) -> Bool {
        switch self {
        case .ed25519(let key): key.isValidSignature(signature, for: message)
        case .mlDSA65(let key): key.isValidSignature(signature, for: message)
        case .mlDSA87(let key): key.isValidSignature(signature, for: message)
        case .rsa, .p256, .p384, .p521: false
        }
    }
}

extension KeyMaterial {
    static func rsa(_ numbers: RSANumbers) throws(KeyError) -> KeyMaterial {
        do {
            return .rsa(try _RSA.Signing.PublicKey(n: numbers.modulus, e: numbers.exponent), numbers)
        } catch {
            throw .badNumbers
        }
    }

    /// `x` and `y` of exactly the length of the curve's field (RFC 7518 §6.2.1.2), of a point on the curve.
    static func ec(_ kind: KeyKind, x: [UInt8], y: [UInt8]) throws(KeyError) -> KeyMaterial {
        switch kind {
        case .p256: .p256(try point(x, y, of: 32) { try P256.Signing.PublicKey(rawRepresentation: $0) })
        case .p384: .p384(try point(x, y, of: 48) { try P384.Signing.PublicKey(rawRepresentation: $0) })
        case .p521: .p521(try point(x, y, of: 66) { try P521.Signing.PublicKey(rawRepresentation: $0) })
        case .rsa, .ed25519, .mlDSA65, .mlDSA87: throw .unknownCurve
        }
    }

    private static func point<Key>(_ x: [UInt8], _ y: [UInt8], of octets: Int, _ make: ([UInt8]) throws -> Key)
        throws(KeyError) -> Key
    {
        guard x.count == octets, y.count == octets, let key = try? make(x + y) else { throw .badNumbers }
        return key
    }

    static func ed25519(_ x: [UInt8]) throws(KeyError) -> KeyMaterial {
        guard x.count == 32, !hasSmallOrder(x), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else {
            throw .badNumbers
        }
        return .ed25519(key)
    }

    static func mlDSA(_ kind: KeyKind, _ octets: [UInt8]) throws(KeyError) -> KeyMaterial {
        if kind == .mlDSA65, let key = try? MLDSA65.PublicKey(rawRepresentation: octets) { return .mlDSA65(key) }
        if kind == .mlDSA87, let key = try? MLDSA87.PublicKey(rawRepresentation: octets) { return .mlDSA87(key) }
        throw .badNumbers
    }

    /// The points under which one signature holds for many messages (RFC 8032 §8.9): all encodings of order 1, 2, 4 and
    /// 8.
    private static func hasSmallOrder(_ x: [UInt8]) -> Bool {
        let middle = x[1..<31]
        let first = x[0]
        let last = x[31] & 0x7F
        if middle.allSatisfy({ $0 == 0 }) { return last == 0 && first <= 1 }
        if middle.allSatisfy({ $0 == 0xFF }) { return last == 0x7F && first >= 0xEC && first <= 0xEE }
        return orderEight.contains(x[0..<31] + [last])
    }

    private static let orderEight: [ArraySlice<UInt8>] = [
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF,
            0xAC,
            0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20,
            0x53,
            0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}
