import JSON

@testable import JOSE

/// Keys of every kind, made once for the whole run, and tokens made with them.
enum TestKeys {
    static let all: [Algorithm: SigningKey] = {
        var keys: [Algorithm: SigningKey] = [:]
        for algorithm in Algorithm.allCases { keys[algorithm] = try? SigningKey.generate(algorithm) }
        return keys
    }()

    static func key(_ algorithm: Algorithm) throws -> SigningKey {
        guard let key = all[algorithm] else { throw KeyError.badNumbers }
        return key
    }

    static let claims: JSONObject = ["iss": "https://issuer.example", "sub": "alice", "aud": "https://api.example.com"]

    static func token(_ algorithm: Algorithm, claims: JSONObject = claims) throws -> String {
        try key(algorithm).sign(header: ["typ": "at+jwt"], claims: claims)
    }

    /// A token with exactly this header and payload, properly signed.
    static func token(_ algorithm: Algorithm = .es256, header: String, payload: String = #"{"sub":"alice"}"#) throws
        -> String
    {
        try key(algorithm).sign(headerOctets: Array(header.utf8), payload: Array(payload.utf8))
    }

    static func set(_ algorithms: Algorithm...) throws -> JWKSet {
        JWKSet(try algorithms.map { try key($0).verificationKey })
    }
}

extension CompactJWS {
    init(text: String) throws(JOSEError) { try self.init(Array(text.utf8)) }
}

extension VerificationKey {
    init(jwkText: String) throws {
        try self.init(jwk: JSON.parse(Array(jwkText.utf8)))
    }
}

/// The three parts of a compact token, also of one that does not parse.
func parts(_ token: String) -> [String] {
    token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
}

/// What a token ends with: its verified form, or why it is refused.
func judge(_ token: String, by keys: JWKSet, allowing algorithms: [Algorithm]) -> JOSEError? {
    judge(Array(token.utf8), by: keys, allowing: algorithms)
}

func judge(_ token: [UInt8], by keys: JWKSet, allowing algorithms: [Algorithm]) -> JOSEError? {
    do throws(JOSEError) {
        _ = try CompactJWS(token).verified(by: keys, allowing: algorithms)
        return nil
    } catch {
        return error
    }
}
