import AuthorizationRecords
package import HTTP
package import JSON
import Synchronization

/// Fetches metadata that clients publish (draft-ietf-oauth-client-id-metadata-document §4).
///
/// It is asked before anybody has shown who they are, for an address of their choice: it must bound what it fetches, and
/// connect to nothing but the public network.
package protocol ClientDocumentSource: Sendable {
    /// What is there now; it remembers nothing.
    func document(at url: AbsoluteURL) async -> ClientDocument
}

/// What lies at a client's address.
package enum ClientDocument: Sendable, Equatable {
    /// A JSON object; whose it is, is not checked.
    case found(JSONObject)
    /// There is none, or what is there is none.
    case absent
    /// Nobody knows now.
    case unavailable
}

/// Clients whose id is the address of their metadata: nobody registers them, what they publish is read when they come.
///
/// They are kept as clients that registered themselves are, with the same bounds, so that whatever takes something from a
/// client reaches them, too; and read again when that was an hour ago.
final class ClientDocuments: Sendable {
    /// In seconds: how long what was read is not read again, how long it counts while it cannot be, and how long an
    /// address that yielded nothing is not asked again.
    static let freshSeconds: Int64 = 3_600
    static let keptSeconds: Int64 = 86_400
    static let backoffSeconds: Int64 = 60
    /// Addresses that are remembered because they yielded nothing.
    static let failuresMax = 1_024

    private struct State {
        var failures: [String: (what: ClientDocument, until: Int64)] = [:]
        var underWay: Set<String> = []
    }

    private let store: any AuthorizationStore
    private let source: any ClientDocumentSource
    private let open: OpenRegistration
    private let metadata: ClientMetadata
    private let state = Mutex(State())

    init(
        store: any AuthorizationStore, source: any ClientDocumentSource, open: OpenRegistration,
        metadata: ClientMetadata
    ) {
        self.store = store
        self.source = source
        self.open = open
        self.metadata = metadata
    }

    /// The client as it describes itself now, which may be the first time.
    /// - Parameter address: who makes the server fetch it.
    func client(at url: ClientDocumentURL, address: String, now: Int64) async throws(OAuthError) -> RegisteredClient? {
        if let stored = try await store.orUnavailable({ try await $0.client(id: url.text) }) {
            return try await current(stored, now: now)
        }
        if let failure = failure(url, now: now) {
            throw failure == .absent ? .badClientDocument : .clientDocumentUnavailable
        }
        try await open.admit(.document, address: address, store, now: now)
        do throws(OAuthError) {
            switch await fetched(url, now: now) {
            case .found(let document):
                let client = try await keep(accepted(document, url, nil, now: now), nil, now: now)
                open.settled()
                return client
            case .absent: throw .badClientDocument
            case .unavailable: throw .clientDocumentUnavailable
            }
        } catch {
            open.giveBack()
            throw error
        }
    }

    /// A stored client as it describes itself now; any other as it is.
    func current(_ stored: RegisteredClient, now: Int64) async throws(OAuthError) -> RegisteredClient? {
        guard let readAt = stored.documentReadAt, now - readAt >= Self.freshSeconds,
            let url = ClientDocumentURL(stored.id)
        else { return stored }
        switch await fetched(url, now: now) {
        case .found(let document): return try await keep(accepted(document, url, stored, now: now), stored, now: now)
        case .absent: throw .badClientDocument
        case .unavailable:
            guard now - readAt < Self.keptSeconds else { throw .clientDocumentUnavailable }
            return stored
        }
    }

    private func failure(_ url: ClientDocumentURL, now: Int64) -> ClientDocument? {
        state.withLock { $0.failures[url.text].flatMap { now < $0.until ? $0.what : nil } }
    }

    /// One fetch at a time of one address, and none soon after one that yielded nothing.
    private func fetched(_ url: ClientDocumentURL, now: Int64) async -> ClientDocument {
        if let failure = failure(url, now: now) { return failure }
        guard state.withLock({ $0.underWay.insert(url.text).inserted }) else { return .unavailable }
        let document = await source.document(at: url.url)
        state.withLock { state in
            state.underWay.remove(url.text)
            state.failures[url.text] = nil
        }
        if case .found = document { return document }
        remember(document, url, now: now)
        return document
    }

    private func remember(_ failure: ClientDocument, _ url: ClientDocumentURL, now: Int64) {
        state.withLock { state in
            if state.failures.count >= Self.failuresMax {
                state.failures = state.failures.filter { now < $0.value.until }
                if state.failures.count >= Self.failuresMax { state.failures = [:] }
            }
            state.failures[url.text] = (failure, now + Self.backoffSeconds)
        }
    }

    /// What is there but is not this client's metadata is as good as absent, and not asked for again soon either.
    private func accepted(
        _ document: JSONObject, _ url: ClientDocumentURL, _ stored: RegisteredClient?, now: Int64
    ) throws(OAuthError) -> RegisteredClient {
        do throws(OAuthError) { return try read(document, url, stored, now: now) } catch {
            remember(.absent, url, now: now)
            throw error
        }
    }

    private func read(
        _ document: JSONObject, _ url: ClientDocumentURL, _ stored: RegisteredClient?, now: Int64
    ) throws(OAuthError) -> RegisteredClient {
        // §4.1: the address itself, octet by octet; and nothing that only the two would know.
        guard let id = document["client_id"]?.string, id.utf8.elementsEqual(url.text.utf8),
            document["client_secret"] == nil, document["client_secret_expires_at"] == nil
        else { throw .badClientDocument }
        var asked = document
        if asked["token_endpoint_auth_method"]?.isNull ?? true { asked["token_endpoint_auth_method"] = "none" }
        var client: RegisteredClient
        do throws(ClientMetadataError) {
            client = try metadata.client(asked, id: id, now: stored?.createdAt ?? now)
        } catch { throw .badClientDocument }
        guard !client.usesSecret else { throw .badClientDocument }
        client.documentReadAt = now
        client.openUntil = stored?.openUntil ?? now + open.unusedSeconds
        client.version = stored?.version ?? 0
        return client
    }

    private func keep(_ client: RegisteredClient, _ stored: RegisteredClient?, now: Int64) async throws(OAuthError)
        -> RegisteredClient?
    {
        let change: StoreChange = stored == nil ? .insert(client.record) : .replace(client.record)
        guard try await store.orUnavailable({ try await $0.commit([change], now: now) }) else {
            // Somebody else has just read it, or it was removed.
            return try await store.orUnavailable { try await $0.client(id: client.id) }
        }
        var kept = client
        kept.version += 1
        return kept
    }
}

extension OAuthError {
    static let badClientDocument = OAuthError(
        "invalid_client", "client_id is an address at which no metadata of this client can be used",
        event: "client_document_refused")
    static let clientDocumentUnavailable = OAuthError(
        "temporarily_unavailable", "the metadata of the client cannot be fetched now", status: 503,
        retryAfterSeconds: 60, event: "client_document_unavailable")
}
