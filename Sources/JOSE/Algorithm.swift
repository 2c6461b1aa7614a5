import JSON

/// A signature algorithm of a JSON Web Signature, by its registered name (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9964).
///
/// What is not here does not exist: no `none`, no HMAC. The name is compared octet by octet (RFC 8725 §3.1).
package enum Algorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
    case mlDSA65 = "ML-DSA-65"
    case mlDSA87 = "ML-DSA-87"
}

extension Algorithm {
    /// All names of it, the one that is written here first. RFC 9864 §2.2 calls EdDSA with an Ed25519 key `Ed25519`,
    /// which is the only EdDSA that exists here.
    package var names: [String] { self == .edDSA ? [rawValue, "Ed25519"] : [rawValue] }

    /// nil: no algorithm that exists here has this name.
    package init?(named name: String) {
        guard let algorithm = Self.allCases.first(where: { $0.isNamed(name) }) else { return nil }
        self = algorithm
    }

    /// Octet by octet.
    package func isNamed(_ name: String) -> Bool {
        rawValue.hasSameOctets(as: name) || self == .edDSA && "Ed25519".hasSameOctets(as: name)
    }

    /// What the rest of the module needs to know of an algorithm. Nobody else looks at the name.
    struct Facts: Sendable {
        /// The only keys that it takes.
        let key: KeyKind
        /// nil: the scheme hashes by itself.
        let hash: Hash?
        /// Only for RSA.
        let padding: Padding?
        /// Octets of a signature, always exactly; nil: as many as the key's modulus.
        let signatureBytes: Int?
    }

    enum Hash: Sendable { case sha256, sha384, sha512 }
    enum Padding: Sendable { case pkcs1, pss }

    var facts: Facts {
        switch self {
        case .rs256: Facts(key: .rsa, hash: .sha256, padding: .pkcs1, signatureBytes: nil)
        case .rs384: Facts(key: .rsa, hash: .sha384, padding: .pkcs1, signatureBytes: nil)
        case .rs512: Facts(key: .rsa, hash: .sha512, padding: .pkcs1, signatureBytes: nil)
        case .ps256: Facts(key: .rsa, hash: .sha256, padding: .pss, signatureBytes: nil)
        case .ps384: Facts(key: .rsa, hash: .sha384, padding: .pss, signatureBytes: nil)
        case .ps512: Facts(key: .rsa, hash: .sha512, padding: .pss, signatureBytes: nil)
        case .es256: Facts(key: .p256, hash: .sha256, padding: nil, signatureBytes: 64)
        case .es384: Facts(key: .p384, hash: .sha384, padding: nil, signatureBytes: 96)
        case .es512: Facts(key: .p521, hash: .sha512, padding: nil, signatureBytes: 132)
        case .edDSA: Facts(key: .ed25519, hash: nil, padding: nil, signatureBytes: 64)
        case .mlDSA65: Facts(key: .mlDSA65, hash: nil, padding: nil, signatureBytes: 3_309)
        case .mlDSA87: Facts(key: .mlDSA87, hash: nil, padding: nil, signatureBytes: 4_627)
        }
    }
}

/// A kind of key: the type and the curve or parameter set fix which algorithms it can serve (RFC 8725 §3.1).
package enum KeyKind: Sendable, Equatable, CaseIterable {
    case rsa, p256, p384, p521, ed25519, mlDSA65, mlDSA87

    /// `kty` (RFC 7517 §4.1)
    package var keyType: String {
        switch self {
        case .rsa: "RSA"
        case .p256, .p384, .p521: "EC"
        case .ed25519: "OKP"
        case .mlDSA65, .mlDSA87: "AKP"
        }
    }

    /// `crv` (RFC 7518 §6.2.1.1, RFC 8037 §2)
    package var curve: String? {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        case .ed25519: "Ed25519"
        case .rsa, .mlDSA65, .mlDSA87: nil
        }
    }
}
