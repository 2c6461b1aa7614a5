internal import HTTP
internal import Synchronization

/// A client that has shown who it is. Only the authenticator makes one.
struct AuthenticatedClient: Sendable {
    let client: RegisteredClient
    fileprivate init(_ client: RegisteredClient) { self.client = client }
}

/// Client authentication (RFC 6749 §2.3).
///
/// An unknown id and a wrong secret are the same to whoever asks: one answer, and the same work. Both read the store;
/// only a right secret is ever answered from memory.
final class ClientAuthenticator: Sendable {
    /// How long a client that has authenticated is taken at its word again without asking the store: so long may a removed
    /// client go on at most.
    static let rememberedSeconds: Int64 = 1
    /// Clients remembered at most; each takes less than 2 KB.
    static let rememberedMax = 4_096

    private let store: any AuthorizationStore
    private let pepper: SecretPepper
    private let brake = FailureBrake()
    private let remembered = Mutex<[String: (client: RegisteredClient, until: Int64)]>([:])
    /// Of the challenge.
    let realm: String

    init(store: any AuthorizationStore, pepper: SecretPepper, realm: String) {
        self.store = store
        self.pepper = pepper
        self.realm = realm
    }

    /// Of whatever request to whatever endpoint that clients authenticate at.
    func authenticate(_ call: EndpointCall, _ parameters: RequestParameters) async throws(OAuthError) -> AuthenticatedClient {
        let credential = try PresentedCredential.read(call.request, parameters)
        return try await authenticate(credential, address: call.request.clientAddress, now: call.now)
    }

    private func authenticate(_ credential: PresentedCredential, address: String, now: Int64) async throws(OAuthError) -> AuthenticatedClient {
        guard brake.allows(clientID: credential.clientID, address: address, now: now) else { throw .tooManyFailures }
        let mac = pepper.mac(of: credential.secret, clientID: credential.clientID)
        if let client = recall(credential.clientID, now: now), Self.isOneOf(client.secrets, mac), Self.permits(client, credential.method) {
            brake.succeeded(clientID: credential.clientID, address: address)
            return AuthenticatedClient(client)
        }
        let client: RegisteredClient?
        do {
            client = ClientID.isValid(credential.clientID) ? try await store.client(id: credential.clientID) : nil
        } catch {
            throw .unavailable
        }
        let isRight = Self.isOneOf(client?.secrets ?? [], mac)
        guard let client, isRight, Self.permits(client, credential.method) else {
            brake.failed(clientID: credential.clientID, address: address, now: now)
            throw .invalidClient
        }
        brake.succeeded(clientID: credential.clientID, address: address)
        remember(client, now: now)
        return AuthenticatedClient(client)
    }

    /// Always compares two, however many there are.
    private static func isOneOf(_ secrets: [StoredSecret], _ mac: SecretMAC) -> Bool {
        let first = secrets.first?.mac ?? .none
        let second = secrets.dropFirst().first?.mac ?? .none
        let isFirst = first == mac
        let isSecond = second == mac
        return isFirst || isSecond
    }

    private static func permits(_ client: RegisteredClient, _ method: ClientAuthenticationMethod) -> Bool {
        client.authenticationMethods.contains(method)
    }

    private func recall(_ id: String, now: Int64) -> RegisteredClient? {
        remembered.withLock { remembered in
            guard let entry = remembered[id] else { return nil }
            return now <= entry.until && entry.until - now <= Self.rememberedSeconds ? entry.client : nil
        }
    }

    private func remember(_ client: RegisteredClient, now: Int64) {
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax, remembered[client.id] == nil {
                remembered = remembered.filter { now <= $0.value.until }
                // All of them asked within the second: the store is asked again for each, which is only slower.
                if remembered.count >= Self.rememberedMax { remembered = [:] }
            }
            remembered[client.id] = (client, now + Self.rememberedSeconds)
        }
    }
}
