import JSON
import Policy
import Testing

@testable import Admission

@Suite("Tokens of issuers that sign and are asked")
struct BothTests {
    private let signer = TestIssuer()

    private func harness(_ require: Requirement = Requirement(issuers: [0])) throws -> AuthenticationHarness {
        AuthenticationHarness([asked(judgement: .both)], keys: [try signer.keys()], require: [require])
    }

    @Test("the signature comes first: nobody is asked about a token that is not genuine")
    func signatureFirst() throws {
        let harness = try harness()
        #expect(try harness.word(harness.judge(try signer.token())) == "asks as")
        #expect(try harness.outcome(try TestIssuer().token()) == "bad_signature")
        #expect(try harness.outcome(try signer.token(header: ["typ": "JWT"])) == "wrong_type")
        #expect(try harness.outcome("opaque") == "malformed_token")
        #expect(try harness.judged(try signer.token()) == "ok")
        #expect(
            try harness.judged(try signer.token(claims: ["jti": "2"]), saying: ["active": false]) == "inactive_token")
    }

    @Test(
        "RS-075 where both speak, they must agree or the stricter counts",
        arguments: [
            ("nothing but active", nil, [:], "ok"),
            ("another subject", ["sub": "user-2"], [:], "introspection_mismatch"),
            ("another client", ["client_id": "client-2"], [:], "introspection_mismatch"),
            ("another jti", ["jti": "t-2"], [:], "introspection_mismatch"),
            ("another issuer", ["iss": "https://evil.example"], [:], "introspection_mismatch"),
            ("an earlier end", ["exp": 1_085], [:], "expired_token"),
            ("a later end", ["exp": 9_999], ["exp": 1_085], "expired_token"),
            ("a later beginning", ["nbf": 1_200], [:], "not_yet_valid"),
            ("an audience less", ["aud": "https://other.example"], [:], "wrong_audience"),
            (
                "an audience more", ["aud": ["https://api.example.com"]], ["aud": "https://other.example"],
                "wrong_audience"
            ),
            ("an audience that is none", ["aud": 1], [:], "malformed_claims"),
            (
                "a binding more", ["cnf": ["x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"]], [:],
                "wrong_certificate"
            ),
            (
                "another binding", ["cnf": ["x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"]],
                ["cnf": ["x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]], "introspection_mismatch"
            ),
            (
                "a binding less", [:], ["cnf": ["x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"]],
                "wrong_certificate"
            ),
            ("another acr", ["acr": "pwd"], ["acr": "mfa"], "introspection_mismatch"),
            ("a refresh token", ["token_type": "refresh_token"], [:], "wrong_type"),
        ] as [(String, [String: JSON?]?, [String: JSON?], String)])
    func narrowed(name: String, said: [String: JSON?]?, claims: [String: JSON?], expected: String) throws {
        var members: JSONObject = ["active": true]
        for (name, value) in said ?? [:] { members[name] = value }
        #expect(try harness().judged(try signer.token(claims: claims), saying: members) == expected, "\(name)")
    }

    @Test("scopes count that both name, and of two authentication times the earlier")
    func scopes() throws {
        let harness = try harness()
        let token = try signer.token(claims: ["auth_time": 1_050, "acr": "mfa"])
        let said = answer(["scope": "orders:write orders:delete", "auth_time": 1_010, "acr": "mfa"])
        #expect(try harness.judged(token, saying: said) == "ok")
        let facts = try harness.caller(token).principal.facts
        #expect(facts.scope == "orders:write")
        #expect(facts.scopes.map(\.text) == ["orders:write"])
        #expect(facts.authenticatedAt == 1_010)
        // The rest is what the token says.
        #expect(facts.claims["tenant"] == "acme")
    }
}
