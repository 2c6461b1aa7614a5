import Crypto
package import JOSE
package import Policy

/// The keys of one issuer as they are at the moment.
package struct IssuerKeys: Sendable {
    package let set: JWKSet
    /// Differs whenever the contents differ: tokens that were verified by keys since withdrawn are verified again.
    package let generation: UInt64

    package init(set: JWKSet, generation: UInt64) {
        self.set = set
        self.generation = generation
    }
}

/// All issuers of a policy with their keys: part of the snapshot, replaced as a whole when any of it changes.
package struct IssuerSet: Sendable {
    /// One issuer, prepared for judging its tokens.
    final class Entry: Sendable {
        let issuer: Issuer
        /// nil: not loaded; nothing can be said about this issuer's tokens.
        let keys: IssuerKeys?
        let clockSkewSeconds: Int64
        /// By what `iss` its tokens are known.
        let identifiers: IssuerIdentifiers
        /// Names this issuer's configuration and keys in the token cache: what was verified under another one is not
        /// found.
        let fingerprint: Digest256
        /// The same without the keys: what its issuer said of tokens, it said under this.
        let configuration: Digest256
        /// Something of it is verified here, so that nothing can be said without keys.
        var needsKeys: Bool { issuer.judgement != .introspection || issuer.introspection?.jwtResponse == true }

        init(_ issuer: Issuer, _ keys: IssuerKeys?) {
            self.issuer = issuer
            self.keys = keys
            clockSkewSeconds = issuer.clockSkew.components.seconds
            identifiers = IssuerIdentifiers(issuer)
            fingerprint = IssuerSet.fingerprint(issuer, keys?.generation)
            configuration = IssuerSet.fingerprint(issuer, nil)
        }
    }
    let entries: [Entry]

    /// The same issuers with other keys; an issuer whose keys did not change is taken over as it is.
    /// - Parameter keys: gives for each issuer (by its place, and the keys it has here) what it has now.
    package func replacing(_ keys: (Int, IssuerKeys?) -> IssuerKeys?) -> IssuerSet {
        IssuerSet(
            entries: entries.enumerated().map { index, entry in
                let new = keys(index, entry.keys)
                return new?.generation == entry.keys?.generation ? entry : Entry(entry.issuer, new)
            })
    }

    private init(entries: [Entry]) { self.entries = entries }

    /// Names of the issuers about whose tokens nothing can be said now.
    package var namesWithoutKeys: [String] {
        entries.compactMap { $0.keys == nil && $0.needsKeys ? $0.issuer.name : nil }
    }

    /// - Parameters:
    ///   - issuers: `Policy.issuers`.
    ///   - keys: for each issuer in the same order what is known of its keys.
    package init(_ issuers: [Issuer], keys: [IssuerKeys?]) {
        entries = issuers.enumerated().map { index, issuer in Entry(issuer, index < keys.count ? keys[index] : nil) }
    }

    /// SHA-256 over everything that decides whether the issuer's tokens are genuine. Audiences are not part of it:
    /// they are compared on every request.
    static func fingerprint(_ issuer: Issuer, _ generation: UInt64?) -> Digest256 {
        var hash = SHA256()
        var text: [UInt8] = []
        func add(_ part: some Sequence<UInt8>) {
            let part = Array(part)
            withUnsafeBytes(of: UInt64(part.count).littleEndian) { text.append(contentsOf: $0) }
            text.append(contentsOf: part)
        }
        add(issuer.name.utf8)
        add(issuer.identifier.utf8)
        for alias in issuer.aliases { add(alias.utf8) }
        add([])
        for tenant in issuer.tenants { add(tenant.utf8) }
        add([])
        for algorithm in issuer.algorithms { add(algorithm.rawValue.utf8) }
        add([])
        // Where the issuer may leave "aud" out, its audiences are part of the facts.
        for audience in issuer.introspection?.allowsMissingAudience == true ? issuer.audiences : [] {
            add(audience.utf8)
        }
        add([])
        // Where another claim names the audience, "aud" is compared with these when the token is verified.
        for audience in issuer.audienceClaim == ["aud"] ? [] : issuer.audiences { add(audience.utf8) }
        for name in issuer.audienceClaim { add(name.utf8) }
        add([])
        add("\(issuer.claims) \(issuer.acceptsIDTokens)".utf8)
        for type in issuer.types { add(type.utf8) }
        add([])
        for name in issuer.scopeClaim { add(name.utf8) }
        add([])
        add("\(issuer.scopeForm.rawValue) \(issuer.scopeMatch.rawValue)".utf8)
        add("\(issuer.judgement.rawValue) \(issuer.introspection.map { "\($0)" } ?? "-")".utf8)
        add("\(issuer.keys) \(issuer.clockSkew) \(generation.map(String.init) ?? "-")".utf8)
        hash.update(data: text)
        return hash.finalize().withUnsafeBytes { Digest256(digest: $0) }
    }
}
