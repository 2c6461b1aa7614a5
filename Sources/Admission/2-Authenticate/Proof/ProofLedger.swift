import Octets
import Proof
import Synchronization

/// What must be remembered about proofs of possession: which were seen, and the key of the server's nonces. Shared by
/// all event loops, and kept across reloads.
package final class ProofLedger: Sendable {
    let nonces: ProofNonces
    private static let shardCount = 16
    private let shards: [Shard]
    private let seed: SipHash.Seed

    /// - Parameters:
    ///   - proofsMax: proofs remembered (`Bounds.dpopProofsMax`).
    ///   - seed: random, drawn once by the process.
    ///   - nonceKey: random octets, 32 of them, drawn once by the process.
    package init(proofsMax: Int, seed: (UInt64, UInt64), nonceKey: [UInt8]) {
        let each = (max(proofsMax, 1) + Self.shardCount - 1) / Self.shardCount
        shards = (0..<Self.shardCount).map { _ in Shard(capacity: each) }
        self.seed = SipHash.Seed(k0: seed.0, k1: seed.1)
        nonces = ProofNonces(key: nonceKey)
    }

    /// Proofs remembered at the moment.
    package var count: Int {
        shards.reduce(0) { sum, shard in sum + shard.seen.withLock { $0.count } }
    }

    /// Takes note of a proof that is right in every other way (RFC 9449 §11.1).
    ///
    /// Known by the key that made it and its `jti`, in a keyed hash of 128 bits: its length does not matter, and nobody
    /// can make two of them alike.
    /// - Parameter now: monotonic nanoseconds.
    /// - Throws: `replayed_proof`; or `proofs_unavailable`, when as many are remembered as may be: then nobody can say,
    ///   and forgetting one that is still in time would let it be used again.
    func use(_ proof: DPoPProof, now: Int64) throws(Refusal) {
        var hash = SipHash(seed)
        hash.add(proof.thumbprint)
        hash.add(Array(proof.tokenID.utf8))
        let (low, high) = hash.finish()
        let shard = shards[Int(truncatingIfNeeded: high) & (Self.shardCount - 1)]
        switch shard.seen.withLock({ $0.add(SeenProofs.Key(high: high, low: low), now: now) }) {
        case .new: return
        case .seen: throw Refusal(.replayedProof)
        case .full: throw Refusal(.proofsUnavailable)
        }
    }

    private final class Shard: Sendable {
        let seen: Mutex<SeenProofs>
        init(capacity: Int) { seen = Mutex(SeenProofs(capacity: capacity)) }
    }
}

/// Proofs in the order in which they were seen. Each is remembered for as long as it could be used again: `iat` may be
/// a whole window ahead when it comes, so for two windows. Nothing else is ever forgotten.
struct SeenProofs {
    struct Key: Hashable {
        let high: UInt64
        let low: UInt64
        // Both are from a keyed hash already.
        func hash(into hasher: inout Hasher) { hasher.combine(low) }
    }
    enum Answer { case new, seen, full }

    /// Nanoseconds; a second more than two windows, because seconds are whole.
    static let lifetime = (2 * DPoPProof.windowSeconds + 1) * 1_000_000_000

    private let capacity: Int
    private var keys: Set<Key> = []
    /// A ring that grows up to `capacity`: `count` of them from `first` on, oldest first.
    private var ring: [(key: Key, at: Int64)] = []
    private var first = 0
    private(set) var count = 0

    init(capacity: Int) { self.capacity = max(capacity, 1) }

    mutating func add(_ key: Key, now: Int64) -> Answer {
        forget(now)
        guard !keys.contains(key) else { return .seen }
        guard count < capacity else { return .full }
        if count == ring.count { grow(filler: (key, now)) }
        ring[(first + count) % ring.count] = (key, now)
        count += 1
        keys.insert(key)
        return .new
    }

    private mutating func forget(_ now: Int64) {
        while count > 0, now.saturatingSubtract(ring[first].at) > Self.lifetime {
            keys.remove(ring[first].key)
            first = (first + 1) % ring.count
            count -= 1
        }
    }

    /// Twice as long, the oldest at the beginning.
    private mutating func grow(filler: (key: Key, at: Int64)) {
        let size = min(max(ring.count * 2, 16), capacity)
        var larger: [(key: Key, at: Int64)] = []
        larger.reserveCapacity(size)
        larger.append(contentsOf: ring[first...])
        larger.append(contentsOf: ring[..<first])
        while larger.count < size { larger.append(filler) }
        ring = larger
        first = 0
    }
}
