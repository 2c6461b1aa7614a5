/// How the gateway has come to know an address by the signatures that it sent: decides who waits for whom.
package enum SenderStanding: Int, Sendable, CaseIterable, Comparable {
    /// A bad token or proof came from it not long ago.
    case suspect
    case unknown
    /// The last signature from it that took long to check was good.
    case proven

    /// Signatures that wait, of whomever, from which on those of such addresses are refused: in the process, and of
    /// requests on one event loop. So nobody takes the place of those who are better known.
    package var placesMax: Int {
        switch self {
        case .suspect: 512
        case .unknown: 768
        case .proven: 1_024
        }
    }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// Signatures that wait to be checked, since that takes long: bounded, and fair.
///
/// Addresses take turns (for IPv6 each /64), so one that sends many waits for itself. Those of better standing come
/// first, but for every fourth turn, so that all get on. No clock, no thread: whoever owns it brings both.
package struct SignatureQueue<ID: Hashable & Sendable, Job: Sendable>: Sendable {
    /// What came from one address waits in its own line, and the addresses of a standing in another.
    private struct Lane {
        var turns: [UInt64] = []
        var lines: [UInt64: [(id: ID, job: Job)]] = [:]
    }
    private struct Key: TableKey {
        let address: UInt64
        let slotHash: UInt64
    }

    /// Signatures of one address that wait at most.
    package static var placesOfAddressMax: Int { 512 }
    private static var provenMax: Int { 10_000 }
    private static var turnsOfBetter: Int { 3 }

    private var lanes: [Lane] = SenderStanding.allCases.map { _ in Lane() }
    private var places: [ID: (lane: Int, address: UInt64)] = [:]
    private var taken: [UInt64: Int] = [:]
    private var turnsSinceWorse = 0
    private var proven = RecentTable<Key, Void>(capacity: provenMax)
    private let seed: SipHash.Seed

    /// - Parameter seed: random, drawn once by the process.
    package init(seed: (UInt64, UInt64)) { self.seed = SipHash.Seed(k0: seed.0, k1: seed.1) }

    /// Signatures that wait.
    package var count: Int { places.count }

    /// - Parameter isSuspect: a bad token or proof came from it not long ago.
    package func standing(of address: ClientAddress, isSuspect: Bool) -> SenderStanding {
        isSuspect ? .suspect : proven.peek(key(address)) == nil ? .unknown : .proven
    }

    /// False: too many wait already.
    package mutating func add(_ job: Job, _ id: ID, from address: ClientAddress, _ standing: SenderStanding) -> Bool {
        let address = address.counted
        guard count < standing.placesMax, places[id] == nil,
            taken[address, default: 0] < Self.placesOfAddressMax
        else { return false }
        let lane = standing.rawValue
        places[id] = (lane, address)
        taken[address, default: 0] += 1
        if lanes[lane].lines[address] == nil { lanes[lane].turns.append(address) }
        lanes[lane].lines[address, default: []].append((id, job))
        return true
    }

    /// Whose turn it is; nil: nobody waits.
    package mutating func next() -> Job? {
        let waiting = lanes.indices.filter { !lanes[$0].turns.isEmpty }
        guard let best = waiting.last, let worst = waiting.first else { return nil }
        var lane = best
        if best != worst {
            if turnsSinceWorse < Self.turnsOfBetter {
                turnsSinceWorse += 1
            } else {
                turnsSinceWorse = 0
                lane = worst
            }
        }
        let address = lanes[lane].turns.removeFirst()
        guard let first = lanes[lane].lines[address]?.removeFirst() else { return nil }
        if lanes[lane].lines[address]?.isEmpty == false {
            lanes[lane].turns.append(address)
        } else {
            lanes[lane].lines[address] = nil
        }
        forget(first.id)
        return first.job
    }

    /// Nobody wants it checked any more. False: it does not wait here.
    @discardableResult
    package mutating func remove(_ id: ID) -> Bool {
        guard let (lane, address) = places[id] else { return false }
        lanes[lane].lines[address]?.removeAll { $0.id == id }
        if lanes[lane].lines[address]?.isEmpty == true {
            lanes[lane].lines[address] = nil
            lanes[lane].turns.removeAll { $0 == address }
        }
        forget(id)
        return true
    }

    /// A signature from this address was checked.
    package mutating func checked(from address: ClientAddress, isGood: Bool) {
        let key = key(address)
        let known = proven.find(key)
        if isGood, known == nil { proven.insert(key, ()) }
        if !isGood, let known { proven.remove(at: known) }
    }

    private mutating func forget(_ id: ID) {
        guard let (_, address) = places.removeValue(forKey: id) else { return }
        let left = taken[address, default: 1] - 1
        taken[address] = left > 0 ? left : nil
    }

    private func key(_ address: ClientAddress) -> Key {
        var hash = SipHash(seed)
        hash.add(address.counted)
        return Key(address: address.counted, slotHash: hash.finish().0)
    }
}
