import Crypto
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Proof
import Testing

@testable import Admission

@Suite("Proofs of possession (RFC 9449)")
struct ProofTests {
    let harness: ProofHarness

    init() throws { harness = try ProofHarness() }

    @Test("RS-089 RS-131 a token that is bound to a key is good with a proof of that key, from the cache as well")
    func good() throws {
        let token = try harness.token()
        for number in 0..<3 {
            let proof = try harness.client.proof(token, claims: ["jti": .string("p-\(number)")])
            #expect(try harness.outcome(ProofHarness.fields(token, proof)) == "ok")
        }
        #expect(harness.base.authenticator.cachedTokens == 1)
        #expect(harness.base.proofs.count == 3)
    }

    @Test("RS-089 every kind of key that vouches for tokens can prove possession", arguments: Algorithm.allCases)
    func algorithms(algorithm: Algorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let token = try harness.issuer.token(claims: ["cnf": ["jkt": .string(key.kid)]])
        let jwk = try #require(key.publicJWK.object)
        let proof = try key.sign(
            header: ["typ": "dpop+jwt", "jwk": .object(jwk)],
            claims: [
                "jti": "a", "htm": "GET", "htu": "https://api.example.com/", "iat": 1100,
                "ath": .string(Base64URL.encode(Array(SHA256.hash(data: Array(token.utf8))))),
            ])
        #expect(try harness.outcome(ProofHarness.fields(token, proof)) == "ok")
    }

    @Test(
        "RS-101 a proof counts for a minute before and after",
        arguments: [
            (1100, "ok"), (1110, "ok"), (1090, "ok"), (1160, "ok"), (1040, "ok"), (1161, "stale_proof"),
            (1039, "stale_proof"), (4700, "stale_proof"), (-2500, "stale_proof"), (.integer(.max), "stale_proof"),
            (.integer(.min), "stale_proof"), (1100.5, "ok"), (1039.9, "stale_proof"), (1e300, "malformed_proof"),
            ("1100", "malformed_proof"), (true, "malformed_proof"), (.null, "malformed_proof"),
            ([1100], "malformed_proof"),
        ] as [(JSON, String)])
    func window(iat: JSON, expected: String) throws {
        #expect(try harness.outcome(claims: ["iat": iat]) == expected)
    }

    @Test(
        "a proof that says when it ends or begins counts between these times only",
        arguments: [
            ("exp", 1101, "ok"), ("exp", 1100.5, "stale_proof"), ("exp", 1100, "stale_proof"),
            ("exp", 1099, "stale_proof"), ("exp", 0, "stale_proof"), ("exp", -1, "stale_proof"),
            ("exp", .integer(.max), "ok"), ("exp", .integer(.min), "stale_proof"),
            ("exp", "1160", "malformed_proof"), ("exp", true, "malformed_proof"), ("exp", [1160], "malformed_proof"),
            ("exp", 1e300, "malformed_proof"), ("exp", .null, "ok"),
            ("nbf", 1100, "ok"), ("nbf", 1110, "ok"), ("nbf", 1110.5, "stale_proof"), ("nbf", 1111, "stale_proof"),
            ("nbf", .integer(.max), "stale_proof"), ("nbf", .integer(.min), "ok"),
            ("nbf", "1000", "malformed_proof"), ("nbf", false, "malformed_proof"), ("nbf", .null, "ok"),
        ] as [(String, JSON, String)])
    func ownTimes(claim: String, value: JSON, expected: String) throws {
        #expect(try harness.outcome(claims: [claim: value]) == expected)
    }

    @Test(
        "RS-098 query and fragment are ignored on both sides",
        arguments: [
            ("/orders/1?a=b", "https://api.example.com/orders/1"),
            ("/orders/1", "https://api.example.com/orders/1?c=d"),
            ("/orders/1?a=b", "https://api.example.com/orders/1?c=d#e"),
            ("/orders/1", "https://api.example.com/orders/1#e"),
            ("/", "https://api.example.com"), ("/?a", "https://api.example.com?b"), ("/", "https://api.example.com#x"),
        ])
    func queries(path: String, htu: String) throws {
        let token = try harness.token()
        let proof = try harness.client.proof(token, claims: ["htu": .string(htu)])
        #expect(try harness.outcome(ProofHarness.fields(token, proof), "GET", path) == "ok")
    }

