import Synchronization

/// Lets one task at a time do something; the others wait for their turn.
final class Turns: Sendable {
    private let isTaken = Mutex(false)
    private let waiters: Waiters<Bool>

    init(clock: ControlClock = .system) { waiters = Waiters(clock: clock, countMax: .max) }

    /// nil: the task was cancelled before its turn came.
    func take<Result: Sendable>(_ work: () async -> Result) async -> Result? {
        while !begin() {
            _ = await waiters.wait(for: true, until: nil) { self.isTaken.withLock { $0 } }
            guard !Task.isCancelled else { return nil }
        }
        defer { end() }
        return await work()
    }

    private func begin() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    private func end() {
        isTaken.withLock { $0 = false }
        waiters.settle(true)
    }
}
