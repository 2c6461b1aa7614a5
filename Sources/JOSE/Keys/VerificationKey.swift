/// A public key that may vouch for tokens: its numbers are checked, and what it may be used for is known.
package struct VerificationKey: Sendable {
    /// Key ID (RFC 7517 §4.5); nil: it has none, and serves only tokens that name none.
    package let kid: String?
    /// `alg` of the JWK: then this one only (RFC 7517 §4.4).
    package let algorithm: Algorithm?
    let material: KeyMaterial

    init(material: KeyMaterial, kid: String?, algorithm: Algorithm?) throws(KeyError) {
        if let algorithm, algorithm.facts.key != material.kind { throw .algorithmMismatch }
        self.material = material
        self.kid = kid
        self.algorithm = algorithm
    }

    package var kind: KeyKind { material.kind }

    /// The algorithms that this key may be used with, in the order of the table.
    package var algorithms: [Algorithm] { Algorithm.allCases.filter(permits) }

    /// Whether `algorithm` fits the type of the key and, where the key names one, is that one.
    package func permits(_ algorithm: Algorithm) -> Bool {
        algorithm.facts.key == material.kind && (self.algorithm == nil || self.algorithm == algorithm)
    }

    /// A check with it takes several times as long as the 25 to 100 us of the usual keys: 250 us to 2 ms.
    package var isCostly: Bool { material.isCostly }

    func verifies(_ signature: [UInt8], of message: [UInt8], _ algorithm: Algorithm) -> Bool {
        permits(algorithm) && material.verifies(signature, of: message, algorithm)
    }
}
