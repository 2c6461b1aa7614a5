import Administration
import Admission
import AuthorizationRecords
import Foundation
import Gateway
package import JSON
import LogIn
package import Policy
import Storage

/// The accounts of the built-in authorization server, as the command line changes them: in the gateway's own store,
/// while the gateway may be running.
package struct UserRegistry: Sendable {
    /// An account, as `portcullis user list` shows it.
    package struct User: Sendable {
        /// `sub` of the user's tokens; random, and never given again.
        package var id: String
        /// What the user logs in with, normalised.
        package var name: String
        /// `name` of the userinfo answer; nil: none is known.
        package var displayName: String?
        /// nil: none is known.
        package var email: String?
        /// Somebody has shown that the address is the user's.
        package var isEmailVerified: Bool
        /// Issuer identifier of the OpenID provider that the account logs in at; nil: it has a password here.
        package var provider: String?
        /// In which an operator has put it.
        package var groups: [String]
        /// The account is kept, but the user cannot log in.
        package var isDisabled: Bool
        /// Seconds since 1970.
        package var createdAt: Int64
        /// With everything that is known of it but the password's hash.
        package var document: JSONObject
    }

    let recorded: RecordedAdministration
    let settings: AuthorizationServerSettings

    /// Opens the store that the policy names.
    /// - Parameters:
    ///   - creating: a store that is not there yet is made; otherwise that is an error. Only for adding to it: whoever
    ///     looks for something must not find a new and empty store in place of one that is lost.
    ///   - audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, creating: Bool = false, audit: CommandAudit? = nil)
        async throws
    {
        self.settings = settings
        recorded = try await RecordedAdministration(settings, creating: creating, audit: audit)
    }

    /// An account with a password. Throws `ManagementError` if the name is taken, or a value is none that an account
    /// can have.
    package func add(
        name: String, password: String, email: String?, isEmailVerified: Bool = false, displayName: String?,
        attributes: [String: [String]] = [:]
    ) async throws -> User {
        try await add(name, .password(password), email, isEmailVerified, displayName, attributes)
    }

    /// - Parameters:
    ///   - issuer: identifier of the provider's issuer.
    ///   - subject: `sub` of its ID tokens.
    package func add(
        name: String, issuer: String, subject: String, email: String?, isEmailVerified: Bool = false,
        displayName: String?, attributes: [String: [String]] = [:]
    ) async throws -> User {
        let identity = UserIdentity(issuer: issuer, subject: subject)
        return try await add(name, .identity(identity), email, isEmailVerified, displayName, attributes)
    }

    private func add(
        _ name: String, _ credential: NewUserCredential, _ email: String?, _ isEmailVerified: Bool,
        _ displayName: String?, _ attributes: [String: [String]]
    ) async throws -> User {
        let user = try await recorded.make { administration in
            let done = try await administration.addUser(
                name: name, credential, email: email, isEmailVerified: isEmailVerified, displayName: displayName,
                attributes: attributes, now: Self.now, random: .system)
            return (done.change, User(done.value))
        }
        guard let user else { throw ManagementError.notFound }
        return user
    }

    /// All of them, in the order of their names.
    package func list() async throws -> Listing<User> {
        let directory = UserDirectory(store: recorded.database.store, hasher: PasswordHasher(atOnce: 1))
        return Listing(try await directory.list(), now: Self.now, User.init)
    }

    /// Some of them, in the order of their names.
    /// - Parameters:
    ///   - name: behind which the list begins; nil: at the beginning.
    ///   - most: nil: all.
    package func list(after name: String?, most: Int?) async throws -> Listing<User> {
        guard name != nil || most != nil else { return try await list() }
        let store = recorded.database.store
        // Names lead to accounts, and are what is paged by; an account that cannot be read is an error then.
        return try await Listing(
            store, RecordQuery(.userName), after: name?.lowercased(), most: most, now: Self.now, { $0.subject }
        ) { id in
            try await store.user(id: id).map(User.init)
        }
    }

    /// What ended with a change, as it is shown: how many sessions, requests that were under way, codes that were not
    /// redeemed, devices that were let in, and grants. Empty: there was nothing.
    package struct Ended: Sendable, Equatable {
        /// As `sessions 2`.
        package let counts: [String]

        init(_ ended: UserBelongings) { counts = ended.counts.map { "\($0.name) \($0.count)" } }
    }

    // nil: there is no such user.

    /// Ends everything that the user or somebody with the old password had begun. nil: there is no such user.
    /// - Parameter keepsGrants: applications go on with the tokens that they have.
    package func setPassword(_ password: String, name: String, keepsGrants: Bool = false) async throws -> Ended? {
        try await change(name, .init(password: password, keepsGrants: keepsGrants))
    }

    /// Locks an account, which ends everything of it, or unlocks it. nil: there is no such user.
    /// - Parameter keepsGrants: refresh tokens count again once the account is unlocked.
    package func setDisabled(_ isDisabled: Bool, name: String, keepsGrants: Bool = false) async throws -> Ended? {
        try await change(name, .init(isDisabled: isDisabled, keepsGrants: keepsGrants))
    }

    /// Removes an account with its sessions and grants. nil: there is no such user.
    package func remove(name: String) async throws -> Ended? {
        guard let id = try await id(of: name) else { return nil }
        return try await recorded.make {
            let done = try await $0.removeUser(id, now: Self.now)
            return (done.change, Ended(done.ended))
        }
    }

    /// What of an account changes besides; nil: stays.
    package struct Profile: Sendable {
        /// nil inside, or empty: none is known.
        package var displayName: String??
        /// An address that is another counts as not verified.
        package var email: String??
        /// nil inside: what everybody may.
        package var may: [String]??
        /// All of them.
        package var groups: [String]?
        /// Attributes by name; nil inside: it goes. Others stay.
        package var attributes: [String: [String]?] = [:]
        /// Attributes that are not named go, too.
        package var dropsAttributes = false

        package init() {}

        package var isEmpty: Bool {
            displayName == nil && email == nil && may == nil && groups == nil && attributes.isEmpty && !dropsAttributes
        }
    }

    /// The account as it is then; nil: there is no such user.
    package func set(_ profile: Profile, name: String) async throws -> JSONObject? {
        guard let id = try await id(of: name) else { return nil }
        var change = Administration.UserChange()
        change.displayName = profile.displayName
        change.email = profile.email
        change.may = profile.may
        change.groups = profile.groups
        change.attributes = profile.attributes
        change.dropsAttributes = profile.dropsAttributes
        let wanted = change
        return try await recorded.make {
            let done = try await $0.changeUser(id, wanted, now: Self.now, random: .system)
            return (done.change, done.value.managementDocument)
        }
    }

    /// All that is known of an account, with what follows from it by the policy; nil: there is no such user.
    package func show(name: String, by policy: Policy) async throws -> JSONObject? {
        guard let id = try await id(of: name), let user = try await recorded.database.store.user(id: id),
            let settings = policy.authorizationServer
        else { return nil }
        var document = user.managementDocument
        let access = UserAccess(settings)
        document["member_of"] = .strings(access.groups(of: user).map(\.name))
        let routes = GrantableScopes(routes: policy.routes, issuers: policy.issuers).scopes
        let named = (user.may ?? []) + settings.users.groups.flatMap(\.may)
        document["may_be_granted"] = .strings(access.share(ScopeText.distinct(routes + named), of: user).granted)
        let said = access.claims(of: user)
        if said.claims.count > 0 { document["claims"] = .object(said.claims) }
        return document
    }

    /// How many octets claims of tokens about the user could take by the policy, if that is more than fits into one; nil: it
    /// is not, or there is no such user.
    package func tooLongClaims(name: String) async throws -> Int? {
        guard let id = try await id(of: name), let user = try await recorded.database.store.user(id: id) else {
            return nil
        }
        let octets = UserAccess(settings).claims(of: user).octets
        return octets > UserClaimRule.bytesMax ? octets : nil
    }

    /// What speaks against a scope of a user's; nil: a route asks for it.
    package static func objection(to scope: String, by policy: Policy) -> String? {
        do {
            try GrantableScopes(routes: policy.routes, issuers: policy.issuers).check(scope)
            return nil
        } catch {
            // What follows is about registering clients.
            return String("\(error)".split(separator: " If only").first ?? "")
        }
    }

    private func change(_ name: String, _ change: Administration.UserChange) async throws -> Ended? {
        guard let id = try await id(of: name) else { return nil }
        if change.isDisabled == false {
            try await RecordedAdministration.wait(until: recorded.administration.firstSecond(ofUser: id))
        }
        return try await recorded.make {
            let done = try await $0.changeUser(id, change, now: Self.now, random: .system)
            return (done.change, Ended(done.ended))
        }
    }

    func id(of name: String) async throws -> String? {
        guard let name = UserDirectory.normalised(name) else { return nil }
        return try await recorded.database.store.user(name: name)?.id
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension UserRegistry.User {
    fileprivate init(_ user: StoredUser) {
        self.init(
            id: user.id, name: user.name, displayName: user.displayName, email: user.email,
            isEmailVerified: user.isEmailVerified, provider: user.identity?.issuer, groups: user.groups,
            isDisabled: user.isDisabled,
            createdAt: user.createdAt, document: user.managementDocument)
    }
}
