internal import AuthorizationServer
internal import Foundation
package import JSON
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
    private let profile: SecurityProfile
    private var store: any AuthorizationStore { database.store }

    /// Opens the store that the policy names; makes it when it is not there yet.
    package init(_ settings: AuthorizationServerSettings) async throws {
        profile = settings.profile
        database = try await AuthorizationDatabase.open(settings, now: Self.now)
    }

    /// The secret is in the answer and nowhere else: only a hash of it is kept.
    package func add(id: String?, name: String, scopes: [String]) async throws -> (client: Client, secret: String) {
        let added = try await store.addClient(
            id: id, name: name, scopes: scopes, pepper: database.pepper, now: Self.now, random: .system)
        return (Client(added.client), added.secret.text)
    }

    /// A client with any metadata (RFC 7591 §2).
    /// - Parameters:
    ///   - resources: what it may name in `resource`; nil: all there are.
    ///   - isFirstParty: users are not asked whether they agree.
    /// - Returns: all that is registered, and the secret if it authenticates by one.
    package func add(
        id: String?, metadata: JSONObject, resources: [String]?, isFirstParty: Bool
    ) async throws -> (document: JSONObject, secret: String?) {
        let added = try await store.addClient(
            id: id, metadata: metadata, rules: ClientMetadata(profile: profile), pepper: database.pepper, now: Self.now, random: .system
        ) { client in
            client.resources = resources
            client.isFirstParty = isFirstParty
        }
        return (added.client.metadataDocument, added.secret?.text)
    }

    /// All that is known of a client, without what its secrets are recognised by; nil: there is none.
    package func show(id: String) async throws -> JSONObject? {
        guard let client = try await store.client(id: id) else { return nil }
        var document = client.metadataDocument
        document["first_party"] = .bool(client.isFirstParty)
        document["resources"] = client.resources.map { .array($0.map { .string($0) }) }
        document["secrets"] = .array(
            client.secrets.map { secret in
                var members: JSONObject = ["created_at": .integer(secret.createdAt)]
                members["last_used_at"] = secret.lastUsedAt.map { .integer($0) }
                return .object(members)
            })
        return document
    }

    /// The new secret, which is shown once.
    package func addSecret(id: String) async throws -> String {
        try await store.addSecret(toClient: id, pepper: database.pepper, now: Self.now, random: .system).text
    }

    package func removeSecret(id: String, newer: Bool) async throws {
        try await store.removeSecret(ofClient: id, newer: newer, now: Self.now)
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
