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
        let document = try ClientDocument(call)
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
    let methods = ["GET", "HEAD", "PUT", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let client = try await api.store.client(id: id) else { throw AdminRefusal(.noSuchResource) }
        if call.isReading { return call.shown(client.managementDocument, client.version) }
        let version = try call.expectedVersion(current: client.version)
        if call.request.method == "DELETE" {
            let change = try await api.administration.removeClient(id, expected: version, now: call.now)
            return api.gone(change, call)
        }
        let document = try ClientDocument(call, replacing: client)
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

/// What a client is to be: metadata as RFC 7591 §2 has it, and what is not the client's own to say. Members that the
/// server makes may stand there as they are, so that what was read can be changed and sent back.
private struct ClientDocument {
    var id: String?
    let metadata: JSONObject
    let terms: Administration.ClientTerms

    private static let ours: Set<String> = [
        "client_id", "client_id_issued_at", "open_until", "secrets", "first_party", "resources", "served_resources",
        "may_act",
    ]
    private static let known: Set<String> = ours.union([
        "client_name", "token_endpoint_auth_method", "grant_types", "response_types", "scope", "redirect_uris",
        "post_logout_redirect_uris",
        "jwks", "jwks_uri",
        "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
        "require_pushed_authorization_requests", "id_token_signed_response_alg", "backchannel_logout_uri",
        "backchannel_logout_session_required", "require_pkce", "require_acr_values",
        "allow_token_endpoint_audience",
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email", "client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id",
        "software_version", "contacts", "authorization_details_types",
    ])

    init(_ call: AdminCall, replacing old: RegisteredClient? = nil) throws(AdminRefusal) {
        let body = try call.document(Self.known, prefix: RegisteredClient.nameMember)
        let fixed = old?.managementDocument
        for name in ["client_id_issued_at", "open_until", "secrets"] + (old == nil ? [] : ["client_id"]) {
            guard let value = body[name] else { continue }
            guard value == fixed?[name] else {
                throw AdminRefusal(.badMember, "\(name) is made by the server, and does not change in this way.")
            }
        }
        id = try body.optionalText("client_id")
        terms = Administration.ClientTerms(
            resources: try body.optionalTexts("resources"), servedResources: try body.optionalTexts("served_resources"),
            mayAct: try body.optionalText("may_act"),
            isFirstParty: try body.optionalFlag("first_party") ?? false)
        var metadata: JSONObject = [:]
        for (name, value) in body.members where !Self.ours.contains(name) { metadata[name] = value }
        self.metadata = metadata
    }
}
