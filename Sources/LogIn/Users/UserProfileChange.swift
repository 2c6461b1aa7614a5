package import AuthorizationRecords
package import Policy

/// What operators say of an account, as far as it changes; nil: stays.
package struct UserProfileChange: Sendable, Equatable {
    /// nil inside: none is known.
    package var displayName: String??
    /// An address that is another counts as not verified.
    package var email: String??
    /// Scopes, in place of what everybody may; nil inside: what everybody may.
    package var may: [String]??
    /// All of them.
    package var groups: [String]?

    /// Scopes of one account at most: as many as one request to the management interface names.
    package static let scopesMax = 100

    /// Octets of all of them at most: all that an account has has to fit into its record.
    package static let scopeBytesMax = 8_192
    /// Groups of one account at most.
    package static let groupsMax = 100

    package init(
        displayName: String?? = nil, email: String?? = nil, may: [String]?? = nil, groups: [String]? = nil
    ) {
        self.displayName = displayName
        self.email = email
        self.may = may
        self.groups = groups
    }
}

extension UserDirectory {
    /// Makes of an account what an operator wants. A group that it is in already may be one that `routes.yaml` names no
    /// longer; a new one may not.
    package static func apply(_ change: UserProfileChange, to user: inout StoredUser, _ rules: UserRules)
        throws(UserError)
    {
        for text in [change.displayName ?? nil, change.email ?? nil].compactMap({ $0 })
        where !UserName.isPlainText(text) {
            throw .badText
        }
        if let name = change.displayName { user.displayName = name.flatMap { $0.isEmpty ? nil : $0 } }
        if let email = change.email { user.email = email.flatMap { $0.isEmpty ? nil : $0 } }
        if let may = change.may {
            if let may {
                guard may.count <= UserProfileChange.scopesMax, may.allSatisfy(ScopeText.isToken),
                    may.reduce(0, { $0 + $1.utf8.count }) <= UserProfileChange.scopeBytesMax
                else {
                    throw .badScopes
                }
            }
            user.may = may.map(ScopeText.distinct)
        }
        guard let groups = change.groups else { return }
        guard groups.count <= UserProfileChange.groupsMax else { throw .badScopes }
        let known = rules.groups.map(\.name)
        if let unknown = groups.first(where: { !known.contains($0) && !user.groups.contains($0) }) {
            throw .unknownGroup(unknown, known)
        }
        user.groups = ScopeText.distinct(groups)
    }
}
