package import AuthorizationServer
internal import Foundation
internal import GRDB
internal import JOSE

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
            StorageSchema.Birth(signingKey: try SigningKey.generate(.es256), pepper: random.octets(SecretPepper.octetCount), now: now))
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
        let rows = try Row.fetchAll(db, sql: "SELECT kid, algorithm, private_pem, signs_from, published_until FROM signing_key")
        guard !rows.isEmpty else {
            throw StorageError(path, "has lost its signing keys; restore it from a backup (new keys would make every token worthless)")
        }
        let keys = try rows.map { row in
            let kid: String = row["kid"]
            guard let algorithm = Algorithm(rawValue: row["algorithm"]), let key = try? SigningKey(pem: row["private_pem"], algorithm: algorithm),
                key.kid == kid
            else { throw StorageError(path, "holds a signing key that cannot be read (\(kid)); restore it from a backup") }
            return DatedSigningKey(key: key, signsFrom: row["signs_from"], publishedUntil: row["published_until"])
        }
        guard let ring = SigningKeyRing(keys) else { throw StorageError(path, "holds a signing key twice") }
        return ring
    }

    private static func readPepper(_ db: Database, _ path: String) throws -> SecretPepper {
        let octets = try Data.fetchOne(db, sql: "SELECT octets FROM server_key WHERE purpose = ?", arguments: [StorageSchema.pepperPurpose])
        guard let octets, let pepper = SecretPepper(octets: Array(octets)) else {
            throw StorageError(path, "has lost the key of its client secrets; restore it from a backup")
        }
        return pepper
    }

    // MARK: AuthorizationStore

    package func client(id: String) async throws -> RegisteredClient? {
        guard Self.canBeBound(id) else { return nil }
        return try await pool.read { db in try ClientRows.read(db, id: id) }
    }

    package func clients() async throws -> [RegisteredClient] {
        try await pool.read { db in
            try String.fetchAll(db, sql: "SELECT id FROM client ORDER BY id").compactMap { try ClientRows.read(db, id: $0) }
        }
    }

    package func insert(_ client: RegisteredClient) async throws -> Bool {
        try await pool.write { db in try ClientRows.insert(db, client) }
    }

    package func removeClient(id: String) async throws -> Bool {
        guard Self.canBeBound(id) else { return false }
        return try await pool.write { db in
            try db.execute(sql: "DELETE FROM client WHERE id = ?", arguments: [id])
            return db.changesCount > 0
        }
    }

    /// A text is handed to SQLite up to its first NUL: `a\0b` would be `a`.
    private static func canBeBound(_ id: String) -> Bool { !id.utf8.contains(0) }
}
