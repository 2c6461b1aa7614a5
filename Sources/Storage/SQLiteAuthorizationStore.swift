package import AuthorizationRecords
import Foundation
import GRDB
package import JOSE
import JSON
import Synchronization

/// Clients and keys of the authorization server in one SQLite file (mode 0600, write-ahead log).
///
/// Several processes may have it open: `portcullis client` works beside a running gateway. Whatever is wrong with the
/// file is an error when it is opened, with the file's name; it is never replaced by a new one.
package final class SQLiteAuthorizationStore: AuthorizationStore {
    /// How long a write waits for another process's.
    private static let busySeconds: TimeInterval = 5
    let pool: DatabasePool
    let readers: RecordReaders
    /// The file that is open. SQLite goes on with it when somebody removes it, and all that is written is lost.
    private let identity: DatabaseFile.Identity?
    /// The signing keys, as they were when the file was opened; nil if they cannot sign, which nobody wanted either.
    package let keys: SigningKeyRing?
    package let pepper: SecretPepper
    /// It was made when it was opened.
    let isNew: Bool
    private let watchers = StoreWatchers()
    private let commits = SharedCommits()
    private let displacedCount = Atomic<Int>(0)
    package var displaced: Int { displacedCount.load(ordering: .relaxed) }

    /// Opens the file; makes it, with signing keys in it, when it does not exist or is empty.
    /// - Parameters:
    ///   - creating: false: a file that does not exist, or in which nothing is, is an error.
    ///   - seal: what private keys are encrypted with; nil: they are not.
    ///   - algorithms: what is signed with; a new file is given a key for each.
    ///   - signs: false: nothing will be signed, so that keys that cannot be used are no error.
    ///   - now: seconds since 1970.
    package static func open(
        path: String, creating: Bool = true, seal: KeySeal? = nil, algorithms: [Algorithm] = [.es256],
        signs: Bool = true, now: Int64, random: Randomness
    ) throws -> SQLiteAuthorizationStore {
        try DatabaseFile.prepare(path, creating: creating)
        do {
            return try DatabaseFile.whileAlone(path) {
                try SQLiteAuthorizationStore(
                    path: path, creating: creating, seal: seal, algorithms: algorithms, signs: signs, now: now,
                    random: random)
            }
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

    private init(
        path: String, creating: Bool, seal: KeySeal?, algorithms: [Algorithm], signs: Bool, now: Int64,
        random: Randomness
    ) throws {
        var configuration = Configuration.waiting(Self.busySeconds)
        configuration.maximumReaderCount = 4
        configuration.label = "portcullis.authorization"
        configuration.prepareDatabase { db in
            // What was removed goes back to the system, in steps (`releaseSpace`); for a new file, before anything is in
            // it. The log does not stay as large as one burst of writes made it.
            if !db.configuration.readonly {
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_size_limit = 16777216")
            }
            // FULL: a client whose secret was shown is there after a power cut, too. The rest: what is deleted is
            // wiped, and a schema that somebody else wrote runs nothing.
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF")
            // What SQLite copies to be able to take a change back holds keys, too: it is in no file elsewhere, not for a
            // moment.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        try Self.refuseForeign(path, creating: creating)
        let pool = try DatabasePool(path: path, configuration: configuration)
        let birth = try StoreContents.birth(algorithms: algorithms, seal: seal, now: now, random: random)
        let migrator = StorageSchema.migrator(birth: birth)
        try pool.read { db in try StorageSchema.refuseOtherVersion(db, path) }
        try migrator.migrate(pool)
        if signs { try Self.makeShrinkable(pool) }
        self.pool = pool
        OpenDatabases.add(pool)
        configuration.readonly = true
        readers = try RecordReaders(path: path, configuration: configuration)
        identity = DatabaseFile.identity(of: path)
        let contents = try pool.read { db in
            try StoreContents(
                signingKeys: RecordList(RecordQuery(.signingKey), StoredSigningKey.init) {
                    try RecordRows.read(db, $0, most: Self.recordsMax)
                },
                pepper: RecordRows.read(db, .serverKey, ServerKey.pepper), name: path)
        }
        pepper = contents.pepper
        isNew = contents.isBorn(with: birth)
        let ring = SigningKeyCheck(contents.keys, name: path, seal: seal, preference: algorithms, now: now).ring
        keys = signs ? try ring.get() : try? ring.get()
    }

    /// A file of an earlier version has to be written anew once, so that it can shrink at all. That is done when a gateway
    /// opens it, if what is in it is copied in a moment; for others there is docs/storage.md.
    private static func makeShrinkable(_ pool: DatabasePool) throws {
        do {
            try pool.writeWithoutTransaction { db in
                guard try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") != incremental else { return }
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
                let size = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
                guard (pages - free) * size <= rewrittenBytesMax else { return }
                try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
            }
        } catch let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode) {
            // Another process is at work in it: the next start will do.
        }
    }

    /// Octets in use, at most: a second of copying.
    private static let rewrittenBytesMax = 64 << 20
    private static let incremental = 2
    /// Pages that one step moves at most (of 4 KiB: some tens of milliseconds), and that stay free for what comes next.
    private static let releasedPages = 1_024
    private static let keptPages = 256

    package func releaseSpace() async throws -> Bool {
        try verifyFile()
        return try await pool.writeWithoutTransaction { db in
            guard try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") == Self.incremental,
                let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count"), free > Self.keptPages
            else { return false }
            try db.execute(sql: "PRAGMA incremental_vacuum(\(min(free - Self.keptPages, Self.releasedPages)))")
            // Only now the file is shorter. What others still read is left for the next time.
            try db.checkpoint(.passive)
            return free - Self.releasedPages > Self.keptPages
        }
    }

    /// A database of another program is not to be written to, not even to its journal mode: it is looked at read-only.
    private static func refuseForeign(_ path: String, creating: Bool) throws {
        var configuration = Configuration.waiting(busySeconds)
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { db in
            let check = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard check == "ok" else { throw StorageError(path, "is damaged (\(check)); restore it from a backup") }
            let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            guard applicationID == DatabaseFile.applicationID || (applicationID == 0 && tables == 0) else {
                throw StorageError(path, "belongs to another program; it was left as it is")
            }
            guard creating || tables > 0 else {
                throw StorageError(path, "has nothing in it; \(DatabaseFile.whoMakesIt)")
            }
        }
    }

    // MARK: AuthorizationStore

    /// Nothing is read from, and nothing written into, a file that the next start will not find.
    private func verifyFile() throws(StorageError) {
        guard identity != nil, DatabaseFile.identity(of: pool.path) == identity else {
            throw StorageError(
                pool.path,
                "was removed or replaced while it was in use; put the file back, or restart the gateway to use the one that is there"
            )
        }
    }

    package func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        guard BindableText.isBindable(key) else { return nil }
        try verifyFile()
        if let read = try readers.read({ db in try RecordRows.read(db, kind, key) }) { return read }
        return try await pool.read { db in try RecordRows.read(db, kind, key) }
    }

    package func page(_ query: RecordQuery, most: Int) async throws -> RecordPage {
        guard BindableText.isBindable(query) else { return RecordPage([], of: query, most: 1) }
        try verifyFile()
        return try await pool.read { db in try RecordRows.read(db, query, most: min(max(most, 1), Self.recordsMax)) }
    }

    package func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        guard changes.allSatisfy(BindableText.isBindable) else { return false }
        try changes.checkStorable()
        try verifyFile()
        let (held, displaced) = try await commits.commit(changes, now: now, in: pool)
        if held { displacedCount.add(displaced, ordering: .relaxed) }
        if held { watchers.tell(Set(changes.compactMap(\.writtenKind))) }
        return held
    }

    package func removeExpired(now: Int64, most: Int) async throws -> Int {
        try verifyFile()
        return try await pool.write { db in try RecordRows.removeExpired(db, now: now, most: most) }
    }

    package func writes(of kind: RecordKind) -> AsyncStream<Void> {
        let (stream, isFirst) = watchers.watch(kind)
        if isFirst { watchOtherProcesses() }
        return stream
    }

    /// SQLite tells nobody of another process's writes: the number of changes that other connections made is looked at
    /// four times a second, by one connection that is kept for it.
    private func watchOtherProcesses() {
        let watchers = watchers
        let path = pool.path
        Task { [weak self] in
            var configuration = Configuration.waiting(Self.busySeconds)
            configuration.readonly = true
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
}
