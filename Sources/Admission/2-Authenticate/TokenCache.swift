/// Tokens that were verified before: SHA-256 of the token and fingerprint of the issuer's configuration and keys
/// lead to the principal. Facts only: policy is evaluated on every request.
///
/// An entry says nothing about a token whose time is over; it goes when it is found expired, or when it is the least
/// recently used one and the cache is full.
struct TokenCache {
    struct Key: TableKey {
        let token: Digest256
        let issuer: Digest256
        var slotHash: UInt64 { token.leading.0 ^ issuer.leading.0 }
    }
    private var table: RecentTable<Key, Principal>
    private let isOff: Bool

    /// - Parameter entriesMax: 0 switches the cache off.
    init(entriesMax: Int) {
        table = RecentTable(capacity: entriesMax)
        isOff = entriesMax <= 0
    }

    var count: Int { table.count }

    mutating func find(_ key: Key) -> Principal? {
        guard let index = table.find(key) else { return nil }
        return table[index]
    }

    mutating func insert(_ key: Key, _ principal: Principal) {
        guard !isOff, table.peek(key) == nil else { return }
        table.insert(key, principal)
    }

    mutating func remove(_ key: Key) {
        if let index = table.peek(key) { table.remove(at: index) }
    }
}
