package import JSON
import Octets

extension VerificationKey {
    /// Octets of a number at most, in base64url: an RSA modulus of 8192 bits, with room.
    private static let numberTextBytesMax = 4_096

    /// Reads a public JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Members that are not known, or `null`, are ignored;
    /// certificates are not looked at.
    package init(jwk: JSON) throws(KeyError) {
        guard let jwk = jwk.object?.withoutNulls else { throw .notObject }
        let kty = try Self.requiredText("kty", of: jwk)
        if kty == "oct" || jwk["k"] != nil { throw .symmetric }
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"] where jwk[name] != nil { throw .privateKey }
        try Self.checkUse(jwk)
        let algorithm = try Self.algorithm(of: jwk)
        try self.init(
            material: try Self.material(kty, of: jwk, algorithm), kid: try Self.text("kid", of: jwk),
            algorithm: algorithm)
    }

    private static func material(
        _ kty: String, of jwk: JSONObject, _ algorithm: Algorithm?
    ) throws(KeyError) -> KeyMaterial {
        switch kty {
        case "RSA":
            return try .rsa(RSANumbers(modulus: try octets("n", of: jwk), exponent: try octets("e", of: jwk)))
        case "EC":
            let kind = try kind(kty, curve: try requiredText("crv", of: jwk))
            return try .ec(kind, x: try octets("x", of: jwk), y: try octets("y", of: jwk))
        case "OKP":
            _ = try kind(kty, curve: try requiredText("crv", of: jwk))
            return try .ed25519(try octets("x", of: jwk))
        case "AKP":
            // Here `alg` is required: it alone says what the octets are.
            guard let algorithm else { throw .badMember }
            return try .mlDSA(algorithm.facts.key, try octets("pub", of: jwk))
        default:
            throw .unknownKeyType
        }
    }

    private static func kind(_ kty: String, curve: String) throws(KeyError) -> KeyKind {
        guard let kind = KeyKind.allCases.first(where: { $0.keyType == kty && $0.curve == curve }) else {
            throw .unknownCurve
        }
        return kind
    }

    /// `use` and `key_ops` (RFC 7517 §4.2, §4.3).
    private static func checkUse(_ jwk: JSONObject) throws(KeyError) {
        let use = try text("use", of: jwk)
        if let use, use != "sig" { throw .notForSignatures }
        guard let value = jwk["key_ops"] else { return }
        guard let array = value.array else { throw .badMember }
        var operations: [String] = []
        for operation in array {
            guard let operation = operation.string else { throw .badMember }
            guard !operations.contains(operation) else { throw .inconsistentUse }
            operations.append(operation)
        }
        guard operations.contains("verify") else { throw .notForSignatures }
        if use != nil, operations.contains(where: { $0 != "verify" && $0 != "sign" }) { throw .inconsistentUse }
    }

    private static func algorithm(of jwk: JSONObject) throws(KeyError) -> Algorithm? {
        guard let name = try text("alg", of: jwk) else { return nil }
        guard let algorithm = Algorithm(named: name) else { throw .unknownAlgorithm }
        return algorithm
    }

    private static func text(_ name: String, of jwk: JSONObject) throws(KeyError) -> String? {
        guard let value = jwk[name] else { return nil }
        guard let text = value.string, !text.isEmpty else { throw .badMember }
        return text
    }

    private static func requiredText(_ name: String, of jwk: JSONObject) throws(KeyError) -> String {
        guard let text = try text(name, of: jwk) else { throw .badMember }
        return text
    }

    private static func octets(_ name: String, of jwk: JSONObject) throws(KeyError) -> [UInt8] {
        let text = try requiredText(name, of: jwk)
        guard text.utf8.count <= numberTextBytesMax, let octets = Base64URL.decode(text), !octets.isEmpty else {
            throw .badMember
        }
        return octets
    }
}
