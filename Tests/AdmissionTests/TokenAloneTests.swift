import JSON
import Policy
import Testing

@testable import Admission

@Suite("A token that comes by itself, not as the credentials of a request")
struct TokenAloneTests {
    private let issuer = TestIssuer()

    /// `ok`, the word of the refusal, or `inquire`.
    private func outcome(_ token: String, _ harness: AuthenticationHarness) -> String {
        let verdict = harness.authenticator.authenticate(
            Array(token.utf8), rules: harness.rules[0], issuers: harness.set, unixSeconds: 1_100, now: 0)
        switch verdict {
        case .authenticated: return "ok"
        case .refused(let refusal): return refusal.code.facts.word.description
        case .inquire: return "inquire"
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: String
        var claims: [String: JSON?] = [:]

        init(_ name: String, _ expected: String, _ claims: [String: JSON?] = [:]) {
            testDescription = name
            self.expected = expected
            self.claims = claims
        }
    }

    private static let thumbprint = JSON.string(String(repeating: "A", count: 43))

    @Test(
        "is judged as in a bearer header",
        arguments: [
            Case("a good one", "ok"),
            Case("expired", "expired_token", ["exp": 1_000]),
            Case("not valid yet", "not_yet_valid", ["nbf": 2_000]),
            Case("for another audience", "wrong_audience", ["aud": "https://other.example"]),
            Case("of another issuer", "wrong_issuer", ["iss": "https://other.example"]),
            Case("bound to a key", "missing_proof", ["cnf": ["jkt": thumbprint]]),
            Case("bound to a certificate", "wrong_certificate", ["cnf": ["x5t#S256": thumbprint]]),
        ])
    func likeBearer(_ one: Case) throws {
        let token = try issuer.token(claims: one.claims)
        #expect(outcome(token, try AuthenticationHarness(issuer)) == one.expected)
        #expect(try AuthenticationHarness(issuer).outcome(token) == one.expected)
    }

    @Test("is refused when its octets are none of a token's", arguments: ["", " ", "a b", "ö", "a\r\nb"])
    func malformed(token: String) throws {
        #expect(outcome(token, try AuthenticationHarness(issuer)) == "malformed_credentials")
    }

    @Test("makes the gateway ask for keys that are not there")
    func keysMissing() throws {
        let harness = AuthenticationHarness([issuer.entry()], keys: [nil], require: [Requirement(issuers: [0])])
        #expect(outcome(try issuer.token(), harness) == "inquire")
    }
}
