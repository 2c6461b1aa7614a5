import Octets

/// How slow a client may be in the long run: with the body that it sends, and with the answer that it takes.
package struct TransferLimits: Sendable, Equatable {
    /// One of the two directions.
    package struct Direction: Sendable, Equatable {
        /// What each octet is worth, in nanoseconds: the inverse of the least rate; 0: there is none.
        let octetNanoseconds: Int64
        /// Nanoseconds by which the client may fall behind that rate.
        let grace: Int64
        /// Nanoseconds in all; `Int64.max`: no bound.
        let total: Int64

        /// - Parameters:
        ///   - octetsPerSecondMin: the least rate; 0: as slow as it likes.
        ///   - grace: nanoseconds by which the client may fall behind.
        ///   - total: nanoseconds in all; nil: no bound.
        package init(octetsPerSecondMin: Int, grace: Int64, total: Int64?) {
            octetNanoseconds = octetsPerSecondMin > 0 ? max(1, 1_000_000_000 / Int64(octetsPerSecondMin)) : 0
            self.grace = grace
            self.total = total ?? .max
        }

        static let unlimited = Direction(octetsPerSecondMin: 0, grace: 0, total: nil)
    }

    /// With the request's body that it sends.
    package var body: Direction
    /// With the answer that it takes.
    package var answer: Direction

    package init(body: Direction, answer: Direction) {
        self.body = body
        self.answer = answer
    }

    static let unlimited = TransferLimits(body: .unlimited, answer: .unlimited)
}

/// Whether a client keeps to its least rate, and to its time in all: a value that is told the time.
///
/// It has credit, at first all of the grace. Time uses it up, octets bring it back, never above the grace: over any
/// stretch that is long beside the grace, the mean rate is at least the least one. What came quickly at first is
/// therefore no licence to be slow for hours. Time counts only while the clock runs, which is while nobody but the
/// client is waited for.
struct TransferClock: Equatable {
    /// Nanoseconds; `Int64.max`: there is no least rate.
    private var credit: Int64
    /// Nanoseconds in all that are left; `Int64.max`: no bound.
    private var left: Int64
    /// Until when both are up to date; `Int64.max`: the clock stands still.
    private var since = Int64.max

    init(_ limits: TransferLimits.Direction) {
        credit = limits.octetNanoseconds > 0 ? limits.grace : .max
        left = limits.total
    }

    /// Now the client is waited for.
    mutating func run(now: Int64) { if since == .max { since = now } }

    /// Now somebody else is.
    mutating func stop(now: Int64) {
        settle(now: now)
        since = .max
    }

    /// So many octets have come, or were taken, since the last time.
    mutating func moved(_ octets: Int, now: Int64, _ limits: TransferLimits.Direction) {
        settle(now: now)
        guard credit != .max, octets > 0 else { return }
        credit = min(limits.grace, credit.saturatingAdd(Int64(octets).saturatingMultiply(limits.octetNanoseconds)))
    }

    private mutating func settle(now: Int64) {
        guard since != .max, now > since else { return }
        let passed = now &- since
        if credit != .max { credit = credit.saturatingSubtract(passed) }
        if left != .max { left = left.saturatingSubtract(passed) }
        since = now
    }

    /// When the client is too slow unless something moves before; `Int64.max`: never, or the clock stands still.
    var deadline: Int64 { since == .max ? .max : since.saturatingAdd(min(credit, left)) }
}
