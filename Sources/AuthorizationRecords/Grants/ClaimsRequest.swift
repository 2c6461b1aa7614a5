package import JSON

/// Claims that a client asks for one by one (OpenID Connect Core §5.5), as far as there are such claims here.
package struct ClaimsRequest: Sendable, Equatable {
    /// One of them.
    package struct Item: Sendable, Equatable {
        package var claim: UserClaim
        /// It is wanted only if it is one of these; empty: whatever it is.
        package var values: [JSON]

        package init(_ claim: UserClaim, values: [JSON] = []) {
            self.claim = claim
            self.values = values
        }
    }

    /// To be delivered at the userinfo endpoint.
    package var userInfo: [Item] = []
    /// To be delivered in the ID token.
    package var idToken: [Item] = []
    /// `sub` must be one of these; empty: whoever logs in.
    package var subjects: [String] = []

    package init() {}

    /// Nothing that makes a difference here.
    package var isEmpty: Bool { userInfo.isEmpty && idToken.isEmpty && subjects.isEmpty }

    /// What a user has to agree to before all of them are delivered: the scopes that they belong to, each once.
    package var scopes: [String] { ScopeText.distinct((userInfo + idToken).map(\.claim.scope)) }

    /// What of it a user's account has, as members of an answer.
    /// - Parameter scopes: of which the client may have claims.
    package static func members(_ items: [Item], of user: StoredUser, scopes: [String]) -> JSONObject {
        var members: JSONObject = [:]
        for item in items where scopes.contains(item.claim.scope) {
            guard let value = item.claim.value(of: user), item.values.isEmpty || item.values.contains(value) else {
                continue
            }
            members[item.claim.rawValue] = value
        }
        return members
    }

    /// As it is kept in requests and grants.
    package var json: JSON {
        var members: JSONObject = [:]
        if !userInfo.isEmpty { members["userinfo"] = Self.json(userInfo) }
        if !idToken.isEmpty { members["id_token"] = Self.json(idToken) }
        if !subjects.isEmpty { members["sub"] = .strings(subjects) }
        return .object(members)
    }

    private static func json(_ items: [Item]) -> JSON {
        var members: JSONObject = [:]
        for item in items { members[item.claim.rawValue] = .array(item.values) }
        return .object(members)
    }

    /// Reads what `json` has written. nil: it is damaged. A claim that this version does not know is passed over.
    package init?(_ json: JSON) {
        guard let members = json.object else { return nil }
        let known: Set<String> = ["userinfo", "id_token", "sub"]
        guard members.names.allSatisfy(known.contains), let userInfo = Self.items(members["userinfo"]),
            let idToken = Self.items(members["id_token"])
        else { return nil }
        self.userInfo = userInfo
        self.idToken = idToken
        subjects = members.strings("sub")
        guard subjects.count == members["sub"]?.array?.count ?? 0, (members["sub"] == nil) == subjects.isEmpty else {
            return nil
        }
    }

    private static func items(_ json: JSON?) -> [Item]? {
        guard let json else { return [] }
        guard let members = json.object?.members else { return nil }
        var items: [Item] = []
        for member in members {
            guard let values = member.value.array else { return nil }
            if let claim = UserClaim(rawValue: member.name) { items.append(Item(claim, values: values)) }
        }
        return items
    }
}
