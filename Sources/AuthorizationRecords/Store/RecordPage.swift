/// A record that is stored, but whose body is not what its kind should have. It counts neither as there nor as absent:
/// whatever depends on it is refused.
package struct DamagedRecord: Error, Sendable, Equatable, CustomStringConvertible {
    package let kind: RecordKind
    /// As in `StoredRecord`.
    package let key: String
    /// As in `StoredRecord`.
    package let sequence: Int64
    /// Seconds since 1970; nil: it stays.
    package let expiresAt: Int64?

    package init(_ kind: RecordKind, _ key: String, sequence: Int64, expiresAt: Int64?) {
        self.kind = kind
        self.key = key
        self.sequence = sequence
        self.expiresAt = expiresAt
    }

    /// Whether its end has come; `now` in seconds since 1970.
    package func isExpired(at now: Int64) -> Bool { expiresAt.map { now >= $0 } ?? false }

    package var description: String {
        "the record \"\(key)\" (\(kind.rawValue)) is damaged and cannot be read; restore the database from a backup, or delete this row of its table \"record\""
    }
}

extension StoredRecord {
    /// The value that the record holds. Throws if it holds none, because a value that cannot be read must not pass for
    /// one that does not exist.
    package func read<Value>(_ make: (StoredRecord) -> Value?) throws(DamagedRecord) -> Value {
        guard let value = make(self) else {
            throw DamagedRecord(kind, key, sequence: sequence, expiresAt: expiresAt)
        }
        return value
    }
}

/// One page of the rows that a query finds. Where it ends is decided by the rows that there are, whether or not they can
/// be read.
package struct RecordPage: Sendable {
    /// A row as a store read it.
    package typealias Row = Result<StoredRecord, DamagedRecord>

    /// In the order of the query.
    package let rows: [Row]
    /// Finds what comes behind this page; nil: nothing does.
    package let next: RecordQuery?

    /// - Parameters:
    ///   - found: in the order of the query, one more than `most` if there are as many.
    ///   - most: rows of a page.
    package init(_ found: [Row], of query: RecordQuery, most: Int) {
        rows = Array(found.prefix(most))
        guard found.count > most, let last = rows.last else {
            next = nil
            return
        }
        var next = query
        switch last {
        case .success(let record): next.moveBehind(key: record.key, sequence: record.sequence)
        case .failure(let damaged): next.moveBehind(key: damaged.key, sequence: damaged.sequence)
        }
        self.next = next
    }

    /// Those that can be read.
    package var records: [StoredRecord] { rows.compactMap { try? $0.get() } }
}

extension RecordQuery {
    fileprivate mutating func moveBehind(key: String, sequence: Int64) {
        if afterSequence == nil { afterKey = key } else { afterSequence = sequence }
    }
}

/// The values of all records that a query finds, and the records that hold none.
package struct RecordList<Value: Sendable>: Sendable {
    /// In the order of the query.
    package private(set) var values: [Value] = []
    /// In the order of the query.
    package private(set) var damaged: [DamagedRecord] = []

    package init() {}

    /// All that a query finds, page by page.
    package init(_ query: RecordQuery, _ make: (StoredRecord) -> Value?, page: (RecordQuery) throws -> RecordPage)
        throws
    {
        var rest: RecordQuery? = query
        while let query = rest { rest = take(try page(query), make) }
    }

    /// Takes a page, and returns the query of the next one.
    package mutating func take(_ page: RecordPage, _ make: (StoredRecord) -> Value?) -> RecordQuery? {
        for row in page.rows {
            do throws(DamagedRecord) { values.append(try row.get().read(make)) } catch { damaged.append(error) }
        }
        return page.next
    }

    /// There are no rows at all, not even damaged ones.
    package var isEmpty: Bool { values.isEmpty && damaged.isEmpty }

    /// The values; throws if one of the records cannot be read.
    package func whole() throws(DamagedRecord) -> [Value] {
        if let first = damaged.first { throw first }
        return values
    }

    /// Brings the values in another order.
    package mutating func sort(_ precedes: (Value, Value) -> Bool) { values.sort(by: precedes) }
}

extension AuthorizationStore {
    /// The value of one record; nil if there is no such record.
    package func value<Value>(_ kind: RecordKind, _ key: String, _ make: (StoredRecord) -> Value?) async throws
        -> Value?
    {
        try await record(kind, key)?.read(make)
    }

    /// All that a query finds, page by page.
    package func all<Value>(_ query: RecordQuery, _ make: (StoredRecord) -> Value?) async throws -> RecordList<Value> {
        var list = RecordList<Value>()
        var rest: RecordQuery? = query
        while let query = rest { rest = list.take(try await page(query, most: Self.recordsMax), make) }
        return list
    }

    /// The first records that a query finds; throws if one of them cannot be read.
    package func records(_ query: RecordQuery, most: Int) async throws -> [StoredRecord] {
        try await page(query, most: most).rows.map { row throws(DamagedRecord) in try row.get() }
    }
}
