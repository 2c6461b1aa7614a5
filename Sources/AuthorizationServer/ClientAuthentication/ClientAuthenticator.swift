import AuthorizationRecords
import HTTP
import JOSE
import LogIn
import Policy
import Synchronization

/// A client that has shown who it is. Only the authenticator makes one.
struct AuthenticatedClient: Sendable {
    let client: RegisteredClient
    /// How it has shown that; `none` for a client that only says so.
    let method: ClientAuthenticationMethod
    fileprivate init(_ client: RegisteredClient, by method: ClientAuthenticationMethod) {
        self.client = client
        self.method = method
    }
}

/// Client authentication (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2): the one place where it happens.
///
/// An unknown id and a wrong secret are the same to whoever asks: one answer, and the same work. Both read the store;
/// only the right thing is ever answered from memory.
final class ClientAuthenticator: Sendable {
    /// How long, from before the store was read, a client is taken at its word again without asking the store. Whoever
    /// takes something from a client waits longer (`ManagedChange.settling`), and what a client still obtained is ended with
    /// it (`Revoker.overtakingSeconds`).
    static let rememberedNanoseconds: Int64 = 200_000_000
    /// So long the answer to a change that a client makes of itself is held back, until what it showed before is remembered
    /// nowhere.
    static let settling = Duration.milliseconds(600)
    /// Clients remembered at most; each takes less than 2 KB.
    static let rememberedMax = 4_096

    private let store: any AuthorizationStore
    private let pepper: SecretPepper
    private let limiter = AttemptLimiter()
    private let remembered = Mutex<[String: (client: KnownClient, readAt: Int64)]>([:])
    let certificates = ClientCertificates()
    private let keys: ClientKeys
    private let terms: OpenClientTerms
    private let documents: ClientDocuments?
    private let profile: SecurityProfile
    /// Where the token endpoint lies, for assertions that name it.
    private let tokenEndpoints: [String]
    /// The issuer: realm of the challenge, audience of assertions.
    let realm: String
    /// Of answers to clients that did not authenticate; nil: there is none for the ways that the profile leaves.
    var challenge: String? { profile.clientChallenge(realm: realm) }

    init(
        store: any AuthorizationStore, pepper: SecretPepper, realm: String, profile: SecurityProfile = .standard,
        tokenEndpoints: [String] = [], keys: ClientKeys, terms: OpenClientTerms, documents: ClientDocuments?
    ) {
        self.store = store
        self.pepper = pepper
        self.realm = realm
        self.profile = profile
        self.tokenEndpoints = tokenEndpoints
        self.keys = keys
        self.terms = terms
        self.documents = documents
    }

    /// Of whatever request to whatever endpoint that clients authenticate at.
    ///
    /// Whoever shows the right thing is let in however often others behind the same address have failed in the client's
    /// name: secrets have 256 random bits, and assertions and certificates cannot be guessed either, so that a brake on
    /// right ones would stop nobody but the client. Wrong ones are told after ten that they are too many, and cost what
    /// they always cost: one look at the store and a hash.
    func authenticate(_ call: EndpointCall, _ parameters: RequestParameters) async throws(OAuthError)
        -> AuthenticatedClient
    {
        let credential = try PresentedCredential.read(call.request, parameters)
        let (clientID, address) = (credential.clientID, AddressBlock(of: call.request.clientAddress).text)
        let result: AuthenticatedClient?
        switch credential {
        case .secret(_, let secret, let method):
            result = try await bySecret(clientID, pepper.mac(of: secret, clientID: clientID), method, call)
        case .assertion(let assertion): result = try await byAssertion(assertion, call)
        case .name: result = try await byCertificateOrName(clientID, call)
        }
        guard let result else {
            // Those that are refused unread, so to say, are not counted: the brake lets go with time.
            guard limiter.allows(clientID: clientID, address: address, now: call.now) else { throw .tooManyFailures }
            limiter.failed(clientID: clientID, address: address, now: call.now)
            throw .invalidClient
        }
        limiter.succeeded(clientID: clientID, address: address)
        return result
    }

    private func bySecret(
        _ clientID: String, _ mac: SecretMAC, _ method: ClientAuthenticationMethod, _ call: EndpointCall
    ) async throws(OAuthError) -> AuthenticatedClient? {
        if let client = recall(clientID, at: call.monotonic)?.client, Self.isOneOf(client.secrets, mac),
            permits(client, method)
        {
            return AuthenticatedClient(client, by: method)
        }
        let client = try await stored(clientID, now: call.now)
        let isRight = Self.isOneOf(client?.secrets ?? [], mac)
        guard let client, isRight, permits(client, method) else { return nil }
        remember(KnownClient(client), readAt: call.monotonic)
        await noteUse(of: mac, client, now: call.now)
        return AuthenticatedClient(client, by: method)
    }

    /// RFC 7523 §3. What was used is remembered last, so that nobody fills the store with what nobody signed.
    private func byAssertion(_ assertion: ClientAssertion, _ call: EndpointCall) async throws(OAuthError)
        -> AuthenticatedClient?
    {
        let end = try assertion.check(now: call.now)
        let client = try await showing(assertion.clientID, call) { (known) throws(OAuthError) in
            let client = known.client
            let endpoints = client.takesEndpointAudience && profile == .standard ? tokenEndpoints : []
            guard assertion.isFor(issuer: realm, orOneOf: endpoints) else { throw .assertionForOthers }
            guard permits(client, .privateKeyJWT) else { return nil }
            let algorithms = profile.assertionAlgorithms
            guard try await keys.satisfy(known, { assertion.isSigned(by: $0, algorithms) }) else { return nil }
            return .privateKeyJWT
        } unknown: { () throws(OAuthError) in
            guard assertion.isFor(issuer: realm) else { throw .assertionForOthers }
        }
        guard let client else { return nil }
        guard try await isNew(assertion.replayRecord(until: end), now: call.now) else { throw .usedAssertion }
        return client
    }

