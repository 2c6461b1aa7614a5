import AuthorizationRecords
import Synchronization

/// What reads a store and writes nothing: whether a change could be made.
final class DryStore: AuthorizationStore {
    private let store: any AuthorizationStore
    /// What would have been inserted so far.
    private let inserted = Mutex<[String: StoredRecord]>([:])

    init(_ store: any AuthorizationStore) { self.store = store }

    private static func key(_ kind: RecordKind, _ key: String) -> String { "\(kind) \(key)" }

    func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        if let record = inserted.withLock({ $0[Self.key(kind, key)] }) { return record }
        return try await store.record(kind, key)
    }

    func page(_ query: RecordQuery, most: Int) async throws -> RecordPage { try await store.page(query, most: most) }

    func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        for case .insert(let record) in changes {
            guard try await self.record(record.kind, record.key) == nil else { return false }
        }
        for case .insert(let record) in changes {
            inserted.withLock { $0[Self.key(record.kind, record.key)] = record }
        }
        return true
    }

    func removeExpired(now: Int64, most: Int) async throws -> Int { 0 }
    func writes(of kind: RecordKind) -> AsyncStream<Void> { store.writes(of: kind) }
}
