import HTTP
import JSON
import Policy
import Testing

@testable import Admission

@Suite("Claims that must be what the path captured, or match a pattern")
struct CapturedClaimTests {
    let issuer = TestIssuer()

    /// Judges a token for the route `pattern`, with one rule.
    private func outcome(
        _ condition: ClaimRule.Condition, path: String, tenant: JSON?, pattern: String = "/t/{tenant}/o/{rest...}",
        allowPath: PathFeatures = []
    ) throws -> String {
        let require = Requirement(issuers: [0], claims: [ClaimRule(claim: ["tenant"], condition: condition)])
        let harness = AuthenticationHarness([issuer.entry()], keys: [try issuer.keys()], require: [require])
        let caller = try harness.caller(try issuer.token(claims: ["tenant": tenant]))
        let head = try head("GET", path)
        let match = try Router([route(pattern, require: require, allowPath: allowPath)]).match(head, sni: nil)
        return refusal { () throws(Refusal) in
            _ = try Authorizer.authorize(
                caller, rules: harness.rules[0], peer: anyPeer, path: CapturedPath(head, match))
        } ?? "ok"
    }

    private static let tenant = ClaimScalar.capture(index: 0, name: "tenant")

    @Test(
        "equal octet by octet, after the path's escapes are read once; nothing but a text is equal to it",
        arguments: [
            ("/t/acme/o/7", "acme", true), ("/t/acme/o/7", "Acme", false), ("/t/Acme/o/7", "acme", false),
            ("/t/acme/o/7", "acm", false), ("/t/acme/o/7", "acmex", false), ("/t/acme/o/7", "", false),
            ("/t/acme/o/7", nil, false), ("/t/7/o/", 7, false), ("/t/7/o/", "7", true), ("/t/true/o/", true, false),
            ("/t/acme/o/7", ["acme"], false), ("/t/acme/o/7", .null, false), ("/t/a%63me/o/7", "acme", true),
            ("/t/caf%C3%A9/o/7", "café", true), ("/t/caf%c3%a9/o/7", "café", true),
            ("/t/caf%C3%A9/o/7", "caf%C3%A9", false),
            ("/t/a%20b/o/7", "a b", true), ("/t/a%2520b/o/7", "a b", false), ("/t/a%2520b/o/7", "a%20b", true),
            ("/t/a+b/o/7", "a b", false), ("/t/a+b/o/7", "a+b", true), ("/t/other/o/acme", "acme", false),
            ("/t/caf%C3%A9/o/7", "cafe\u{301}", false),
        ] as [(String, JSON?, Bool)])
    func equals(path: String, tenant: JSON?, fits: Bool) throws {
        #expect(try outcome(.equals(Self.tenant), path: path, tenant: tenant) == (fits ? "ok" : "claim_mismatch"))
    }

    @Test("a slash inside a segment stays inside it")
    func encodedSlash() throws {
        let allow: PathFeatures = [.encodedSlash, .semicolon]
        func outcome(_ path: String, _ tenant: JSON) throws -> String {
            try self.outcome(.equals(Self.tenant), path: path, tenant: tenant, allowPath: allow)
        }
        #expect(try outcome("/t/a%2Fb/o/7", "a/b") == "ok")
        #expect(try outcome("/t/a%2Fb/o/7", "a") == "claim_mismatch")
        #expect(try outcome("/t/a;b/o/7", "a") == "claim_mismatch")
    }

    @Test(
        "one_of and contains take captures too",
        arguments: [
            (.oneOf([.string("root"), tenant]), "root", true), (.oneOf([.string("root"), tenant]), "acme", true),
            (.oneOf([.string("root"), tenant]), "x", false), (.contains(tenant), ["x", "acme"], true),
            (.contains(tenant), ["x"], false), (.contains(tenant), "x acme", true), (.contains(tenant), "xacme", false),
            (.contains(tenant), [["acme"]], false), (.contains(tenant), ["tenant": "acme"], false),
            (.contains(tenant), [], false),
        ] as [(ClaimRule.Condition, JSON, Bool)])
    func members(condition: ClaimRule.Condition, tenant: JSON, fits: Bool) throws {
        #expect(try outcome(condition, path: "/t/acme/o/7", tenant: tenant) == (fits ? "ok" : "claim_mismatch"))
    }

    @Test("each capture is compared by its own place, up to the eighth; one that is not remembered is nothing")
    func places() throws {
        let pattern = "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"
        for (place, name) in ["1", "2", "3", "4", "5", "6", "7", "8", "9"].enumerated() {
            let fits = try outcome(
                .equals(.capture(index: place, name: "x")), path: "/1/2/3/4/5/6/7/8/9", tenant: .string(name),
                pattern: pattern)
            #expect(fits == (place < 8 ? "ok" : "claim_mismatch"), "\(place)")
        }
        #expect(PathPattern.capturesRememberedMax == Captures.max)
    }

    @Test("after backtracking the captures are those of the route that was found")
    func backtracking() throws {
        let claims = [ClaimRule(claim: ["tenant"], condition: .equals(Self.tenant))]
        let require = Requirement(issuers: [0], claims: claims)
        let harness = AuthenticationHarness([issuer.entry()], keys: [try issuer.keys()], require: [require])
        let caller = try harness.caller(try issuer.token(claims: ["tenant": "b"]))
        let router = Router([
            route("/{x}/{y}/c/d", require: require), route("/a/{tenant}/c/{rest...}", require: require),
        ])
        let head = try head("GET", "/a/b/c/e")
        let match = try router.match(head, sni: nil)
        #expect(match.route == 1)
        let path = CapturedPath(head, match)
        #expect(
            refusal { () throws(Refusal) in
                _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer, path: path)
            } == nil)
    }

    @Test("without a path nothing is equal to a capture")
    func none() throws {
        let require = Requirement(issuers: [0], claims: [ClaimRule(claim: ["tenant"], condition: .equals(Self.tenant))])
        let harness = AuthenticationHarness([issuer.entry()], keys: [try issuer.keys()], require: [require])
        #expect(harness.rules[0].comparesCaptures)
        for tenant: JSON in ["acme", ""] {
            let caller = try harness.caller(try issuer.token(claims: ["tenant": tenant]))
            #expect(
                refusal { () throws(Refusal) in
                    _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer)
                } == "claim_mismatch")
        }
    }

    @Test(
        "matches: the whole of a text, and nothing but a text",
        arguments: [
            ("acme-001", true), ("acme-0011", false), ("xacme-001 ", false), ("", false), (nil, false), (7, false),
            (["acme-001"], false), (.null, false), (true, false),
        ] as [(JSON?, Bool)])
    func patterns(tenant: JSON?, fits: Bool) throws {
        let pattern = try #require(TextPattern("[a-z]+-[0-9]{3}"))
        #expect(try outcome(.matches(pattern), path: "/t/acme/o/7", tenant: tenant) == (fits ? "ok" : "claim_mismatch"))
    }
}
