import AuthorizationRecords
import JSON

/// Records in their rows, and changes of them in one transaction.
enum PostgreSQLRows {
    private static let columns = "kind, key, version, sequence, expires_at, client, subject, grant_id, body"

    static func read(_ db: PostgreSQLConnection, _ kind: RecordKind, _ key: String) throws -> StoredRecord? {
        try db.run("SELECT \(columns) FROM portcullis.record WHERE kind = $1 AND key = $2", [kind.rawValue, key]).rows
            .first.map { try record(kind, $0).get() }
    }

    static func read(_ db: PostgreSQLConnection, _ query: RecordQuery, most: Int) throws -> RecordPage {
        let (condition, values) = condition(query)
        let order = query.afterSequence == nil ? "key" : "sequence"
        let sql =
            "SELECT \(columns) FROM portcullis.record WHERE \(condition) ORDER BY \(order) LIMIT $\(values.count + 1)::bigint"
        let rows = try db.run(sql, values + [String(most + 1)]).rows.map { try record(query.kind, $0) }
        return RecordPage(rows, of: query, most: most)
    }

    /// Makes all changes or none. False: something else was true.
    ///
    /// Whoever writes waits for whoever writes, in all gateways: so `sequence` grows in the order in which others see
    /// the writes (PostgreSQL makes a transaction visible before it gives up its locks), and no two read the same
    /// version and both replace it.
    /// - Parameter displaced: counts what `removeOldest` removes.
    static func commit(_ db: PostgreSQLConnection, _ changes: [StoreChange], now: Int64, displaced: inout Int) throws
        -> Bool
    {
        try db.script("BEGIN; SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.writeLock))")
        do {
            for change in changes {
                guard try apply(db, change, now: now, displaced: &displaced) else {
                    try db.script("ROLLBACK")
                    return false
                }
            }
        } catch {
            // Fails where the connection is gone; then nothing was committed either.
            try? db.script("ROLLBACK")
            throw error
        }
        do throws(PostgreSQLError) {
            try db.script(notification(of: changes) + "COMMIT")
        } catch {
            switch error {
            case .lost(let reason): throw PostgreSQLError.undecided(reason)
            case .undecided, .refused, .overloaded: throw error
            }
        }
        return true
    }

    static func removeExpired(_ db: PostgreSQLConnection, now: Int64, most: Int) throws -> Int {
        try db.run(
            """
            DELETE FROM portcullis.record WHERE (kind, key) IN (
                SELECT kind, key FROM portcullis.record WHERE expires_at <= $1::bigint ORDER BY expires_at LIMIT $2::bigint
                FOR UPDATE SKIP LOCKED)
            """, [String(now), String(most)]
        ).affected
    }

    static func apply(_ db: PostgreSQLConnection, _ change: StoreChange, now: Int64, displaced: inout Int) throws
        -> Bool
    {
        switch change {
        case .insert(let record):
            return try db.run(
                """
                INSERT INTO portcullis.record AS old (\(columns))
                VALUES ($1, $2, 1, nextval('portcullis.record_sequence'), $3::bigint, $4, $5, $6, $7)
                ON CONFLICT (kind, key) DO UPDATE SET version = 1, sequence = excluded.sequence, expires_at = excluded.expires_at,
                    client = excluded.client, subject = excluded.subject, grant_id = excluded.grant_id, body = excluded.body
                WHERE old.expires_at <= $8::bigint
                """, values(record) + [String(now)]
            ).affected == 1
        case .replace(let record):
            return try db.run(
                """
                UPDATE portcullis.record SET version = version + 1, sequence = nextval('portcullis.record_sequence'),
                    expires_at = $3::bigint, client = $4, subject = $5, grant_id = $6, body = $7
                WHERE kind = $1 AND key = $2 AND version = $8::bigint
                """, values(record) + [String(record.version)]
            ).affected == 1
        case .expect(let kind, let key, let version):
            let sql = "SELECT 1 FROM portcullis.record WHERE kind = $1 AND key = $2 AND version = $3::bigint"
            return try !db.run(sql, [kind.rawValue, key, String(version)]).rows.isEmpty
        case .remove(let kind, let key, let version?):
            let sql = "DELETE FROM portcullis.record WHERE kind = $1 AND key = $2 AND version = $3::bigint"
            return try db.run(sql, [kind.rawValue, key, String(version)]).affected == 1
        case .remove(let kind, let key, nil):
            try db.run("DELETE FROM portcullis.record WHERE kind = $1 AND key = $2", [kind.rawValue, key])
            return true
        case .removeAll(let query):
            let (condition, values) = condition(query)
            try db.run("DELETE FROM portcullis.record WHERE \(condition)", values)
            return true
        case .removeOldest(let query, let above, let keeping):
            displaced += try removeOldest(db, query, above: above, keeping: keeping)
            return true
        }
    }

    private static func removeOldest(_ db: PostgreSQLConnection, _ query: RecordQuery, above: Int, keeping: Int) throws
        -> Int
    {
        let (condition, values) = condition(query)
        let count = try db.run("SELECT count(*) FROM portcullis.record WHERE \(condition)", values).rows.first?[0]
            .flatMap { Int($0) }
        guard let count, count > above else { return 0 }
        return try db.run(
            """
            DELETE FROM portcullis.record WHERE kind = $1 AND key IN (
                SELECT key FROM portcullis.record WHERE \(condition) ORDER BY sequence LIMIT $\(values.count + 1)::bigint)
            """, values + [String(count - keeping)]
        ).affected
    }

    /// The kinds that were written, for everybody who listens. They are words of ours; nothing of a request is in it.
    private static func notification(of changes: [StoreChange]) -> String {
        let kinds = Set(changes.compactMap(\.writtenKind)).map(\.rawValue).sorted()
        return kinds.isEmpty
            ? "" : "SELECT pg_notify('\(PostgreSQLSchema.channel)', '\(kinds.joined(separator: " "))'); "
    }

    private static func values(_ record: StoredRecord) -> [String?] {
        [
            record.kind.rawValue, record.key, record.expiresAt.map { String($0) }, record.client, record.subject,
            record.grant,
            record.encodedBody,
        ]
    }

    private static func condition(_ query: RecordQuery) -> (String, [String?]) {
        var parts = ["kind = $1"]
        var values: [String?] = [query.kind.rawValue]
        let texts = [
            ("client =", query.client), ("subject =", query.subject), ("grant_id =", query.grant),
            ("key >", query.afterKey),
        ]
        for (test, value) in texts {
            guard let value else { continue }
            values.append(value)
            parts.append("\(test) $\(values.count)")
        }
        if query.isWithoutGrant { parts.append("grant_id IS NULL") }
        if let after = query.afterSequence {
            values.append(String(after))
            parts.append("sequence > $\(values.count)::bigint")
        }
        return (parts.joined(separator: " AND "), values)
    }

    private static func record(_ kind: RecordKind, _ row: [String?]) throws -> RecordPage.Row {
        guard row.count == 9, let key = row[1], let version = row[2].flatMap({ Int64($0) }),
            let sequence = row[3].flatMap({ Int64($0) }), let text = row[8]
        else { throw PostgreSQLError.refused(state: "XX001", "portcullis.record has other columns than it should") }
        let expiresAt = row[4].flatMap { Int64($0) }
        guard let body = StoredRecord.body(encoded: text) else {
            return .failure(DamagedRecord(kind, key, sequence: sequence, expiresAt: expiresAt))
        }
        return .success(
            StoredRecord(
                kind, key, version: version, sequence: sequence, expiresAt: expiresAt, client: row[5], subject: row[6],
                grant: row[7], body: body))
    }
}
