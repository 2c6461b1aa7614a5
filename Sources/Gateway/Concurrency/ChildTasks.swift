import Synchronization

/// Tasks that are begun from any thread, event loops too, and have one owner: whoever calls `run`, which does not
/// return before the last of them has ended. There are as many at a time as the state machine of their owner allows.
///
/// Each starts at once, without a way through a task of the owner's, because requests wait for what it brings.
final class ChildTasks: Sendable {
    typealias Work = @Sendable () async -> Void

    private struct State {
        /// Not to be done before `run`.
        var early: [(Int, Work)] = []
        var tasks: [Int: Task<Void, Never>] = [:]
        var number = 0
        var phase = Phase.waiting
    }
    private enum Phase { case waiting, running, ending, over }

    private let state = Mutex(State())
    private let ended = Waiters<Bool>(clock: .system, countMax: 1)

    /// What comes after the end is dropped.
    /// - Returns: by what it can be cancelled.
    @discardableResult
    func begin(_ work: @escaping Work) -> Int {
        state.withLock { state in
            state.number += 1
            switch state.phase {
            case .waiting: state.early.append((state.number, work))
            case .running: start(work, state.number, &state)
            case .ending, .over: break
            }
            return state.number
        }
    }

    /// Nobody needs its result any more. What has ended already is let be.
    func cancel(_ number: Int) {
        state.withLock { state in
            state.early.removeAll { $0.0 == number }
            return state.tasks[number]
        }?.cancel()
    }

    /// Does what is begun, until `end` is called or the task is cancelled. What is still under way then is cancelled.
    /// Called once.
    func run() async {
        state.withLock { state in
            guard state.phase == .waiting else { return }
            state.phase = .running
            for (number, work) in state.early { start(work, number, &state) }
            state.early = []
        }
        _ = await ended.wait(for: true, until: nil) { self.state.withLock { $0.phase == .running } }
        let left = state.withLock { state in
            state.phase = .over
            state.early = []
            return Array(state.tasks.values)
        }
        for task in left { task.cancel() }
        for task in left { await task.value }
    }

    func end() {
        state.withLock { if $0.phase != .over { $0.phase = .ending } }
        ended.settle(true)
    }

    private func start(_ work: @escaping Work, _ number: Int, _ state: inout State) {
        state.tasks[number] = Task {
            await work()
            self.state.withLock { $0.tasks[number] = nil }
        }
    }
}
