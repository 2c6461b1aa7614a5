import AuthorizationRecords
package import JOSE
import JSON

/// The keys that are found at the address that a client has registered.
package struct ClientKeySet: Sendable {
    /// What a look at the address again could bring.
    package enum Standing: Sendable {
        /// Perhaps others: these were there already.
        case remembered
        /// The same: they were fetched for this very question.
        case fetched
        /// Nobody knows: they still count, but could not be fetched anew.
        case kept
    }
    /// Public keys only; those of the set that cannot be used are left out.
    package let keys: JWKSet
    package let standing: Standing

    package init(_ keys: JWKSet, _ standing: Standing) {
        self.keys = keys
        self.standing = standing
    }
}

/// Where the public keys of clients come from that register an address instead of keys (RFC 7591 §2 `jwks_uri`).
///
/// It is asked before anybody has shown who they are, so it must bound what it fetches.
package protocol ClientKeySource: Sendable {
    /// nil: there are none, and none can be had now.
    /// - Parameter missed: those that are remembered did not do; look again, unless that was done a moment ago.
    func keys(at url: String, missed: Bool) async -> ClientKeySet?
}

/// A client as it was read, with its registered keys as they are computed with.
struct KnownClient: Sendable {
    let client: RegisteredClient
    /// nil: it has registered none, or they cannot be used.
    let keys: JWKSet?

    init(_ client: RegisteredClient) {
        self.client = client
        keys = client.keySet.flatMap { try? JWKSet($0) }
    }
}

/// The public keys of a client.
struct ClientKeys: Sendable {
    /// nil: keys at an address cannot be fetched.
    let source: (any ClientKeySource)?

    /// Whether there are keys of the client that satisfy a test.
    func satisfy(_ known: KnownClient, _ test: @Sendable (JWKSet) -> Bool) async throws(OAuthError) -> Bool {
        if known.client.keySet != nil { return known.keys.map(test) ?? false }
        return try await find(known.client) { test($0) ? true : nil } ?? false
    }

    /// What the client's keys yield; keys at an address are looked up again once if they yield nothing.
    ///
    /// nil: the client's keys, as they are now, yield nothing. Where that cannot be known, `unavailable` is thrown: a
    /// client that has changed its keys is not told that it is somebody else.
    func find<Found: Sendable>(_ client: RegisteredClient, _ look: @Sendable (JWKSet) -> Found?)
        async throws(OAuthError) -> Found?
    {
        if let document = client.keySet { return (try? JWKSet(document)).flatMap(look) }
        guard let url = client.keySetURL else { return nil }
        guard let source else { throw .unavailable }
        for missed in [false, true] {
            guard let set = await source.keys(at: url, missed: missed) else { throw .unavailable }
            if let found = look(set.keys) { return found }
            switch set.standing {
            case .remembered: continue
            case .fetched: return nil
            case .kept: throw .unavailable
            }
        }
        return nil
    }
}
