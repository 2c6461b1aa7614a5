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
    /// Attributes by name; nil inside: it goes. Others stay.
    package var attributes: [String: [String]?] = [:]
    /// Attributes that are not named go, too.
    package var dropsAttributes = false

    /// Scopes of one account at most: as many as one request to the management interface names.
    package static let scopesMax = 100

    /// Octets of all of them at most: all that an account has has to fit into its record.
    package static let scopeBytesMax = 8_192
    /// Groups of one account at most.
    package static let groupsMax = 100
    /// Attributes of one account at most: they, too, have to fit into its record.
    package static let attributesMax = 32
    /// Values of all attributes of one account at most.
    package static let attributeValuesMax = 128
    /// Octets of one value at most.
    package static let attributeBytesMax = 256
    /// Octets of all names and values at most.
    package static let attributeBytesInAllMax = 4_096

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
        if let email = change.email ?? nil, !UserName.isPlainText(email) { throw .badText }
        // One that it has already may stay.
        if let name = change.displayName ?? nil, name != user.displayName, let fault = DisplayName.fault(name) {
            throw .badDisplayName(fault)
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
        user.attributes = try attributes(change, of: user)
        guard let groups = change.groups else { return }
        guard groups.count <= UserProfileChange.groupsMax else { throw .badScopes }
        let known = rules.groups.map(\.name)
        if let unknown = groups.first(where: { !known.contains($0) && !user.groups.contains($0) }) {
            throw .unknownGroup(unknown, known)
        }
        user.groups = ScopeText.distinct(groups)
    }

    private static func attributes(_ change: UserProfileChange, of user: StoredUser) throws(UserError)
        -> [String: [String]]
    {
        guard change.dropsAttributes || !change.attributes.isEmpty else { return user.attributes }
        var attributes = change.dropsAttributes ? [:] : user.attributes
        for (name, values) in change.attributes { attributes[name] = values }
        try check(attributes)
        return attributes
    }

    /// Whether an account can have them.
    package static func areAttributes(_ attributes: [String: [String]]) -> Bool {
        do throws(UserError) { try check(attributes) } catch { return false }
        return true
    }

    static func check(_ attributes: [String: [String]]) throws(UserError) {
        for (name, values) in attributes {
            guard OperatorName.problem(name, dots: true) == nil, !values.isEmpty else { throw .badAttribute(name) }
            for value in values
            where !(1...UserProfileChange.attributeBytesMax).contains(value.utf8.count)
                || !UserName.isPlainText(value)
            {
                throw .badAttribute(name)
            }
        }
        let octets = attributes.reduce(0) { sum, one in
            sum + one.key.utf8.count + one.value.reduce(0) { $0 + $1.utf8.count }
        }
        guard attributes.count <= UserProfileChange.attributesMax,
            attributes.reduce(0, { $0 + $1.value.count }) <= UserProfileChange.attributeValuesMax,
            octets <= UserProfileChange.attributeBytesInAllMax
        else { throw .tooManyAttributes }
    }
}
