import AuthorizationRecords
import Foundation
import GRDB
import JOSE
import JSON

/// The tables, and how each version of them came from the one before. A migration that has been released is never
/// edited.
enum StorageSchema {
    /// What a new database is given besides its tables, in the same transaction: a database without keys never exists,
    /// so one that has lost them is recognised (and refused).
    struct Birth: Sendable {
        var records: [StoredRecord]
    }

    static func migrator(_ birth: Birth) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 clients and keys") { db in
            try db.execute(
                sql: """
                    CREATE TABLE client (
                        id TEXT PRIMARY KEY NOT NULL,
                        name TEXT NOT NULL,
                        -- space-delimited
                        grants TEXT NOT NULL,
                        authentication_methods TEXT NOT NULL,
                        scopes TEXT NOT NULL,
                        created_at INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE client_secret (
                        client_id TEXT NOT NULL REFERENCES client(id) ON DELETE CASCADE,
                        -- HMAC-SHA-256 under server_key 'secret_pepper'
                        mac BLOB NOT NULL,
                        created_at INTEGER NOT NULL,
                        PRIMARY KEY (client_id, mac)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE server_key (
                        purpose TEXT PRIMARY KEY NOT NULL,
                        octets BLOB NOT NULL,
                        created_at INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE signing_key (
                        kid TEXT PRIMARY KEY NOT NULL,
                        algorithm TEXT NOT NULL,
                        private_pem TEXT NOT NULL,
                        created_at INTEGER NOT NULL,
                        signs_from INTEGER NOT NULL,
                        published_until INTEGER
                    ) STRICT, WITHOUT ROWID;
                    """)
            try db.execute(sql: "PRAGMA application_id = \(DatabaseFile.applicationID)")
        }
        migrator.registerMigration("2 records") { db in
            try db.execute(
                sql: """
                    CREATE TABLE record (
                        kind TEXT NOT NULL,
                        key TEXT NOT NULL,
                        version INTEGER NOT NULL,
                        sequence INTEGER NOT NULL UNIQUE,
                        expires_at INTEGER,
                        client TEXT,
                        subject TEXT,
                        grant_id TEXT,
                        -- JSON
                        body TEXT NOT NULL,
                        PRIMARY KEY (kind, key)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX record_client ON record (client, kind) WHERE client IS NOT NULL;
                    CREATE INDEX record_subject ON record (subject, kind) WHERE subject IS NOT NULL;
                    CREATE INDEX record_grant ON record (grant_id, kind) WHERE grant_id IS NOT NULL;
                    CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at IS NOT NULL;
                    CREATE TABLE record_sequence (last INTEGER NOT NULL) STRICT;
                    INSERT INTO record_sequence (last) VALUES (0);
                    """)
            try moveRows(db)
            try db.execute(
                sql: "DROP TABLE client_secret; DROP TABLE client; DROP TABLE server_key; DROP TABLE signing_key")
        }
        migrator.registerMigration("3 birth") { db in
            // A file of an earlier version has its keys already; one without is new.
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM record") == 0 else { return }
            for record in birth.records { try RecordRows.write(db, record, version: 1) }
        }
        return migrator
    }

    /// From the tables of version 1.
    private static func moveRows(_ db: Database) throws {
        func words(_ text: String) -> JSON { .strings(text.split(separator: " ").map(String.init)) }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM client ORDER BY id") {
            let id: String = row["id"]
            let secrets = try Row.fetchAll(
                db, sql: "SELECT mac, created_at FROM client_secret WHERE client_id = ? ORDER BY created_at DESC",
                arguments: [id])
            let record = StoredRecord(
                .client, id, client: id,
                body: [
                    "name": .string(row["name"]), "grants": words(row["grants"]),
                    "authentication_methods": words(row["authentication_methods"]), "scopes": words(row["scopes"]),
                    "secrets": .array(
                        secrets.map { secret in
                            let mac: Data = secret["mac"]
                            return [
                                "mac": .string(Base64URL.encode(Array(mac))),
                                "created_at": .integer(secret["created_at"]),
                            ]
                        }),
                    "created_at": .integer(row["created_at"]),
                ])
            try RecordRows.write(db, record, version: 1)
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM server_key") {
            let octets: Data = row["octets"]
            try RecordRows.write(
                db, ServerKey.record(purpose: row["purpose"], octets: Array(octets), createdAt: row["created_at"]),
                version: 1)
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM signing_key") {
            let record = StoredSigningKey.record(
                kid: row["kid"], algorithm: row["algorithm"], pem: row["private_pem"], createdAt: row["created_at"],
                signsFrom: row["signs_from"], publishedUntil: row["published_until"])
            try RecordRows.write(db, record, version: 1)
        }
    }
}
