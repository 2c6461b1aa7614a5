import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON
import LogIn

/// `/admin/v1/clients`
struct ClientCollection: AdminResource {
    let api: AdminAPI
    let methods = ["GET", "HEAD", "POST"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        if call.isReading {
            return try await Page(call).answer(
                RecordQuery(.client), call, in: api.store, path: "/admin/v1/clients", RegisteredClient.init
            ) { $0.managementDocument }
        }
        _ = try call.query([])
        let document = try ClientDocument(call.document(ClientDocument.known, prefix: RegisteredClient.nameMember))
        let done = try await api.administration.addClient(
            id: document.id, metadata: document.metadata, terms: document.terms, now: call.now, random: call.random)
        api.record(done.change, call)
        return Self.response(201, done, fields: [("Location", "/admin/v1/clients/\(done.value.id)")])
    }

    /// The client, and its secret where one was just made: it is shown this once.
    static func response(
        _ status: Int, _ done: Administration.Done<RegisteredClient>, fields: [ServiceResponse.Field] = []
    ) -> ServiceResponse {
        var body = done.value.managementDocument
        body["client_secret"] = done.secret.map { .string($0.text) }
        let response = ServiceResponse.admin(
            status, .object(body), fields: [EntityTag.field(done.value.version)] + fields)
        return AdminAPI.noted(response, done.change)
    }
}

/// `/admin/v1/clients/ID`
struct ClientItem: AdminResource {
    let api: AdminAPI
    let id: String
    let methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let client = try await api.store.client(id: id) else { throw AdminRefusal(.noSuchResource) }
        if call.isReading { return call.shown(client.managementDocument, client.version) }
        let version = try call.expectedVersion(current: client.version)
        if call.request.method == "DELETE" {
            let change = try await api.administration.removeClient(id, expected: version, now: call.now)
            return api.gone(change, call)
        }
        let document: ClientDocument
        if call.request.method == "PATCH" {
            let patch = try call.document(
                ClientDocument.known, prefix: RegisteredClient.nameMember,
                types: ["application/json", "application/merge-patch+json"])
            guard patch.count > 0 else { throw AdminRefusal(.badMember, "The body has no member that could change.") }
            document = try ClientDocument(merging: patch, into: client)
        } else {
            document = try ClientDocument(
                call.document(ClientDocument.known, prefix: RegisteredClient.nameMember), replacing: client)
        }
        let done = try await api.administration.replaceClient(
            id, metadata: document.metadata, terms: document.terms, expected: version, now: call.now,
            random: call.random)
        api.record(done.change, call)
        return ClientCollection.response(200, done)
    }
}

/// `/admin/v1/clients/ID/secrets`
struct SecretCollection: AdminResource {
    let api: AdminAPI
    let client: String
    let methods = ["POST"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard call.request.body.isEmpty else {
            throw AdminRefusal(.badDocument, "A new secret takes no body: it is made here.")
        }
        guard let stored = try await api.store.client(id: client) else { throw AdminRefusal(.noSuchResource) }
        let done = try await api.administration.addSecret(
            toClient: client, expected: try call.expectedVersion(current: stored.version), now: call.now,
            random: call.random)
        api.record(done.change, call)
        return ClientCollection.response(201, done, fields: [("Location", "/admin/v1/clients/\(client)/secrets/newer")])
    }
}

/// `/admin/v1/clients/ID/secrets/older`, `…/newer`
struct SecretItem: AdminResource {
    let api: AdminAPI
    let client: String
    let newer: Bool
    let methods = ["DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let stored = try await api.store.client(id: client) else { throw AdminRefusal(.noSuchResource) }
        let done = try await api.administration.removeSecret(
            ofClient: client, newer: newer, expected: try call.expectedVersion(current: stored.version), now: call.now)
        return api.gone(done.change, call)
    }
}

extension AdminAPI {
    /// What has changed nothing has no record.
    func record(_ change: ManagedChange, _ call: AdminCall) {
        if !change.isEmpty { log.record(change, of: call.request) }
    }

    /// The answer to DELETE, and its record.
    func gone(_ change: ManagedChange, _ call: AdminCall) -> ServiceResponse {
        record(change, call)
        return Self.noted(ServiceResponse.admin(204, nil), change)
    }

    /// The answer to a change, with what its record says and how long it takes to be in force.
    static func noted(_ response: ServiceResponse, _ change: ManagedChange) -> ServiceResponse {
        var response = response
        if !change.isEmpty { response.facts.event = change.action.rawValue }
        response.facts.settling = change.settling
        return response
    }
}
