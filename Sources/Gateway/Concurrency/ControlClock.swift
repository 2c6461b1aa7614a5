import Octets
import Transport

/// The time that the control plane goes by. Tests give one that stands still until they move it.
struct ControlClock: Sendable {
    /// Monotonic nanoseconds.
    let now: @Sendable () -> Int64
    /// Seconds since 1970.
    let unixSeconds: @Sendable () -> Int64
    /// Suspends until a time, in monotonic nanoseconds. Throws when the task is cancelled.
    let sleep: @Sendable (_ until: Int64) async throws -> Void

    /// The machine's clocks.
    static let system = ControlClock(
        now: { Clock.monotonicNanoseconds() }, unixSeconds: { Clock.wallNanoseconds() / 1_000_000_000 },
        sleep: { time in try await Task.sleep(for: .nanoseconds(max(0, time &- Clock.monotonicNanoseconds()))) })

    /// The time that is so much later than now, in monotonic nanoseconds.
    func deadline(in duration: Duration) -> Int64 { now() &+ duration.nanoseconds }

    /// Suspends for a while. Throws when the task is cancelled.
    func sleep(for duration: Duration) async throws { try await sleep(deadline(in: duration)) }
}
