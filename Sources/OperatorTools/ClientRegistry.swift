import Administration
import AuthorizationRecords
import AuthorizationServer
import Foundation
import Gateway
package import JSON
package import Policy
import Storage

/// The clients of the built-in authorization server, as the command line changes them: in the gateway's own store,
/// while the gateway may be running.
package struct ClientRegistry: Sendable {
    /// A client, as `portcullis client list` shows it.
    package struct Client: Sendable {
        /// `client_id`.
        package var id: String
        /// `client_name`, which users see when they are asked for consent.
        package var name: String
        /// What it may ask for.
        package var scopes: [String]
        /// Seconds since 1970.
        package var createdAt: Int64
        /// It registered itself, or is known by its document, and ends then unless it is used; seconds since 1970.
        package var openUntil: Int64?
        /// Its authorization requests may come without PKCE.
        package var isWithoutPKCE: Bool
        /// With everything that is known of it but secrets.
        package var document: JSONObject
    }

    private let recorded: RecordedAdministration
    private var store: any AuthorizationStore { recorded.database.store }

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

    /// Whether a client with this metadata can come by an ID token, without which it is told of no log-out.
    package static func getsIDTokens(_ document: JSONObject) -> Bool {
        (document["grant_types"]?.array ?? []).contains("authorization_code")
            && (document["scope"]?.string ?? "").split(separator: " ").contains("openid")
    }

    /// The secret is in the answer and nowhere else: only a hash of it is kept.
    package func add(id: String?, name: String, scopes: [String]) async throws -> (client: Client, secret: String) {
        var metadata: JSONObject = [
            "grant_types": ["client_credentials"], "scope": .string(scopes.joined(separator: " ")),
        ]
        if !name.isEmpty { metadata["client_name"] = .string(name) }
        let added = try await add(id: id, metadata: metadata, terms: .init())
        guard let secret = added.secret else {
            throw ManagementError.refused("this server's profile knows no clients with secrets")
        }
        return (Client(added.value), secret.text)
    }

    /// A client with any metadata (RFC 7591 §2).
    /// - Parameters:
    ///   - resources: what it may name in `resource`; nil: all there are.
    ///   - servedResources: tokens for which it may introspect and exchange; nil: for those of `resources`.
    ///   - mayAct: who alone may exchange its access tokens; nil: whoever serves what they are for.
    ///   - minimumACR: what its users' log-ins have to reach; nil: any will do.
    ///   - isFirstParty: users are not asked whether they agree.
    /// - Returns: all that is registered, and the secret if it authenticates by one.
    package func add(
        id: String?, metadata: JSONObject, resources: [String]?, servedResources: [String]? = nil,
        mayAct: String? = nil, minimumACR: String? = nil, isFirstParty: Bool
    ) async throws -> (document: JSONObject, secret: String?) {
        let added = try await add(
            id: id, metadata: metadata,
            terms: .init(
                resources: resources, servedResources: servedResources, mayAct: mayAct, minimumACR: minimumACR,
                isFirstParty: isFirstParty))
        return (added.value.metadataDocument, added.secret?.text)
    }

    private func add(
        id: String?, metadata: JSONObject, terms: Administration.ClientTerms
    ) async throws -> Administration.Done<RegisteredClient> {
        if let id { try await RecordedAdministration.wait(until: recorded.administration.firstSecond(ofClient: id)) }
        let done = try await recorded.make { administration in
            let done = try await administration.addClient(
                id: id, metadata: metadata, terms: terms, now: Self.now, random: .system)
            return (done.change, done)
        } shown: {
            $0.secret
        }
        guard let done else { throw ManagementError.notFound }
        return done
    }

    /// What `portcullis client set` has changed.
    package struct Change: Sendable {
        /// The client as it is then, as `show` has it.
        package let document: JSONObject
        /// Members that differ; nil: there is none. The order is that of the document.
        package let changes: [(member: String, before: JSON?, after: JSON?)]
        /// It may do less: its access tokens have ended.
        package let endsTokens: Bool
        /// One that was made, since it authenticates by a secret from now on.
        package let secret: String?
    }

    /// Changes members of a client's document. nil: there is no such client.
    /// - Parameters:
    ///   - patch: null takes a member away (RFC 7396).
    ///   - isDry: everything is checked and nothing is written.
    package func set(id: String, _ patch: JSONObject, isDry: Bool) async throws -> Change? {
        let registry = isDry ? recorded.onStore(DryStore(store)) : recorded
        return try await registry.make(isDry: isDry) { administration in
            let done = try await administration.changeClient(id, merging: patch, now: Self.now, random: .system)
            let (before, after) = (done.change.before ?? [:], done.change.after ?? [:])
            let names = before.names + after.names.filter { before[$0] == nil }
            let change = Change(
                document: done.value.managementDocument,
                changes: names.filter { $0 != "secrets" }.map { ($0, before[$0], after[$0]) },
                endsTokens: done.change.settling == ManagedChange.overtaking,
                secret: isDry ? nil : done.secret?.text)
            return (done.change, (change, done.secret))
        } shown: {
            $0.1
        }?.0
    }

    /// All that is known of a client, without what its secrets are recognised by; nil: there is none.
    package func show(id: String) async throws -> JSONObject? {
        try await store.client(id: id)?.managementDocument
    }

    /// The new secret, which is shown once. nil: there is no such client.
    package func addSecret(id: String) async throws -> String? {
        let secret = try await recorded.make { administration in
            let done = try await administration.addSecret(toClient: id, now: Self.now, random: .system)
            return (done.change, done.secret)
        } shown: {
            $0
        }
        return secret??.text
    }

    /// False: there is no such client.
    package func removeSecret(id: String, newer: Bool) async throws -> Bool {
        try await recorded.make { (try await $0.removeSecret(ofClient: id, newer: newer, now: Self.now).change, true) }
            ?? false
    }

    /// In the order of their ids.
    /// - Parameters:
    ///   - id: behind which the list begins; nil: at the beginning.
    ///   - most: nil: all.
    package func list(after id: String? = nil, most: Int? = nil) async throws -> Listing<Client> {
        try await Listing(store, RecordQuery(.client), after: id, most: most, now: Self.now, RegisteredClient.init) {
            Client($0)
        }
    }

    /// False: there is no such client.
    package func remove(id: String) async throws -> Bool {
        try await recorded.make { (try await $0.removeClient(id, now: Self.now), true) } ?? false
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension ClientRegistry.Client {
    fileprivate init(_ client: RegisteredClient) {
        self.init(
            id: client.id, name: client.name, scopes: client.scopes, createdAt: client.createdAt,
            openUntil: client.openUntil, isWithoutPKCE: !client.requiresProofKey,
            document: client.managementDocument)
    }
}
