import AuthorizationRecords
import HTTP
import JOSE
import JSON
import LogIn

/// `/oauth2/register`: registration of clients (RFC 7591), and below `?client_id=…` what a client may do with its own
/// (RFC 7592).
struct RegistrationEndpoint: ServerEndpoint {
    let store: any AuthorizationStore
    /// Seconds since 1970: when a change was over.
    let clock: @Sendable () -> Int64
    let metadata: ClientMetadata
    let pepper: SecretPepper
    /// For clients that register without that token.
    let openMetadata: ClientMetadata
    /// `SecretDigest` of the initial access token; nil: there is none.
    let initialToken: String?
    /// nil: nobody registers without it.
    let open: OpenRegistration?
    /// Where it lies.
    let address: String
    /// Makes a key of an algorithm that a client wants its ID tokens signed by, unless there is one.
    let makeKey: @Sendable (Algorithm) async -> Void

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        do throws(OAuthError) {
            if let open, call.request.method == "POST", call.request.values("authorization").isEmpty {
                return try await registerOpenly(call, open)
            }
            guard let token = Self.bearer(call.request) else { throw .noRegistrationToken }
            if call.request.method == "POST" { return try await register(call, token) }
            let client = try await client(call, token)
            switch call.request.method {
            case "PUT": return try await update(client, call, token)
            case "DELETE": return try await delete(client, call)
            default: return document(client, token, status: 200)
            }
        } catch {
            return error.response(bearerRealm: address)
        }
    }

    // MARK: RFC 7591

    private func register(_ call: EndpointCall, _ token: String) async throws(OAuthError) -> ServiceResponse {
        guard let initialToken, SecretDigest.text(of: token).utf8.elementsEqual(initialToken.utf8) else {
            throw .noRegistrationToken
        }
        var client = try read(call, metadata, id: RandomText.clientID.make(call.random), createdAt: call.now)
        let secret = addSecret(to: &client, call)
        let ownToken = RandomText.registrationToken.make(call.random)
        let record = StoredRecord(
            .registrationToken, RandomText.registrationToken.key(of: ownToken), client: client.id,
            body: ["created_at": .integer(call.now)])
        guard try await commit([.insert(client.record), .insert(record)], call) else { throw .unavailable }
        if let algorithm = client.idTokenAlgorithm { await makeKey(algorithm) }
        return document(client, ownToken, secret: secret, status: 201)
    }

    /// Without a token to manage it by: such a client registers again.
    private func registerOpenly(_ call: EndpointCall, _ open: OpenRegistration) async throws(OAuthError)
        -> ServiceResponse
    {
        var client = try read(call, openMetadata, id: RandomText.clientID.make(call.random), createdAt: call.now)
        try await open.admit(.registration, address: call.request.clientAddress, store, now: call.now)
        client.openUntil = call.now + open.unusedSeconds
        let secret = addSecret(to: &client, call)
        do throws(OAuthError) {
            guard try await commit([.insert(client.record)], call) else { throw .unavailable }
        } catch {
            open.giveBack()
            throw error
        }
        open.settled()
        if let algorithm = client.idTokenAlgorithm { await makeKey(algorithm) }
        return document(client, nil, secret: secret, status: 201)
    }

    // MARK: RFC 7592

    /// Of the token, if the address names it too. A client that is gone took its token with it.
    private func client(_ call: EndpointCall, _ token: String) async throws(OAuthError) -> RegisteredClient {
        let parameters = try RequestParameters.query(call.request)
        let record: StoredRecord?
        let client: RegisteredClient?
        do {
            record = try await store.record(.registrationToken, RandomText.registrationToken.key(of: token))
            guard let id = record?.client, parameters.value("client_id")?.utf8.elementsEqual(id.utf8) == true else {
                throw OAuthError.noRegistrationToken
            }
            client = try await store.client(id: id)
        } catch let error as OAuthError {
            throw error
        } catch {
            throw .unavailable
        }
        guard let client else { throw .noRegistrationToken }
        return client
    }

    /// RFC 7592 §2.2: what is not there any more is gone, and what the server decides is not the client's to change.
    private func update(_ old: RegisteredClient, _ call: EndpointCall, _ token: String) async throws(OAuthError)
        -> ServiceResponse
    {
        let asked = try body(call)
        guard asked["client_id"]?.string == old.id else { throw .differentRegistration }
        let serverMembers = [
            "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at",
        ]
        guard serverMembers.allSatisfy({ asked[$0] == nil }) else { throw .differentRegistration }
        if let secret = asked["client_secret"] {
            guard let text = secret.string,
                old.secrets.contains(where: { $0.mac == pepper.mac(of: text, clientID: old.id) })
            else {
                throw .differentRegistration
            }
        }
        var client = try read(call, metadata, id: old.id, createdAt: old.createdAt)
        client.version = old.version
        client.isFirstParty = old.isFirstParty
        client.resources = old.resources
        client.servedResources = old.servedResources
        client.mayAct = old.mayAct
        client.leastLevel = old.leastLevel
        // As the answer had it: that is no wish.
        if old.idTokenAlgorithm == nil, client.idTokenAlgorithm == metadata.idTokenAlgorithms.first {
            client.idTokenAlgorithm = nil
        }
        client.secrets = client.usesSecret ? old.secrets : []
        let secret = client.usesSecret && client.secrets.isEmpty ? addSecret(to: &client, call) : nil
        guard try await commit([.replace(client.record)], call) else { throw .unavailable }
        if let algorithm = client.idTokenAlgorithm { await makeKey(algorithm) }
        var response = document(client, token, secret: secret, status: 200)
        response.facts.settling = ClientAuthenticator.settling
        return response
    }

    /// RFC 7592 §2.3: with all that it was granted, and its access tokens too.
    private func delete(_ client: RegisteredClient, _ call: EndpointCall) async throws(OAuthError) -> ServiceResponse {
        let changes: [StoreChange] =
            [
                .remove(.client, key: client.id, version: client.version),
                .removeAll(RecordQuery(.registrationToken, client: client.id)),
            ]
        do {
            guard try await store.commit(changes, ending: .client(client.id), now: call.now, clock: clock) else {
                throw OAuthError.unavailable
            }
        } catch { throw .unavailable }
        var response = ServiceResponse(status: 204, fields: [("Cache-Control", "no-store"), ("Pragma", "no-cache")])
        response.facts.client = client.id
        response.facts.event = "client_deleted"
        return response
    }

    // MARK: Parts

    private func read(_ call: EndpointCall, _ metadata: ClientMetadata, id: String, createdAt: Int64) throws(OAuthError)
        -> RegisteredClient
    {
        let body = try body(call)
        // What strangers send is kept: as much as a document may have.
        guard metadata.grantsAtMost == nil || call.request.body.count <= OpenRegistration.octetsMax else {
            throw .registrationTooLarge
        }
        do throws(ClientMetadataError) { return try metadata.client(body, id: id, now: createdAt) } catch {
            throw OAuthError(error.word.rawValue, error.description.filter { $0 != "\"" && $0 != "\\" && $0.isASCII })
        }
    }

    private func body(_ call: EndpointCall) throws(OAuthError) -> JSONObject {
        let types = call.request.values("content-type")
        guard types.count == 1,
            types[0].split(separator: ";").first?.split(separator: " ").first?.lowercased() == "application/json",
            let body = (try? JSON.parse(call.request.body))?.object
        else { throw .notJSON }
        return body
    }

    private func addSecret(to client: inout RegisteredClient, _ call: EndpointCall) -> ClientSecret? {
        guard client.usesSecret else { return nil }
        let secret = ClientSecret.generate(call.random)
        client.secrets = [StoredSecret(mac: pepper.mac(of: secret.text, clientID: client.id), createdAt: call.now)]
        return secret
    }

    private func commit(_ changes: [StoreChange], _ call: EndpointCall) async throws(OAuthError) -> Bool {
        do { return try await store.commit(changes, now: call.now) } catch { throw .unavailable }
    }

    /// RFC 7591 §3.2.1, RFC 7592 §3.
    private func document(_ client: RegisteredClient, _ token: String?, secret: ClientSecret? = nil, status: Int)
        -> ServiceResponse
    {
        var document = client.metadataDocument
        // Libraries expect RS256 where they are not told otherwise (OpenID Connect Registration §2).
        if client.scopes.contains(IdentityScope.openID), client.idTokenAlgorithm == nil {
            document["id_token_signed_response_alg"] = metadata.idTokenAlgorithms.first.map { .string($0.rawValue) }
        }
        if let secret { document["client_secret"] = .string(secret.text) }
        // Always beside a secret; 0: it does not expire.
        if client.usesSecret { document["client_secret_expires_at"] = 0 }
        if let token {
            document["registration_access_token"] = .string(token)
            document["registration_client_uri"] = .string("\(address)?client_id=\(client.id)")
        }
        var response = ServiceResponse.json(status: status, document)
        response.facts.client = client.id
        if status == 201 { response.facts.event = "client_registered" }
        return response
    }

    private static func bearer(_ request: ServiceRequest) -> String? {
        let fields = request.values("authorization")
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", (1...1_024).contains(parts[1].utf8.count) else {
            return nil
        }
        return String(parts[1])
    }
}

extension OAuthError {
    static let noRegistrationToken = OAuthError(
        "invalid_token", "this needs the access token for registration, or for this client's registration", status: 401)
    static let notJSON = OAuthError("invalid_client_metadata", "the body must be a JSON object, as application/json")
    static let differentRegistration = OAuthError(
        "invalid_client_metadata",
        "client_id and client_secret must be the client's own, and members that the server makes must not be there")

    static var registration: [OAuthError] {
        [
            noRegistrationToken, notJSON, differentRegistration, tooManyRegistrations, registrationFull,
            registrationTooLarge,
            badClientDocument, clientDocumentUnavailable,
        ]
    }

    /// Where one authenticates by a token (RFC 6750 §3).
    fileprivate func response(bearerRealm realm: String) -> ServiceResponse {
        response(challenge: "Bearer realm=\"\(realm)\", error=\"invalid_token\"")
    }
}