    @Test(
        "RS-099 both sides are normalised: case, default port, last dot, escapes, dot segments",
        arguments: [
            ("api.example.com", "/a", "HTTPS://API.Example.COM/a"),
            ("api.example.com", "/a", "https://api.example.com:443/a"),
            ("api.example.com:443", "/a", "https://api.example.com/a"),
            ("API.example.com.", "/a", "https://api.example.com/a"),
            ("api.example.com", "/a", "https://api.example.com.:/a"),
            ("api.example.com:8443", "/a", "https://api.example.com:8443/a"),
            ("[::1]:8443", "/a", "https://[::1]:8443/a"), ("[FE80::a]", "/a", "https://[fe80::A]/a"),
            ("api.example.com", "/%7Euser", "https://api.example.com/~user"),
            ("api.example.com", "/a%3a", "https://api.example.com/a%3A"),
            ("api.example.com", "/b", "https://api.example.com/a/../b"),
            ("api.example.com", "/b", "https://api.example.com/./b"),
        ])
    func normalised(host: String, path: String, htu: String) throws {
        let token = try harness.token()
        let proof = try harness.client.proof(token, claims: ["htu": .string(htu)])
        #expect(try harness.outcome(ProofHarness.fields(token, proof), "GET", path, host: host) == "ok")
    }

