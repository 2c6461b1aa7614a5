import AuthorizationRecords
package import HTTP
package import JSON

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
struct ClientDocuments: Sendable {
    /// In seconds: how long what was read is not read again, and how long it counts while it cannot be.
    static let freshSeconds: Int64 = 3_600
    static let keptSeconds: Int64 = 86_400

    let store: any AuthorizationStore
    let source: any ClientDocumentSource
    let open: OpenRegistration
    let metadata: ClientMetadata

    /// The client as it describes itself now; nil: it does not.
    /// - Parameters:
    ///   - stored: as it was read last.
    ///   - address: who makes the server fetch it.
    func client(
        at url: ClientDocumentURL, stored: RegisteredClient?, address: String, now: Int64
    ) async throws(OAuthError) -> RegisteredClient? {
        if let stored {
            // One that an operator has made of it is the operator's.
            guard let readAt = stored.documentReadAt, now - readAt >= Self.freshSeconds else { return stored }
        } else {
            try await open.admit(address: address, store, now: now)
        }
        do throws(OAuthError) {
            return try await fetched(url, stored, now: now)
        } catch {
            if stored == nil { open.giveBack() }
            throw error
        }
    }

    private func fetched(
        _ url: ClientDocumentURL, _ stored: RegisteredClient?, now: Int64
    ) async throws(OAuthError) -> RegisteredClient? {
        switch await source.document(at: url.url) {
        case .found(let document):
            return try await keep(read(document, url, stored, now: now), stored, now: now)
        case .absent: throw .badClientDocument
        case .unavailable:
            guard let stored, let readAt = stored.documentReadAt, now - readAt < Self.keptSeconds else {
                throw .clientDocumentUnavailable
            }
            return stored
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
        if asked["token_endpoint_auth_method"] == nil { asked["token_endpoint_auth_method"] = "none" }
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
