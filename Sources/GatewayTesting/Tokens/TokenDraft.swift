import COpenSSL
package import JSON

/// A token before it is signed, in which a test can spoil anything.
package struct TokenDraft: Sendable {
    /// What makes the signature.
    package enum Signer: Sendable {
        /// With a key, as its own algorithm or as another one of the same kind of key.
        case key(TestSigningKey, as: TestAlgorithm? = nil)
        /// ECDSA in DER.
        case keyInDER(TestSigningKey)
        /// HMAC-SHA-256.
        case hmac(secret: [UInt8])
        /// These octets, whatever is signed.
        case octets([UInt8])
    }

    /// Every member, `alg` among them.
    package var header: JSONObject
    /// Every member.
    package var claims: JSONObject
    package var signer: Signer
    /// In place of `header`: any octets.
    package var headerOctets: [UInt8]?
    /// In place of `claims`: any octets.
    package var claimsOctets: [UInt8]?
    /// Spoils the signature's octets.
    package var changeSignature: (@Sendable ([UInt8]) -> [UInt8])?
    /// Spoils the finished token.
    package var changeToken: (@Sendable (String) -> String)?

    package init(header: JSONObject, claims: JSONObject, signer: Signer) {
        self.header = header
        self.claims = claims
        self.signer = signer
    }

    /// The token in compact form (RFC 7515 §7.1).
    package func signed() throws -> String {
        let parts = [
            headerOctets ?? JSON.object(header).serialized(), claimsOctets ?? JSON.object(claims).serialized(),
        ]
        let input = parts.map(Base64URLText.encode).joined(separator: ".")
        var signature = try signature(of: Array(input.utf8))
        if let changeSignature { signature = changeSignature(signature) }
        let token = "\(input).\(Base64URLText.encode(signature))"
        return changeToken?(token) ?? token
    }

    private func signature(of input: [UInt8]) throws -> [UInt8] {
        switch signer {
        case .key(let key, let other): return try key.sign(input, as: other)
        case .keyInDER(let key): return try key.sign(input, der: true)
        case .octets(let octets): return octets
        case .hmac(let secret):
            var octets = [UInt8](repeating: 0, count: 32)
            HMAC(EVP_sha256(), secret, Int32(secret.count), input, input.count, &octets, nil)
            return octets
        }
    }
}
