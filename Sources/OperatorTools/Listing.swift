import AuthorizationRecords

/// What a command lists, and the records that are missing in it because they are damaged.
package struct Listing<Item: Sendable>: Sendable {
    package let items: [Item]
    /// Ids of records that cannot be read.
    package let damaged: [String]
    /// Behind which the list goes on; nil: it is whole.
    package private(set) var next: String?

    /// - Parameter now: seconds since 1970: damaged records that have expired are not missed.
    init<Value>(_ list: RecordList<Value>, now: Int64, _ item: (Value) -> Item?) {
        items = list.values.compactMap(item)
        damaged = list.damaged.filter { !$0.isExpired(at: now) }.map(\.key)
    }

    private init(items: [Item], damaged: [String]) {
        self.items = items
        self.damaged = damaged
    }

    /// A part of what a query finds, in the order of its keys.
    /// - Parameters:
    ///   - after: a key; nil: from the beginning.
    ///   - most: nil: all.
    ///   - now: seconds since 1970.
    ///   - item: nil: it is left out, and something else takes its place.
    init<Value: Sendable>(
        _ store: any AuthorizationStore, _ query: RecordQuery, after: String?, most: Int?, now: Int64,
        _ make: (StoredRecord) -> Value?, _ item: (Value) async throws -> Item?
    ) async throws {
        var (items, damaged): ([Item], [DamagedRecord]) = ([], [])
        var last: String?
        var isMore = false
        var rest: RecordQuery? = query
        rest?.afterKey = after
        while let query = rest, !isMore {
            let page = try await store.page(query, most: 200)
            for row in page.rows {
                let value: (key: String, value: Value)
                do throws(DamagedRecord) {
                    let record = try row.get()
                    if record.isExpired(at: now) { continue }
                    value = (record.key, try record.read(make))
                } catch {
                    damaged.append(error)
                    continue
                }
                guard let found = try await item(value.value) else { continue }
                // One more than asked for says that there are more.
                if items.count == most {
                    isMore = true
                    break
                }
                items.append(found)
                last = value.key
            }
            rest = page.next
        }
        self.init(items: items, damaged: damaged.filter { !$0.isExpired(at: now) }.map(\.key))
        next = isMore ? last : nil
    }

    /// The same in another order.
    func sorted(by areInOrder: (Item, Item) -> Bool) -> Listing {
        Listing(items: items.sorted(by: areInOrder), damaged: damaged)
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
