internal import AuthorizationServer
internal import Foundation
package import Policy

/// The clients of the built-in authorization server, as the command line changes them: in the gateway's own store, while
/// the gateway may be running.
package struct ClientRegistry: Sendable {
    package struct Client: Sendable {
        package var id: String
        package var name: String
        package var scopes: [String]
        /// Seconds since 1970.
        package var createdAt: Int64
    }

    private let database: AuthorizationDatabase
    private var store: any AuthorizationStore { database.store }

    /// Opens the store that the policy names; makes it when it is not there yet.
    package init(_ settings: AuthorizationServerSettings) async throws {
        database = try await AuthorizationDatabase.open(settings, now: Self.now)
    }

    /// The secret is in the answer and nowhere else: only a hash of it is kept.
    package func add(id: String?, name: String, scopes: [String]) async throws -> (client: Client, secret: String) {
        let added = try await store.addClient(
            id: id, name: name, scopes: scopes, pepper: database.pepper, now: Self.now, random: .system)
        return (Client(added.client), added.secret.text)
    }

    package func list() async throws -> [Client] { try await store.clients().map(Client.init) }

    /// False: there is no such client.
    package func remove(id: String) async throws -> Bool { try await store.removeClient(id: id, now: Self.now) }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension ClientRegistry.Client {
    fileprivate init(_ client: RegisteredClient) {
        self.init(id: client.id, name: client.name, scopes: client.scopes, createdAt: client.createdAt)
    }
}
