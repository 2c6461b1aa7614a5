package import AuthorizationRecords
import JSON
package import Policy

/// What a user may be granted by today's policy, as the account is now: groups, and scopes.
///
/// Nothing of it is remembered anywhere: whoever grants, renews or exchanges something asks with the account as it was
/// just read.
package struct UserAccess: Sendable {
    let rules: UserRules
    /// What `routes.yaml` calls the provider at which users log in.
    let provider: String?
    /// Everybody who logs in here shows a second factor (`second_factor: required`).
    let demandsFactorOfAll: Bool

    /// Of `authorization_server`.
    package init(_ settings: AuthorizationServerSettings) {
        self.init(
            settings.users, provider: settings.logIn.provider?.issuer,
            demandsFactorOfAll: settings.logIn.asksForFactors && settings.logIn.secondFactor.mode == .required)
    }

    /// - Parameter provider: nil: what a provider said counts for nothing.
    package init(_ rules: UserRules, provider: String?, demandsFactorOfAll: Bool = false) {
        self.rules = rules
        self.demandsFactorOfAll = demandsFactorOfAll
        self.provider = provider
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

    /// Whether an account, as it is now, has lost a group that it had, or tokens said something of it that is no longer so.
    package func hasLost(_ user: StoredUser, since before: StoredUser) -> Bool {
        let now = groups(of: user)
        return groups(of: before).contains { !now.contains($0) } || saysLess(of: user, than: before)
    }

    /// Claims of the provider on which something depends, in parts, by what they are called.
    var claimsNeeded: [String: [String]] {
        var needed = rules.groups.compactMap(\.source).map { ($0.claim, $0.path) }
        for case .provider(let name, let path) in rules.claims.map(\.source) { needed.append((name, path)) }
        return Dictionary(needed, uniquingKeysWith: { first, _ in first })
    }

    /// What is kept of what the provider says: of a list that is too long, what groups are made of.
    func kept(_ claim: ([String]) -> JSON?) -> ProviderClaims? {
        guard let provider else { return nil }
        func said(listMax: Int) -> JSONObject {
            var kept: JSONObject = [:]
            cut = []
            for (name, path) in claimsNeeded.sorted(by: { $0.key < $1.key }).prefix(ProviderClaims.countMax) {
                let wanted = Set(rules.groups.compactMap { $0.source?.claim == name ? $0.source?.value : nil })
                guard let value = claim(path) else { continue }
                kept[name] = Self.kept(value, wanted, listMax: listMax)
                if Self.isCut(value, kept[name]) { cut.append(name) }
            }
            return kept
        }
        var cut: [String] = []
        var kept = said(listMax: ProviderClaims.listMax)
        func isTooLarge() -> Bool {
            JSON.object(kept).serialized().count > ProviderClaims.bytesMax
                || kept.members.reduce(0) { $0 + ($1.value.array?.count ?? 1) } > ProviderClaims.valuesMax
        }
        if isTooLarge() { kept = said(listMax: 0) }
        while isTooLarge(), let last = kept.names.last { kept[last] = Optional<JSON>.none }
        return kept.count == 0
            ? nil : ProviderClaims(provider: provider, claims: kept, cut: cut.filter { kept[$0] != nil })
    }

    /// Whether something of a list was left out, or is no text.
    private static func isCut(_ value: JSON, _ kept: JSON?) -> Bool {
        guard let values = value.array else { return false }
        let texts = values.compactMap(\.string)
        return texts.count != values.count || ScopeText.distinct(texts).count != kept?.array?.count
    }

    /// Control characters would go on into tokens, and from there into somebody's log or fields.
    private static func isKeepable(_ text: String) -> Bool {
        text.utf8.count <= ProviderClaims.textBytesMax
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    private static func kept(_ value: JSON, _ wanted: Set<String>, listMax: Int) -> JSON? {
        if let text = value.string {
            // Not by `?:`, whose nil would be the JSON value null.
            guard isKeepable(text) else { return nil }
            return value
        }
        if value.bool != nil || value.double != nil { return value }
        guard let values = value.array else { return nil }
        var texts = values.compactMap(\.string).filter(isKeepable)
        if texts.count > listMax { texts = texts.filter(wanted.contains) }
        return .strings(ScopeText.distinct(texts))
    }
}
