/// What a `RecentTable` can be keyed by: fixed-size, and with a hash that an attacker cannot steer.
protocol TableKey: Equatable, Sendable {
    var slotHash: UInt64 { get }
}

/// A bounded map that forgets what was used least recently.
///
/// No allocation for a find, and none for an insert once the table has grown to its bound: entries lie in one array,
/// linked by age through indices; an open-addressed index (linear probing, at most half full) leads to them.
/// It grows by doubling, so an idle one is small.
struct RecentTable<Key: TableKey, Value> {
    fileprivate struct Entry {
        var key: Key
        var value: Value
        var newer: Int32
        var older: Int32
    }
    private var entries: [Entry] = []
    /// Index into `entries` plus one; 0 is free. The count is a power of two.
    private var slots: [Int32] = [Int32](repeating: 0, count: 16)
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    let capacity: Int

    /// - Parameter capacity: entries at most, at least one and at most 2^24 (the index is made of `Int32`).
    init(capacity: Int) {
        self.capacity = min(max(capacity, 1), 1 << 24)
    }

    var count: Int { entries.count }

    /// The value of the entry that `find` or `insert` gave; the index holds until the next insert or remove.
    subscript(index: Int) -> Value {
        get { entries[index].value }
        _modify { yield &entries[index].value }
    }

    /// The entry of `key`, which becomes the most recently used one.
    mutating func find(_ key: Key) -> Int? {
        guard let index = peek(key) else { return nil }
        makeNewest(Int32(truncatingIfNeeded: index))
        return index
    }

    /// The entry of `key`; its age stays as it is.
    func peek(_ key: Key) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: key.slotHash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if entries[index].key == key { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Puts `value` under `key`, which must not be in the table; the least recently used entry makes room.
    mutating func insert(_ key: Key, _ value: Value) {
        if entries.count >= capacity { remove(at: Int(oldest)) }
        if (entries.count + 1) * 2 > slots.count { grow() }
        let index = Int32(truncatingIfNeeded: entries.count)
        entries.append(Entry(key: key, value: value, newer: -1, older: newest))
        if newest >= 0 { entries[Int(newest)].newer = index } else { oldest = index }
        newest = index
        occupy(key, index)
    }

    /// Forgets the entry at `index`; the last entry of the array takes its place.
    mutating func remove(at index: Int) {
        guard index >= 0, index < entries.count else { return }
        vacate(slotOf(entries[index].key))
        unlink(index)
        let last = entries.count - 1
        if index != last {
            let slot = slotOf(entries[last].key)
            let moved = entries[last]
            let place = Int32(truncatingIfNeeded: index)
            if moved.newer >= 0 { entries[Int(moved.newer)].older = place } else { newest = place }
            if moved.older >= 0 { entries[Int(moved.older)].newer = place } else { oldest = place }
            entries[index] = moved
            slots[slot] = place + 1
        }
        entries.removeLast()
    }

    mutating func removeAll() {
        entries.removeAll()
        slots = [Int32](repeating: 0, count: 16)
        newest = -1
        oldest = -1
    }

    // MARK: - Age

    private mutating func makeNewest(_ index: Int32) {
        guard index != newest else { return }
        unlink(Int(index))
        entries[Int(index)].newer = -1
        entries[Int(index)].older = newest
        if newest >= 0 { entries[Int(newest)].newer = index } else { oldest = index }
        newest = index
    }

    private mutating func unlink(_ index: Int) {
        let newer = entries[index].newer
        let older = entries[index].older
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
        if older >= 0 { entries[Int(older)].newer = newer } else { oldest = newer }
    }

    // MARK: - Index

    private func slotOf(_ key: Key) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: key.slotHash) & mask
        while slots[slot] != 0, entries[Int(slots[slot]) - 1].key != key { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func occupy(_ key: Key, _ index: Int32) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: key.slotHash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = index + 1
    }

    /// Frees a slot and moves back whatever was pushed past it, so that probing needs no tombstones.
    private mutating func vacate(_ freed: Int) {
        let mask = slots.count - 1
        var hole = freed
        var slot = (hole + 1) & mask
        while slots[slot] != 0 {
            let home = Int(truncatingIfNeeded: entries[Int(slots[slot]) - 1].key.slotHash) & mask
            if (slot - home) & mask >= (slot - hole) & mask {
                slots[hole] = slots[slot]
                hole = slot
            }
            slot = (slot + 1) & mask
        }
        slots[hole] = 0
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for index in entries.indices { occupy(entries[index].key, Int32(truncatingIfNeeded: index + 1) - 1) }
    }
}

extension RecentTable: Sendable where Value: Sendable {}
extension RecentTable.Entry: Sendable where Value: Sendable {}