    @Test("RS-100 the scheme is the connection's, and forwarding fields have no say")
    func external() throws {
        let token = try harness.token()
        let plain = PeerFacts(address: address(), isTLS: false)
        let proof = try harness.client.proof(token, claims: ["htu": "http://api.example.com/"])
        let fields = ProofHarness.fields(token, proof)
        #expect(try harness.outcome(fields) == "wrong_proof_target")
        #expect(try harness.outcome(fields + ["X-Forwarded-Proto: http"]) == "wrong_proof_target")
        #expect(try harness.outcome(fields, peer: plain) == "ok")
        let other = ProofHarness.fields(
            token, try harness.client.proof(token, claims: ["htu": "https://other.example/"]))
        #expect(
            try harness.outcome(
                other + ["X-Forwarded-Host: other.example", "Forwarded: host=other.example", "X-Host: other.example"])
                == "wrong_proof_target")
    }

    @Test(
        "RS-111 members and claims that nobody knows are ignored",
        arguments: [
            ([:], ["iss": 7, "aud": "x", "sub": .null]), (["kid": "x"], [:]),
            (["x5c": ["AA"], "jku": "https://x.example"], [:]), (["other": ["a": 1]], ["other": [1, 2]]),
            ([:], ["nonce": "not asked for"]), ([:], ["nonce": 7]),
        ] as [([String: JSON?], [String: JSON?])])
    func ignored(header: [String: JSON?], claims: [String: JSON?]) throws {
        #expect(try harness.outcome(header: header, claims: claims) == "ok")
    }

    // MARK: What the route demands

    @Test(
        "RS-131 a route takes only tokens that are bound as it demands",
        arguments: [
            (nil, "none", "ok"), (nil, "key", "ok"), (nil, "certificate", "ok"), (nil, "both", "ok"),
            (.dpop, "none", "unbound_token"), (.dpop, "key", "ok"), (.dpop, "certificate", "unbound_token"),
            (.dpop, "both", "ok"),
            (.mtls, "none", "unbound_token"), (.mtls, "key", "unbound_token"), (.mtls, "certificate", "ok"),
            (.mtls, "both", "ok"),
            (.any, "none", "unbound_token"), (.any, "key", "ok"), (.any, "certificate", "ok"), (.any, "both", "ok"),
        ] as [(ProofRequirement?, String, String)])
    func demanded(proof: ProofRequirement?, binding: String, expected: String) throws {
        let harness = try ProofHarness([Requirement(issuers: [0], proof: proof)])
        let octets = [UInt8](0..<32)
        let certificate = ClientCertificate(
            identity: "c", uris: [], dnsNames: [], thumbprint: try #require(Digest256(octets)))
        let key = JSON.string(harness.client.thumbprint)
        let print = JSON.string(Base64URL.encode(octets))
        let confirmations: [String: JSON] = [
            "key": ["jkt": key], "certificate": ["x5t#S256": print], "both": ["jkt": key, "x5t#S256": print],
        ]
        let token = try harness.token(claims: ["cnf": confirmations[binding]])
        let hasKey = binding == "key" || binding == "both"
        let fields =
            hasKey ? ProofHarness.fields(token, try harness.client.proof(token)) : ["Authorization: Bearer \(token)"]
        #expect(try harness.outcome(fields, peer: PeerFacts(address: address(), certificate: certificate)) == expected)
    }

    @Test("RS-088 a token that is bound to a key and a certificate needs both")
    func both() throws {
        let octets = [UInt8](0..<32)
        let token = try harness.token(claims: [
            "cnf": ["jkt": .string(harness.client.thumbprint), "x5t#S256": .string(Base64URL.encode(octets))]
        ])
        func peer(_ octets: [UInt8]) throws -> PeerFacts {
            PeerFacts(
                address: address(),
                certificate: ClientCertificate(
                    identity: "c", uris: [], dnsNames: [], thumbprint: try #require(Digest256(octets))))
        }
        let fields = ProofHarness.fields(token, try harness.client.proof(token))
        #expect(try harness.outcome(fields) == "wrong_certificate")
        #expect(try harness.outcome(fields, peer: try peer(octets.reversed())) == "wrong_certificate")
        #expect(try harness.outcome(["Authorization: Bearer \(token)"], peer: try peer(octets)) == "missing_proof")
        #expect(try harness.outcome(fields, peer: try peer(octets)) == "ok")
    }

    // MARK: Nonces

    @Test(
        "RS-102 RS-103 where a nonce is demanded, a proof has the one of now or the one before",
        arguments: [true, false])
    func nonces(byIssuer: Bool) throws {
        let harness = try ProofHarness([Requirement(issuers: [0], dpopNonce: !byIssuer)], dpopNonce: byIssuer)
        let token = try harness.token(claims: ["exp": 9_000])
        func fields(_ nonce: String?, at seconds: Int64, jti: String) throws -> [String] {
            let claims: [String: JSON?] = [
                "nonce": nonce.map { .string($0) } ?? nil, "iat": .integer(seconds), "jti": .string(jti),
            ]
            return ProofHarness.fields(token, try harness.client.proof(token, claims: claims))
        }
        let refusal = try harness.refusal(try fields(nil, at: 1_100, jti: "a"))
        #expect(refusal.code == .nonceRequired)
        let nonce = try #require(refusal.nonce)
        // RFC 9449 §8.1: what NQCHAR allows, and hard to guess.
        #expect(nonce.utf8.count == 22 && Base64URL.decode(nonce) != nil)
        #expect(try harness.outcome(try fields(nonce, at: 1_100, jti: "a")) == "ok")
        #expect(try harness.outcome(try fields(nil, at: 1_100, jti: "b")) == "nonce_required")
        #expect(try harness.outcome(try fields("", at: 1_100, jti: "b")) == "nonce_required")
        #expect(try harness.outcome(try fields(nonce + "A", at: 1_100, jti: "b")) == "nonce_required")
        // 1100 lies in the period that ends at 1200; the next one ends at 1500.
        #expect(try harness.outcome(try fields(nonce, at: 1_499, jti: "c"), at: 1_499) == "ok")
        #expect(try harness.outcome(try fields(nonce, at: 1_500, jti: "d"), at: 1_500) == "nonce_required")
        let next = try harness.refusal(try fields(nonce, at: 1_500, jti: "d"), at: 1_500)
        #expect(next.nonce != nil && next.nonce != nonce)
        // A nonce of the future is none.
        #expect(try harness.outcome(try fields(next.nonce, at: 1_100, jti: "e")) == "nonce_required")
    }

    @Test("nonces of another process are not accepted")
    func otherKey() {
        let one = ProofNonces(key: [UInt8](repeating: 1, count: 32))
        let other = ProofNonces(key: [UInt8](repeating: 2, count: 32))
        #expect(one.accepts(one.current(1_100), 1_100) && !other.accepts(one.current(1_100), 1_100))
    }

    // MARK: What clients are told

    private func challenge(_ refusal: Refusal) -> String {
        var out: [UInt8] = []
        refusal.appendChallenge(to: &out)
        return out.text
    }

    @Test("RS-110 the challenge is of the scheme DPoP, names the algorithms, and the error of RFC 9449")
    func challenges() throws {
        let harness = try ProofHarness(
            [
                Requirement(issuers: [0], scopes: ["a"], proof: .dpop), Requirement(issuers: [0]),
                Requirement(issuers: [0], proof: .any),
            ],
            dpopAlgorithms: [.es256, .edDSA])
        let token = try harness.token()
        let algorithms = #"algs="ES256 EdDSA Ed25519""#
        #expect(challenge(try harness.refusal([])) == #"DPoP realm="portcullis", scope="a", \#(algorithms)"#)
        let bad = ProofHarness.fields(token, try harness.client.proof(token, claims: ["htm": "PUT"]))
        for route in 0...2 {
            #expect(
                challenge(try harness.refusal(bad, route: route))
                    == #"DPoP realm="portcullis", error="invalid_dpop_proof", error_description="The DPoP proof was made for another request.", \#(algorithms)"#
            )
            let downgraded = challenge(try harness.refusal(["Authorization: Bearer \(token)"], route: route))
            #expect(
                downgraded.hasPrefix(#"DPoP realm="portcullis", error="invalid_token""#)
                    && downgraded.hasSuffix(algorithms))
        }
        let expired = try harness.token(claims: ["exp": 1_000])
        #expect(
            challenge(try harness.refusal(ProofHarness.fields(expired, try harness.client.proof(expired)), route: 1))
                .hasPrefix(
                    #"DPoP realm="portcullis", error="invalid_token", error_description="The access token has expired.""#
                ))
        #expect(challenge(try harness.refusal([], route: 1)) == #"Bearer realm="portcullis""#)
        #expect(
            challenge(try harness.refusal([], route: 2))
                == #"Bearer realm="portcullis", DPoP realm="portcullis", \#(algorithms)"#)
    }

    @Test("RS-102 a nonce is asked for by use_dpop_nonce")
    func nonceChallenge() throws {
        let harness = try ProofHarness(dpopNonce: true)
        let token = try harness.token()
        let refusal = try harness.refusal(ProofHarness.fields(token, try harness.client.proof(token)))
        #expect(challenge(refusal).hasPrefix(#"DPoP realm="portcullis", error="use_dpop_nonce""#))
        #expect(refusal.code.facts.status == 401 && refusal.nonce != nil)
    }

    @Test("a scope that a token with a proof lacks is asked for with the scheme DPoP")
    func scopes() throws {
        let harness = try ProofHarness([Requirement(issuers: [0], scopes: ["admin"])])
        let token = try harness.token()
        let verdict = try harness.judge(ProofHarness.fields(token, try harness.client.proof(token)))
        guard case .authenticated(let caller) = verdict else { throw ProofHarness.NotRefused() }
        do throws(Refusal) {
            _ = try Authorizer.authorize(caller, rules: harness.base.rules[0], peer: anyPeer)
            Issue.record("not refused")
        } catch {
            #expect(challenge(error).hasPrefix(#"DPoP realm="portcullis", error="insufficient_scope""#))
        }
    }
}

