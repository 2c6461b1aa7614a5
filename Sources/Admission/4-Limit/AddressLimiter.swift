import Synchronization

/// Slows down addresses that keep doing what costs more than it should: sending bad tokens, each of which is a signature
/// check, or requests that are refused, each of which is a record.
///
/// Counts them for each client address (for IPv6 each /64) in a bucket that refills at the same rate; shared by all
/// event loops. Remembers the 10,000 addresses that were last seen with one.
package final class AddressLimiter: Sendable {
    private struct Key: TableKey {
        let address: UInt64
        let slotHash: UInt64
    }
    private static let addressesMax = 10_000
    private let bucket: TokenBucket
    private let seed: SipHash.Seed
    private let addresses: Mutex<RecentTable<Key, Int64>>

    /// - Parameters:
    ///   - perMinuteMax: so many a minute, as many of them at once; nil is returned for 0
    ///     (`Bounds.badTokensPerMinuteMax`, `Bounds.refusedPerMinuteMax`).
    ///   - seed: random, drawn once by the process.
    package init?(perMinuteMax: Int, seed: (UInt64, UInt64)) {
        guard perMinuteMax > 0 else { return nil }
        bucket = TokenBucket(count: perMinuteMax, period: .seconds(60), burst: perMinuteMax)
        self.seed = SipHash.Seed(k0: seed.0, k1: seed.1)
        addresses = Mutex(RecentTable(capacity: Self.addressesMax))
    }

    /// One more came from this address. False: it was one too many.
    @discardableResult
    package func count(_ address: ClientAddress, now: Int64) -> Bool {
        let key = key(address)
        return addresses.withLock { addresses in
            guard let index = addresses.find(key) else {
                addresses.insert(key, bucket.taking(now, now: now))
                return true
            }
            let tat = addresses[index]
            guard bucket.allows(tat, now: now) else { return false }
            addresses[index] = bucket.taking(tat, now: now)
            return true
        }
    }

    /// Seconds until this address may send another one; nil: it may now.
    package func secondsToWait(_ address: ClientAddress, now: Int64) -> Int? {
        let key = key(address)
        return addresses.withLock { addresses in
            guard let index = addresses.peek(key), !bucket.allows(addresses[index], now: now) else { return nil }
            return max(Int(bucket.state(addresses[index], now: now).retrySeconds), 1)
        }
    }

    /// One came from this address after `since` (monotonic nanoseconds), as far as the addresses are remembered.
    package func counted(_ address: ClientAddress, since: Int64) -> Bool {
        let key = key(address)
        return addresses.withLock { addresses in addresses.peek(key).map { addresses[$0] > since } ?? false }
    }

    private func key(_ address: ClientAddress) -> Key {
        var hash = SipHash(seed)
        hash.add(address.counted)
        return Key(address: address.counted, slotHash: hash.finish().0)
    }
}
