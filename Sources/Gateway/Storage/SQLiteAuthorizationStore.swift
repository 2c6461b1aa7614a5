package import AuthorizationServer
internal import Foundation
internal import GRDB
internal import JOSE
internal import JSON

/// Clients and keys of the authorization server in one SQLite file (mode 0600, write-ahead log).
///
/// Several processes may have it open: `portcullis client` works beside a running gateway. Whatever is wrong with the file
/// is an error when it is opened, with the file's name; it is never replaced by a new one.
package final class SQLiteAuthorizationStore: AuthorizationStore {
    /// How long a write waits for another process's.
    private static let busySeconds: TimeInterval = 5
    private let pool: DatabasePool
    /// The signing keys, as they were when the file was opened.
    package let keys: SigningKeyRing
    package let pepper: SecretPepper
    private let watchers = StoreWatchers()

    /// Opens the file; makes it, with a signing key (ES256) in it, when it does not exist or is empty.
    /// - Parameters:
    ///   - creating: false: a file that does not exist is an error.
    ///   - now: seconds since 1970.
    package static func open(path: String, creating: Bool = true, now: Int64, random: Randomness) throws -> SQLiteAuthorizationStore {
        try DatabaseFile.prepare(path, creating: creating)
        do {
            return try DatabaseFile.whileAlone(path) { try SQLiteAuthorizationStore(path: path, now: now, random: random) }
        } catch let error as StorageError {
            throw error
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw StorageError(path, "is not a SQLite database; it was left as it is")
        } catch let error as DatabaseError {
            throw StorageError(path, "cannot be used: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
        } catch {
            throw StorageError(path, "cannot be used: \(error)")
        }
    }

    private init(path: String, now: Int64, random: Randomness) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busySeconds)
        configuration.maximumReaderCount = 4
        configuration.label = "portcullis.authorization"
        configuration.prepareDatabase { db in
            // FULL: a client whose secret was shown is there after a power cut, too. The rest: what is deleted is wiped, and
            // a schema that somebody else wrote runs nothing.
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF")
        }
        try Self.refuseForeign(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        let migrator = StorageSchema.migrator(
            StorageSchema.Birth(records: [
                ServerKey.record(purpose: ServerKey.pepper, octets: random.octets(SecretPepper.octetCount), createdAt: now),
                StoredSigningKey.record(try SigningKey.generate(.es256), createdAt: now, signsFrom: now),
            ]))
        if try pool.read(migrator.hasBeenSuperseded) {
            throw StorageError(path, "was written by a newer version of Portcullis; use that one")
        }
        try migrator.migrate(pool)
        self.pool = pool
        (keys, pepper) = try pool.read { db in (try Self.readKeys(db, path), try Self.readPepper(db, path)) }
    }

    /// A database of another program is not to be written to, not even to its journal mode: it is looked at read-only.
    private static func refuseForeign(_ path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(busySeconds)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { db in
            let check = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard check == "ok" else { throw StorageError(path, "is damaged (\(check)); restore it from a backup") }
            let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            guard applicationID == DatabaseFile.applicationID || (applicationID == 0 && tables == 0) else {
                throw StorageError(path, "belongs to another program; it was left as it is")
            }
        }
    }

    private static func readKeys(_ db: Database, _ path: String) throws -> SigningKeyRing {
        let records = try RecordRows.read(db, RecordQuery(.signingKey), most: 1_000)
        guard !records.isEmpty else {
            throw StorageError(path, "has lost its signing keys; restore it from a backup (new keys would make every token worthless)")
        }
        let keys = try records.map { record in
            guard let key = StoredSigningKey.key(of: record) else {
                throw StorageError(path, "holds a signing key that cannot be read (\(record.key)); restore it from a backup")
            }
            return key
        }
        guard let ring = SigningKeyRing(keys) else { throw StorageError(path, "holds a signing key twice") }
        return ring
    }

    private static func readPepper(_ db: Database, _ path: String) throws -> SecretPepper {
        let record = try RecordRows.read(db, .serverKey, ServerKey.pepper)
        guard let octets = record.flatMap(ServerKey.octets(of:)), let pepper = SecretPepper(octets: octets) else {
            throw StorageError(path, "has lost the key of its client secrets; restore it from a backup")
        }
        return pepper
    }

    // MARK: AuthorizationStore

    package func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        guard Self.canBeBound(key) else { return nil }
        return try await pool.read { db in try RecordRows.read(db, kind, key) }
    }

    package func records(_ query: RecordQuery, most: Int) async throws -> [StoredRecord] {
        guard [query.client, query.subject, query.grant, query.afterKey].allSatisfy({ $0.map(Self.canBeBound) ?? true }) else { return [] }
        return try await pool.read { db in try RecordRows.read(db, query, most: min(max(most, 1), Self.recordsMax)) }
    }

    package func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        guard changes.allSatisfy(Self.canBeBound) else { return false }
        let held = try await pool.write { db in
            var held = true
            // A savepoint, so that "something else was true" leaves nothing behind.
            try db.inSavepoint {
                for change in changes {
                    held = try RecordRows.apply(db, change, now: now)
                    if !held { return .rollback }
                }
                return .commit
            }
            return held
        }
        if held { watchers.tell(Set(changes.compactMap(\.writtenKind))) }
        return held
    }

    package func removeExpired(now: Int64, most: Int) async throws -> Int {
        try await pool.write { db in try RecordRows.removeExpired(db, now: now, most: most) }
    }

    package func writes(of kind: RecordKind) -> AsyncStream<Void> {
        let (stream, isFirst) = watchers.watch(kind)
        if isFirst { watchOtherProcesses() }
        return stream
    }

    /// SQLite tells nobody of another process's writes: the number of changes that other connections made is looked at four times a
    /// second, by one connection that is kept for it.
    private func watchOtherProcesses() {
        let watchers = watchers
        let path = pool.path
        Task { [weak self] in
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(Self.busySeconds)
            guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return }
            var last: Int64?
            while self != nil {
                let version = try? await queue.read { db in try Int64.fetchOne(db, sql: "PRAGMA data_version") }
                if let version, version != last {
                    if last != nil { watchers.tell(Set(RecordKind.allCases)) }
                    last = version
                }
                try? await Task.sleep(for: .milliseconds(250))
            }
            watchers.end()
        }
    }

    /// A text is handed to SQLite up to its first NUL: `a\0b` would be `a`.
    private static func canBeBound(_ text: String) -> Bool { !text.utf8.contains(0) }

    private static func canBeBound(_ change: StoreChange) -> Bool {
        switch change {
        case .insert(let record), .replace(let record):
            [record.key, record.client, record.subject, record.grant].allSatisfy { $0.map(canBeBound) ?? true }
        case .expect(_, let key, _), .remove(_, let key, _): canBeBound(key)
        case .removeAll(let query): [query.client, query.subject, query.grant, query.afterKey].allSatisfy { $0.map(canBeBound) ?? true }
        }
    }
}