@Suite("High-security profiles (FAPI 2.0 §5)")
struct ProfileTests {
    @Test(
        "RS-132 an issuer with the algorithms of FAPI 2.0: RS256 is refused, for tokens and for proofs, though the key would do",
        arguments: Algorithm.allCases)
    func algorithms(algorithm: Algorithm) throws {
        let allowed: [Algorithm] = [.ps256, .es256, .edDSA]
        let expected = allowed.contains(algorithm)
        let key = try SigningKey.generate(algorithm)
        let prover = try SigningKey.generate(.es256)
        // A key that names no algorithm, as RSA keys often do.
        var jwk = try #require(key.publicJWK.object)
        if algorithm.rawValue.hasPrefix("RS") || algorithm.rawValue.hasPrefix("PS") { jwk["alg"] = nil }
        var entry = TestIssuer().entry(algorithms: allowed)
        entry.dpopAlgorithms = allowed
        let document: JSON = ["keys": [.object(jwk)]]
        let harness = AuthenticationHarness(
            [entry], keys: [IssuerKeys(set: try JWKSet.parse(document.serialized()), generation: 1)],
            require: [Requirement(issuers: [0], proof: .dpop)])
        func token(_ issuer: SigningKey, boundTo bound: SigningKey) throws -> String {
            try issuer.sign(
                header: ["typ": "at+jwt"],
                claims: [
                    "iss": "https://issuer.example", "aud": "https://api.example.com", "sub": "s", "client_id": "c",
                    "iat": 1000, "exp": 1600, "jti": "t", "cnf": ["jkt": .string(bound.kid)],
                ])
        }
        func outcome(_ token: String, provedBy prover: SigningKey) throws -> String {
            let proof = try prover.sign(
                header: ["typ": "dpop+jwt", "jwk": prover.publicJWK],
                claims: [
                    "jti": "a", "htm": "GET", "htu": "https://api.example.com/", "iat": 1100,
                    "ath": .string(Base64URL.encode(Array(SHA256.hash(data: Array(token.utf8))))),
                ])
            switch try harness.judge(try head("GET", "/", ProofHarness.fields(token, proof))) {
            case .authenticated: return "ok"
            case .refused(let refusal): return refusal.code.facts.word.description
            case .inquire: return "inquire"
            }
        }
        #expect(
            try outcome(token(key, boundTo: prover), provedBy: prover) == (expected ? "ok" : "unsupported_algorithm"))
        guard algorithm != .es256 else { return }
        // The proof by this algorithm, for a token by one that is allowed.
        let second = try ProofHarness(dpopAlgorithms: allowed)
        let bound = try second.issuer.token(claims: ["cnf": ["jkt": .string(key.kid)]])
        let proof = try key.sign(
            header: ["typ": "dpop+jwt", "jwk": key.publicJWK],
            claims: [
                "jti": "a", "htm": "GET", "htu": "https://api.example.com/", "iat": 1100,
                "ath": .string(Base64URL.encode(Array(SHA256.hash(data: Array(bound.utf8))))),
            ])
        #expect(try second.outcome(ProofHarness.fields(bound, proof)) == (expected ? "ok" : "malformed_proof"))
    }
}

