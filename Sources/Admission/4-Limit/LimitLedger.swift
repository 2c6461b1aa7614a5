import Policy
import Synchronization

/// The buckets of all rate limits in the process: shared by the event loops, and kept across reloads.
///
/// A bucket is known by a keyed hash of its limit and of the values that the limit counts by; a limit whose numbers
/// change begins anew. At most `keysMax` are remembered, least recently used ones forgotten first, which can only be
/// wrong in the client's favour and needs more keys in a period than the bound. Locks are held for some tens of
/// nanoseconds.
package final class LimitLedger: Sendable {
    struct Key: TableKey {
        let high: UInt64
        let low: UInt64
        var slotHash: UInt64 { low }
    }
    private final class Shard: Sendable {
        /// Theoretical arrival times.
        let buckets: Mutex<RecentTable<Key, Int64>>
        init(capacity: Int) { buckets = Mutex(RecentTable(capacity: capacity)) }
    }
    private static let shardCount = 16
    private let shards: [Shard]
    private let seed: SipHash.Seed
    /// Buckets remembered at most.
    package let keysMax: Int

    /// - Parameters:
    ///   - keysMax: buckets remembered (`Bounds.limitKeysMax`).
    ///   - seed: random, drawn once by the process.
    package init(keysMax: Int, seed: (UInt64, UInt64)) {
        let each = (max(keysMax, 1) + Self.shardCount - 1) / Self.shardCount
        self.keysMax = each * Self.shardCount
        shards = (0..<Self.shardCount).map { _ in Shard(capacity: each) }
        self.seed = SipHash.Seed(k0: seed.0, k1: seed.1)
    }

    /// Buckets remembered at the moment.
    package var count: Int {
        shards.reduce(0) { sum, shard in sum + shard.buckets.withLock { $0.count } }
    }

    /// Takes one from every limit of the permit's route, or from none.
    /// - Parameters:
    ///   - now: monotonic nanoseconds.
    ///   - allowance: filled with what each limit says, also when the request is refused.
    /// - Throws: `rate_limited` 429 with the longest wait of the limits that refuse.
    package func take(_ permit: borrowing Permit, now: Int64, into allowance: inout Allowance) throws(Refusal) {
        allowance.clear()
        let limits = permit.rules.limits
        guard limits.count != 1 else {
            return try takeOne(limits[0], permit, now, &allowance)
        }
        guard !limits.isEmpty else { return }
        try look(limits, permit, now, &allowance)
        allowance.clear()
        for place in limits.indices {
            let rule = limits[place]
            let (allowed, tat) = take(rule.bucket, key(rule, permit), now)
            allowance.add(rule, rule.bucket.state(tat, now: now))
            guard !allowed else { continue }
            // Another event loop was faster since we looked.
            for earlier in limits[..<place] { giveBack(earlier.bucket, key(earlier, permit)) }
            try look(limits, permit, now, &allowance)
            throw Refusal(.rateLimited, retryAfterSeconds: 1)
        }
    }

    private func takeOne(
        _ rule: LimitRule, _ permit: borrowing Permit, _ now: Int64, _ allowance: inout Allowance
    ) throws(Refusal) {
        let (allowed, tat) = take(rule.bucket, key(rule, permit), now)
        let state = rule.bucket.state(tat, now: now)
        allowance.add(rule, state)
        if !allowed { throw Refusal(.rateLimited, retryAfterSeconds: max(Int(state.retrySeconds), 1)) }
    }

    /// Fills the allowance without taking anything.
    private func look(
        _ limits: [LimitRule], _ permit: borrowing Permit, _ now: Int64, _ allowance: inout Allowance
    ) throws(Refusal) {
        allowance.clear()
        var wait: Int64 = 0
        for rule in limits {
            let key = key(rule, permit)
            let tat = shard(key).buckets.withLock { buckets in buckets.peek(key).map { buckets[$0] } }
            let state = rule.bucket.state(tat ?? now, now: now)
            allowance.add(rule, state)
            wait = max(wait, state.retrySeconds)
        }
        if wait > 0 { throw Refusal(.rateLimited, retryAfterSeconds: Int(wait)) }
    }

    // MARK: - Buckets

    private func shard(_ key: Key) -> Shard {
        shards[Int(truncatingIfNeeded: key.high) & (Self.shardCount - 1)]
    }

    /// - Returns: whether the request is allowed, and the TAT afterwards.
    private func take(_ bucket: TokenBucket, _ key: Key, _ now: Int64) -> (allowed: Bool, tat: Int64) {
        shard(key).buckets.withLock { buckets in
            guard let index = buckets.find(key) else {
                let tat = bucket.taking(now, now: now)
                buckets.insert(key, tat)
                return (true, tat)
            }
            let tat = buckets[index]
            guard bucket.allows(tat, now: now) else { return (false, tat) }
            let next = bucket.taking(tat, now: now)
            buckets[index] = next
            return (true, next)
        }
    }

    private func giveBack(_ bucket: TokenBucket, _ key: Key) {
        shard(key).buckets.withLock { buckets in
            if let index = buckets.peek(key) { buckets[index] = bucket.giving(buckets[index]) }
        }
    }

    private func key(_ rule: LimitRule, _ permit: borrowing Permit) -> Key {
        var hash = SipHash(seed)
        hash.add(rule.identityKey.0)
        hash.add(rule.identityKey.1)
        for part in rule.by { hash.add(part, of: permit) }
        let (low, high) = hash.finish()
        return Key(high: high, low: low)
    }
}
