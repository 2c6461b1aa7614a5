/// Whether a worker may connect, and who serves a job while none may. A value: whoever uses it holds its lock and gives
/// it the time.
///
/// An attempt that fails closes the gate for 100 ms, 200 ms, … 5 s; one that succeeds opens it for everybody. What an
/// attempt says counts only if nothing newer is known: one that began before the newest success (while the database was
/// still starting, say) closes nothing when it fails, and several that fail together count as one.
struct ReconnectGate {
    private static let firstMilliseconds = 100
    private static let lastMilliseconds = 5_000

    /// An attempt to connect that is under way.
    struct Attempt: Equatable {
        /// How many attempts had ended when it began.
        fileprivate let ended: Int
    }

    /// What a worker does with a job.
    enum Decision: Equatable {
        /// It runs the job on the connection that it has.
        case serve
        case connect(Attempt)
        /// It leaves the job to a worker that has a connection; from this time on it may connect itself.
        case leave(until: Int)
        /// Nobody has a connection, and for a while nobody tries to get one.
        case refuse(reason: String)
    }

    /// Workers that have a connection. One that is idle may turn out to be gone.
    private(set) var connections = 0
    private var failures = 0
    /// Attempts whose end counted.
    private var ended = 0
    /// Monotonic nanoseconds.
    private var closedUntil = Int.min
    private var reason = ""

    func isClosed(now: Int) -> Bool { now < closedUntil }

    func decide(hasConnection: Bool, now: Int) -> Decision {
        if hasConnection { return .serve }
        guard isClosed(now: now) else { return .connect(Attempt(ended: ended)) }
        return connections > 0 ? .leave(until: closedUntil) : .refuse(reason: reason)
    }

    /// An attempt succeeded.
    mutating func connected() {
        connections += 1
        ended += 1
        failures = 0
        closedUntil = .min
    }

    /// A worker gave up its connection.
    mutating func disconnected() { connections -= 1 }

    /// An attempt failed.
    /// - Parameter chance: 0 to 1; half of the pause depends on it, so that several gateways do not come at the same
    ///   moment.
    mutating func failed(_ attempt: Attempt, reason: String, now: Int, chance: Double) {
        guard attempt.ended == ended else { return }
        let pause = min(Self.firstMilliseconds << min(failures, 10), Self.lastMilliseconds)
        failures += 1
        ended += 1
        closedUntil = now &+ MonotonicTime.nanoseconds(milliseconds: pause / 2 + Int(Double(pause / 2) * chance))
        self.reason = reason
    }
}
