import Admission
package import Policy

/// The scopes of a client as an operator names them: by routes, by name, and those that no route knows.
package struct ClientScopes: Sendable {
    /// Routes that the client is to be let through, by their ids.
    package var routes: [String] = []
    /// Scopes by name; each must be one that a route asks for.
    package var scopes: [String] = []
    /// Not compared with what routes ask for.
    package var unlisted: [String] = []

    package init() {}

    /// Each once. Throws a sentence for people.
    package func resolved(by policy: Policy) throws -> [String] {
        let grantable = GrantableScopes(routes: policy.routes, issuers: policy.issuers)
        for scope in scopes { try grantable.check(scope) }
        var resolved: [String] = []
        for route in routes { resolved += try grantable.needed(forRoute: route, beside: scopes) }
        resolved += scopes + unlisted
        var seen: Set<String> = []
        return resolved.filter { seen.insert($0).inserted }
    }
}
