package import JOSE
package import JSON
import Octets

/// The public key of a passkey, and the one algorithm that it signs by.
package struct PasskeyKey: Sendable {
    /// In the order of preference (WebAuthn §5.8.5); nothing else is taken.
    package static let algorithms: [Algorithm] = [.es256, .edDSA, .rs256]

    package let algorithm: Algorithm
    private let key: VerificationKey

    /// As it is stored: a JWK with `alg` (RFC 7517). nil: it is none of those that passkeys have.
    package init?(jwk: JSON) {
        guard let key = try? VerificationKey(jwk: jwk), let algorithm = key.algorithm,
            Self.algorithms.contains(algorithm)
        else { return nil }
        self.key = key
        self.algorithm = algorithm
    }

    /// To be stored.
    package var jwk: JSON { key.jwk }

    /// From a COSE key (RFC 9052 §7, RFC 9053 §7) as WebAuthn §6.5.1.1 has it: `alg` and the required members, and no
    /// others.
    package init(cose: CBOR) throws(PasskeyFault) {
        guard let type = cose[1]?.integer, let name = cose[3]?.integer,
            let algorithm = Self.algorithms.first(where: { $0.coseIdentifier == name })
        else { throw .unsupportedKey }
        var members: JSONObject = ["alg": .string(algorithm.rawValue)]
        func octets(_ label: Int64, _ name: String) throws(PasskeyFault) {
            guard let octets = cose[label]?.octets else { throw .unsupportedKey }
            members[name] = .string(Base64URL.encode(octets))
        }
        let memberCount: Int
        switch (algorithm, type, cose[-1]?.integer) {
        case (.es256, 2, 1):
            (members["kty"], members["crv"], memberCount) = ("EC", "P-256", 5)
            try octets(-2, "x")
            try octets(-3, "y")
        case (.edDSA, 1, 6):
            (members["kty"], members["crv"], memberCount) = ("OKP", "Ed25519", 4)
            try octets(-2, "x")
        case (.rs256, 3, nil):
            (members["kty"], memberCount) = ("RSA", 4)
            try octets(-1, "n")
            try octets(-2, "e")
        default: throw .unsupportedKey
        }
        guard cose.memberCount == memberCount, let key = PasskeyKey(jwk: .object(members)) else {
            throw .unsupportedKey
        }
        self = key
    }

    /// WebAuthn §6.5.5: signatures of ES256 are DER.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        key.verifiesBare(signature, of: message, by: algorithm)
    }
}

extension Algorithm {
    /// Its number in COSE (RFC 9053 §2, RFC 8812 §2); nil: passkeys do not sign by it here.
    package var coseIdentifier: Int64? {
        switch self {
        case .es256: -7
        case .edDSA: -8
        case .rs256: -257
        default: nil
        }
    }
}
