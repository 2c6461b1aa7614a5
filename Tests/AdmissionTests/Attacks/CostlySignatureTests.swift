import Crypto
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

/// An issuer, or a client with proofs, whose signatures take long to check.
private struct CostlySigner {
    private let key = P384.Signing.PrivateKey()

    var jwk: JSON {
        let point = Array(key.publicKey.rawRepresentation)
        return [
            "crv": "P-384", "kty": "EC", "x": .string(Base64URL.encode(Array(point.prefix(48)))),
            "y": .string(Base64URL.encode(Array(point.suffix(48)))),
        ]
    }

    var thumbprint: String { Base64URL.encode(Array(SHA256.hash(data: jwk.serialized()))) }

    func keys(generation: UInt64 = 1) throws -> IssuerKeys {
        let set: JSON = ["keys": .array([jwk])]
        return IssuerKeys(set: try JWKSet.parse(set.serialized()), generation: generation)
    }

    func sign(_ header: JSON, _ claims: JSON) throws -> String {
        let input = [header, claims].map { Base64URL.encode($0.serialized()) }.joined(separator: ".")
        let signature = try key.signature(for: Array(input.utf8))
        return input + "." + Base64URL.encode(Array(signature.rawRepresentation))
    }

    func token(_ id: String = "t-1") throws -> String {
        try sign(
            ["alg": "ES384", "typ": "at+jwt"],
            [
                "iss": "https://issuer.example", "aud": "https://api.example.com", "sub": "user-1",
                "client_id": "client-1", "iat": 1000, "exp": 1600, "jti": .string(id), "scope": "orders:read",
            ])
    }

    func proof(_ token: String, id: String = "p-1") throws -> String {
        try sign(
            ["alg": "ES384", "typ": "dpop+jwt", "jwk": jwk],
            [
                "jti": .string(id), "htm": "GET", "htu": "https://api.example.com/", "iat": 1100,
                "ath": .string(Base64URL.encode(Array(SHA256.hash(data: Array(token.utf8))))),
            ])
    }
}

@Suite("Attacks: signatures that take long to check")
struct CostlySignatureTests {
    private let signer = CostlySigner()

    private func harness(
        _ keys: IssuerKeys?, cacheEntriesMax: Int = 100, limiter: AddressLimiter? = nil
    ) -> AuthenticationHarness {
        AuthenticationHarness(
            [TestIssuer().entry(algorithms: [.es384])], keys: [keys], require: [Requirement(issuers: [0])],
            cacheEntriesMax: cacheEntriesMax, limiter: limiter)
    }

    private func bearer(_ token: String) throws -> RequestHead {
        try head("GET", "/", ["Authorization: Bearer \(token)"])
    }

    private func spoiled(_ token: String) -> String {
        token.hasSuffix("AAAA") ? String(token.dropLast(4)) + "BBBB" : String(token.dropLast(4)) + "AAAA"
    }

    private func question(_ verdict: Verdict) throws -> SignatureQuestion {
        guard case .inquire(.signature(let question)) = verdict else { throw AuthenticationHarness.NoCaller() }
        return question
    }

    private func word(_ verdict: Verdict) -> String {
        switch verdict {
        case .authenticated: "ok"
        case .refused(let refusal): refusal.code.facts.word.description
        case .inquire(.signature): "asks"
        case .inquire: "inquire"
        }
    }

    @Test("Attack: many of them, to hold up an event loop. A loop checks none: it asks for each", arguments: [0, 100])
    func asked(cacheEntriesMax: Int) throws {
        let harness = harness(try signer.keys(), cacheEntriesMax: cacheEntriesMax)
        for (token, outcome) in [
            (try signer.token(), "ok"), (spoiled(try signer.token()), "bad_signature"),
            (try CostlySigner().token(), "bad_signature"),
        ] {
            let first = try harness.judge(bearer(token), knowing: [])
            let answer = try question(first).answered()
            #expect(answer.isGood == (outcome == "ok"))
            #expect(word(try harness.judge(bearer(token), knowing: [answer])) == outcome)
        }
        // What was found good is known, where there is a cache.
        let again = try harness.judge(bearer(try signer.token("t-2")), knowing: [])
        #expect(word(again) == "asks")
    }

    @Test("a token that is known is not asked for again")
    func known() throws {
        let harness = harness(try signer.keys())
        let token = try signer.token()
        let answer = try question(try harness.judge(bearer(token), knowing: [])).answered()
        #expect(word(try harness.judge(bearer(token), knowing: [answer])) == "ok")
        #expect(word(try harness.judge(bearer(token), knowing: [])) == "ok")
    }

    @Test("all but the signature is judged before anything is asked for, and again with the answer")
    func rest() throws {
        let harness = harness(try signer.keys())
        let other = try signer.sign(
            ["alg": "ES384", "typ": "jwt"], ["iss": "https://issuer.example", "aud": "https://api.example.com"])
        #expect(word(try harness.judge(bearer(other), knowing: [])) == "wrong_type")
        let token = try signer.token()
        let answer = try question(try harness.judge(bearer(token), knowing: [])).answered()
        #expect(word(try harness.judge(bearer(token), knowing: [answer], at: 1_700)) == "expired_token")
    }

