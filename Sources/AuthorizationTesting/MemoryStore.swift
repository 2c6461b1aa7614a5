package import AuthorizationRecords
import Synchronization

/// A store in memory that keeps the contract of `AuthorizationStore` as the databases do, counts what it is asked, and
/// can fail.
package final class MemoryStore: AuthorizationStore {
    /// What every call throws while the store fails.
    package struct Failure: Error {}

    /// By octets: two texts that look the same to people are not the same key.
    private struct Name: Hashable {
        var kind: RecordKind
        var key: [UInt8]

        init(_ kind: RecordKind, _ key: String) { (self.kind, self.key) = (kind, Array(key.utf8)) }
        init(_ record: StoredRecord) { self.init(record.kind, record.key) }
    }
    private struct Entry {
        var record: StoredRecord
        var isDamaged = false

        var row: RecordPage.Row {
            guard isDamaged else { return .success(record) }
            return .failure(
                DamagedRecord(record.kind, record.key, sequence: record.sequence, expiresAt: record.expiresAt))
        }
    }
    private struct State {
        var entries: [Name: Entry] = [:]
        var sequence: Int64 = 0
        var reads = 0
        var displaced = 0
        var fails = false
        var watchers: [RecordKind: [AsyncStream<Void>.Continuation]] = [:]
    }
    private let state = Mutex(State())

    package init() {}

    deinit { state.withLock { state in for watcher in state.watchers.values.joined() { watcher.finish() } } }

    /// How many single records were asked for.
    package var reads: Int { state.withLock { $0.reads } }
    package var displaced: Int { state.withLock { $0.displaced } }
    /// How many records of a kind there are.
    package func count(_ kind: RecordKind) -> Int {
        state.withLock { state in state.entries.values.count { $0.record.kind == kind } }
    }
    /// Whether all calls fail from now on.
    package func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }

    /// Makes the body of a record unreadable.
    package func damage(_ kind: RecordKind, _ key: String) {
        state.withLock { $0.entries[Name(kind, key)]?.isDamaged = true }
    }

    package func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        try state.withLock { state in
            state.reads += 1
            guard !state.fails else { throw Failure() }
            return try state.entries[Name(kind, key)]?.row.get()
        }
    }

    package func page(_ query: RecordQuery, most: Int) async throws -> RecordPage {
        let most = min(max(most, 1), Self.recordsMax)
        return try state.withLock { state in
            guard !state.fails else { throw Failure() }
            let found = state.entries.values.filter { Self.matches(query, $0.record) }.sorted { one, other in
                query.afterSequence == nil
                    ? one.record.key.utf8.lexicographicallyPrecedes(other.record.key.utf8)
                    : one.record.sequence < other.record.sequence
            }
            return RecordPage(found.prefix(most + 1).map(\.row), of: query, most: most)
        }
    }

    package func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        guard changes.allSatisfy(Self.isBindable) else { return false }
        try changes.checkStorable()
        let watchers: [AsyncStream<Void>.Continuation]? = try state.withLock { state in
            guard !state.fails else { throw Failure() }
            var next = state
            for change in changes { guard Self.apply(change, to: &next, now: now) else { return nil } }
            state = next
            return Set(changes.compactMap(Self.writtenKind)).flatMap { next.watchers[$0] ?? [] }
        }
        watchers?.forEach { $0.yield() }
        return watchers != nil
    }

    package func removeExpired(now: Int64, most: Int) async throws -> Int {
        try state.withLock { state in
            guard !state.fails else { throw Failure() }
            let expired = state.entries.filter { $0.value.record.isExpired(at: now) }
                .sorted { ($0.value.record.expiresAt ?? .max) < ($1.value.record.expiresAt ?? .max) }.prefix(most)
            for name in expired.map(\.key) { state.entries[name] = nil }
            return expired.count
        }
    }

    package func writes(of kind: RecordKind) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.watchers[kind, default: []].append(continuation) }
        return stream
    }

    private static func apply(_ change: StoreChange, to state: inout State, now: Int64) -> Bool {
        func write(_ record: StoredRecord, version: Int64) {
            var record = record
            state.sequence += 1
            record.sequence = state.sequence
            record.version = version
            state.entries[Name(record)] = Entry(record: record)
        }
        func version(_ kind: RecordKind, _ key: String) -> Int64? { state.entries[Name(kind, key)]?.record.version }
        switch change {
        case .insert(let record):
            if let there = state.entries[Name(record)]?.record, !there.isExpired(at: now) { return false }
            write(record, version: 1)
        case .replace(let record):
            guard version(record.kind, record.key) == record.version else { return false }
            write(record, version: record.version + 1)
        case .expect(let kind, let key, let expected):
            return version(kind, key) == expected
        case .remove(let kind, let key, let expected):
            if let expected { guard version(kind, key) == expected else { return false } }
            state.entries[Name(kind, key)] = nil
        case .removeAll(let query):
            for (name, entry) in state.entries where matches(query, entry.record) { state.entries[name] = nil }
        case .removeOldest(let query, let above, let keeping):
            let found = state.entries.filter { matches(query, $0.value.record) }
            guard found.count > above else { return true }
            let oldest = found.sorted { $0.value.record.sequence < $1.value.record.sequence }
            for (name, _) in oldest.prefix(found.count - keeping) { state.entries[name] = nil }
            state.displaced += found.count - keeping
        }
        return true
    }

    private static func matches(_ query: RecordQuery, _ record: StoredRecord) -> Bool {
        func agrees(_ wanted: String?, _ text: String?) -> Bool {
            guard let wanted else { return true }
            return text.map { $0.utf8.elementsEqual(wanted.utf8) } ?? false
        }
        return record.kind == query.kind && agrees(query.client, record.client)
            && agrees(query.subject, record.subject) && agrees(query.grant, record.grant)
            && (!query.isWithoutGrant || record.grant == nil)
            && (query.afterKey.map { $0.utf8.lexicographicallyPrecedes(record.key.utf8) } ?? true)
            && (query.afterSequence.map { record.sequence > $0 } ?? true)
    }

    private static func writtenKind(_ change: StoreChange) -> RecordKind? {
        switch change {
        case .insert(let record), .replace(let record): record.kind
        case .expect, .remove, .removeAll, .removeOldest: nil
        }
    }

    /// Databases store no NUL.
    private static func isBindable(_ change: StoreChange) -> Bool {
        let texts: [String?] =
            switch change {
            case .insert(let record), .replace(let record): [record.key, record.client, record.subject, record.grant]
            case .expect(_, let key, _), .remove(_, let key, _): [key]
            case .removeAll(let query), .removeOldest(let query, _, _):
                [query.client, query.subject, query.grant, query.afterKey]
            }
        return texts.allSatisfy { $0.map { !$0.utf8.contains(0) } ?? true }
    }
}
