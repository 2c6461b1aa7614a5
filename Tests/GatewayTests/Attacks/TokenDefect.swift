import GatewayTesting
import JSON
import Testing

/// A token that must not count, or its good neighbour that must.
struct TokenDefect: Sendable, CustomTestStringConvertible {
    /// What the answer must be: its status, and `code` of the audit record; 200 and nil: it is a good token.
    struct Outcome: Sendable, Equatable {
        var status: Int
        var code: String?
    }

    let name: String
    let outcome: Outcome
    /// The draft is a good token of the issuer, signed with ES256.
    private let spoil: @Sendable (_ draft: inout TokenDraft, _ issuer: TestIssuer) throws -> Void
    var testDescription: String { name }

    init(
        _ name: String, _ outcome: Outcome, _ spoil: @escaping @Sendable (inout TokenDraft, TestIssuer) throws -> Void
    ) {
        self.name = name
        self.outcome = outcome
        self.spoil = spoil
    }

    /// The token, of an issuer whose keys the gateway has from `jwks(of:)`.
    func token(of issuer: TestIssuer) throws -> String {
        var draft = try issuer.draft(.es256)
        try spoil(&draft, issuer)
        return try draft.signed()
    }

    /// The keys that the issuer publishes: its good ones, and some that nobody may use.
    static func jwks(of issuer: TestIssuer) throws -> JSON {
        try issuer.jwks(adding: try UnusableKeys.shared.get().jwks)
    }
}

extension TokenDefect.Outcome {
    static let good = Self(status: 200, code: nil)
    /// Every token that is bad is 401 (RFC 6750 §3.1); only the record says why.
    static func bad(_ code: String) -> Self { Self(status: 401, code: code) }
    /// A request whose Authorization field is no credentials (RFC 6750 §2.1).
    static let noCredentials = Self(status: 400, code: "malformed_credentials")
    static let tooLittle = Self(status: 403, code: "insufficient_scope")
}

/// Keys that an issuer publishes and that must never verify anything, made once.
struct UnusableKeys: Sendable {
    /// RSA with 1024 bits (RFC 7518 §3.3).
    let weak: TestSigningKey
    /// For encryption (RFC 7517 §4.2).
    let encryption: TestSigningKey
    /// `key_ops` without `verify` (RFC 7517 §4.3).
    let withoutVerify: TestSigningKey
    /// A secret of HMAC, published (RFC 7517 §9.2).
    let secret = Array("a secret that everybody knows, of more than 32 octets".utf8)
    let jwks: [JSON]

    static let shared = Result { try UnusableKeys() }

    private init() throws {
        weak = try TestSigningKey(.rs256, kid: "weak", rsaBits: 1_024)
        encryption = try TestSigningKey(.es256, kid: "encryption")
        withoutVerify = try TestSigningKey(.es256, kid: "without-verify")
        var forEncryption = try encryption.jwk.object ?? [:]
        forEncryption["use"] = "enc"
        var forSigning = try withoutVerify.jwk.object ?? [:]
        forSigning["use"] = nil
        forSigning["key_ops"] = ["encrypt"]
        jwks = [
            try weak.jwk, .object(forEncryption), .object(forSigning),
            ["kty": "oct", "kid": "secret", "alg": "HS256", "k": .string(Base64URLText.encode(secret))],
            ["kty": "unheard-of", "kid": "unknown"],
        ]
    }
}
