import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

@Suite("Judging tokens")
struct AuthenticatorTests {
    let issuer = TestIssuer()

    @Test("RS-001 a good token makes a caller with its facts")
    func good() throws {
        let facts = try AuthenticationHarness(issuer).caller(try issuer.token()).principal.facts
        #expect(facts.issuerName == "local" && facts.issuer == "https://issuer.example")
        #expect(facts.subject == "user-1" && facts.clientID == "client-1" && facts.tokenID == "t-1")
        #expect(
            facts.scope == "orders:read orders:write" && facts.scopes.map(\.text) == ["orders:read", "orders:write"])
        #expect(facts.expires == 1600 && facts.claims["tenant"] == "acme")
    }

    @Test("RS-007 no token is missing_token, with the scopes that the route needs")
    func missing() throws {
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [nil],
            require: [Requirement(issuers: [0], scopes: ["a", "b"], anyScope: ["c", "d"])])
        guard case .refused(let refusal) = try harness.judge(nil) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .missingToken && refusal.scope.text == "a b c")
    }

    @Test(
        "RS-044 RS-045 RS-046 RS-047 times, with a skew of 15 s on each",
        arguments: [
            (["exp": 1100], "ok"), (["exp": 1086], "ok"), (["exp": 1085], "expired_token"), (["exp": 1086.9], "ok"),
            (["exp": 1085.9], "expired_token"), (["exp": nil], "malformed_claims"),
            (["exp": "1600"], "malformed_claims"),
            (["exp": true], "malformed_claims"), (["exp": .null], "malformed_claims"),
            (["exp": [1600]], "malformed_claims"),
            (["exp": 9_007_199_254_740_992], "ok"), (["exp": 9_007_199_254_740_993], "malformed_claims"),
            (["exp": 1e300], "malformed_claims"), (["exp": -1e300], "malformed_claims"), (["exp": -5], "expired_token"),
            (["exp": .integer(.max)], "malformed_claims"), (["exp": .integer(.min)], "malformed_claims"),
            (["nbf": 1115], "ok"), (["nbf": 1116], "not_yet_valid"), (["nbf": 1115.1], "not_yet_valid"),
            (["nbf": "1000"], "malformed_claims"), (["nbf": .null], "ok"), (["nbf": nil], "ok"),
            (["iat": 1115], "ok"), (["iat": 1116], "issued_in_future"), (["iat": "1000"], "malformed_claims"),
            (["iat": false], "malformed_claims"),
        ] as [([String: JSON?], String)])
    func times(claims: [String: JSON?], expected: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(claims: claims)) == expected)
    }

    @Test("RS-047 the skew is the issuer's own")
    func skew() throws {
        let harness = try AuthenticationHarness(issuer, entry: issuer.entry(clockSkew: .zero))
        #expect(try harness.outcome(try issuer.token(claims: ["exp": 1101])) == "ok")
        #expect(try harness.outcome(try issuer.token(claims: ["exp": 1100])) == "expired_token")
        #expect(try harness.outcome(try issuer.token(claims: ["nbf": 1101])) == "not_yet_valid")
    }

    @Test(
        "RS-045 a number that JSON has but no date can be is refused, not a crash",
        arguments: ["1e400", "NaN", "-0", "1E3", "0x10"])
    func oddNumbers(number: String) throws {
        let claims =
            #"{"iss":"https://issuer.example","aud":"https://api.example.com","sub":"s","client_id":"c","iat":0,"jti":"j","exp":"#
        let token = try issuer.sign(
            Array(#"{"alg":"ES256","typ":"at+jwt","kid":"k1"}"#.utf8), Array("\(claims)\(number)}".utf8))
        #expect(
            ["malformed_token", "malformed_claims", "expired_token"].contains(
                try AuthenticationHarness(issuer).outcome(token)))
    }

    @Test(
        "RS-048 the issuer is compared code point by code point",
        arguments: [
            "https://issuer.example/", "https://Issuer.example", "https://issuer.example:443", "http://issuer.example",
            "issuer.example",
            "https://issuer.example ", "https://issuer.exampl", "", "https://issuer.exam\u{70}le\u{0301}",
        ])
    func issuerExactly(iss: String) throws {
        #expect(
            try AuthenticationHarness(issuer).outcome(try issuer.token(claims: ["iss": .string(iss)])) == "wrong_issuer"
        )
    }

    @Test("RS-048 canonically equivalent issuers are two issuers")
    func issuerEquivalence() throws {
        let composed = TestIssuer("https://\u{E9}.example")
        let harness = try AuthenticationHarness(composed)
        #expect(try harness.outcome(try composed.token()) == "ok")
        #expect(try harness.outcome(try composed.token(claims: ["iss": "https://e\u{301}.example"])) == "wrong_issuer")
    }

    @Test("a missing issuer is wrong, one that is no text is malformed")
    func issuerMissing() throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(claims: ["iss": nil])) == "wrong_issuer")
        #expect(
            try AuthenticationHarness(issuer).outcome(try issuer.token(claims: ["iss": ["https://issuer.example"]]))
                == "malformed_claims")
    }

    @Test("RS-049 one issuer's key does not vouch for another's token, though the route trusts both")
    func issuerMixUp() throws {
        let other = TestIssuer("https://other.example")
        let harness = AuthenticationHarness(
            [issuer.entry(), other.entry(name: "other")], keys: [try issuer.keys(), try other.keys()],
            require: [Requirement(issuers: [0, 1]), Requirement(issuers: [1])])
        #expect(try harness.outcome(try issuer.token()) == "ok")
        #expect(try harness.outcome(try other.token()) == "ok")
        #expect(try harness.outcome(try issuer.token(claims: ["iss": "https://other.example"])) == "bad_signature")
        #expect(try harness.outcome(try other.token(claims: ["iss": "https://issuer.example"])) == "bad_signature")
        // And not on a route that does not accept it at all, whether it is in the cache or not.
        #expect(try harness.outcome(try issuer.token(), route: 1) == "wrong_issuer")
    }

    @Test(
        "RS-050 RS-051 the audience must be named, whole",
        arguments: [
            ("https://api.example.com", "ok"), (["https://api.example.com"], "ok"),
            (["x", "https://api.example.com"], "ok"),
            ("https://api.example.com/", "wrong_audience"), ("https://api.example", "wrong_audience"),
            ("HTTPS://api.example.com", "wrong_audience"),
            ("https://api.example.com.evil", "wrong_audience"), (["x", "y"], "wrong_audience"), ("", "wrong_audience"),
            (.array([]), "malformed_claims"), (nil, "malformed_claims"), (7, "malformed_claims"),
            (["a": "b"], "malformed_claims"),
            (["https://api.example.com", 7], "malformed_claims"), (.null, "malformed_claims"),
            ([["https://api.example.com"]], "malformed_claims"),
        ] as [(JSON?, String)])
    func audience(aud: JSON?, expected: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(claims: ["aud": aud])) == expected)
    }

    @Test("RS-017 RS-050 the audience is compared on every request: a token in the cache does not open another route")
    func audiencePerRoute() throws {
        let harness = AuthenticationHarness(
            [issuer.entry(audiences: ["a", "b"])], keys: [try issuer.keys()],
            require: [Requirement(issuers: [0]), Requirement(issuers: [0], audiences: ["b"])])
        let token = try issuer.token(claims: ["aud": "a"])
        #expect(try harness.outcome(token) == "ok")
        #expect(try harness.outcome(token, route: 1) == "wrong_audience")
        #expect(try harness.outcome(token) == "ok")
        #expect(harness.authenticator.cachedTokens == 1)
    }

    @Test(
        "RS-052 RS-053 RS-080 only access tokens",
        arguments: [
            ("at+jwt", "ok"), ("AT+JWT", "ok"), ("application/at+jwt", "ok"), ("Application/AT+jwt", "ok"),
            ("JWT", "wrong_type"), (nil, "wrong_type"), ("id+jwt", "wrong_type"), ("logout+jwt", "wrong_type"),
            ("secevent+jwt", "wrong_type"), ("dpop+jwt", "wrong_type"), ("client-authentication+jwt", "wrong_type"),
            ("oauth-authz-req+jwt", "wrong_type"), ("token-introspection+jwt", "wrong_type"),
            ("at+jwt;x=y", "wrong_type"),
            ("application/application/at+jwt", "wrong_type"), (" at+jwt", "wrong_type"),
        ] as [(JSON?, String)])
    func types(typ: JSON?, expected: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(header: ["typ": typ])) == expected)
    }

    @Test("RS-052 JWT, or no type, is accepted only from an issuer whose entry says so")
    func compatibleTypes() throws {
        let harness = try AuthenticationHarness(issuer, entry: issuer.entry(types: ["at+jwt", "jwt", ""]))
        #expect(try harness.outcome(try issuer.token(header: ["typ": "JWT"])) == "ok")
        #expect(try harness.outcome(try issuer.token(header: ["typ": nil])) == "ok")
        #expect(try harness.outcome(try issuer.token(header: ["typ": "logout+jwt"])) == "wrong_type")
        let facts = try harness.caller(
            try issuer.token(header: ["typ": "JWT"], claims: ["client_id": nil, "azp": "app", "jti": nil]))
        #expect(facts.principal.facts.clientID == "app")
        // RS-053: ID tokens and events that call themselves JWT.
        for name in ["at_hash", "c_hash", "s_hash", "events"] {
            #expect(try harness.outcome(try issuer.token(header: ["typ": "JWT"], claims: [name: "x"])) == "wrong_type")
        }
        // An at+jwt stays an at+jwt.
        #expect(try harness.outcome(try issuer.token(claims: ["client_id": nil, "azp": "app"])) == "malformed_claims")
    }

    @Test(
        "RS-054 an access token has all that RFC 9068 requires",
        arguments: ["exp", "aud", "sub", "client_id", "iat", "jti"])
    func requiredClaims(name: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(claims: [name: nil])) == "malformed_claims")
        #expect(
            try AuthenticationHarness(issuer).outcome(try issuer.token(claims: [name: .null])) == "malformed_claims")
        #expect(
            try AuthenticationHarness(issuer).outcome(try issuer.token(claims: [name: ["a": 1]])) == "malformed_claims")
    }

    @Test(
        "RS-055 scope is one text",
        arguments: [
            ("a b", ["a", "b"]), ("a  b ", ["a", "b"]), ("", []), (nil, []), (["a", "b"], nil), (7, nil), (.null, []),
        ] as [(JSON?, [String]?)])
    func scope(scope: JSON?, expected: [String]?) throws {
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token(claims: ["scope": scope])
        if let expected {
            #expect(try harness.caller(token).principal.facts.scopes.map(\.text) == expected)
        } else {
            #expect(try harness.outcome(token) == "malformed_claims")
        }
    }

    @Test(
        "the algorithm must be on the issuer's list",
        arguments: [
            ("none", "unsupported_algorithm"), ("HS256", "unsupported_algorithm"), ("ES384", "unsupported_algorithm"),
            ("es256", "unsupported_algorithm"), ("EdDSA", "unsupported_algorithm"), ("RS256", "unsupported_algorithm"),
        ] as [(JSON, String)])
    func algorithm(alg: JSON, expected: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(header: ["alg": alg])) == expected)
    }

    @Test("RS-057 an issuer may be allowed algorithms that its keys do not have; the key must fit")
    func algorithmAndKey() throws {
        let harness = try AuthenticationHarness(issuer, entry: issuer.entry(algorithms: [.es256, .rs256]))
        #expect(try harness.outcome(try issuer.token()) == "ok")
        #expect(try harness.outcome(try issuer.token(header: ["alg": "RS256"])) == "unknown_key")
    }

    @Test("an unknown key, and a signature by another")
    func keys() throws {
        #expect(try AuthenticationHarness(issuer).outcome(try issuer.token(header: ["kid": "k2"])) == "unknown_key")
        let impostor = TestIssuer()
        #expect(try AuthenticationHarness(issuer).outcome(try impostor.token()) == "bad_signature")
    }

    @Test(
        "RS-018 RS-056 what is no token is 401, and what cannot be one is a malformed request",
        arguments: [
            ("abc", "malformed_token"), ("a.b", "malformed_token"), ("a.b.c.d", "malformed_token"),
            ("..", "malformed_token"),
            ("e30.e30.", "malformed_token"), ("~", "malformed_token"), ("a b", "malformed_credentials"),
            ("a,b", "malformed_credentials"),
            ("\"a\"", "malformed_credentials"), ("é", "malformed_credentials"), ("a=b", "malformed_credentials"),
        ])
    func garbage(token: String, expected: String) throws {
        #expect(try AuthenticationHarness(issuer).outcome(token) == expected)
    }

    @Test("keys that are not loaded are 503, never 401, and nothing is said before that could be wrong")
    func keysUnavailable() throws {
        let harness = AuthenticationHarness([issuer.entry()], keys: [nil], require: [Requirement(issuers: [0])])
        guard case .inquire(let inquiry) = try harness.judge(try issuer.token()) else {
            Issue.record("no inquiry")
            return
        }
        #expect(inquiry == .keys(issuer: 0, kid: "k1"))
        #expect(inquiry.unanswered.code == .keysUnavailable && inquiry.unanswered.code.facts.status == 503)
        // A token that is bad whatever the keys are is still bad.
        #expect(try harness.outcome(try issuer.token(header: ["typ": "JWT"])) == "wrong_type")
        harness.set = IssuerSet(harness.issuers, keys: [try issuer.keys()])
        #expect(try harness.outcome(try issuer.token()) == "ok")
    }

    @Test("every refused token says invalid_token")
    func challenge() throws {
        guard case .refused(let refusal) = try AuthenticationHarness(issuer).judge(try issuer.token(claims: ["exp": 1]))
        else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code.facts.challenge == .invalidToken)
    }
}
