import JOSE
import Policy
import Testing

@testable import Admission

@Suite("What scopes of the server's own clients open")
struct GrantableScopesTests {
    private func issuer(_ name: String, _ keys: Issuer.Keys, _ match: ScopeMatch = .exact) -> Issuer {
        var issuer = Issuer(
            name: name, identifier: "https://\(name).example", keys: keys, audiences: ["a"], algorithms: [.es256],
            types: ["at+jwt"], clockSkew: .seconds(15))
        issuer.scopeMatch = match
        return issuer
    }

    private func scopes(_ match: ScopeMatch = .exact) -> GrantableScopes {
        let certificate = Requirement(issuers: [], clientCertificate: true)
        return GrantableScopes(
            routes: [
                route("/open", id: "open"),
                route("/read", id: "orders.read", require: Requirement(issuers: [0, 1], scopes: ["orders:read"])),
                route(
                    "/write", id: "orders.write",
                    require: Requirement(issuers: [0], scopes: ["orders:read", "orders:write"])),
                route("/any", id: "any", require: Requirement(issuers: [0], scopes: ["base"], anyScope: ["x", "y"])),
                route("/one", id: "one", require: Requirement(issuers: [0], anyScope: ["z"])),
                route("/partner", id: "partner", require: Requirement(issuers: [1], scopes: ["theirs"])),
                route("/machine", id: "machine", require: certificate),
                route("/plain", id: "plain", require: Requirement(issuers: [0])),
            ], issuers: [issuer("local", .embedded, match), issuer("partner", .jwksFile("keys.json"))])
    }

    private func objection(_ body: () throws(GrantableScopes.Objection) -> Void) -> String? {
        do throws(GrantableScopes.Objection) {
            try body()
            return nil
        } catch {
            return error.description
        }
    }

    @Test("they are those that routes ask of its own tokens, each once")
    func all() {
        #expect(scopes().scopes == ["orders:read", "orders:write", "base", "x", "y", "z"])
        #expect(GrantableScopes(routes: [], issuers: []).scopes == [])
    }

    @Test(
        "a route says which ones a client needs for it",
        arguments: [
            ("orders.read", [], ["orders:read"]), ("orders.write", [], ["orders:read", "orders:write"]),
            ("one", [], ["z"]), ("one", ["z"], []),
            ("any", ["y"], ["base"]), ("plain", [], []),
        ] as [(String, [String], [String])])
    func needed(id: String, given: [String], expected: [String]) throws {
        #expect(try scopes().needed(forRoute: id, beside: given) == expected)
    }

    @Test(
        "a route that says nothing about them is refused, with the reason",
        arguments: [
            ("order.read", "there is no route \"order.read\"; did you mean \"orders.read\"?"),
            ("open", "route \"open\" is public: nobody needs a scope for it"),
            (
                "partner",
                "route \"partner\" takes no tokens of the built-in authorization server, but tokens of partner"
            ),
            (
                "machine",
                "route \"machine\" takes no tokens of the built-in authorization server, but a client certificate alone"
            ),
            ("any", "route \"any\" takes any of x, y: say which with --scope, beside --may any"),
        ])
    func refusedRoutes(id: String, sentence: String) {
        #expect(
            objection { () throws(GrantableScopes.Objection) in
                _ = try scopes().needed(forRoute: id, beside: ["orders:read"])
            } == sentence)
    }

    @Test(
        "a scope that some route asks for is taken, and so are those of OpenID Connect",
        arguments: [
            "orders:read", "y", "base", "openid", "profile", "email", "address", "phone", "offline_access",
        ])
    func taken(scope: String) {
        #expect(objection { () throws(GrantableScopes.Objection) in try scopes().check(scope) } == nil)
    }

    @Test(
        "a scope that opens nothing is refused, with the one that was meant",
        arguments: [
            (
                "orders:raed",
                "no route asks for the scope \"orders:raed\"; did you mean \"orders:read\"? If only a service behind the gateway knows it: --unlisted-scope orders:raed"
            ),
            (
                "Orders:Read",
                "no route asks for the scope \"Orders:Read\"; did you mean \"orders:read\"? If only a service behind the gateway knows it: --unlisted-scope Orders:Read"
            ),
            (
                "quite:different",
                "no route asks for the scope \"quite:different\"; routes ask for orders:read, orders:write, base, x, y, z. If only a service behind the gateway knows it: --unlisted-scope quite:different"
            ),
        ])
    func refused(scope: String, sentence: String) {
        #expect(objection { () throws(GrantableScopes.Objection) in try scopes().check(scope) } == sentence)
    }

    @Test("a scope of another issuer's routes opens nothing for our clients")
    func others() {
        #expect(objection { () throws(GrantableScopes.Objection) in try scopes().check("theirs") } != nil)
    }

    @Test(
        "a scope that covers one is taken where scopes are compared so, and nowhere else",
        arguments: [
            ("orders:*", ScopeMatch.wildcard, true), ("orders:*", .exact, false), ("orders", .hierarchic, true),
            ("orders", .wildcard, false),
        ])
    func covering(scope: String, match: ScopeMatch, isTaken: Bool) {
        #expect(
            (objection { () throws(GrantableScopes.Objection) in try scopes(match).check(scope) } == nil) == isTaken)
    }

    @Test("where no route asks for scopes there is nothing to compare with")
    func nothing() {
        let free = GrantableScopes(
            routes: [route("/plain", require: Requirement(issuers: [0]))], issuers: [issuer("local", .embedded)])
        #expect(objection { () throws(GrantableScopes.Objection) in try free.check("anything") } == nil)
    }
}
