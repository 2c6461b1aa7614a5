import Synchronization

/// Slows down addresses that keep sending bad tokens: each costs a signature check.
///
/// Counts refused tokens for each client address (for IPv6 each /64) in a bucket that refills at the same rate;
/// shared by all event loops. Remembers the 10,000 addresses that were last seen with a bad token.
package final class BadTokenLimiter: Sendable {
    private struct Key: TableKey {
        let address: UInt64
        let slotHash: UInt64
    }
    private static let addressesMax = 10_000
    private let bucket: TokenBucket
    private let seed: SipHash.Seed
    private let addresses: Mutex<RecentTable<Key, Int64>>

    /// - Parameters:
    ///   - perMinuteMax: bad tokens a minute, as many of them at once; nil is returned for 0
    ///     (`Bounds.badTokensPerMinuteMax`).
    ///   - seed: random, drawn once by the process.
    package init?(perMinuteMax: Int, seed: (UInt64, UInt64)) {
        guard perMinuteMax > 0 else { return nil }
        bucket = TokenBucket(count: perMinuteMax, period: .seconds(60), burst: perMinuteMax)
        self.seed = SipHash.Seed(k0: seed.0, k1: seed.1)
        addresses = Mutex(RecentTable(capacity: Self.addressesMax))
    }

    /// A bad token came from this address.
    package func count(_ address: ClientAddress, now: Int64) {
        let key = key(address)
        addresses.withLock { addresses in
            guard let index = addresses.find(key) else { return addresses.insert(key, bucket.taking(now, now: now)) }
            let tat = addresses[index]
            if bucket.allows(tat, now: now) { addresses[index] = bucket.taking(tat, now: now) }
        }
    }

    /// Seconds until tokens from this address are looked at again; nil: they are now.
    package func secondsToWait(_ address: ClientAddress, now: Int64) -> Int? {
        let key = key(address)
        return addresses.withLock { addresses in
            guard let index = addresses.peek(key), !bucket.allows(addresses[index], now: now) else { return nil }
            return max(Int(bucket.state(addresses[index], now: now).retrySeconds), 1)
        }
    }

    private func key(_ address: ClientAddress) -> Key {
        var hash = SipHash(seed)
        hash.add(address.counted)
        return Key(address: address.counted, slotHash: hash.finish().0)
    }
}