    /// RFC 8705 §2: the request names the client, the connection's certificate shows it. A public client shows nothing.
    private func byCertificateOrName(_ clientID: String, _ call: EndpointCall) async throws(OAuthError)
        -> AuthenticatedClient?
    {
        let request = call.request
        return try await showing(clientID, call) { (known) throws(OAuthError) in
            let client = known.client
            // Anybody can write a name into a certificate: there the listener's authorities have to vouch for it.
            if permits(client, .tlsClientAuth), let name = client.certificateName,
                let verified = request.clientCertificateDER.flatMap(certificates.rule), verified.has(name)
            {
                return .tlsClientAuth
            }
            if permits(client, .selfSignedTLSClientAuth),
                let held = request.heldCertificateDER.flatMap(certificates.rule),
                try await keys.satisfy(known, { held.hasKey(of: $0) })
            {
                return .selfSignedTLSClientAuth
            }
            return client.isPublic && permits(client, .none) ? ClientAuthenticationMethod.none : nil
        }
    }

    /// The client, if it shows who it is: judged by what is remembered of it, else by what is stored.
    /// - Parameters:
    ///   - judge: how it has shown that; nil: it has not.
    ///   - unknown: called where there is no such client.
    private func showing(
        _ clientID: String, _ call: EndpointCall,
        by judge: (KnownClient) async throws(OAuthError) -> ClientAuthenticationMethod?,
        unknown: () throws(OAuthError) -> Void = {}
    ) async throws(OAuthError) -> AuthenticatedClient? {
        let recalled = recall(clientID, at: call.monotonic)
        var before: Result<ClientAuthenticationMethod?, OAuthError>?
        if let recalled {
            do { before = .success(try await judge(recalled)) } catch { before = .failure(error) }
            if case .success(let method?) = before { return AuthenticatedClient(recalled.client, by: method) }
        }
        guard let client = try await stored(clientID, now: call.now) else {
            try unknown()
            return nil
        }
        let known = KnownClient(client)
        // Whatever speaks against it may have changed since. If nothing has, nobody makes the server check a signature twice.
        let isTheSame = recalled?.client.version == client.version && client.keySetURL == nil
        guard let method = isTheSame ? try before?.get() ?? nil : try await judge(known) else { return nil }
        // What it publishes elsewhere is looked at each time.
        if method != .none, client.documentReadAt == nil { remember(known, readAt: call.monotonic) }
        return AuthenticatedClient(client, by: method)
    }

    /// One that publishes its metadata as it does now: keys that it has withdrawn count no longer.
    private func stored(_ clientID: String, now: Int64) async throws(OAuthError) -> RegisteredClient? {
        guard ClientID.mayExist(clientID),
            let client = try await store.orUnavailable({ try await $0.client(id: clientID) })
        else { return nil }
        guard let documents, client.documentReadAt != nil else { return terms.inForce(client) }
        return try await documents.current(client, now: now).flatMap(terms.inForce)
    }

    private func isNew(_ record: StoredRecord, now: Int64) async throws(OAuthError) -> Bool {
        do { return try await store.commit([.insert(record)], now: now) } catch { throw .unavailable }
    }

    /// At most once a day for each secret; only for operators who ask which of two is still in use, so a failure does not
    /// matter.
    private func noteUse(of mac: SecretMAC, _ client: RegisteredClient, now: Int64) async {
        guard let index = client.secrets.firstIndex(where: { $0.mac == mac }) else { return }
        if let last = client.secrets[index].lastUsedAt, now - last < 86_400 { return }
        var changed = client
        changed.secrets[index].lastUsedAt = now
        _ = try? await store.replace(changed, now: now)
    }

    /// Always compares two, however many there are.
    private static func isOneOf(_ secrets: [StoredSecret], _ mac: SecretMAC) -> Bool {
        let first = secrets.first?.mac ?? .none
        let second = secrets.dropFirst().first?.mac ?? .none
        let isFirst = first == mac
        let isSecond = second == mac
        return isFirst || isSecond
    }

    private func permits(_ client: RegisteredClient, _ method: ClientAuthenticationMethod) -> Bool {
        client.authenticationMethods.contains(method) && profile.permits(method)
    }

    private func recall(_ id: String, at now: Int64) -> KnownClient? {
        remembered.withLock { remembered in
            guard let entry = remembered[id],
                (0..<Self.rememberedNanoseconds).contains(now &- entry.readAt)
            else { return nil }
            return entry.client
        }
    }

    private func remember(_ client: KnownClient, readAt: Int64) {
        let id = client.client.id
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax, remembered[id] == nil {
                remembered = remembered.filter { readAt &- $0.value.readAt < Self.rememberedNanoseconds }
                // All of them asked a moment ago: the store is asked again for each, which is only slower.
                if remembered.count >= Self.rememberedMax { remembered = [:] }
            }
            // A read that began earlier and came later knows less.
            if let entry = remembered[id], entry.readAt > readAt { return }
            remembered[id] = (client, readAt)
        }
    }
}
