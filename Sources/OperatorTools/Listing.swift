import AuthorizationRecords

/// What a command lists, and the records that are missing in it because they are damaged.
package struct Listing<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Ids of records that cannot be read.
    package let damaged: [String]

    /// - Parameter now: seconds since 1970: damaged records that have expired are not missed.
    init<Value>(_ list: RecordList<Value>, now: Int64, _ item: (Value) -> Item?) {
        items = list.values.compactMap(item)
        damaged = list.damaged.filter { !$0.isExpired(at: now) }.map(\.key)
    }

    /// Nothing is stored, not even what cannot be read.
    package var isEmpty: Bool { items.isEmpty && damaged.isEmpty }

    /// A sentence for people; nil if nothing is missing.
    package var warning: String? {
        guard !damaged.isEmpty else { return nil }
        let (count, verb) = damaged.count == 1 ? ("1 record", "is") : ("\(damaged.count) records", "are")
        return
            "warning: \(count) \(verb) damaged and not listed: \(damaged.joined(separator: ", ")); restore the database from a backup, or delete the rows"
    }
}
