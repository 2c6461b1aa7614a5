/// Whether an endpoint that fails is asked at all: after some failures in a row nobody is for a while, then one
/// question tries it, and only when that is answered everybody is again.
struct EndpointBreaker: Sendable {
    enum State: Sendable, Equatable {
        case closed
        /// Until then (monotonic nanoseconds) nobody is asked.
        case open(until: Int64)
        /// One question is under way, on which it depends.
        case probing
    }
    enum Passage: Equatable {
        case free
        /// This question decides; it must be reported.
        case probe
        case refused(retryAfterSeconds: Int)
    }

    private(set) var state = State.closed
    /// In a row.
    private(set) var failures = 0
    private var timesOpened = 0
    private let bounds: IntrospectionBounds

    init(_ bounds: IntrospectionBounds) { self.bounds = bounds }

    mutating func pass(now: Int64) -> Passage {
        switch state {
        case .closed: return .free
        case .probing: return .refused(retryAfterSeconds: 1)
        case .open(let until):
            let left = until &- now
            if left > 0 { return .refused(retryAfterSeconds: Int(left / IntrospectionBounds.second) + 1) }
            state = .probing
            return .probe
        }
    }

    mutating func succeeded() {
        state = .closed
        failures = 0
        timesOpened = 0
    }

    /// - Returns: for how long nobody is asked now (nanoseconds); nil: nothing changed.
    mutating func failed(now: Int64, random: UInt64) -> Int64? {
        failures = min(failures + 1, 1_000_000)
        switch state {
        case .open: return nil
        case .closed where failures < bounds.failuresMax: return nil
        case .closed, .probing: break
        }
        let whole = min(bounds.openMin << Int64(min(timesOpened, 16)), bounds.openMax)
        timesOpened += 1
        // A fifth more or less, so that many gateways do not come back at once.
        let share = Double(random >> 11) / 9_007_199_254_740_992
        let length = whole / 5 * 4 &+ Int64(Double(whole / 5 * 2) * share)
        state = .open(until: now &+ length)
        return length
    }

    /// The question on which it depended was not answered, and says nothing about the endpoint either: the next one may
    /// try.
    mutating func gaveUpProbe(now: Int64) { if state == .probing { state = .open(until: now) } }
}
