import Synchronization

/// Slows down guessing: ten failures in a row for one client from one address, then one more every six seconds.
///
/// Counted by client and address together, so that nobody can lock a client out from elsewhere; an id that does not
/// exist is counted like any other. Memory is bounded: two generations of 4,096 entries, the older of which is
/// forgotten when the newer is full. Whoever floods it only forgets his own failures, at 4,096 requests a time.
package final class AttemptLimiter: Sendable {
    /// Failures in a row that slow nothing down yet.
    package static let burst: Int64 = 10
    /// Seconds for each further one.
    package static let secondsEach: Int64 = 6
    static let entriesMax = 4_096

    /// When the bucket of a key will be empty again (GCRA), in seconds since 1970.
    private struct Generations {
        var newer: [Int: Int64] = [:]
        var older: [Int: Int64] = [:]
    }
    private let generations = Mutex(Generations())
    private let burst: Int64
    private let secondsEach: Int64

    package init(burst: Int64 = AttemptLimiter.burst, secondsEach: Int64 = AttemptLimiter.secondsEach) {
        self.burst = burst
        self.secondsEach = secondsEach
    }

    /// Whether the next attempt may be looked at.
    package func allows(clientID: String, address: String, now: Int64) -> Bool {
        let key = Self.key(clientID, address)
        let emptyAt = generations.withLock { $0.newer[key] ?? $0.older[key] ?? 0 }
        return emptyAt - now <= (burst - 1) * secondsEach
    }

    /// Counts a failure; `now` in seconds since 1970.
    package func failed(clientID: String, address: String, now: Int64) {
        let key = Self.key(clientID, address)
        generations.withLock { generations in
            let emptyAt = max(generations.newer[key] ?? generations.older[key] ?? 0, now)
            if generations.newer[key] == nil, generations.newer.count >= Self.entriesMax {
                generations.older = generations.newer
                generations.newer = [:]
            }
            generations.newer[key] = emptyAt + secondsEach
        }
    }

    /// One that was counted was none.
    func takeBack(clientID: String, address: String) {
        let key = Self.key(clientID, address)
        generations.withLock { generations in
            if let emptyAt = generations.newer[key] {
                generations.newer[key] = emptyAt - secondsEach
            } else if let emptyAt = generations.older[key] {
                generations.older[key] = emptyAt - secondsEach
            }
        }
    }

    /// Forgets the failures: whoever knows the secret is not guessing.
    package func succeeded(clientID: String, address: String) {
        let key = Self.key(clientID, address)
        generations.withLock { generations in
            generations.newer[key] = nil
            generations.older[key] = nil
        }
    }

    var entryCount: Int { generations.withLock { $0.newer.count + $0.older.count } }

    /// Seeded anew in each process; a collision would only make two share a bucket.
    private static func key(_ clientID: String, _ address: String) -> Int {
        var hasher = Hasher()
        hasher.combine(clientID)
        hasher.combine(address)
        return hasher.finalize()
    }
}
