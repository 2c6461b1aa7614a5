import Crypto
import CryptoExtras
package import JSON
import Octets

extension VerificationKey {
    /// The members that make the key what it is, in the order of their names (RFC 7638 §3.2, RFC 8037 §2, RFC 9964).
    var essentialMembers: JSONObject {
        let kind = material.kind
        switch material {
        case .rsa(_, let numbers):
            return [
                "e": .string(Base64URL.encode(numbers.exponent)), "kty": .string(kind.keyType),
                "n": .string(Base64URL.encode(numbers.modulus)),
            ]
        case .p256(let key): return Self.point(Array(key.rawRepresentation), kind)
        case .p384(let key): return Self.point(Array(key.rawRepresentation), kind)
        case .p521(let key): return Self.point(Array(key.rawRepresentation), kind)
        case .ed25519(let key):
            return [
                "crv": .string(kind.curve ?? ""), "kty": .string(kind.keyType),
                "x": .string(Base64URL.encode(Array(key.rawRepresentation))),
            ]
        case .mlDSA65(let key): return Self.bundle(Array(key.rawRepresentation), .mlDSA65, kind)
        case .mlDSA87(let key): return Self.bundle(Array(key.rawRepresentation), .mlDSA87, kind)
        }
    }

    private static func point(_ octets: [UInt8], _ kind: KeyKind) -> JSONObject {
        let half = octets.count / 2
        return [
            "crv": .string(kind.curve ?? ""), "kty": .string(kind.keyType),
            "x": .string(Base64URL.encode(Array(octets.prefix(half)))),
            "y": .string(Base64URL.encode(Array(octets.suffix(half)))),
        ]
    }

    private static func bundle(_ octets: [UInt8], _ algorithm: Algorithm, _ kind: KeyKind) -> JSONObject {
        [
            "alg": .string(algorithm.rawValue), "kty": .string(kind.keyType), "pub": .string(Base64URL.encode(octets)),
        ]
    }

    /// The key as a JWK, with `kid`, `alg` and `use` where they are known.
    package var jwk: JSON {
        var members = essentialMembers
        if let kid { members["kid"] = .string(kid) }
        if let algorithm { members["alg"] = .string(algorithm.rawValue) }
        members["use"] = "sig"
        return .object(members)
    }
}

/// Names a key by what it is (RFC 7638).
package enum Thumbprint {
    /// SHA-256 over the essential members, in base64url.
    package static func sha256(_ key: VerificationKey) -> String {
        Base64URL.encode(octets(key))
    }

    /// The 32 octets of the same.
    package static func octets(_ key: VerificationKey) -> [UInt8] {
        Array(SHA256.hash(data: JSON.object(key.essentialMembers).serialized()))
    }
}
