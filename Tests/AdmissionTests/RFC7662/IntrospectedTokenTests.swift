import JSON
import Policy
import Testing

@testable import Admission

@Suite("Tokens of issuers that are asked")
struct IntrospectedTokenTests {
    @Test(
        "RS-075 RS-076 what the answer says is judged like the claims of a JWT",
        arguments: [
            ("as it should be", [:], "ok"),
            ("another audience", ["aud": "https://other.example"], "wrong_audience"),
            ("several audiences", ["aud": ["https://other.example", "https://api.example.com"]], "ok"),
            ("an empty list of audiences", ["aud": []], "malformed_claims"),
            ("no audience", ["aud": nil], "wrong_audience"),
            ("another issuer", ["iss": "https://evil.example"], "wrong_issuer"),
            ("no issuer", ["iss": nil], "ok"),
            ("an issuer that is no text", ["iss": 1], "malformed_claims"),
            ("expired", ["exp": 1_085], "expired_token"),
            ("expired within the skew", ["exp": 1_086], "ok"),
            ("an exp with a fraction", ["exp": 1_200.5], "ok"),
            ("an exp that is text", ["exp": "1600"], "malformed_claims"),
            ("no exp", ["exp": nil], "ok"),
            ("not yet valid", ["nbf": 1_116], "not_yet_valid"),
            ("issued ahead", ["iat": 1_116], "issued_in_future"),
            ("bound to something unknown", ["cnf": ["kid": "k"]], "unknown_confirmation"),
            ("bound to nonsense", ["cnf": "k"], "malformed_claims"),
            ("bound to a key", ["cnf": ["jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]], "missing_proof"),
            ("a refresh token", ["token_type": "refresh_token"], "wrong_type"),
            ("a refresh token of another kind", ["token_type": "Refresh"], "wrong_type"),
            ("a bearer token", ["token_type": "bearer"], "ok"),
            ("a DPoP token without its key", ["token_type": "DPoP"], "unknown_confirmation"),
            ("an ID token", ["at_hash": "x"], "wrong_type"),
            ("scopes as a list", ["scope": ["orders:read"]], "malformed_claims"),
            ("no scopes", ["scope": nil], "ok"),
            ("inactive", ["active": false], "inactive_token"),
        ] as [(String, [String: JSON?], String)])
    func judged(name: String, changed: [String: JSON?], expected: String) throws {
        let harness = AuthenticationHarness(asking: [asked()])
        #expect(try harness.judged("opaque", saying: answer(changed)) == expected, "\(name)")
        // And no other way when the token is known.
        if expected != "inactive_token", expected != "wrong_issuer" {
            #expect(try harness.judged("opaque", saying: answer(changed)) == expected, "\(name), again")
        }
    }

    @Test("RS-084 the cnf of an answer binds to a certificate, whatever the route says")
    func certificate() throws {
        let harness = AuthenticationHarness(asking: [asked()])
        let octets = [UInt8](repeating: 7, count: 32)
        let said = answer(["cnf": ["x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"]])
        #expect(try harness.judged("t", saying: said) == "wrong_certificate")
        let thumbprint = try #require(Digest256(octets))
        let right = ClientCertificate(identity: "c", uris: [], dnsNames: [], thumbprint: thumbprint)
        #expect(try harness.judged("t", saying: said, peer: PeerFacts(address: address(), certificate: right)) == "ok")
        // Known by now: the connection is looked at again all the same.
        #expect(try harness.outcome("t") == "wrong_certificate")
    }

    @Test("RS-117 acr and auth_time of an answer count for step-up")
    func stepUp() throws {
        var require = Requirement(issuers: [0])
        require.acr = ["mfa"]
        require.maxAge = .seconds(60)
        let harness = AuthenticationHarness(asking: [asked()], routes: [require])
        func authorized(_ changed: [String: JSON?]) throws -> String? {
            let harness = AuthenticationHarness(asking: [asked()], routes: [require])
            guard try harness.judged("t", saying: answer(changed)) == "ok" else { return "not authenticated" }
            guard case .authenticated(let caller) = try harness.judge("t") else { return "not known" }
            return refusal { () throws(Refusal) in
                _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer, path: .none)
            }
        }
        _ = harness
        #expect(try authorized(["acr": "mfa", "auth_time": 1_050]) == nil)
        #expect(try authorized(["acr": "pwd", "auth_time": 1_050]) == "insufficient_user_authentication")
        #expect(try authorized(["acr": "mfa", "auth_time": 1_000]) == "insufficient_user_authentication")
        #expect(try authorized(["acr": "mfa"]) == "insufficient_user_authentication")
        #expect(try authorized(["auth_time": 1_050]) == "insufficient_user_authentication")
    }

    @Test("an answer without aud counts only where the issuer's entry says so by name")
    func missingAudience() throws {
        let harness = AuthenticationHarness(asking: [asked { $0.introspection?.allowsMissingAudience = true }])
        #expect(try harness.judged("t", saying: answer(["aud": nil])) == "ok")
        #expect(try harness.judged("u", saying: answer(["aud": "https://other.example"])) == "wrong_audience")
    }

    @Test("an answer without exp counts as long as the answer itself")
    func missingExpiry() throws {
        let harness = AuthenticationHarness(asking: [asked { $0.clockSkew = .zero }])
        #expect(try harness.judged("t", saying: answer(["exp": nil]), at: 1_100) == "ok")
        #expect(try harness.outcome("t", at: 1_129, now: 29_000_000_000) == "ok")
        #expect(try harness.outcome("t", at: 1_130, now: 29_000_000_000) == "expired_token")
    }

    // MARK: What is remembered

    @Test("RS-073 an event loop forgets what an issuer said when its time is over, and compares exp each time")
    func forgotten() throws {
        let harness = AuthenticationHarness(asking: [asked()])
        #expect(try harness.judged("t", now: 0, freshUntil: 30_000_000_000) == "ok")
        #expect(try harness.outcome("t", now: 29_999_999_999) == "ok")
        #expect(try harness.outcome("t", at: 1_615, now: 29_999_999_999) == "expired_token")
        #expect(try harness.judged("t", now: 0, freshUntil: 30_000_000_000) == "ok")
        #expect(try harness.outcome("t", now: 30_000_000_000) == "inquire")
    }

    @Test("RS-074 one token on two routes: the facts are remembered, each route's policy is asked every time")
    func twoRoutes() throws {
        var narrow = Requirement(issuers: [0])
        narrow.audiences = ["https://other.example"]
        let harness = AuthenticationHarness(
            asking: [asked { $0.audiences.append("https://other.example") }],
            routes: [Requirement(issuers: [0]), narrow])
        #expect(try harness.judged("t", route: 0) == "ok")
        #expect(try harness.judge("t", route: 1).isRefused("wrong_audience"))
        #expect(try harness.judged("t", route: 0) == "ok")
        // And the other way round.
        #expect(try harness.judged("u", route: 1) == "wrong_audience")
        #expect(try harness.outcome("u", route: 0) == "ok")
    }

    @Test("RS-074 what one issuer said of a token counts under its entry only, as it was when it was asked")
    func twoIssuers() throws {
        let one = asked("https://issuer.example", name: "one", prefixes: ["a"])
        let two = asked("https://issuer.example", name: "two", prefixes: ["a"])
        let harness = AuthenticationHarness(
            asking: [one, two], routes: [Requirement(issuers: [0]), Requirement(issuers: [1])])
        #expect(try harness.judged("at", route: 0) == "ok")
        #expect(try harness.word(harness.judge("at", route: 1)) == "asks two")
        // A verdict of one is none for the other, nor for another token.
        let reader = try #require(IntrospectionAnswerReader(one))
        guard
            case .active(let verdict) = try reader.read(
                reply(answer()), about: digest("at"), keys: nil, unixSeconds: 1_100)
        else { return }
        for (token, route) in [("at", 1), ("au", 0)] {
            let head = try head("GET", "/", ["Authorization: Bearer \(token)"])
            let judged = harness.authenticator.authenticate(
                head, token: try Credential.presented(in: head), rules: harness.rules[route], issuers: harness.set,
                peer: anyPeer,
                unixSeconds: 1_100, now: 0, introspected: (verdict, .max))
            #expect(harness.word(judged).hasPrefix("asks"))
        }
        // The entry says something else by now.
        let changed = AuthenticationHarness(asking: [
            asked("https://issuer.example", name: "one", prefixes: ["a"]) { $0.scopeForm = .list }
        ])
        let head = try head("GET", "/", ["Authorization: Bearer at"])
        let judged = changed.authenticator.authenticate(
            head, token: try Credential.presented(in: head), rules: changed.rules[0], issuers: changed.set,
            peer: anyPeer,
            unixSeconds: 1_100, now: 0, introspected: (verdict, .max))
        #expect(changed.word(judged) == "asks one")
    }

    @Test("with the loop's cache and without, the same requests have the same answers", arguments: [0, 1, 100])
    func sameAnswers(cacheEntriesMax: Int) throws {
        let harness = AuthenticationHarness(asking: [asked()], cacheEntriesMax: cacheEntriesMax)
        var words: [String] = []
        for round in 0..<3 {
            for (index, changed)
                in ([[:], ["aud": "x"], ["exp": 1_085], ["nbf": 2_000], ["active": false]] as [[String: JSON?]])
                .enumerated()
            {
                words.append(try harness.judged("t\(index)", saying: answer(changed), now: Int64(round)))
            }
        }
        let expected = ["ok", "wrong_audience", "expired_token", "not_yet_valid", "inactive_token"]
        #expect(words == expected + expected + expected)
    }

    // MARK: Whose token it is

    @Test("an opaque token belongs to the one issuer of its route that is asked, or whose tokens begin like it")
    func opaque() throws {
        let signing = TestIssuer("https://jwt.example")
        let issuers = [
            signing.entry(name: "jwt"), asked(name: "a", prefixes: ["a_"]),
            asked("https://b.example", name: "b", prefixes: ["b_", "c_"]),
            asked("https://d.example", name: "d"),
        ]
        let routes = [[0], [0, 3], [0, 1, 2], [0, 1]].map { Requirement(issuers: $0) }
        let harness = AuthenticationHarness(asking: issuers, keys: [try signing.keys()], routes: routes)
        func word(_ token: String, _ route: Int) throws -> String {
            harness.word(try harness.judge(token, route: route))
        }
        #expect(try word("b_1", 0) == "malformed_token")
        #expect(try word("b_1", 1) == "asks d")
        #expect(try word("b_1", 2) == "asks b")
        #expect(try word("c_1", 2) == "asks b")
        #expect(try word("a_1", 2) == "asks a")
        #expect(try word("x_1", 2) == "wrong_issuer")
        #expect(try word("b_1", 3) == "wrong_issuer")
        // An encrypted JWT says as little.
        #expect(try word("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d", 1) == "asks d")
    }

    @Test("a JWT finds its issuer by iss, and is shown to nobody else")
    func jwts() throws {
        let signing = TestIssuer("https://jwt.example")
        let asking = TestIssuer("https://issuer.example")
        let stranger = TestIssuer("https://evil.example")
        let harness = AuthenticationHarness(asking: [signing.entry(name: "jwt"), asked()], keys: [try signing.keys()])
        #expect(try harness.outcome(try signing.token()) == "ok")
        #expect(try harness.word(harness.judge(try asking.token())) == "asks as")
        #expect(try harness.outcome(try stranger.token()) == "wrong_issuer")
        #expect(try harness.outcome(try signing.token(claims: ["iss": "https://jwt.example/"])) == "wrong_issuer")
        // Broken ones too: they are somebody's secrets.
        let broken = String(try signing.token().dropLast(3)) + "!!!"
        #expect(try harness.outcome(broken.replacingOccurrences("!", "=")) != "asks as")
        #expect(try harness.outcome("eyJhbGciOiJFUzI1NiJ9.e30.x") == "malformed_token")
        // What the JWT says of itself does not count: the answer does.
        #expect(try harness.judged(try asking.token(claims: ["aud": "https://other.example", "exp": 1])) == "ok")
        #expect(
            try harness.judged(try asking.token(claims: ["jti": "2"]), saying: answer(["aud": "x"])) == "wrong_audience"
        )
    }

    @Test("an issuer that is not listed does not show by what it says of tokens")
    func unlisted() throws {
        let harness = AuthenticationHarness(asking: [asked { $0.listed = false }])
        let refusal = harness.authenticator.refused(
            .inactiveToken, by: 0, harness.set, token: nil, rules: harness.rules[0], peer: anyPeer, now: 0)
        #expect(refusal.code == .inactiveToken)
        #expect(refusal.told == .wrongIssuer)
    }

    @Test("an issuer with tenants must name one of them")
    func tenants() throws {
        let harness = AuthenticationHarness(
            asking: [
                asked("https://issuer.example/{tenantid}") { $0.tenants = ["one", "two"] }
            ])
        #expect(try harness.judged("a", saying: answer(["iss": nil])) == "wrong_issuer")
        #expect(try harness.judged("b", saying: answer(["iss": "https://issuer.example/one", "tid": "one"])) == "ok")
        #expect(
            try harness.judged("c", saying: answer(["iss": "https://issuer.example/one", "tid": "two"]))
                == "wrong_issuer"
        )
        #expect(
            try harness.judged("d", saying: answer(["iss": "https://issuer.example/three", "tid": "three"]))
                == "wrong_issuer")
    }
}

extension Verdict {
    fileprivate func isRefused(_ word: String) -> Bool {
        if case .refused(let refusal) = self { refusal.code.facts.word.description == word } else { false }
    }
}

extension String {
    fileprivate func replacingOccurrences(_ one: Character, _ other: Character) -> String {
        String(map { $0 == one ? other : $0 })
    }
}
