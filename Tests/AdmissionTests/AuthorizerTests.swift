import JSON
import Policy
import Testing

@testable import Admission

@Suite("Authorizing")
struct AuthorizerTests {
    let issuer = TestIssuer()

    private func outcome(
        _ require: Requirement?, claims: [String: JSON?] = [:], certificate: ClientCertificate? = nil
    ) throws -> String {
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [try issuer.keys()], require: [require ?? Requirement(issuers: [])])
        let rules = harness.rules[0]
        let caller = rules.needsToken ? try harness.caller(try issuer.token(claims: claims)) : nil
        let peer = PeerFacts(address: address(), certificate: certificate)
        return refusal { () throws(Refusal) in _ = try Authorizer.authorize(caller, rules: rules, peer: peer) } ?? "ok"
    }

    @Test(
        "RS-015 RS-055 scopes: all of these, and any of those, exactly",
        arguments: [
            (["orders:read"], [], "ok"), (["orders:read", "orders:write"], [], "ok"),
            (["orders:read", "x"], [], "insufficient_scope"),
            ([], ["x", "orders:write"], "ok"), ([], ["x", "y"], "insufficient_scope"),
            (["orders:read"], ["x"], "insufficient_scope"),
            (["orders"], [], "insufficient_scope"), (["orders:readonly"], [], "insufficient_scope"),
            (["Orders:read"], [], "insufficient_scope"),
            (["orders:read orders:write"], [], "insufficient_scope"), ([], [], "ok"), ([""], [], "insufficient_scope"),
        ] as [([String], [String], String)])
    func scopes(all: [String], any: [String], expected: String) throws {
        #expect(try outcome(Requirement(issuers: [0], scopes: all, anyScope: any)) == expected)
    }

    @Test("RS-015 a token without scope has none")
    func noScope() throws {
        #expect(try outcome(Requirement(issuers: [0], scopes: ["a"]), claims: ["scope": nil]) == "insufficient_scope")
        #expect(try outcome(Requirement(issuers: [0]), claims: ["scope": nil]) == "ok")
    }

    private static let claims: [String: JSON?] = [
        "tenant": "acme", "level": 3, "ratio": 1.5, "admin": true, "groups": ["a", "b", 7], "words": "red green",
        "nested": ["deep": ["er": "x"]], "nothing": .null, "whole": 3.0, "big": 9_007_199_254_740_993,
    ]

    @Test(
        "claims: equals, one_of, contains; a missing claim or another type does not fit",
        arguments: [
            (["tenant"], .equals(.string("acme")), true), (["tenant"], .equals(.string("Acme")), false),
            (["tenant"], .oneOf([.string("x"), .string("acme")]), true), (["tenant"], .oneOf([]), false),
            (["missing"], .equals(.string("acme")), false), (["level"], .equals(.number(3)), true),
            (["level"], .equals(.string("3")), false), (["whole"], .equals(.number(3)), true),
            (["ratio"], .equals(.number(1.5)), true),
            (["ratio"], .oneOf([.number(1), .number(1.5)]), true), (["admin"], .equals(.bool(true)), true),
            (["admin"], .equals(.bool(false)), false), (["admin"], .equals(.number(1)), false),
            (["admin"], .equals(.string("true")), false),
            (["big"], .equals(.number(9_007_199_254_740_992)), false),
            (["groups"], .contains(.string("b")), true), (["groups"], .contains(.string("c")), false),
            (["groups"], .contains(.number(7)), true),
            (["groups"], .contains(.string("7")), false), (["groups"], .equals(.string("a")), false),
            (["words"], .contains(.string("green")), true), (["words"], .contains(.string("gree")), false),
            (["words"], .contains(.string("")), false),
            (["words"], .contains(.string("red green")), false), (["level"], .contains(.number(3)), false),
            (["nested", "deep", "er"], .equals(.string("x")), true),
            (["nested", "deep"], .equals(.string("x")), false),
            (["nested", "deep", "er", "more"], .equals(.string("x")), false),
            (["tenant", "x"], .equals(.string("acme")), false),
            (["nothing"], .equals(.string("")), false), (["nothing"], .equals(.bool(false)), false),
            ([], .equals(.bool(true)), false),
        ] as [([String], ClaimRule.Condition, Bool)])
    func claimRules(path: [String], condition: ClaimRule.Condition, fits: Bool) throws {
        let require = Requirement(issuers: [0], claims: [ClaimRule(claim: path, condition: condition)])
        #expect(try outcome(require, claims: Self.claims) == (fits ? "ok" : "claim_mismatch"))
    }

    @Test("all claim rules must be satisfied")
    func allClaims() throws {
        let tenant = ClaimRule(claim: ["tenant"], condition: .equals(.string("acme")))
        let admin = ClaimRule(claim: ["admin"], condition: .equals(.bool(true)))
        #expect(try outcome(Requirement(issuers: [0], claims: [tenant, admin]), claims: Self.claims) == "ok")
        #expect(
            try outcome(Requirement(issuers: [0], claims: [tenant, admin]), claims: ["admin": false])
                == "claim_mismatch")
    }

    private static func certificate(uris: [String] = [], dns: [String] = []) throws -> ClientCertificate {
        let thumbprint = try #require(Digest256([UInt8](repeating: 1, count: 32)))
        return ClientCertificate(identity: "c", uris: uris, dnsNames: dns, thumbprint: thumbprint)
    }

    private static let a = "spiffe://example.org/a"

    @Test(
        "client identities: the only URI, or an exact DNS name",
        arguments: [
            (.spiffe(a), [a], [], true), (.spiffe(a), [a + "b"], [], false),
            (.spiffe(a), [a, "spiffe://example.org/b"], [], false),
            (.spiffe(a), [], [a], false), (.spiffe(a), [], [], false),
            (.dns("client.example"), [], ["x", "Client.example"], true),
            (.dns("client.example"), [], ["*.example"], false), (.dns("*.example"), [], ["*.example"], false),
            (.dns("client.example"), ["client.example"], [], false),
        ] as [(UpstreamIdentity, [String], [String], Bool)])
    func identities(identity: UpstreamIdentity, uris: [String], dns: [String], fits: Bool) throws {
        let certificate = try Self.certificate(uris: uris, dns: dns)
        let require = Requirement(issuers: [], clientIdentities: [.spiffe("spiffe://example.org/none"), identity])
        #expect(try outcome(require, certificate: certificate) == (fits ? "ok" : "wrong_client_identity"))
    }

    @Test("a route that demands a certificate refuses a connection without one")
    func certificateRequired() throws {
        #expect(try outcome(Requirement(issuers: [], clientCertificate: true)) == "certificate_required")
        #expect(try outcome(Requirement(issuers: [], clientIdentities: [.dns("a")])) == "certificate_required")
        #expect(try outcome(Requirement(issuers: [], clientCertificate: true), certificate: Self.certificate()) == "ok")
        #expect(try outcome(Requirement(issuers: [0], clientCertificate: true)) == "certificate_required")
        #expect(
            try outcome(
                Requirement(issuers: [0], scopes: ["x"], clientCertificate: true), certificate: Self.certificate())
                == "insufficient_scope")
    }

    @Test("a caller that was judged for one route is not let in at another, nor is nobody")
    func otherRoute() throws {
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [try issuer.keys()],
            require: [Requirement(issuers: [0]), Requirement(issuers: [0], scopes: ["a"])])
        let caller = try harness.caller(try issuer.token())
        func outcome(_ caller: Caller?, _ route: Int) -> String? {
            refusal { () throws(Refusal) in
                _ = try Authorizer.authorize(caller, rules: harness.rules[route], peer: anyPeer)
            }
        }
        #expect(outcome(caller, 0) == nil)
        #expect(outcome(caller, 1) == "missing_token")
        #expect(outcome(nil, 0) == "missing_token")
    }

    @Test("RS-058 a client's own token is told apart from a user's with the same name")
    func clientItself() throws {
        let harness = try AuthenticationHarness(issuer)
        let own = try harness.caller(try issuer.token(claims: ["sub": "same", "client_id": "same"])).principal
        let user = try harness.caller(try issuer.token(claims: ["sub": "same", "client_id": "app"])).principal
        #expect(own.facts.isClientItself && !user.facts.isClientItself)
    }

    @Test("limits count callers by what their tokens say")
    func limitKeys() throws {
        let other = TestIssuer("https://other.example")
        let harness = AuthenticationHarness(
            [issuer.entry(), other.entry(name: "other")], keys: [try issuer.keys(), try other.keys()],
            require: [Requirement(issuers: [0, 1])])
        func buckets(_ by: [RateLimit.Key], _ tokens: [String]) throws -> Int {
            let limit = LimitRule(RateLimit(name: "l", by: by, count: 1, period: .seconds(1), burst: 1))
            let rules = RouteRules(
                index: 0, route: route("/", require: Requirement(issuers: [0, 1]), limits: [0]),
                issuers: harness.issuers,
                limits: [limit])
            let ledger = LimitLedger(keysMax: 1_000, seed: (3, 4))
            var allowance = Allowance()
            for token in tokens {
                let permit = try Authorizer.authorize(try harness.caller(token), rules: rules, peer: anyPeer)
                try? ledger.take(permit, now: 0, into: &allowance)
            }
            return ledger.count
        }
        let one = try issuer.token()
        let otherJTI = try issuer.token(claims: ["jti": "2"])
        let otherClient = try issuer.token(claims: ["client_id": "client-2"])
        let otherSubject = try issuer.token(claims: ["sub": "user-2"])
        let otherIssuer = try other.token()
        let all = [one, otherJTI, otherClient, otherSubject, otherIssuer]
        #expect(try buckets([.clientID], all) == 3)
        #expect(try buckets([.subject], all) == 3)
        #expect(try buckets([.clientID, .subject], all) == 4)
        #expect(try buckets([.ip], all) == 1)
        #expect(try buckets([.claim(["tenant"])], all) == 1)
        let tenants: [JSON?] = ["a", "b", 1, 2, true, false, 1.5, "1", nil, .array([]), .null]
        let tokens = try tenants.map { try issuer.token(claims: ["tenant": $0]) }
        // The last three have nothing to count by: one bucket, the subject's.
        #expect(try buckets([.claim(["tenant"])], tokens) == 9)
        #expect(try buckets([.claim(["tenant", "id"])], all) == 3)
    }
}
