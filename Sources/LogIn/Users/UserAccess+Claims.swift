package import AuthorizationRecords
package import JSON
package import Policy

extension UserAccess {
    /// What claims are for.
    package struct ClaimTarget: Sendable {
        package var place: UserClaimRule.Place
        /// The client that gets them.
        package var client: String
        /// `aud` of the access token; nil: it is none.
        package var audience: String?
        /// Those that are granted.
        package var scopes: [String]

        package init(_ place: UserClaimRule.Place, client: String, audience: String? = nil, scopes: [String]) {
            self.place = place
            self.client = client
            self.audience = audience
            self.scopes = scopes
        }
    }

    /// What a token, or the userinfo answer, says of a user by today's policy besides what the protocols have. A value that is
    /// not of its claim's type is left out. nil: it is too much for a token.
    package func claims(of user: StoredUser, for target: ClaimTarget) -> JSONObject? {
        var claims: JSONObject = [:]
        for rule in rules.claims where isMeant(rule, target) { claims[rule.name] = value(rule, of: user) }
        guard claims.count == 0 || JSON.object(claims).serialized().count <= UserClaimRule.bytesMax else { return nil }
        return claims
    }

    /// All that tokens may say of a user, wherever, and how many octets it takes, for operators.
    package func claims(of user: StoredUser) -> (claims: JSONObject, octets: Int) {
        var claims: JSONObject = [:]
        for rule in rules.claims where !UserClaimRule.isReserved(rule.name) {
            claims[rule.name] = value(rule, of: user)
        }
        return (claims, claims.count == 0 ? 0 : JSON.object(claims).serialized().count)
    }

    /// What such claims of a token say today: it may have been made when they said something else. nil inside: nothing.
    package func claimsToday(of user: StoredUser, for target: ClaimTarget) -> [(name: String, value: JSON?)] {
        rules.claims.filter { isMeant($0, target) }.map { ($0.name, value($0, of: user)) }
    }

    /// Whether access tokens of before say something of the user that is no longer so. What a user is called is no reason.
    func saysLess(of user: StoredUser, than before: StoredUser) -> Bool {
        rules.claims.contains { rule in
            guard rule.places.contains(.accessToken), rule.source != .name, let old = value(rule, of: before) else {
                return false
            }
            let new = value(rule, of: user)
            guard let list = old.array else { return new != old }
            return !list.allSatisfy { (new?.array ?? []).contains($0) }
        }
    }

    private func isMeant(_ rule: UserClaimRule, _ target: ClaimTarget) -> Bool {
        // No way around what the policy file refuses.
        guard !UserClaimRule.isReserved(rule.name), rule.places.contains(target.place) else { return false }
        if !rule.audiences.isEmpty {
            guard let audience = target.audience,
                rule.audiences.contains(where: { ResourceIndicator.areEquivalent($0, audience) })
            else { return false }
        }
        guard rule.clients.isEmpty || rule.clients.contains(where: { $0.hasSameOctets(as: target.client) }) else {
            return false
        }
        return rule.scopes.isEmpty || rule.scopes.contains(where: target.scopes.contains)
    }

    private func value(_ rule: UserClaimRule, of user: StoredUser) -> JSON? {
        switch rule.source {
        case .groups: return .strings(groups(of: user).map(\.name))
        case .scopes: return .strings(scopesByName(of: user))
        case .username: return .string(user.name)
        case .name: return user.displayName.map { .string($0) }
        case .email: return user.isEmailVerified ? user.email.map { .string($0) } : nil
        case .attribute(let name): return user.attributes[name].flatMap { Self.value(texts: $0, as: rule.type) }
        case .constant(let scalars): return Self.value(scalars, as: rule.type)
        case .provider(let name, _):
            guard let said = user.providerClaims, said.provider == provider, !said.cut.contains(name),
                let value = said.claims[name]
            else { return nil }
            return Self.value(value, as: rule.type)
        }
    }

    /// What the user may by a list or a group that says so; not what everybody may as long as nobody says otherwise.
    private func scopesByName(of user: StoredUser) -> [String] {
        var own = user.may ?? []
        if user.may == nil, case .only(let scopes) = rules.standard { own = scopes }
        return ScopeText.distinct(own + groups(of: user).flatMap(\.may))
    }

    /// Attributes are texts, whatever they are taken for.
    private static func value(texts: [String], as type: UserClaimRule.ValueType) -> JSON? {
        if type == .strings { return .strings(texts) }
        guard texts.count == 1, let text = texts.first else { return nil }
        switch type {
        case .string, .strings: return .string(text)
        case .number:
            // By the rules of JSON: no other form is one.
            guard let number = try? JSON.parse(Array(text.utf8)), number.double != nil else { return nil }
            return number
        case .boolean:
            // Not by `?:`, whose nil would be the JSON value null.
            guard text == "true" || text == "false" else { return nil }
            return .bool(text == "true")
        }
    }

    private static func value(_ scalars: [ClaimScalar], as type: UserClaimRule.ValueType) -> JSON? {
        let values = scalars.map(\.json)
        return type == .strings ? .array(values) : values.first
    }

    /// Nothing is made of something else, but a list of one text.
    private static func value(_ value: JSON, as type: UserClaimRule.ValueType) -> JSON? {
        switch type {
        case .string:
            guard value.string != nil else { return nil }
            return value
        case .number:
            guard value.double != nil else { return nil }
            return value
        case .boolean:
            guard value.bool != nil else { return nil }
            return value
        case .strings:
            if let text = value.string { return .strings([text]) }
            guard let values = value.array, values.allSatisfy({ $0.string != nil }) else { return nil }
            return value
        }
    }
}

extension ClaimScalar {
    fileprivate var json: JSON {
        switch self {
        case .string(let text), .capture(_, let text): .string(text)
        // Integers as such, as far as doubles tell them apart.
        case .number(let number): Int64(exactly: number).map { .integer($0) } ?? .number(number)
        case .bool(let truth): .bool(truth)
        }
    }
}
