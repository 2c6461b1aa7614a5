import Synchronization

@testable import Gateway

/// A clock that stands still until a test moves it, and knows who sleeps by it.
final class TestClock: Sendable {
    private struct Sleeper {
        let until: Int64
        let continuation: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var now: Int64 = 1_000_000_000_000
        var number = 0
        var sleepers: [Int: Sleeper] = [:]
        var watchers:
            [(isSatisfied: @Sendable ([Int: Sleeper]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    var now: Int64 { state.withLock { $0.now } }

    var control: ControlClock {
        ControlClock(
            now: { self.now }, unixSeconds: { self.now / 1_000_000_000 }, sleep: { try await self.sleep(until: $0) })
    }

    /// Returns when so many tasks sleep.
    func sleeping(_ count: Int = 1) async { await watch { $0.count >= count } }

    /// Returns when a task sleeps until that time.
    func sleeping(until time: Int64) async { await watch { $0.values.contains { $0.until == time } } }

    private func watch(_ isSatisfied: @escaping @Sendable ([Int: Sleeper]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isSo = state.withLock { state in
                if isSatisfied(state.sleepers) { return true }
                state.watchers.append((isSatisfied, continuation))
                return false
            }
            if isSo { continuation.resume() }
        }
    }

    /// Time passes. Whoever has slept long enough wakes up.
    func pass(_ duration: Duration) {
        let due = state.withLock { state in
            state.now += duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    private func sleep(until time: Int64) async throws {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (outcome, watchers): (Bool?, [CheckedContinuation<Void, Never>]) = state.withLock { state in
                    if Task.isCancelled { return (false, []) }
                    if time <= state.now { return (true, []) }
                    state.sleepers[number] = Sleeper(until: time, continuation: continuation)
                    let satisfied = state.watchers.filter { $0.isSatisfied(state.sleepers) }
                    state.watchers.removeAll { $0.isSatisfied(state.sleepers) }
                    return (nil, satisfied.map(\.continuation))
                }
                for watcher in watchers { watcher.resume() }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(returning: false)
        }
        guard isOver else { throw CancellationError() }
    }
}

/// What happened, in its order, for tasks that tell and a test that waits for it.
final class Events: Sendable {
    private struct State {
        var all: [String] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    var all: [String] { state.withLock { $0.all } }

    func add(_ event: String) {
        let watchers = state.withLock { state in
            state.all.append(event)
            defer { state.watchers.removeAll { $0.count <= state.all.count } }
            return state.watchers.filter { $0.count <= state.all.count }
        }
        for watcher in watchers { watcher.continuation.resume() }
    }

    /// All of them, once there are so many.
    func reach(_ count: Int) async -> [String] {
        await withCheckedContinuation { continuation in
            let isSo = state.withLock { state in
                if state.all.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isSo { continuation.resume() }
        }
        return all
    }
}

/// Something that tasks wait at until a test opens it.
final class Gate: Sendable {
    private let isOpen = Mutex(false)
    private let waiters = Waiters<Bool>(clock: TestClock().control)

    /// Cancelled tasks do not wait.
    func pass() async { _ = await waiters.wait(for: true, until: nil) { !self.isOpen.withLock { $0 } } }

    func open() {
        isOpen.withLock { $0 = true }
        waiters.settle(true)
    }
}
