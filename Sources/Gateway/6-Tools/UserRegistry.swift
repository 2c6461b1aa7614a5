internal import AuthorizationServer
internal import Foundation
package import Policy

/// The accounts of the built-in authorization server, as the command line changes them: in the gateway's own store, while the gateway
/// may be running.
package struct UserRegistry: Sendable {
    package struct User: Sendable {
        package var id: String
        package var name: String
        package var displayName: String?
        package var email: String?
        package var isDisabled: Bool
        /// Seconds since 1970.
        package var createdAt: Int64
    }

    private let directory: UserDirectory

    /// Opens the store that the policy names; makes it when it is not there yet.
    package init(_ settings: AuthorizationServerSettings) async throws {
        let store = try await AuthorizationDatabase.open(settings, now: Self.now).store
        directory = UserDirectory(store: store, hasher: PasswordHasher(atOnce: 1))
    }

    package func add(name: String, password: String, email: String?, displayName: String?) async throws -> User {
        User(
            try await directory.add(
                name: name, password: password, email: email, displayName: displayName, now: Self.now, random: .system))
    }

    package func list() async throws -> [User] { try await directory.list().map(User.init) }

    // False: there is no such user.

    package func setPassword(_ password: String, name: String) async throws -> Bool {
        try await directory.setPassword(password, name: name, now: Self.now, random: .system)
    }

    package func setDisabled(_ isDisabled: Bool, name: String) async throws -> Bool {
        try await directory.setDisabled(isDisabled, name: name, now: Self.now)
    }

    package func remove(name: String) async throws -> Bool { try await directory.remove(name: name, now: Self.now) }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension UserRegistry.User {
    fileprivate init(_ user: StoredUser) {
        self.init(
            id: user.id, name: user.name, displayName: user.displayName, email: user.email, isDisabled: user.isDisabled,
            createdAt: user.createdAt)
    }
}
