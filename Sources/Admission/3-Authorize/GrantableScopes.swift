package import Policy

/// What the scopes of the built-in authorization server's clients open behind the gateway, by the routes that take its
/// tokens: for whoever registers a client, so that a typing error does not show only when a token is refused.
package struct GrantableScopes: Sendable {
    /// Why a client should not be registered like this: what was found, what is there, the way out.
    package struct Objection: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// What OpenID Connect (Core §5.4, §11) does with scopes needs no route.
    package static let ofOpenIDConnect = ["openid", "profile", "email", "address", "phone", "offline_access"]

    private let routes: [Route]
    private let issuerNames: [String]
    /// Of issuers that are this server; by index in the policy.
    private let matches: [Int: ScopeMatch]

    /// - Parameter issuers: all of the policy's, in its order.
    package init(routes: [Route], issuers: [Issuer]) {
        self.routes = routes
        issuerNames = issuers.map(\.name)
        var matches: [Int: ScopeMatch] = [:]
        for (index, issuer) in issuers.enumerated() where issuer.keys == .embedded {
            matches[index] = issuer.scopeMatch
        }
        self.matches = matches
    }

    /// All that routes ask of this server's tokens, each once, in the order of the routes. Empty: no route asks for
    /// any.
    package var scopes: [String] {
        var scopes: [String] = []
        for (_, require) in asking {
            for scope in require.scopes + require.anyScope where !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }

    /// Those that a client needs for a route.
    /// - Parameter given: those that it has anyway; one of them may be what a route with `any_scope` asks for.
    package func needed(forRoute id: String, beside given: [String]) throws(Objection) -> [String] {
        guard let route = routes.first(where: { $0.id == id }) else {
            throw Objection(
                description: "there is no route \"\(id)\"\(Spelling.hint(for: id, among: asking.map(\.id)))")
        }
        guard let require = route.require else {
            throw Objection(description: "route \"\(id)\" is public: nobody needs a scope for it")
        }
        guard takesOwnTokens(require) else {
            let names = require.issuers.compactMap { issuerNames.indices.contains($0) ? issuerNames[$0] : nil }
            let others = names.isEmpty ? "a client certificate alone" : "tokens of \(names.joined(separator: ", "))"
            throw Objection(
                description: "route \"\(id)\" takes no tokens of the built-in authorization server, but \(others)")
        }
        let anyScope = require.anyScope
        guard !anyScope.isEmpty, !anyScope.contains(where: { covers($0, by: given, require) }) else {
            return require.scopes
        }
        guard let only = anyScope.first, anyScope.count == 1 else {
            throw Objection(
                description:
                    "route \"\(id)\" takes any of \(anyScope.joined(separator: ", ")): say which with --scope, beside --may \(id)"
            )
        }
        return require.scopes + [only]
    }

    /// Refuses a scope that opens nothing: no route asks for it or for anything that it covers.
    package func check(_ scope: String) throws(Objection) {
        let known = scopes
        // A server whose tokens no route judges by scopes: there is nothing to compare with.
        guard !known.isEmpty, !Self.ofOpenIDConnect.contains(scope) else { return }
        let opens = asking.contains { _, require in
            (require.scopes + require.anyScope).contains { covers($0, by: [scope], require) }
        }
        guard opens else {
            if AdminRoutes.isAdministrative(scope) {
                let own = known.filter(AdminRoutes.isAdministrative)
                throw Objection(
                    description: own.isEmpty
                        ? "the scope \"\(scope)\" is for the management interface, which is off; switch it on with admin: {} in authorization_server"
                        : "the management interface does not ask for the scope \"\(scope)\"; it asks for \(own.joined(separator: " and "))"
                )
            }
            let hint = Spelling.hint(for: scope, among: known)
            throw Objection(
                description:
                    "no route asks for the scope \"\(scope)\"\(hint.isEmpty ? "; routes ask for \(known.joined(separator: ", "))." : hint)"
                    + " If only a service behind the gateway knows it: --unlisted-scope \(scope)")
        }
    }

    // MARK: Inside

    private var asking: [(id: String, require: Requirement)] {
        routes.compactMap { route in
            guard let require = route.require, takesOwnTokens(require) else { return nil }
            return (route.id, require)
        }
    }

    private func takesOwnTokens(_ require: Requirement) -> Bool { require.issuers.contains { matches[$0] != nil } }

    /// As the gateway compares them when a token comes.
    private func covers(_ required: String, by held: [String], _ require: Requirement) -> Bool {
        let held = held.map { Array($0.utf8) }
        return require.issuers.contains { matches[$0]?.covers(Array(required.utf8), heldBy: held) ?? false }
    }
}
