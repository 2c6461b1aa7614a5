/// What users of the built-in authorization server may be granted: a scope is what client and user may.
package struct UserRules: Sendable, Equatable {
    /// Some scopes, or all but those of the management interface.
    package enum Allowance: Sendable, Equatable {
        case any
        /// These, as they are written.
        case only([String])
    }

    /// What everybody may who has no list of their own (`users_may`); nil: nothing is said.
    package var everybody: Allowance?
    /// In the order of the file.
    package var groups: [UserGroup] = []
    /// What tokens say of users besides.
    package var claims: [UserClaimRule] = []

    /// Groups at most.
    package static let groupsMax = 256

    package init() {}

    /// What a user may who is in no group and has no list of their own. Where groups say what users may, and nothing is
    /// said of everybody, that is nothing: whoever makes groups means to tell users apart.
    package var standard: Allowance {
        everybody ?? (groups.contains { !$0.may.isEmpty } ? .only([]) : .any)
    }

    /// Whether a user may be granted a scope, as far as it depends on the user. Scopes are compared as they are written:
    /// none covers another here. Those of the management interface have to be given by name.
    /// - Parameters:
    ///   - own: the user's own list, in place of what everybody may; nil: there is none.
    ///   - groups: of which the user is a member.
    package func allow(_ scope: String, own: [String]?, in groups: [UserGroup]) -> Bool {
        if groups.contains(where: { $0.may.contains(scope) }) { return true }
        switch own.map(Allowance.only) ?? standard {
        case .any: return !AdminRoutes.isAdministrative(scope)
        case .only(let scopes): return scopes.contains(scope)
        }
    }

    /// Whether somebody without a list of their own may be granted it: everybody, or the members of a group.
    package func allowSomebody(_ scope: String) -> Bool { allow(scope, own: nil, in: groups) }
}

/// A group of users.
package struct UserGroup: Sendable, Equatable {
    /// In `routes.yaml`, and in accounts.
    package var name: String
    /// What members may be granted besides what they may anyway.
    package var may: [String] = []
    /// Whether members log in with a second factor, whatever `login.second_factor` says of everybody. Of members who log in at a
    /// provider that is the provider's affair.
    package var requiresSecondFactor = false
    /// What of the provider's claims makes a user a member; nil: only an operator does.
    package var source: Source?

    /// A claim of the provider that has a value, or has it among others.
    package struct Source: Sendable, Equatable {
        /// Its name, or a JSON Pointer to it, as it is written.
        package var claim: String
        /// The same in parts.
        package var path: [String]
        /// Compared octet by octet.
        package var value: String

        package init(claim: String, path: [String], value: String) {
            self.claim = claim
            self.path = path
            self.value = value
        }
    }

    package init(name: String) { self.name = name }
}
