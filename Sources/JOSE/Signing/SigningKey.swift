package import JSON
import Octets

/// A private key with the one algorithm that it signs by. Its `kid` is its thumbprint (RFC 7638), or what others call
/// it.
package struct SigningKey: Sendable {
    package let algorithm: Algorithm
    /// In the header of what it signs.
    package let kid: String
    /// The other half, for whoever verifies.
    package let verificationKey: VerificationKey
    let material: SigningMaterial

    init(_ material: SigningMaterial, _ algorithm: Algorithm, kid name: String? = nil) throws(KeyError) {
        guard algorithm.facts.key == material.kind else { throw .algorithmMismatch }
        let publicMaterial = try material.publicMaterial
        let bare = try VerificationKey(material: publicMaterial, kid: nil, algorithm: algorithm)
        self.material = material
        self.algorithm = algorithm
        kid = name ?? Thumbprint.sha256(bare)
        verificationKey = try VerificationKey(material: publicMaterial, kid: kid, algorithm: algorithm)
    }

    /// Makes a new key; for RSA one of 3072 bits.
    package static func generate(_ algorithm: Algorithm) throws(KeyError) -> SigningKey {
        try SigningKey(try .generate(algorithm.facts.key), algorithm)
    }

    /// Reads a private key in PKCS #8 PEM (`PRIVATE KEY`).
    /// - Parameters:
    ///   - algorithm: nil: RS256 for RSA, for every other kind of key the only one there is.
    ///   - kid: nil: its thumbprint.
    package init(pem: String, algorithm: Algorithm? = nil, kid: String? = nil) throws(KeyError) {
        let material = try SigningMaterial(pem: pem)
        let fallback = Algorithm.allCases.first { $0.facts.key == material.kind }
        guard let algorithm = algorithm ?? fallback else { throw .unknownAlgorithm }
        try self.init(material, algorithm, kid: kid)
    }

    /// The private key in PKCS #8 PEM: a secret.
    package var pemRepresentation: String { material.pem }

    /// The public half as a JWK with `kid`, `alg` and `use`.
    package var publicJWK: JSON { verificationKey.jwk }

    /// Signs claims as a compact JWS (RFC 7515 §7.1) whose header is `alg`, `kid` and then `header`, which cannot
    /// replace either.
    package func sign(header: JSONObject = [:], claims: JSONObject) throws(KeyError) -> String {
        var members: JSONObject = ["alg": .string(algorithm.rawValue), "kid": .string(kid)]
        for (name, value) in header.members where members[name] == nil { members[name] = value }
        return try sign(headerOctets: JSON.object(members).serialized(), payload: JSON.object(claims).serialized())
    }

    /// Signs any octets under any header; for tests of what a verifier must refuse.
    func sign(headerOctets: [UInt8], payload: [UInt8]) throws(KeyError) -> String {
        var token: [UInt8] = []
        Base64URL.append(headerOctets.span, to: &token)
        token.append(UInt8(ascii: "."))
        Base64URL.append(payload.span, to: &token)
        let signature = try material.signature(of: token, algorithm.facts)
        token.append(UInt8(ascii: "."))
        Base64URL.append(signature.span, to: &token)
        return String(decoding: token, as: UTF8.self)
    }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    /// Never the key itself.
    package var description: String { "\(algorithm.rawValue) key \(kid)" }
    package var customMirror: Mirror { Mirror(self, children: ["kid": kid]) }
}
