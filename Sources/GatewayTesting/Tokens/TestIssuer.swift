import Foundation
package import JSON

/// A stand-in for an authorization server of somebody else's: keys, a JWK Set in a file, and tokens with any defect.
package struct TestIssuer: Sendable {
    /// What `routes.yaml` calls it.
    package let name: String
    /// Its identifier, which is `iss`.
    package let identifier: String
    /// `aud` of its tokens.
    package let audience: String
    /// One for each algorithm; `kid` is the algorithm's name in lower case, and the issuer's `name` before it.
    package let keys: [TestSigningKey]

    /// Makes an issuer with new keys.
    package init(
        _ name: String = "partner", identifier: String = "https://login.partner.example",
        audience: String = "https://api.example.com",
        algorithms: [TestAlgorithm] = [.rs256, .ps256, .es256, .es384, .edDSA]
    ) throws {
        self.name = name
        self.identifier = identifier
        self.audience = audience
        keys = try algorithms.map { try TestSigningKey($0, kid: "\(name)-\($0.rawValue.lowercased())") }
    }

    /// The issuer `partner`, made once for all tests, since RSA keys take their time.
    package static func partner() throws -> TestIssuer { try shared.get() }
    private static let shared = Result { try TestIssuer() }

    /// Throws where the issuer has no key for the algorithm.
    package func key(_ algorithm: TestAlgorithm) throws -> TestSigningKey {
        guard let key = keys.first(where: { $0.algorithm == algorithm }) else {
            throw OpenSSLFailure("no key for \(algorithm.rawValue)")
        }
        return key
    }

    /// The public keys (RFC 7517 §5), and others that a test adds.
    package func jwks(adding others: [JSON] = []) throws -> JSON {
        ["keys": .array(try keys.map { try $0.jwk } + others)]
    }

    /// Writes the JWK Set.
    package func writeKeys(
        to folder: TemporaryFolder, as name: String = "certs/partner.jwks.json", adding others: [JSON] = []
    ) throws {
        try folder.write(try jwks(adding: others).serialized(pretty: true), to: name)
    }

    /// A good access token (RFC 9068), for a test to sign or to spoil.
    /// - Parameter algorithm: nil: of the first key.
    package func draft(
        _ algorithm: TestAlgorithm? = nil, subject: String = "alice", clientID: String = "shop",
        scope: String = "orders:read",
        adding claims: JSONObject = [:]
    ) throws -> TokenDraft {
        guard let key = try algorithm.map(key) ?? keys.first else { throw OpenSSLFailure("no keys") }
        return try draft(key: key, subject: subject, clientID: clientID, scope: scope, adding: claims)
    }

    /// The same, to be signed with any key.
    package func draft(
        key: TestSigningKey, subject: String = "alice", clientID: String = "shop", scope: String = "orders:read",
        header others: JSONObject = [:], adding claims: JSONObject = [:]
    ) throws -> TokenDraft {
        let now = Int64(Date().timeIntervalSince1970)
        var all: JSONObject = [
            "iss": .string(identifier), "aud": .string(audience), "sub": .string(subject),
            "client_id": .string(clientID),
            "scope": .string(scope), "iat": .integer(now), "exp": .integer(now + 300),
            "jti": .string(UUID().uuidString),
        ]
        for (name, value) in claims.members { all[name] = value }
        var header: JSONObject = ["alg": .string(key.algorithm.rawValue), "typ": "at+jwt", "kid": .string(key.kid)]
        for (name, value) in others.members { header[name] = value }
        return TokenDraft(header: header, claims: all, signer: .key(key))
    }

    /// A good access token.
    package func token(
        _ algorithm: TestAlgorithm? = nil, subject: String = "alice", clientID: String = "shop",
        scope: String = "orders:read",
        adding claims: JSONObject = [:]
    ) throws -> String {
        try draft(algorithm, subject: subject, clientID: clientID, scope: scope, adding: claims).signed()
    }
}
