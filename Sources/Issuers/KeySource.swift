package import HTTP

/// Where an issuer's keys come from.
package struct KeySource: Sendable, Equatable {
    /// What is fetched first.
    package enum Place: Sendable, Equatable {
        /// Metadata at these places, tried in order until one answers; it names the key set.
        case metadata([AbsoluteURL])
        /// The key set itself.
        case keySet(AbsoluteURL)
    }
    /// What the metadata's `issuer` must be, code point by code point (RFC 8414 §3.3): the configured identifier, or a
    /// template of it.
    package var identifier: String
    package var place: Place
    /// Hosts besides those of `place` that metadata may name; lower case.
    package var keySetHosts: [String]
    /// Media types of the key set besides those of RFC 7517 §8.5; lower case.
    package var keySetTypes: [String] = []
    /// The key set is fetched; else only metadata is.
    package var wantsKeys = true
    /// Metadata must say where the issuer is asked about tokens (RFC 7662).
    package var wantsIntrospection = false
    /// `http` is accepted for loopback addresses: only where the policy says so.
    package var allowsPlaintextLoopback: Bool

    package init(identifier: String, place: Place, keySetHosts: [String] = [], allowsPlaintextLoopback: Bool = false) {
        self.identifier = identifier
        self.place = place
        self.keySetHosts = keySetHosts
        self.allowsPlaintextLoopback = allowsPlaintextLoopback
    }

    /// Whether anything is fetched from there: https, a host that was configured, and `http` only as far as is allowed.
    func allows(_ url: AbsoluteURL) -> Bool {
        guard url.isHTTPS || allowsPlaintextLoopback && url.isLoopback else { return false }
        switch place {
        case .keySet(let own): return own.host == url.host
        case .metadata(let urls): return urls.contains { $0.host == url.host } || keySetHosts.contains(url.host)
        }
    }
}

/// Where metadata lies, as two specifications have it.
package enum MetadataLocation {
    /// RFC 8414 §3.1 (the well-known path stands before the issuer's own path), then OpenID Connect Discovery 1.0 §4
    /// (appended after it). Without a path the two still differ in their last word. Empty: the identifier is no URL.
    package static func urls(ofIssuer identifier: String) -> [AbsoluteURL] {
        guard let url = AbsoluteURL(identifier), !url.target.utf8.contains(0x3F) else { return [] }
        var path = url.target
        while path.utf8.last == 0x2F { path.removeLast() }
        return [
            AbsoluteURL(url, target: "/.well-known/oauth-authorization-server" + path),
            AbsoluteURL(url, target: path + "/.well-known/openid-configuration"),
        ]
    }
}
