import JOSE
import JSON
import Policy
import Testing

@testable import Admission

@Suite("By what name an issuer's tokens are known")
struct IssuerNameTests {
    private static func issuer(_ identifier: String, aliases: [String] = [], tenants: [String] = []) -> Issuer {
        var issuer = TestIssuer(identifier).entry()
        issuer.aliases = aliases
        issuer.tenants = tenants
        return issuer
    }

    @Test(
        "RS-048 an identifier or an alias counts when every code point is the same",
        arguments: [
            ("https://a.example", true), ("https://b.example/", true), ("https://a.example/", false),
            ("https://A.example", false),
            ("https://a.example:443", false), ("https://b.example", false), ("", false),
            ("https://a.example\u{0}", false),
        ])
    func exact(name: String, counts: Bool) {
        let names = IssuerIdentifiers(Self.issuer("https://a.example", aliases: ["https://b.example/"]))
        #expect(names.canonical(name, [:]) == (counts ? "https://a.example" : nil))
    }

    @Test(
        "a template stands for the tenants on its list, and tid must agree",
        arguments: [
            ("https://l.example/t1/v2.0", "t1", "https://l.example/t1/v2.0"),
            ("https://l.example/t2/v2.0", "t2", "https://l.example/t2/v2.0"),
            ("https://sts.example/t1/", "t1", "https://l.example/t1/v2.0"),
            ("https://l.example/t1/v2.0", "t2", nil), ("https://l.example/t3/v2.0", "t3", nil),
            ("https://l.example/t1/v2.0", nil, nil),
            ("https://l.example/{tenantid}/v2.0", "{tenantid}", nil), ("https://l.example/{tenantid}/v2.0", "t1", nil),
            ("https://l.example/T1/v2.0", "T1", nil), ("https://l.example//v2.0", "", nil),
            ("https://l.example/t1/v2.0/", "t1", nil),
            ("https://sts.example/t2/", "t1", nil),
        ] as [(String, String?, String?)])
    func template(name: String, tenant: String?, canonical: String?) {
        let names = IssuerIdentifiers(
            Self.issuer(
                "https://l.example/{tenantid}/v2.0", aliases: ["https://sts.example/{tenantid}/"],
                tenants: ["t1", "t2"]))
        #expect(names.canonical(name, tenant.map { ["tid": .string($0)] } ?? [:]) == canonical)
    }

    @Test("a tid that is no text names no tenant", arguments: [1, ["t1"], .null] as [JSON])
    func notText(tid: JSON) {
        let names = IssuerIdentifiers(Self.issuer("https://l.example/{tenantid}", tenants: ["t1"]))
        #expect(names.canonical("https://l.example/t1", ["tid": tid]) == nil)
    }

    @Test("a caller has one name under an alias and under the identifier, and its tenant's in a template")
    func caller() throws {
        let issuer = TestIssuer("https://l.example/t1/v2.0")
        var entry = issuer.entry()
        entry.identifier = "https://l.example/{tenantid}/v2.0"
        entry.aliases = ["https://sts.example/{tenantid}/"]
        entry.tenants = ["t1"]
        let harness = try AuthenticationHarness(issuer, entry: entry)
        let caller = try harness.caller(try issuer.token(claims: ["tid": "t1"]))
        #expect(caller.principal.facts.issuer == "https://l.example/t1/v2.0")
        let other = try harness.caller(try issuer.token(claims: ["tid": "t1", "iss": "https://sts.example/t1/"]))
        #expect(other.principal.facts.issuer == "https://l.example/t1/v2.0")
        #expect(other.principal.clientKey == caller.principal.clientKey)
        #expect(try harness.outcome(try issuer.token()) == "wrong_issuer")
        #expect(try harness.outcome(try issuer.token(claims: ["tid": "t2"])) == "wrong_issuer")
    }
}

@Suite("Keys that are fetched, as the authenticator sees them")
struct FetchedKeysTests {
    private let issuer = TestIssuer()

    private func harness(_ keys: IssuerKeys?) -> AuthenticationHarness {
        var entry = issuer.entry()
        entry.keys = .fetched(KeyFetching(place: .discovery))
        return AuthenticationHarness([entry], keys: [keys], require: [Requirement(issuers: [0])])
    }

    @Test("a kid that is not among them is an inquiry, and never 401 by itself", arguments: ["k2", "", "K1", "k1 "])
    func unknown(kid: String) throws {
        // An empty kid is no kid at all.
        let verdict = try harness(try issuer.keys()).judge(try issuer.token(header: ["kid": .string(kid)]))
        switch verdict {
        case .inquire(let inquiry): #expect(inquiry == .keys(issuer: 0, kid: kid))
        case .refused(let refusal): #expect(kid == "" && refusal.code == .malformedToken)
        case .authenticated: Issue.record("it was let in")
        }
    }

    @Test("RS-065 a token without kid is judged by the keys that are there, and nothing is fetched for it")
    func withoutKid() throws {
        let harness = harness(try issuer.keys())
        #expect(try harness.outcome(try issuer.token(header: ["kid": nil])) == "ok")
        #expect(try harness.outcome(try TestIssuer(issuer.identifier).token(header: ["kid": nil])) == "bad_signature")
    }

    @Test("RS-064 a known kid whose key does not fit the algorithm is no inquiry")
    func unfit() throws {
        var entry = issuer.entry(algorithms: [.es256, .rs256])
        entry.keys = .fetched(KeyFetching(place: .discovery))
        let harness = AuthenticationHarness([entry], keys: [try issuer.keys()], require: [Requirement(issuers: [0])])
        #expect(try harness.outcome(try issuer.token(header: ["alg": "RS256"])) == "unknown_key")
    }

    @Test("RS-069 what was verified by keys that are gone is verified again, and asked for")
    func withdrawn() throws {
        let harness = harness(try issuer.keys(generation: 1))
        let token = try issuer.token()
        #expect(try harness.outcome(token) == "ok")
        let other = try TestIssuer(issuer.identifier, kid: "k2").keys(generation: 2)
        harness.set = harness.set.replacing { _, _ in other }
        #expect(try harness.outcome(token) == "inquire")
        harness.set = harness.set.replacing { _, _ in nil }
        #expect(try harness.outcome(token) == "inquire")
        let back = try issuer.keys(generation: 1)
        harness.set = harness.set.replacing { _, _ in back }
        #expect(try harness.outcome(token) == "ok")
    }

    @Test("a bad token that an inquiry found counts for the limit like any other")
    func limited() throws {
        let limiter = AddressLimiter(perMinuteMax: 1, seed: (1, 2))
        var entry = issuer.entry()
        entry.keys = .fetched(KeyFetching(place: .discovery))
        let harness = AuthenticationHarness(
            [entry], keys: [try issuer.keys()], require: [Requirement(issuers: [0])], limiter: limiter)
        for _ in 0..<3 {
            let refusal = harness.authenticator.refused(
                .unknownKey, by: 0, harness.set, token: nil, rules: harness.rules[0], peer: anyPeer, now: 0)
            #expect(refusal.code == .unknownKey)
        }
        #expect(try harness.outcome(try issuer.token()) == "too_many_bad_tokens")
    }
}
