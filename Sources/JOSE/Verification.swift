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

extension CompactJWS {
    /// Checks the signature (RFC 7515 §5.2, RFC 8725 §3.1): the algorithm must be one of `allowed`, and of `keys` only
    /// those are tried that carry the token's `kid` and are made for that algorithm.
    package func verified(by keys: JWKSet, allowing allowed: [Algorithm]) throws(JOSEError) -> VerifiedJWS {
        let algorithm = try algorithm(among: allowed)
        return try verified(byAnyOf: keys.candidates(kid: header.kid, algorithm: algorithm), algorithm)
    }

    /// Checks the signature with one key, which must be made for the algorithm. No `kid` is compared.
    package func verified(by key: VerificationKey, allowing allowed: [Algorithm]) throws(JOSEError) -> VerifiedJWS {
        let algorithm = try algorithm(among: allowed)
        return try verified(byAnyOf: key.permits(algorithm) ? [key] : [], algorithm)
    }

    private func algorithm(among allowed: [Algorithm]) throws(JOSEError) -> Algorithm {
        guard let algorithm = allowed.first(where: { $0.isNamed(header.alg) }) else {
            throw .unsupportedAlgorithm
        }
        return algorithm
    }

    private func verified(byAnyOf keys: [VerificationKey], _ algorithm: Algorithm) throws(JOSEError) -> VerifiedJWS {
        guard !keys.isEmpty else { throw .noKey }
        for key in keys where key.verifies(signature, of: signingInput, algorithm) {
            return VerifiedJWS(self, algorithm)
        }
        throw .badSignature
    }
}
