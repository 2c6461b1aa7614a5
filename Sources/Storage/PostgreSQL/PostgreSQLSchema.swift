import AuthorizationRecords

/// The tables, in a schema of their own, and how each version of them came from the one before. A migration that has
/// been released is never edited.
enum PostgreSQLSchema {
    /// Held by whoever writes records, to the end of the transaction; and by whoever changes the tables. Advisory locks
    /// are those of the database that is connected to, and "PCUL" keeps them apart from those of others in it.
    static let writeLock = "1346589004, 1"
    static let migrationLock = "1346589004, 2"
    /// Where writes are told (`NOTIFY`).
    static let channel = "portcullis_records"

    private static let migrations = [
        // Keys and search fields are compared octet by octet, whatever the language of the database.
        """
        CREATE TABLE portcullis.record (
            kind text COLLATE "C" NOT NULL,
            key text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            sequence bigint NOT NULL UNIQUE,
            expires_at bigint,
            client text COLLATE "C",
            subject text COLLATE "C",
            grant_id text COLLATE "C",
            body text NOT NULL,
            PRIMARY KEY (kind, key)
        );
        CREATE INDEX record_written ON portcullis.record (kind, sequence);
        CREATE INDEX record_client ON portcullis.record (client, kind) WHERE client IS NOT NULL;
        CREATE INDEX record_subject ON portcullis.record (subject, kind) WHERE subject IS NOT NULL;
        CREATE INDEX record_grant ON portcullis.record (grant_id, kind) WHERE grant_id IS NOT NULL;
        CREATE INDEX record_expiry ON portcullis.record (expires_at) WHERE expires_at IS NOT NULL;
        CREATE SEQUENCE portcullis.record_sequence;
        """
    ]

    /// Brings the tables up to date. A new database is given its first records in the same transaction: one without
    /// keys never exists, so one that has lost them is recognised (and refused).
    /// - Parameter creating: false: a database without the tables is an error.
    static func migrate(_ db: PostgreSQLConnection, name: String, creating: Bool, birth: [StoredRecord]) throws {
        guard db.parameter("server_encoding") == "UTF8" else {
            throw StorageError(name, "has another encoding than UTF8")
        }
        try db.script("BEGIN; SELECT pg_advisory_xact_lock(\(migrationLock))")
        do {
            let version = try version(db, name)
            try refuseNewer(version, name)
            guard creating || version > 0 else {
                throw StorageError(
                    name,
                    "has no tables of Portcullis; they are made when the gateway starts, or by \"portcullis client add\" or \"portcullis user add\""
                )
            }
            for (index, migration) in migrations.enumerated().dropFirst(version) {
                try db.script(migration)
                try db.run("INSERT INTO portcullis.migration (version) VALUES ($1::integer)", [String(index + 1)])
            }
            if version == 0 { for record in birth { try PostgreSQLRows.give(db, record) } }
            try db.script("COMMIT")
        } catch {
            try? db.script("ROLLBACK")
            throw error
        }
    }

    /// Throws `StorageError` if the tables were made, or changed, by a version that this one does not know.
    static func refuseOtherVersion(_ db: PostgreSQLConnection, _ name: String) throws {
        guard try db.run("SELECT to_regclass('portcullis.migration')::text").rows.first?[0] != nil else { return }
        try refuseNewer(try lastMigration(db), name)
    }

    private static func refuseNewer(_ version: Int, _ name: String) throws(StorageError) {
        guard version <= migrations.count else {
            throw StorageError(name, "was written by a newer version of Portcullis; use that one")
        }
    }

    private static func lastMigration(_ db: PostgreSQLConnection) throws -> Int {
        try db.run("SELECT max(version) FROM portcullis.migration").rows.first?[0].flatMap { Int($0) } ?? 0
    }

    /// The version of the tables; 0: there are none yet, and there is the schema now.
    private static func version(_ db: PostgreSQLConnection, _ name: String) throws -> Int {
        let found = try db.run("SELECT to_regnamespace('portcullis')::text, to_regclass('portcullis.migration')::text")
            .rows.first
        if found?[0] != nil, found?[1] != nil {
            return try lastMigration(db)
        }
        if found?[0] == nil { try db.script("CREATE SCHEMA portcullis") }
        let others = try db.run("SELECT 1 FROM pg_class WHERE relnamespace = 'portcullis'::regnamespace LIMIT 1").rows
        guard others.isEmpty else {
            throw StorageError(name, "has a schema \"portcullis\" with other tables in it; it was left as it is")
        }
        try db.script(
            "CREATE TABLE portcullis.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return 0
    }
}

extension PostgreSQLRows {
    /// Writes a record that nobody else can have written.
    static func give(_ db: PostgreSQLConnection, _ record: StoredRecord) throws {
        var displaced = 0
        guard try apply(db, .insert(record), now: 0, displaced: &displaced) else {
            throw PostgreSQLError.refused(state: "23505", "a new database has a record already")
        }
    }
}
