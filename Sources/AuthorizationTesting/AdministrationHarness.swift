import HTTP
import JOSE
import JSON
import Policy
import Synchronization

@testable import Administration
@testable import AuthorizationRecords

/// The management interface on a store in memory, with a log that remembers.
struct AdministrationHarness: Sendable {
    let base: AuthorizationHarness
    let log = RememberedChanges()
    let api: AdminAPI
    var store: MemoryStore { base.store }

    init(store other: (any AuthorizationStore)? = nil, users: UserRules = UserRules()) throws {
        base = try AuthorizationHarness()
        let store = other ?? base.store
        let links = AccountLinkTerms(base.settings)
        api = AdminAPI(
            administration: .forTests(store, base.pepper, users: users, links: links), store: store, log: log)
    }

    func send(
        _ method: String, _ target: String, _ body: JSONObject? = nil, _ fields: [ServiceRequest.Field] = [],
        type: String? = "application/json", raw: [UInt8]? = nil, now: Int64 = newYear2026
    ) async -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var all = fields
        if body != nil || raw != nil, let type { all.append(("content-type", type)) }
        var request = ServiceRequest(
            method: method, path: "/admin/v1/" + parts[0], query: parts.count > 1 ? parts[1] : nil,
            host: "login.example.com", fields: all,
            body: raw ?? body.map { JSON.object($0).serialized() } ?? [])
        request.requestID = "0123"
        request.caller = ServiceCaller(client: "operator", subject: "operator")
        return await Answer(api.answer(request, now: now, random: base.random))
    }

    /// A client that is made through the interface; its ETag and its secret.
    func client(_ id: String = "shop") async throws -> (etag: String, secret: String) {
        let answer = await send(
            "POST", "clients",
            ["client_id": .string(id), "grant_types": ["client_credentials"], "scope": "orders:read"])
        guard answer.status == 201, let etag = answer.field("etag"), let secret = answer.body["client_secret"]?.string
        else { throw HarnessError() }
        return (etag, secret)
    }

    func user(_ name: String = "alice") async throws -> (id: String, etag: String) {
        let answer = await send("POST", "users", ["name": .string(name), "password": "correct horse battery"])
        guard answer.status == 201, let id = answer.body["id"]?.string, let etag = answer.field("etag") else {
            throw HarnessError()
        }
        return (id, etag)
    }

    func grant(
        _ id: String = "g1", client: String = "shop", subject: String = "user-1", expiresAt: Int64 = newYear2026 + 1_000
    ) async throws {
        let grant = Grant(
            id: id, clientID: client, subject: subject, scopes: ["orders:read"], resources: [], createdAt: newYear2026,
            expiresAt: expiresAt)
        guard try await store.commit([.insert(grant.record)], now: newYear2026) else { throw HarnessError() }
    }
}

/// A log in memory, which may be full.
final class RememberedChanges: ChangeLog {
    private let state = Mutex<(changes: [ManagedChange?], isFull: Bool)>(([], false))

    var changes: [ManagedChange?] { state.withLock { $0.changes } }
    var takesRecords: Bool { state.withLock { !$0.isFull } }
    func fill() { state.withLock { $0.isFull = true } }
    func record(_ change: ManagedChange?, of request: ServiceRequest) { state.withLock { $0.changes.append(change) } }
}

/// Lets somebody else write between the reading and the writing of whoever asks.
final class RacingStore: AuthorizationStore {
    let store: MemoryStore
    private let race = Mutex<(@Sendable () async throws -> Void)?>(nil)

    init(_ store: MemoryStore) { self.store = store }

    /// Done once, before the next commit.
    func before(_ work: @escaping @Sendable () async throws -> Void) { race.withLock { $0 = work } }

    func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? { try await store.record(kind, key) }
    func page(_ query: RecordQuery, most: Int) async throws -> RecordPage {
        try await store.page(query, most: most)
    }
    func removeExpired(now: Int64, most: Int) async throws -> Int {
        try await store.removeExpired(now: now, most: most)
    }
    func writes(of kind: RecordKind) -> AsyncStream<Void> { store.writes(of: kind) }
    var displaced: Int { store.displaced }

    func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        let work = race.withLock { race in
            defer { race = nil }
            return race
        }
        try await work?()
        return try await store.commit(changes, now: now)
    }
}
