import Synchronization

/// Calls somebody at a time that may be moved until then. It may go off too early, when the time was moved back; whoever
/// is called looks at the clock.
final class Alarm: Sendable {
    private let time = Mutex<Int64?>(nil)
    private let moved: Waiters<Bool>

    init(clock: ControlClock) { moved = Waiters(clock: clock) }

    /// From any thread. A later time than the one that is set is not taken: the owner sets it anew when it is called.
    /// - Parameter time: monotonic nanoseconds; nil: there is nothing to be called for.
    func set(_ time: Int64?) {
        guard let time else { return }
        let isEarlier = self.time.withLock { old in
            if let old, old <= time { return false }
            old = time
            return true
        }
        if isEarlier { moved.settle(true) }
    }

    /// Calls `due` once for each time that comes, until the task is cancelled.
    func run(_ due: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            let planned = time.withLock { $0 }
            let outcome = await moved.wait(for: true, until: planned) { self.time.withLock { $0 } == planned }
            guard outcome == .expired, !Task.isCancelled else { continue }
            let isDue = time.withLock { time in
                guard time == planned else { return false }
                time = nil
                return true
            }
            if isDue { await due() }
        }
    }
}
