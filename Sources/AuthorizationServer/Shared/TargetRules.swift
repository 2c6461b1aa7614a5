import AuthorizationRecords
import LogIn
import Policy

/// What tokens may be for, and what they may say: resources (RFC 8707) and scopes.
struct TargetRules: Sendable {
    /// Resources in one authorization request at most.
    static let resourcesMax = 16
    /// Of tokens whose request names no resource (RFC 9068 §3).
    let defaultAudience: String
    /// What `resource` may name besides it.
    let resources: [String]
    /// The audience of a resource under a name that is none of these, but published (RFC 9728); nil: it is not.
    let published: @Sendable (String) -> String?

    init(
        defaultAudience: String, resources: [String], published: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.defaultAudience = defaultAudience
        self.resources = resources
        self.published = published
    }

    /// Two spellings of one URL name one resource (RFC 3986 §6.2); nil: there is none of this name.
    private func known(_ name: String) -> String? {
        let all = [defaultAudience] + resources
        return all.first { $0.utf8.elementsEqual(name.utf8) }
            ?? all.first { ResourceIndicator.areEquivalent($0, name) } ?? published(name)
    }

    /// Whether a client's list names the resource.
    static func names(_ list: [String], _ audience: String) -> Bool {
        list.contains { ResourceIndicator.areEquivalent($0, audience) }
    }

    /// One resource to a token (RFC 8707 §2), so that no resource can use it against another.
    /// - Parameter allowed: the client's own list; nil: no list.
    func audience(asked: [String], allowed: [String]? = nil) throws(OAuthError) -> String {
        let audience: String
        if let first = asked.first {
            guard asked.count <= Self.resourcesMax, let known = known(first),
                asked.dropFirst().allSatisfy({ self.known($0)?.utf8.elementsEqual(known.utf8) ?? false })
            else { throw .invalidTarget }
            audience = known
        } else {
            audience = defaultAudience
        }
        if let allowed, !Self.names(allowed, audience) { throw .invalidTarget }
        return audience
    }

    /// What a grant is for: each resource that was named, each once, or the default one (RFC 8707 §2.1). Tokens that
    /// come from it are still for one at a time.
    func resources(asked: [String], allowed: [String]? = nil) throws(OAuthError) -> [String] {
        guard !asked.isEmpty else { return [try audience(asked: [], allowed: allowed)] }
        guard asked.count <= Self.resourcesMax else { throw .invalidTarget }
        var found: [String] = []
        for resource in asked {
            let audience = try audience(asked: [resource], allowed: allowed)
            if !found.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) { found.append(audience) }
        }
        return found
    }

    /// Of a token that comes from a grant (RFC 8707 §2.2). Where the grant is for several, the request has to say
    /// which.
    /// - Parameter granted: empty: the default one.
    func audience(asked: [String], granted: [String], allowed: [String]? = nil) throws(OAuthError) -> String {
        let granted = granted.isEmpty ? [defaultAudience] : granted
        guard !asked.isEmpty || granted.count == 1 else { throw .invalidTarget }
        let audience = try audience(asked: asked.isEmpty ? granted : asked, allowed: allowed)
        guard Self.names(granted, audience) else { throw .invalidTarget }
        return audience
    }

    /// Without a request for scopes, all that may be had. A request for one that may not be had is refused rather
    /// than narrowed: a token that does less than was asked for fails later, elsewhere, and at a worse time.
    func scopes(asked: String?, allowed: [String]) throws(OAuthError) -> [String] {
        guard let asked else { return allowed }
        guard let tokens = ScopeText.tokens(asked), tokens.allSatisfy(allowed.contains) else { throw .invalidScope }
        return tokens
    }
}

extension RegisteredClient {
    /// Whether none of these, which were asked for or granted earlier, has been taken from the client since.
    func mayStillHave(_ scopes: [String]) -> Bool {
        scopes.allSatisfy { $0 == IdentityScope.offline || self.scopes.contains($0) }
    }
}