@Suite("What is remembered of proofs")
struct SeenProofsTests {
    private func key(_ number: Int) -> SeenProofs.Key { .init(high: 0, low: UInt64(number)) }

    @Test("a proof is remembered for as long as it could be used again, and not longer")
    func lifetime() {
        var seen = SeenProofs(capacity: 10)
        #expect(seen.add(key(1), now: 0) == .new)
        #expect(seen.add(key(1), now: 120_000_000_000) == .seen)
        #expect(seen.add(key(2), now: 121_000_000_000) == .new)
        #expect(seen.add(key(1), now: 121_000_000_001) == .new)
        #expect(seen.count == 2)
    }

    @Test("RS-109 when as many are remembered as may be, none is forgotten for another")
    func full() {
        var seen = SeenProofs(capacity: 3)
        for number in 0..<3 { #expect(seen.add(key(number), now: Int64(number)) == .new) }
        #expect(seen.add(key(9), now: 10) == .full)
        for number in 0..<3 { #expect(seen.add(key(number), now: 10) == .seen) }
        // The oldest goes when its time is over, and makes room for one.
        #expect(seen.add(key(9), now: SeenProofs.lifetime + 1) == .new)
        #expect(seen.add(key(10), now: SeenProofs.lifetime + 1) == .full)
        #expect(seen.count == 3)
    }

    @Test("it grows and turns round without losing or inventing any", arguments: [1, 2, 15, 16, 17, 100, 1_000])
    func model(capacity: Int) {
        var seen = SeenProofs(capacity: capacity)
        var model: [(Int, Int64)] = []
        var random = SystemRandomNumberGenerator()
        var now: Int64 = 0
        for _ in 0..<5_000 {
            now += Int64.random(in: 0...(3 * SeenProofs.lifetime / Int64(capacity + 1)), using: &random)
            let number = Int.random(in: 0..<(capacity * 3), using: &random)
            model.removeAll { now - $0.1 > SeenProofs.lifetime }
            let expected: SeenProofs.Answer =
                model.contains { $0.0 == number } ? .seen : model.count == capacity ? .full : .new
            if expected == .new { model.append((number, now)) }
            #expect(seen.add(key(number), now: now) == expected)
            #expect(seen.count == model.count)
        }
    }
}
