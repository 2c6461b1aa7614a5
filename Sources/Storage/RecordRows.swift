import AuthorizationRecords
import Foundation
import GRDB
import JSON

/// Records in their rows, and changes of them in one transaction.
enum RecordRows {
    private static let columns = "kind, key, version, sequence, expires_at, client, subject, grant_id, body"

    static func read(_ db: Database, _ kind: RecordKind, _ key: String) throws -> StoredRecord? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM record WHERE kind = ? AND key = ?")
        return try Row.fetchOne(statement, arguments: [kind.rawValue, key]).map { try record(kind, $0).get() }
    }

    static func read(_ db: Database, _ query: RecordQuery, most: Int) throws -> RecordPage {
        let (condition, arguments) = condition(query)
        let order = query.afterSequence == nil ? "key" : "sequence"
        // In the order of writing SQLite might look through all that was written, or through all of a client's.
        let index = query.afterSequence == nil || query.subject == nil ? "" : ownerIndex(query)
        let statement = try db.cachedStatement(
            sql: "SELECT \(columns) FROM record \(index) WHERE \(condition) ORDER BY \(order) LIMIT ?")
        let rows = try Row.fetchAll(statement, arguments: arguments + [most + 1]).map { record(query.kind, $0) }
        return RecordPage(rows, of: query, most: most)
    }

    /// What a change compares. The body is not read, so that a damaged record can be removed or replaced.
    private static func stamp(_ db: Database, _ kind: RecordKind, _ key: String) throws -> (
        version: Int64, expiresAt: Int64?
    )? {
        let statement = try db.cachedStatement(sql: "SELECT version, expires_at FROM record WHERE kind = ? AND key = ?")
        return try Row.fetchOne(statement, arguments: [kind.rawValue, key]).map { ($0["version"], $0["expires_at"]) }
    }

    /// False: something else was true; the caller rolls back.
    /// - Parameter displaced: counts what `removeOldest` removes.
    static func apply(_ db: Database, _ change: StoreChange, now: Int64, displaced: inout Int) throws -> Bool {
        switch change {
        case .insert(let record):
            if let there = try stamp(db, record.kind, record.key) {
                guard let end = there.expiresAt, now >= end else { return false }
                try remove(db, record.kind, record.key)
            }
            try write(db, record, version: 1)
            return true
        case .replace(let record):
            return try replace(db, record)
        case .expect(let kind, let key, let version):
            return try stamp(db, kind, key)?.version == version
        case .remove(let kind, let key, let version):
            if let version { guard try stamp(db, kind, key)?.version == version else { return false } }
            try remove(db, kind, key)
            return true
        case .removeAll(let query):
            let (condition, arguments) = condition(query)
            try db.cachedStatement(sql: "DELETE FROM record WHERE \(condition)").execute(arguments: arguments)
            return true
        case .removeOldest(let query, let above, let keeping):
            displaced += try removeOldest(db, query, above: above, keeping: keeping)
            return true
        }
    }

    /// The index of whose they are, the owner who has fewest first.
    private static func ownerIndex(_ query: RecordQuery) -> String {
        if query.grant != nil { return "INDEXED BY record_grant" }
        if query.subject != nil { return "INDEXED BY record_subject" }
        return query.client != nil ? "INDEXED BY record_client" : ""
    }

    /// Counted in the index of whose they are, which has their kind, too. SQLite would look through all of the kind, or all
    /// of the owner, where it may choose.
    private static func removeOldest(_ db: Database, _ query: RecordQuery, above: Int, keeping: Int) throws -> Int {
        let (condition, arguments) = condition(query)
        let index = ownerIndex(query)
        let count = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM record \(index) WHERE \(condition)"), arguments: arguments)
        guard let count, count > above else { return 0 }
        try db.cachedStatement(
            sql: """
                DELETE FROM record WHERE kind = ? AND key IN (
                    SELECT key FROM record \(index) WHERE \(condition) ORDER BY sequence LIMIT ?)
                """
        ).execute(arguments: [query.kind.rawValue] + arguments + [count - keeping])
        return db.changesCount
    }

    static func removeExpired(_ db: Database, now: Int64, most: Int) throws -> Int {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT kind, key FROM record WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"),
            arguments: [now, most])
        let statement = try db.cachedStatement(sql: "DELETE FROM record WHERE kind = ? AND key = ?")
        for row in rows { try statement.execute(arguments: [row["kind"] as String, row["key"] as String]) }
        return rows.count
    }

    static func write(_ db: Database, _ record: StoredRecord, version: Int64) throws {
        try db.cachedStatement(sql: "UPDATE record_sequence SET last = last + 1").execute()
        try db.cachedStatement(
            sql: "INSERT INTO record (\(columns)) VALUES (?, ?, ?, (SELECT last FROM record_sequence), ?, ?, ?, ?, ?)"
        ).execute(
            arguments: [
                record.kind.rawValue, record.key, version, record.expiresAt, record.client, record.subject,
                record.grant,
                record.encodedBody,
            ])
    }

    /// In place where it stays whose it was, which is nearly always: three indexes of six need not be touched.
    private static func replace(_ db: Database, _ record: StoredRecord) throws -> Bool {
        let id: StatementArguments = [record.kind.rawValue, record.key]
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT version, client, subject, grant_id FROM record WHERE kind = ? AND key = ?"), arguments: id)
        guard let row, row["version"] == record.version else { return false }
        guard row["client"] == record.client, row["subject"] == record.subject, row["grant_id"] == record.grant else {
            try remove(db, record.kind, record.key)
            try write(db, record, version: record.version + 1)
            return true
        }
        try db.cachedStatement(sql: "UPDATE record_sequence SET last = last + 1").execute()
        try db.cachedStatement(
            sql: """
                UPDATE record SET version = ?, sequence = (SELECT last FROM record_sequence), expires_at = ?, body = ?
                WHERE kind = ? AND key = ?
                """
        ).execute(arguments: [record.version + 1, record.expiresAt, record.encodedBody] + id)
        return true
    }

    private static func remove(_ db: Database, _ kind: RecordKind, _ key: String) throws {
        try db.cachedStatement(sql: "DELETE FROM record WHERE kind = ? AND key = ?").execute(arguments: [
            kind.rawValue, key,
        ])
    }

    private static func condition(_ query: RecordQuery) -> (String, StatementArguments) {
        var parts = ["kind = ?"]
        var arguments: StatementArguments = [query.kind.rawValue]
        let texts = [
            ("client =", query.client), ("subject =", query.subject), ("grant_id =", query.grant),
            ("key >", query.afterKey),
        ]
        for (test, value) in texts {
            guard let value else { continue }
            parts.append("\(test) ?")
            arguments += [value]
        }
        if query.isWithoutGrant { parts.append("grant_id IS NULL") }
        if let after = query.afterSequence {
            parts.append("sequence > ?")
            arguments += [after]
        }
        return (parts.joined(separator: " AND "), arguments)
    }

    private static func record(_ kind: RecordKind, _ row: Row) -> RecordPage.Row {
        let value: DatabaseValue = row["body"]
        guard let text = String.fromDatabaseValue(value), let body = StoredRecord.body(encoded: text) else {
            return .failure(
                DamagedRecord(kind, row["key"], sequence: row["sequence"], expiresAt: row["expires_at"]))
        }
        return .success(
            StoredRecord(
                kind, row["key"], version: row["version"], sequence: row["sequence"], expiresAt: row["expires_at"],
                client: row["client"], subject: row["subject"], grant: row["grant_id"], body: body))
    }
}
