import AuthorizationRecords

/// What tokens may be for, and what they may say: resources (RFC 8707) and scopes.
struct TargetRules: Sendable {
    /// Resources in one authorization request at most.
    static let resourcesMax = 16
    /// Of tokens whose request names no resource (RFC 9068 §3).
    let defaultAudience: String
    /// What `resource` may name.
    let resources: Set<String>

    init(defaultAudience: String, resources: [String]) {
        self.defaultAudience = defaultAudience
        self.resources = Set(resources).union([defaultAudience])
    }

    /// One resource to a token (RFC 8707 §2), so that no resource can use it against another.
    /// - Parameter allowed: the client's own list; nil: no list.
    func audience(asked: [String], allowed: [String]? = nil) throws(OAuthError) -> String {
        let audience: String
        if let first = asked.first {
            guard asked.allSatisfy({ $0.utf8.elementsEqual(first.utf8) }),
                let known = resources.first(where: { $0.utf8.elementsEqual(first.utf8) })
            else { throw .invalidTarget }
            audience = known
        } else {
            audience = defaultAudience
        }
        if let allowed, !allowed.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) { throw .invalidTarget }
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
        guard granted.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) else { throw .invalidTarget }
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
