import COpenSSL
package import JSON

/// How a test key signs: the algorithms that the gateway knows, by their names in JOSE.
package enum TestAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case ps256 = "PS256"
    case es256 = "ES256"
    case es384 = "ES384"
    case edDSA = "EdDSA"
}

/// A private key that signs tokens, made with OpenSSL: the gateway verifies them with another implementation. Being a
/// test's, it signs anything.
package final class TestSigningKey: @unchecked Sendable {
    // Not changed after `init`; OpenSSL signs with a key from any thread.
    private let key: OpaquePointer
    package let algorithm: TestAlgorithm
    /// In the key set and in headers of tokens.
    package let kid: String

    /// Makes a key.
    /// - Parameter rsaBits: only for RSA; below 2048 nobody may accept it (RFC 7518 §3.3).
    package init(_ algorithm: TestAlgorithm, kid: String, rsaBits: Int = 2_048) throws {
        let made =
            switch algorithm {
            case .rs256, .rs384, .ps256: kit_generate_rsa(rsaBits)
            case .es256: kit_generate_ec("P-256")
            case .es384: kit_generate_ec("P-384")
            case .edDSA: kit_generate_ed25519()
            }
        key = try require(made, "\(algorithm.rawValue) key")
        self.algorithm = algorithm
        self.kid = kid
    }

    deinit { EVP_PKEY_free(key) }

    /// Signs octets.
    /// - Parameters:
    ///   - other: another algorithm of the same kind of key.
    ///   - der: leaves an ECDSA signature in the form that JOSE does not use.
    package func sign(_ octets: [UInt8], as other: TestAlgorithm? = nil, der: Bool = false) throws -> [UInt8] {
        let algorithm = other ?? algorithm
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        let hash: OpaquePointer? =
            switch algorithm {
            case .rs256, .ps256, .es256: EVP_sha256()
            case .rs384, .es384: EVP_sha384()
            case .edDSA: nil
            }
        var details: OpaquePointer?
        try require(EVP_DigestSignInit(context, &details, hash, nil, key), "signing with \(algorithm.rawValue)")
        if algorithm == .ps256 {
            try require(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING), "PSS")
            try require(EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST), "PSS salt")
        }
        var count = 1_024
        var signature = [UInt8](repeating: 0, count: count)
        try require(
            EVP_DigestSign(context, &signature, &count, octets, octets.count), "signing with \(algorithm.rawValue)")
        signature.removeLast(signature.count - count)
        guard !der, algorithm == .es256 || algorithm == .es384 else { return signature }
        let width = algorithm == .es256 ? 32 : 48
        var fixed = [UInt8](repeating: 0, count: 2 * width)
        try require(kit_ecdsa_fixed(signature, count, &fixed, Int32(width)), "ECDSA signature")
        return fixed
    }

    /// The public half as a JWK (RFC 7517) with `kid`, `use` and `alg`.
    package var jwk: JSON {
        get throws {
            var members: JSONObject =
                switch algorithm {
                case .rs256, .rs384, .ps256:
                    ["kty": "RSA", "n": try number(OSSL_PKEY_PARAM_RSA_N), "e": try number(OSSL_PKEY_PARAM_RSA_E)]
                case .es256: try ellipticCurve("P-256", width: 32)
                case .es384: try ellipticCurve("P-384", width: 48)
                case .edDSA: ["kty": "OKP", "crv": "Ed25519", "x": .string(Base64URLText.encode(try rawPublicKey()))]
                }
            members["kid"] = .string(kid)
            members["use"] = "sig"
            members["alg"] = .string(algorithm.rawValue)
            return .object(members)
        }
    }

    /// The public half as PEM text (SPKI), such as a confused verifier takes for an HMAC secret.
    package var publicPEM: String {
        get throws { try PEM.text(publicKey: key) }
    }

    private func ellipticCurve(_ curve: String, width: Int) throws -> JSONObject {
        [
            "kty": "EC", "crv": .string(curve), "x": try number(OSSL_PKEY_PARAM_EC_PUB_X, width: width),
            "y": try number(OSSL_PKEY_PARAM_EC_PUB_Y, width: width),
        ]
    }

    /// - Parameter width: octets to fill up to, from the left (RFC 7518 §6.2.1.2).
    private func number(_ name: String, width: Int = 0) throws -> JSON {
        var octets = [UInt8](repeating: 0, count: 2_048)
        let count = kit_key_number(key, name, &octets, Int32(octets.count))
        try require(count, "number \(name)")
        let digits = Array(octets.prefix(Int(count)))
        return .string(Base64URLText.encode([UInt8](repeating: 0, count: max(0, width - digits.count)) + digits))
    }

    private func rawPublicKey() throws -> [UInt8] {
        var count = 64
        var octets = [UInt8](repeating: 0, count: count)
        try require(EVP_PKEY_get_raw_public_key(key, &octets, &count), "public key")
        return Array(octets.prefix(count))
    }
}
