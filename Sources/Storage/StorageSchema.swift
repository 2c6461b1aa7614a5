import AuthorizationRecords
import GRDB

/// The tables, and how each version of them came from the one before. A migration that has been released is never
/// edited.
enum StorageSchema {
    /// Throws `StorageError` if the tables were made, or changed, by a version that this one does not know.
    static func refuseOtherVersion(_ db: Database, _ path: String) throws {
        guard try !migrator(birth: []).hasBeenSuperseded(db) else {
            throw StorageError(path, "was written by another version of Portcullis; use that one")
        }
    }

    /// - Parameter birth: what a new database is given besides its tables, in the same transaction: a database without
    ///   keys never exists, so one that has lost them is recognised (and refused).
    static func migrator(birth: [StoredRecord]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
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
            try db.execute(sql: "PRAGMA application_id = \(DatabaseFile.applicationID)")
            for record in birth { try RecordRows.write(db, record, version: 1) }
        }
        return migrator
    }
}
