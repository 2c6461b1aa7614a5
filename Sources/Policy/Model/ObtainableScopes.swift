/// What the clients of the built-in authorization server may obtain: known to its store and not to the policy, and so
/// given to whoever checks one.
package struct ObtainableScopes: Sendable {
    /// Each once; for hints.
    package let scopes: [String]
    /// Whether one of them opens what a route asks for, as the gateway compares scopes when a token comes.
    package let cover: @Sendable (_ required: String, _ match: ScopeMatch) -> Bool
    /// Ids of clients that users could manage the server by, and no user may: `admin:…` by authorization code or device.
    package var administratorless: [String] = []
    /// Groups in which users are, and that the policy does not name, with how many there are in each.
    package var unknownGroups: [(name: String, users: Int)] = []
    /// Whether anybody is registered. Without clients, nothing is said of what they may obtain.
    package var hasClients = true
    /// Whether one scope opens what a route asks for.
    package var opens: @Sendable (_ required: String, _ held: String, _ match: ScopeMatch) -> Bool = {
        required, held, _ in required == held
    }
    /// What clients are registered for that may open something, each with the ids of its clients, sorted.
    package var registered: [(scope: String, clients: [String])] = []
    /// Ids of clients that want to be told of log-outs, and never get the ID token that they are told by, sorted.
    package var neverLoggedOut: [String] = []
    /// Ids of those whose authorization requests may come without PKCE, sorted.
    package var clientsWithoutPKCE: [String] = []

    package init(_ scopes: [String], cover: @escaping @Sendable (_ required: String, _ match: ScopeMatch) -> Bool) {
        self.scopes = scopes
        self.cover = cover
    }
}
