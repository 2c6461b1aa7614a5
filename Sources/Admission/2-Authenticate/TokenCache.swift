/// Tokens that were verified before: SHA-256 of the token and fingerprint of the issuer's configuration and keys
/// lead to the principal. Facts only: policy is evaluated on every request.
///
/// An entry says nothing about a token whose time is over; it goes when it is found expired, when what its issuer said
/// of it has to be asked anew, or when it is the least recently used one and the cache is full.
struct TokenCache {
    struct Key: TableKey {
        let token: Digest256
        let issuer: Digest256
        var slotHash: UInt64 { token.leading.0 ^ issuer.leading.0 }
    }
    private struct Entry {
        let principal: Principal
        /// Monotonic nanoseconds.
        let freshUntil: Int64
    }
    private var table: RecentTable<Key, Entry>
    private let isOff: Bool

    /// - Parameter entriesMax: 0 switches the cache off.
    init(entriesMax: Int) {
        table = RecentTable(capacity: entriesMax)
        isOff = entriesMax <= 0
    }

    var count: Int { table.count }

    mutating func find(_ key: Key, now: Int64) -> Principal? {
        guard let index = table.find(key) else { return nil }
        if now < table[index].freshUntil { return table[index].principal }
        table.remove(at: index)
        return nil
    }

    /// - Parameter freshUntil: how long it counts, whatever `exp` says (monotonic nanoseconds).
    mutating func insert(_ key: Key, _ principal: Principal, freshUntil: Int64) {
        guard !isOff, table.peek(key) == nil else { return }
        table.insert(key, Entry(principal: principal, freshUntil: freshUntil))
    }

    mutating func remove(_ key: Key) {
        if let index = table.peek(key) { table.remove(at: index) }
    }
}
