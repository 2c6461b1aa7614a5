import Octets

/// A token bucket as the generic cell rate algorithm (ITU-T I.371): its whole state is one time, the theoretical
/// arrival time (TAT) of the next request if all came evenly.
struct TokenBucket: Sendable, Equatable {
    /// Nanoseconds from one token to the next, at least 1.
    let interval: Int64
    /// How far the TAT may lie ahead of now before a request: the burst but one.
    let tolerance: Int64
    let burst: Int64

    /// `count` tokens each `period`, `burst` of them at once.
    init(count: Int, period: Duration, burst: Int) {
        interval = max(period.nanoseconds / Int64(max(count, 1)), 1)
        self.burst = Int64(max(burst, 1))
        // A quarter of the range at most, so that no sum of times overflows: 73 years.
        tolerance = min(interval.saturatingMultiply(self.burst - 1), Int64.max / 4)
    }

    /// What is left after a request, and when there will be more.
    struct State: Sendable, Equatable {
        var remaining: Int64
        /// Until the bucket is full again, rounded up.
        var resetSeconds: Int64
        /// Until one request is allowed again, rounded up; 0: now.
        var retrySeconds: Int64
    }

    /// Whether a request may come now.
    func allows(_ tat: Int64, now: Int64) -> Bool {
        tat.saturatingSubtract(now) <= tolerance
    }

    /// The TAT after a request that is allowed.
    func taking(_ tat: Int64, now: Int64) -> Int64 {
        max(tat, now).saturatingAdd(interval)
    }

    /// The TAT after a request that was allowed is taken back.
    func giving(_ tat: Int64) -> Int64 {
        tat.saturatingSubtract(interval)
    }

    func state(_ tat: Int64, now: Int64) -> State {
        let ahead = max(tat.saturatingSubtract(now), 0)
        let free = tolerance.saturatingAdd(interval).saturatingSubtract(ahead)
        let wait = ahead.saturatingSubtract(tolerance)
        return State(
            remaining: min(max(free, 0) / interval, burst), resetSeconds: Self.seconds(ahead),
            retrySeconds: Self.seconds(max(wait, 0)))
    }

    private static func seconds(_ nanoseconds: Int64) -> Int64 {
        nanoseconds.saturatingAdd(999_999_999) / 1_000_000_000
    }
}
