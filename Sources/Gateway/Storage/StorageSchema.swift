internal import Foundation
internal import GRDB
internal import JOSE

/// The tables, and how each version of them came from the one before. A migration that has been released is never edited.
enum StorageSchema {
    /// What a new database is given besides its tables, in the same transaction: a database without keys never exists, so
    /// one that has lost them is recognised (and refused).
    struct Birth: Sendable {
        var signingKey: SigningKey
        var pepper: [UInt8]
        /// Seconds since 1970.
        var now: Int64
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
            try db.execute(
                sql: "INSERT INTO server_key (purpose, octets, created_at) VALUES (?, ?, ?)",
                arguments: [pepperPurpose, Data(birth.pepper), birth.now])
            try db.execute(
                sql: "INSERT INTO signing_key (kid, algorithm, private_pem, created_at, signs_from) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    birth.signingKey.kid, birth.signingKey.algorithm.rawValue, birth.signingKey.pemRepresentation, birth.now, birth.now,
                ])
            try db.execute(sql: "PRAGMA application_id = \(DatabaseFile.applicationID)")
        }
        return migrator
    }

    static let pepperPurpose = "secret_pepper"
}
