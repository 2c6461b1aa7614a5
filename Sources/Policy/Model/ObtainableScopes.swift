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
    /// Ids of those whose authorization requests may come without PKCE, sorted.
    package var clientsWithoutPKCE: [String] = []

    package init(_ scopes: [String], cover: @escaping @Sendable (_ required: String, _ match: ScopeMatch) -> Bool) {
        self.scopes = scopes
        self.cover = cover
    }
}