    @Test("Attack: the answer for one token used for another. It counts for that token alone")
    func otherToken() throws {
        let harness = harness(try signer.keys())
        let good = try question(try harness.judge(bearer(try signer.token()), knowing: [])).answered()
        for other in [try CostlySigner().token(), spoiled(try signer.token())] {
            #expect(word(try harness.judge(bearer(other), knowing: [good])) == "asks")
        }
    }

    @Test("a key that was withdrawn while its signature was checked vouches for nothing")
    func withdrawn() throws {
        let harness = harness(try signer.keys())
        let token = try signer.token()
        let answer = try question(try harness.judge(bearer(token), knowing: [])).answered()
        #expect(answer.isGood)
        harness.set = IssuerSet(harness.issuers, keys: [try CostlySigner().keys(generation: 2)])
        let anew = try harness.judge(bearer(token), knowing: [answer])
        #expect(word(anew) == "asks")
        let both = [answer, try question(anew).answered()]
        #expect(word(try harness.judge(bearer(token), knowing: both)) == "bad_signature")
        harness.set = IssuerSet(harness.issuers, keys: [nil])
        #expect(word(try harness.judge(bearer(token), knowing: [answer])) == "inquire")
        harness.set = IssuerSet([TestIssuer().entry(algorithms: [.es256])], keys: [try signer.keys()])
        #expect(word(try harness.judge(bearer(token), knowing: [answer])) == "unsupported_algorithm")
    }

    @Test("a token that was taken back while its signature was checked is refused", arguments: ["token", "audience"])
    func takenBack(what: String) throws {
        let harness = harness(try signer.keys())
        let token = try signer.token()
        let answer = try question(try harness.judge(bearer(token), knowing: [])).answered()
        let other = TestIssuer().entry(audiences: ["https://other.example"], algorithms: [.es384])
        if what == "audience" {
            let rules = RouteRules(
                index: 0, route: route("/", require: Requirement(issuers: [0])), issuers: [other], limits: [])
            let verdict = harness.authenticator.authenticate(
                try bearer(token), token: try Credential.presented(in: bearer(token)), rules: rules,
                issuers: IssuerSet([other], keys: [try signer.keys()]), peer: anyPeer, unixSeconds: 1_100, now: 0,
                checked: [answer])
            #expect(word(verdict) == "wrong_audience")
        } else {
            harness.authenticator.revocations = RevocationSet(
                [.init(.token, "t-1"): .init(before: 1_050, expiresAt: 9_999)])
            #expect(word(try harness.judge(bearer(token), knowing: [answer])) == "revoked_token")
        }
    }

    @Test("bad ones count for their address, also when it was at its limit before the answer came")
    func counted() throws {
        let limiter = AddressLimiter(perMinuteMax: 1, seed: (1, 2))
        let harness = harness(try signer.keys(), limiter: limiter)
        let tokens = [try CostlySigner().token(), try CostlySigner().token()]
        let answers = try tokens.map { try question(try harness.judge(bearer($0), knowing: [])).answered() }
        for (token, answer) in zip(tokens, answers) {
            #expect(word(try harness.judge(bearer(token), knowing: [answer])) == "bad_signature")
        }
        #expect(word(try harness.judge(bearer(try CostlySigner().token()), knowing: [])) == "too_many_bad_tokens")
    }

    @Test("Attack: a proof brings a key that takes long. It is asked for like a token, and counts once")
    func proof() throws {
        let issuer = TestIssuer()
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [try issuer.keys()], require: [Requirement(issuers: [0])])
        let token = try issuer.token(claims: ["cnf": ["jkt": .string(signer.thumbprint)]])
        func request(_ proof: String) throws -> RequestHead {
            try head("GET", "/", ["Authorization: DPoP \(token)", "DPoP: \(proof)"])
        }
        let proof = try signer.proof(token)
        let answer = try question(try harness.judge(request(proof), knowing: [])).answered()
        #expect(word(try harness.judge(request(proof), knowing: [answer])) == "ok")
        #expect(word(try harness.judge(request(proof), knowing: [answer])) == "replayed_proof")
        #expect(word(try harness.judge(request(try signer.proof(token, id: "p-2")), knowing: [answer])) == "asks")
        let bad = try request(spoiled(try signer.proof(token, id: "p-3")))
        let badAnswer = try question(try harness.judge(bad, knowing: [])).answered()
        #expect(word(try harness.judge(bad, knowing: [badAnswer])) == "bad_proof_signature")
        // The token's own key is asked for no other's proof.
        #expect(word(try harness.judge(request(try CostlySigner().proof(token)), knowing: [])) == "wrong_proof_key")
    }

    @Test("whoever has time checks them at once")
    func atOnce() throws {
        let harness = harness(try signer.keys())
        let verdict = harness.authenticator.authenticate(
            Array(try signer.token().utf8), rules: harness.rules[0], issuers: harness.set, unixSeconds: 1_100, now: 0)
        #expect(word(verdict) == "ok")
    }
}
