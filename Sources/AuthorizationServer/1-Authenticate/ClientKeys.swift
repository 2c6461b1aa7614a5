package import JOSE
internal import JSON

/// Where the public keys of clients come from that register an address instead of keys (RFC 7591 §2 `jwks_uri`).
package protocol ClientKeySource: Sendable {
    /// nil: they cannot be had now.
    /// - Parameter missed: what is known of this address already did not do; look again, unless that was just done.
    func keys(at url: String, missed: Bool) async -> JWKSet?
}

/// The public keys of a client.
struct ClientKeys: Sendable {
    /// nil: keys at an address cannot be fetched.
    let source: (any ClientKeySource)?

    /// Whether there are keys of the client that satisfy a test; keys at an address are looked up again once if none does.
    func satisfy(_ client: RegisteredClient, _ test: @Sendable (JWKSet) -> Bool) async throws(OAuthError) -> Bool {
        if let document = client.keySet { return (try? JWKSet(document)).map(test) ?? false }
        guard let url = client.keySetURL else { return false }
        guard let source else { throw .unavailable }
        if let known = await source.keys(at: url, missed: false), test(known) { return true }
        guard let fresh = await source.keys(at: url, missed: true) else { throw .unavailable }
        return test(fresh)
    }
}
