import Synchronization

@testable import AuthorizationRecords

/// A store in memory that counts what it is asked, and can fail.
final class MemoryStore: AuthorizationStore {
    struct Failure: Error {}
    private struct Name: Hashable {
        var kind: RecordKind
        var key: String
    }
    private struct State {
        var records: [Name: StoredRecord] = [:]
        var sequence: Int64 = 0
        var reads = 0
        var fails = false
    }
    private let state = Mutex(State())

    var reads: Int { state.withLock { $0.reads } }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        try state.withLock { state in
            state.reads += 1
            guard !state.fails else { throw Failure() }
            return state.records[Name(kind: kind, key: key)]
        }
    }

    func records(_ query: RecordQuery, most: Int) async throws -> [StoredRecord] {
        try state.withLock { state in
            guard !state.fails else { throw Failure() }
            let found = state.records.values.filter { Self.matches(query, $0) }
            let sorted =
                query.afterSequence == nil
                ? found.sorted { $0.key < $1.key } : found.sorted { $0.sequence < $1.sequence }
            return Array(sorted.prefix(most))
        }
    }

    func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        try state.withLock { state in
            guard !state.fails else { throw Failure() }
            var next = state
            for change in changes { guard Self.apply(change, to: &next, now: now) else { return false } }
            state = next
            return true
        }
    }

    func removeExpired(now: Int64, most: Int) async throws -> Int {
        state.withLock { state in
            let expired = state.records.filter { $0.value.isExpired(at: now) }.prefix(most)
            for name in expired.map(\.key) { state.records[name] = nil }
            return expired.count
        }
    }

    func writes(of kind: RecordKind) -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    private static func apply(_ change: StoreChange, to state: inout State, now: Int64) -> Bool {
        func write(_ record: StoredRecord, version: Int64) {
            var record = record
            state.sequence += 1
            record.sequence = state.sequence
            record.version = version
            state.records[Name(kind: record.kind, key: record.key)] = record
        }
        switch change {
        case .insert(let record):
            if let there = state.records[Name(kind: record.kind, key: record.key)], !there.isExpired(at: now) {
                return false
            }
            write(record, version: 1)
        case .replace(let record):
            guard state.records[Name(kind: record.kind, key: record.key)]?.version == record.version else {
                return false
            }
            write(record, version: record.version + 1)
        case .expect(let kind, let key, let version):
            return state.records[Name(kind: kind, key: key)]?.version == version
        case .remove(let kind, let key, let version):
            if let version { guard state.records[Name(kind: kind, key: key)]?.version == version else { return false } }
            state.records[Name(kind: kind, key: key)] = nil
        case .removeAll(let query):
            for (name, record) in state.records where matches(query, record) { state.records[name] = nil }
        }
        return true
    }

    private static func matches(_ query: RecordQuery, _ record: StoredRecord) -> Bool {
        record.kind == query.kind && (query.client.map { $0 == record.client } ?? true)
            && (query.subject.map { $0 == record.subject } ?? true)
            && (query.grant.map { $0 == record.grant } ?? true) && (query.afterKey.map { record.key > $0 } ?? true)
            && (query.afterSequence.map { record.sequence > $0 } ?? true)
    }
}
