/// A map from octets to small numbers, built at load and read on every request: no `String` is made from a request.
///
/// One table serves many scopes (all nodes of a tree, say): the scope is part of the key. Only names from the policy
/// are ever inserted, so clients do not decide its shape and a plain hash will do.
struct OctetTable: Sendable {
    private struct Slot: Sendable {
        var hash: UInt32
        var scope: Int32
        var start: Int32
        /// -1: free
        var count: Int32
        var value: Int32
    }
    private static var free: Slot { Slot(hash: 0, scope: 0, start: 0, count: -1, value: -1) }
    /// The count is a power of two; at most half of them are taken.
    private var slots: [Slot]
    private var names: [UInt8] = []
    private var taken = 0

    init() {
        slots = [Slot](repeating: Self.free, count: 8)
    }

    /// FNV-1a, one octet at a time: a caller that scans octets anyway hashes on the way.
    struct Hash {
        private(set) var state: UInt64 = 0xCBF2_9CE4_8422_2325
        mutating func add(_ octet: UInt8) {
            state = (state ^ UInt64(octet)) &* 0x0000_0100_0000_01B3
        }
        init() {}
        init(_ octets: some Sequence<UInt8>) {
            for octet in octets { add(octet) }
        }
        fileprivate func mixed(with scope: Int32) -> UInt32 {
            let mixed = (state ^ (UInt64(UInt32(bitPattern: scope)) &* 0x9E37_79B9_7F4A_7C15)) &* 0xFF51_AFD7_ED55_8CCD
            return UInt32(truncatingIfNeeded: mixed >> 32)
        }
    }

    /// The number under these octets, or nil.
    func find(_ scope: Int32, _ octets: borrowing Span<UInt8>, from: Int, to: Int, hash: Hash) -> Int32? {
        let mask = slots.count - 1
        let hash = hash.mixed(with: scope)
        let count = to - from
        var index = Int(hash) & mask
        while slots[index].count >= 0 {
            let slot = slots[index]
            if slot.hash == hash, slot.scope == scope, Int(slot.count) == count,
                equals(Int(slot.start), octets, from, count)
            {
                return slot.value
            }
            index = (index + 1) & mask
        }
        return nil
    }

    /// The number under this name, or nil.
    func find(_ scope: Int32, _ name: [UInt8]) -> Int32? {
        find(scope, name.span, from: 0, to: name.count, hash: Hash(name))
    }

    /// Puts a number under a name that is not in the table yet.
    mutating func insert(_ scope: Int32, _ name: [UInt8], _ value: Int32) {
        taken += 1
        if taken * 2 > slots.count { grow() }
        let start = Int32(truncatingIfNeeded: names.count)
        names.append(contentsOf: name)
        place(
            Slot(
                hash: Hash(name).mixed(with: scope), scope: scope, start: start,
                count: Int32(truncatingIfNeeded: name.count), value: value))
    }

    private func equals(_ start: Int, _ octets: borrowing Span<UInt8>, _ from: Int, _ count: Int) -> Bool {
        let names = names.span
        for offset in 0..<count where names[start + offset] != octets[from + offset] { return false }
        return true
    }

    private mutating func place(_ slot: Slot) {
        let mask = slots.count - 1
        var index = Int(slot.hash) & mask
        while slots[index].count >= 0 { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Self.free, count: old.count * 2)
        for slot in old where slot.count >= 0 { place(slot) }
    }
}
