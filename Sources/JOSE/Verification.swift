package import JSON

/// A token whose signature was made by a key that may vouch for it. Only `CompactJWS.verified` makes one.
///
/// Says nothing about type, times, audience or issuer: those are judged by whoever asked.
package struct VerifiedJWS: Sendable {
    package let header: JOSEHeader
    /// The claims.
    package let payload: JSONObject
    /// What the signature was made with.
    package let algorithm: Algorithm

    fileprivate init(_ jws: CompactJWS, _ algorithm: Algorithm) {
        header = jws.header
        payload = jws.unverifiedClaims
        self.algorithm = algorithm
    }
}

/// A signature that is still to be checked: with these keys, by this algorithm. It can be handed to another thread.
package struct SignatureCheck: Sendable {
    private let jws: CompactJWS
    private let keys: [VerificationKey]
    private let algorithm: Algorithm

    fileprivate init(_ jws: CompactJWS, _ keys: [VerificationKey], _ algorithm: Algorithm) throws(JOSEError) {
        guard !keys.isEmpty else { throw .noKey }
        self.jws = jws
        self.keys = keys
        self.algorithm = algorithm
    }

    /// It takes so long that nobody else should wait for it.
    package var isCostly: Bool { keys.contains(where: \.isCostly) }

    /// Checks the signature.
    /// - Throws: `badSignature`.
    package func verified() throws(JOSEError) -> VerifiedJWS {
        for key in keys where key.verifies(jws.signature, of: jws.signingInput, algorithm) {
            return VerifiedJWS(jws, algorithm)
        }
        throw .badSignature
    }
}

extension CompactJWS {
    /// Checks the signature (RFC 7515 §5.2, RFC 8725 §3.1): the algorithm must be one of `allowed`, and of `keys` only
    /// those are tried that carry the token's `kid` and are made for that algorithm.
    package func verified(by keys: JWKSet, allowing allowed: [Algorithm]) throws(JOSEError) -> VerifiedJWS {
        try check(by: keys, allowing: allowed).verified()
    }

    /// Checks the signature with one key, which must be made for the algorithm. No `kid` is compared.
    package func verified(by key: VerificationKey, allowing allowed: [Algorithm]) throws(JOSEError) -> VerifiedJWS {
        try check(by: key, allowing: allowed).verified()
    }

    /// The check that `verified(by:allowing:)` makes, to be made later or elsewhere. Which keys and which algorithm is
    /// decided now.
    /// - Throws: `unsupportedAlgorithm`, `noKey`.
    package func check(by keys: JWKSet, allowing allowed: [Algorithm]) throws(JOSEError) -> SignatureCheck {
        let algorithm = try algorithm(among: allowed)
        return try SignatureCheck(self, keys.candidates(kid: header.kid, algorithm: algorithm), algorithm)
    }

    /// The same with one key. No `kid` is compared.
    package func check(by key: VerificationKey, allowing allowed: [Algorithm]) throws(JOSEError) -> SignatureCheck {
        let algorithm = try algorithm(among: allowed)
        return try SignatureCheck(self, key.permits(algorithm) ? [key] : [], algorithm)
    }

    private func algorithm(among allowed: [Algorithm]) throws(JOSEError) -> Algorithm {
        guard let algorithm = allowed.first(where: { $0.isNamed(header.alg) }) else {
            throw .unsupportedAlgorithm
        }
        return algorithm
    }
}
