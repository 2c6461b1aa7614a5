import Foundation
import JSON
import Policy
import Testing

@testable import Admission

@Suite("Scopes of issuers that write them differently")
struct ScopeCoverageTests {
    private static func covers(_ match: ScopeMatch, _ held: String, _ required: String) -> Bool {
        match.covers(Array(required.utf8), heldBy: held.split(separator: " ").map { Array($0.utf8) })
    }

    @Test(
        "RS-055 exact is exact, and the default",
        arguments: [
            ("read", "read", true), ("read", "readonly", false), ("readonly", "read", false), ("Read", "read", false),
            ("a b", "b", true), ("a:*", "a:b", false), ("a", "a:b", false), ("*", "a", false), ("*", "*", true),
        ])
    func exact(held: String, required: String, fits: Bool) {
        #expect(Self.covers(.exact, held, required) == fits)
        #expect(TestIssuer().entry().scopeMatch == .exact)
    }

    @Test(
        "hierarchic: a scope covers what stands below it",
        arguments: [
            ("orders", "orders", true), ("orders", "orders:read", true), ("orders", "orders.read", true),
            ("orders", "orders:read:all", true), ("orders:read", "orders:read:all", true),
            ("orders", "orders-archive", false),
            ("orders", "ordersx", false), ("orders:read", "orders", false), ("orders:read", "orders:readonly", false),
            ("Orders", "orders:read", false), ("x orders", "orders:read", true), ("*", "orders", false),
            ("", "orders", false),
        ])
    func hierarchic(held: String, required: String, fits: Bool) {
        #expect(Self.covers(.hierarchic, held, required) == fits)
    }

    @Test(
        "wildcard: * is one whole part, at the end all that follow",
        arguments: [
            ("orders:read", "orders:read", true), ("orders:*", "orders:read", true),
            ("orders:*", "orders:read:all", true),
            ("orders:*", "orders", false), ("orders:*", "orders:", false), ("*:read", "orders:read", true),
            ("*:read", "orders:read:all", false), ("*:*", "orders", false), ("*:*", "a:b:c", true),
            ("*", "orders:read", true),
            ("orders.*", "orders:read", false), ("orders.*", "orders.read", true), ("orders:r*", "orders:read", false),
            ("orders", "orders:read", false), ("orders:read", "orders:*", false), ("*:read", ":read", false),
            ("orders:*:x", "orders:a:x", true), ("orders:*:x", "orders:a:y", false), ("x:* orders:*", "orders:a", true),
            ("orders:*", "payments:read", false), ("orders:", "orders:", true),
        ])
    func wildcard(held: String, required: String, fits: Bool) {
        #expect(Self.covers(.wildcard, held, required) == fits)
    }

    /// The table of docs/matching.md, row by row.
    @Test("docs/matching.md says the same")
    func document() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/matching.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").map {
            $0.split(separator: "|").map { $0.trimmingCharacters(in: [" ", "`"]) }
        }
        .filter { $0.count == 5 && ["yes", "no"].contains($0[0]) }
        #expect(rows.count == 10)
        for row in rows {
            for (match, says) in zip([ScopeMatch.exact, .hierarchic, .wildcard], row) {
                #expect(Self.covers(match, row[3], row[4]) == (says == "yes"), "\(match) \(row)")
            }
        }
    }

    let issuer = TestIssuer()

    private func scopes(_ claims: [String: JSON?], claim: [String], form: ScopeForm) throws -> String {
        var entry = issuer.entry()
        entry.scopeClaim = claim
        entry.scopeForm = form
        let harness = try AuthenticationHarness(issuer, entry: entry)
        let token = try issuer.token(claims: claims)
        guard case .authenticated(let caller) = try harness.judge(token) else { return try harness.outcome(token) }
        #expect(caller.principal.facts.scopes.map(\.text).joined(separator: " ") == caller.principal.facts.scope)
        return caller.principal.facts.scope
    }

    @Test(
        "RS-055 scopes come from the claim and in the form that the issuer's entry names, and in no other",
        arguments: [
            (["scp"], .list, ["scp": ["a", "b"]], "a b"), (["scp"], .list, ["scp": []], ""), (["scp"], .list, [:], ""),
            (["scp"], .list, ["scp": "a b"], "malformed_claims"), (["scp"], .words, ["scp": ["a"]], "malformed_claims"),
            (["scp"], .words, ["scp": "a b"], "a b"), (["scp"], .either, ["scp": ["a", "b"]], "a b"),
            (["scp"], .either, ["scp": "a b"], "a b"), (["scp"], .either, ["scp": 7], "malformed_claims"),
            (["scp"], .either, ["scp": .null], ""),
            (["scp"], .list, ["scp": ["a", 1]], "malformed_claims"),
            (["scp"], .list, ["scp": ["a b"]], "malformed_claims"), (["scp"], .list, ["scp": [""]], "malformed_claims"),
            (["scp"], .list, ["scp": ["a"], "scope": ["b"]], "a"),
            (["realm", "permissions"], .list, ["realm": ["permissions": ["x", "y"]]], "x y"),
            (["realm", "permissions"], .list, ["realm": "x"], ""), (["scope"], .list, ["scope": ["a"]], "a"),
        ] as [([String], ScopeForm, [String: JSON?], String)])
    func forms(claim: [String], form: ScopeForm, claims: [String: JSON?], expected: String) throws {
        #expect(try scopes(claims, claim: claim, form: form) == expected)
    }

    @Test("the authorizer compares as the token's issuer has it, also of two issuers on one route")
    func perIssuer() throws {
        let other = TestIssuer("https://other.example")
        var hierarchic = other.entry(name: "other")
        hierarchic.scopeMatch = .hierarchic
        let harness = AuthenticationHarness(
            [issuer.entry(), hierarchic], keys: [try issuer.keys(), try other.keys()],
            require: [
                Requirement(issuers: [0, 1], scopes: ["orders:read"]),
                Requirement(issuers: [0, 1], anyScope: ["x", "orders:read"]),
            ])
        for route in 0...1 {
            func outcome(_ token: String) throws -> String? {
                let caller = try harness.caller(token, route: route)
                return refusal { () throws(Refusal) in
                    _ = try Authorizer.authorize(caller, rules: harness.rules[route], peer: anyPeer)
                }
            }
            #expect(try outcome(try issuer.token(claims: ["scope": "orders"])) == "insufficient_scope")
            #expect(try outcome(try other.token(claims: ["scope": "orders"])) == nil)
        }
    }

    @Test("a token that was verified under another entry for scopes is verified again")
    func cache() throws {
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token(claims: ["scope": "a", "scp": "b"])
        #expect(try harness.caller(token).principal.facts.scope == "a")
        var entry = issuer.entry()
        entry.scopeClaim = ["scp"]
        harness.set = IssuerSet([entry], keys: [try issuer.keys()])
        #expect(try harness.caller(token).principal.facts.scope == "b")
        entry.scopeMatch = .wildcard
        harness.set = IssuerSet([entry], keys: [try issuer.keys()])
        #expect(try harness.caller(token).principal.facts.scopeMatch == .wildcard)
    }
}
