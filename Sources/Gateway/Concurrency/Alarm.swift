import Synchronization

/// Calls somebody at a time that may be moved until then.
final class Alarm: Sendable {
    private let time = Mutex<Int64?>(nil)
    private let moved: Waiters<Bool>

    init(clock: ControlClock) { moved = Waiters(clock: clock) }

    /// From any thread.
    /// - Parameter time: monotonic nanoseconds; nil: never.
    func set(_ time: Int64?) {
        let isMoved = self.time.withLock { old in
            defer { old = time }
            return old != time
        }
        if isMoved { moved.settle(true) }
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
