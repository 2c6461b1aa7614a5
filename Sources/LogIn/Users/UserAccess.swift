package import AuthorizationRecords
import JSON
package import Policy

/// What a user may be granted by today's policy, as the account is now: groups, and scopes.
///
/// Nothing of it is remembered anywhere: whoever grants, renews or exchanges something asks with the account as it was
/// just read.
package struct UserAccess: Sendable {
    private let rules: UserRules
    /// What `routes.yaml` calls the provider at which users log in.
    private let provider: String?

    /// Of `authorization_server`.
    package init(_ settings: AuthorizationServerSettings) {
        rules = settings.users
        provider = settings.logIn.provider?.issuer
    }

    /// What is left of what was asked for.
    package struct Share: Sendable, Equatable {
        /// What client and user may.
        package var granted: [String]
        /// What the user may not, of what the client may.
        package var leftOut: [String]

        package init(granted: [String], leftOut: [String]) {
            self.granted = granted
            self.leftOut = leftOut
        }

        /// What was asked for came to nothing: being allowed to stay is nothing by itself.
        package var isNothing: Bool { !leftOut.isEmpty && granted.allSatisfy { $0 == IdentityScope.offline } }
    }

    /// The groups of a user, in the order of `routes.yaml`: those that it names, if an operator has put the user there or
    /// the provider's claims do.
    package func groups(of user: StoredUser) -> [UserGroup] {
        rules.groups.filter { group in
            if user.groups.contains(group.name) { return true }
            guard let source = group.source, let said = user.providerClaims, said.provider == provider else {
                return false
            }
            return said.texts(source.claim).contains { $0.hasSameOctets(as: source.value) }
        }
    }

    /// What a user may of these scopes, which the client may. Those about the user everybody may.
    package func share(_ scopes: [String], of user: StoredUser) -> Share {
        let groups = groups(of: user)
        var share = Share(granted: [], leftOut: [])
        for scope in scopes {
            if IdentityScope.all.contains(scope) || rules.allow(scope, own: user.may, in: groups) {
                share.granted.append(scope)
            } else {
                share.leftOut.append(scope)
            }
        }
        return share
    }

    /// Whether an account, as it is now, has lost a group that it had.
    func hasLostGroup(_ user: StoredUser, since before: StoredUser) -> Bool {
        let now = groups(of: user)
        return groups(of: before).contains { !now.contains($0) }
    }

    /// Claims of the provider on which something depends, in parts, by what they are called.
    var claimsNeeded: [String: [String]] {
        Dictionary(
            rules.groups.compactMap(\.source).map { ($0.claim, $0.path) }, uniquingKeysWith: { first, _ in first })
    }

    /// What is kept of what the provider says: of a list that is too long, what groups are made of.
    func kept(_ claim: ([String]) -> JSON?) -> ProviderClaims? {
        guard let provider else { return nil }
        func said(listMax: Int) -> JSONObject {
            var kept: JSONObject = [:]
            for (name, path) in claimsNeeded.sorted(by: { $0.key < $1.key }).prefix(ProviderClaims.countMax) {
                let wanted = Set(rules.groups.compactMap { $0.source?.claim == name ? $0.source?.value : nil })
                kept[name] = claim(path).flatMap { Self.kept($0, wanted, listMax: listMax) }
            }
            return kept
        }
        var kept = said(listMax: ProviderClaims.listMax)
        func isTooLarge() -> Bool { JSON.object(kept).serialized().count > ProviderClaims.bytesMax }
        if isTooLarge() { kept = said(listMax: 0) }
        while isTooLarge(), let last = kept.names.last { kept[last] = Optional<JSON>.none }
        return kept.count == 0 ? nil : ProviderClaims(provider: provider, claims: kept)
    }

    private static func kept(_ value: JSON, _ wanted: Set<String>, listMax: Int) -> JSON? {
        if let text = value.string {
            // Not by `?:`, whose nil would be the JSON value null.
            guard text.utf8.count <= ProviderClaims.textBytesMax else { return nil }
            return value
        }
        if value.bool != nil || value.int != nil { return value }
        guard let values = value.array else { return nil }
        var texts = values.compactMap(\.string).filter { $0.utf8.count <= ProviderClaims.textBytesMax }
        if texts.count > listMax { texts = texts.filter(wanted.contains) }
        return .strings(ScopeText.distinct(texts))
    }
}
