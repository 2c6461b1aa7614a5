import Administration
import AuthorizationRecords
import Foundation
import Gateway
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
        /// nil: none is known. Nobody checks that it is the user's.
        package var email: String?
        /// Issuer identifier of the OpenID provider that the account logs in at; nil: it has a password here.
        package var provider: String?
        /// The account is kept, but the user cannot log in.
        package var isDisabled: Bool
        /// Seconds since 1970.
        package var createdAt: Int64
    }

    private let recorded: RecordedAdministration

    /// Opens the store that the policy names.
    /// - Parameters:
    ///   - creating: a store that is not there yet is made; otherwise that is an error. Only for adding to it: whoever
    ///     looks for something must not find a new and empty store in place of one that is lost.
    ///   - audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, creating: Bool = false, audit: CommandAudit? = nil)
        async throws
    {
        recorded = try await RecordedAdministration(settings, creating: creating, audit: audit)
    }

    /// An account with a password. Throws `ManagementError` if the name is taken, or a value is none that an account
    /// can have.
    package func add(name: String, password: String, email: String?, displayName: String?) async throws -> User {
        try await add(name, .password(password), email, displayName)
    }

    /// - Parameters:
    ///   - issuer: identifier of the provider's issuer.
    ///   - subject: `sub` of its ID tokens.
    package func add(name: String, issuer: String, subject: String, email: String?, displayName: String?) async throws
        -> User
    {
        try await add(name, .identity(UserIdentity(issuer: issuer, subject: subject)), email, displayName)
    }

    private func add(_ name: String, _ credential: NewUserCredential, _ email: String?, _ displayName: String?)
        async throws -> User
    {
        let user = try await recorded.make { administration in
            let done = try await administration.addUser(
                name: name, credential, email: email, displayName: displayName, now: Self.now, random: .system)
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

    // False: there is no such user.

    /// Also ends the user's sessions. False: there is no such user.
    package func setPassword(_ password: String, name: String) async throws -> Bool {
        try await change(name, .init(password: password))
    }

    /// Locks an account, which ends its sessions and grants, or unlocks it. False: there is no such user.
    package func setDisabled(_ isDisabled: Bool, name: String) async throws -> Bool {
        try await change(name, .init(isDisabled: isDisabled))
    }

    /// Removes an account with its sessions and grants. False: there is no such user.
    package func remove(name: String) async throws -> Bool {
        guard let id = try await id(of: name) else { return false }
        return try await recorded.make { (try await $0.removeUser(id, now: Self.now), true) } ?? false
    }

    private func change(_ name: String, _ change: Administration.UserChange) async throws -> Bool {
        guard let id = try await id(of: name) else { return false }
        if change.isDisabled == false {
            try await RecordedAdministration.wait(until: recorded.administration.firstSecond(ofUser: id))
        }
        return try await recorded.make {
            (try await $0.changeUser(id, change, now: Self.now, random: .system).change, true)
        } ?? false
    }

    private func id(of name: String) async throws -> String? {
        guard let name = UserDirectory.normalised(name) else { return nil }
        return try await recorded.database.store.user(name: name)?.id
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension UserRegistry.User {
    fileprivate init(_ user: StoredUser) {
        self.init(
            id: user.id, name: user.name, displayName: user.displayName, email: user.email,
            provider: user.identity?.issuer,
            isDisabled: user.isDisabled,
            createdAt: user.createdAt)
    }
}
