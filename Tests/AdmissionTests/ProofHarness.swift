import Crypto
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

/// A client that proves possession of a key (RFC 9449): proofs that a test can bend, put together by nothing that the
/// gateway itself uses.
struct ProofMaker {
    private let key = P256.Signing.PrivateKey()

    var jwk: [String: JSON] {
        let point = Array(key.publicKey.x963Representation)
        return [
            "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(Array(point[1..<33]))),
            "y": .string(Base64URL.encode(Array(point[33...]))),
        ]
    }

    /// The private number, for what must never be sent.
    var secret: JSON { .string(Base64URL.encode(Array(key.rawRepresentation))) }

    /// RFC 7638 §3, written out.
    var thumbprint: String {
        let text = ["crv", "kty", "x", "y"].map { "\"\($0)\":\"\(jwk[$0]?.string ?? "")\"" }.joined(separator: ",")
        return Base64URL.encode(Array(SHA256.hash(data: Array("{\(text)}".utf8))))
    }

    /// A good proof for `GET https://api.example.com/` and this token, made at 1100, with some members changed; `nil`
    /// takes one away.
    func proof(
        _ token: String, header changedHeader: [String: JSON?] = [:], claims changed: [String: JSON?] = [:],
        signedBy other: ProofMaker? = nil
    ) throws -> String {
        var header: [String: JSON?] = ["typ": "dpop+jwt", "alg": "ES256", "jwk": .object(Self.object(jwk))]
        header.merge(changedHeader) { $1 }
        var claims: [String: JSON?] = [
            "jti": "p-1", "htm": "GET", "htu": "https://api.example.com/", "iat": 1100,
            "ath": .string(Base64URL.encode(Array(SHA256.hash(data: Array(token.utf8))))),
        ]
        claims.merge(changed) { $1 }
        let input = [header, claims].map {
            Base64URL.encode(JSON.object(Self.object($0.compactMapValues { $0 })).serialized())
        }
        .joined(separator: ".")
        let signature = try (other ?? self).key.signature(for: Array(input.utf8))
        return input + "." + Base64URL.encode(Array(signature.rawRepresentation))
    }

    static func object(_ members: [String: JSON]) -> JSONObject {
        JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
}

/// An authenticator, and a client with a bound token and proofs in front of it.
struct ProofHarness {
    let issuer = TestIssuer()
    let client = ProofMaker()
    let base: AuthenticationHarness

    /// - Parameter require: the routes, all of which take the issuer's tokens.
    init(
        _ require: [Requirement] = [Requirement(issuers: [0])], dpopNonce: Bool = false,
        dpopAlgorithms: [Algorithm] = Algorithm.allCases, proofsMax: Int = 1_000, limiter: AddressLimiter? = nil
    ) throws {
        var entry = issuer.entry()
        entry.dpopNonce = dpopNonce
        entry.dpopAlgorithms = dpopAlgorithms
        base = AuthenticationHarness(
            [entry], keys: [try issuer.keys()], require: require, limiter: limiter, proofsMax: proofsMax)
    }

    /// A token that is bound to the client's key.
    func token(claims: [String: JSON?] = [:]) throws -> String {
        try issuer.token(claims: ["cnf": ["jkt": .string(client.thumbprint)]].merging(claims) { $1 })
    }

    func judge(
        _ fields: [String], _ method: String = "GET", _ path: String = "/", host: String = "api.example.com",
        route: Int = 0, peer: PeerFacts = anyPeer, at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> Verdict {
        try base.judge(try head(method, path, host: host, fields), route: route, peer: peer, at: seconds, now: now)
    }

    /// `ok`, or the word of the refusal.
    func outcome(
        _ fields: [String], _ method: String = "GET", _ path: String = "/", host: String = "api.example.com",
        route: Int = 0, peer: PeerFacts = anyPeer, at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> String {
        do {
            switch try judge(fields, method, path, host: host, route: route, peer: peer, at: seconds, now: now) {
            case .authenticated: return "ok"
            case .refused(let refusal): return refusal.code.facts.word.description
            case .inquire: return "inquire"
            }
        } catch let refusal as Refusal {
            return refusal.code.facts.word.description
        }
    }

    /// What comes of a good token with a bent proof.
    func outcome(header: [String: JSON?] = [:], claims: [String: JSON?] = [:], at seconds: Int64 = 1_100) throws
        -> String
    {
        let token = try token()
        return try outcome(Self.fields(token, try client.proof(token, header: header, claims: claims)), at: seconds)
    }

    func refusal(_ fields: [String], route: Int = 0, at seconds: Int64 = 1_100) throws -> Refusal {
        guard case .refused(let refusal) = try judge(fields, route: route, at: seconds) else { throw NotRefused() }
        return refusal
    }

    struct NotRefused: Error {}

    static func fields(_ token: String, _ proof: String) -> [String] {
        ["Authorization: DPoP \(token)", "DPoP: \(proof)"]
    }
}
