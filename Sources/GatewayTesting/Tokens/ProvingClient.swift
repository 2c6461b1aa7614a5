import COpenSSL
import Foundation
package import JSON

/// A client that holds a key and proves it with every request (DPoP, RFC 9449); on OpenSSL, so that the gateway checks
/// another implementation's proofs.
package struct ProvingClient: Sendable {
    package let key: TestSigningKey

    /// A new key.
    package init(_ algorithm: TestAlgorithm = .es256) throws { key = try TestSigningKey(algorithm, kid: "dpop") }

    /// The public key as it stands in a proof.
    package var jwk: JSONObject {
        get throws {
            var members = try key.jwk.object ?? [:]
            for name in ["kid", "use", "alg"] { members[name] = nil }
            return members
        }
    }

    /// RFC 7638: what `cnf.jkt` of a token says that is bound to this key.
    package var thumbprint: String {
        get throws {
            let members = try jwk.members.sorted { $0.name < $1.name }
            return Base64URLText.encode(Self.sha256(JSON.object(JSONObject(members)).serialized()))
        }
    }

    /// A token of `issuer` that is bound to this key.
    package func token(of issuer: TestIssuer, scope: String = "orders:read", adding claims: JSONObject = [:]) throws
        -> String
    {
        var all: JSONObject = ["cnf": ["jkt": .string(try thumbprint)]]
        for (name, value) in claims.members { all[name] = value }
        return try issuer.token(.es256, scope: scope, adding: all)
    }

    /// A good proof for one request, for a test to sign or to spoil.
    package func draft(_ method: String, _ url: String, token: String, nonce: String? = nil) throws -> TokenDraft {
        var claims: JSONObject = [
            "jti": .string(UUID().uuidString), "htm": .string(method), "htu": .string(url),
            "iat": .integer(Int64(Date().timeIntervalSince1970)),
            "ath": .string(Base64URLText.encode(Self.sha256(Array(token.utf8)))),
        ]
        if let nonce { claims["nonce"] = .string(nonce) }
        let header: JSONObject = [
            "typ": "dpop+jwt", "alg": .string(key.algorithm.rawValue), "jwk": .object(try jwk),
        ]
        return TokenDraft(header: header, claims: claims, signer: .key(key))
    }

    /// The fields of a request that shows a token and proves the key.
    package func fields(
        _ method: String, _ url: String, token: String, nonce: String? = nil,
        bend: (inout TokenDraft) -> Void = { _ in }
    ) throws -> [HeaderField] {
        var draft = try draft(method, url, token: token, nonce: nonce)
        bend(&draft)
        return [HeaderField("Authorization", "DPoP \(token)"), HeaderField("DPoP", try draft.signed())]
    }

    /// SHA-256.
    package static func sha256(_ octets: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_Digest(octets, octets.count, &digest, nil, EVP_sha256(), nil)
        return digest
    }
}
