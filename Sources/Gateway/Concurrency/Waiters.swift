import Synchronization

/// Tasks that wait until something has come to its end, by what they wait for: the one way to wait in the control
/// plane. Nothing is polled. Whoever ends it calls `settle`, and everybody who waits for it continues.
final class Waiters<Subject: Hashable & Sendable>: Sendable {
    /// Why somebody waits no longer.
    enum Outcome: Sendable, Equatable {
        /// It has come to its end.
        case settled
        /// The deadline has passed, or the task was cancelled.
        case expired
        /// Too many wait already.
        case refused
    }

    private struct State {
        var continuations: [Subject: [Int: CheckedContinuation<Outcome, Never>]] = [:]
        var count = 0
        var number = 0
    }

    private let clock: ControlClock
    private let countMax: Int
    private let state = Mutex(State())

    /// - Parameter countMax: tasks that wait at a time; each holds some KB.
    init(clock: ControlClock, countMax: Int = 1_024) {
        self.clock = clock
        self.countMax = countMax
    }

    /// Tasks that wait at the moment.
    var count: Int { state.withLock { $0.count } }

    /// Suspends until `settle` is called for the subject, or until the deadline.
    /// - Parameters:
    ///   - deadline: monotonic nanoseconds; nil: there is none.
    ///   - isUnderWay: whether there is anything to wait for. It is asked again once `settle` cannot be missed any
    ///   more, so whoever calls `settle` must have made it false before.
    func wait(
        for subject: Subject, until deadline: Int64?, while isUnderWay: @escaping @Sendable () -> Bool
    ) async -> Outcome {
        guard isUnderWay() else { return .settled }
        guard let deadline else { return await suspend(subject, isUnderWay) }
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await self.suspend(subject, isUnderWay) }
            group.addTask {
                try? await self.clock.sleep(deadline)
                return .expired
            }
            let first = await group.next() ?? .expired
            group.cancelAll()
            return first
        }
    }

    /// Everybody who waits for the subject continues.
    func settle(_ subject: Subject) {
        let continuations = state.withLock { state in
            let continuations = state.continuations.removeValue(forKey: subject) ?? [:]
            state.count -= continuations.count
            return continuations
        }
        for continuation in continuations.values { continuation.resume(returning: .settled) }
    }

    private func suspend(_ subject: Subject, _ isUnderWay: @Sendable () -> Bool) async -> Outcome {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome: Outcome? = state.withLock { state in
                    // A cancellation from here on finds the continuation.
                    if Task.isCancelled { return .expired }
                    guard isUnderWay() else { return .settled }
                    guard state.count < countMax else { return .refused }
                    state.count += 1
                    state.continuations[subject, default: [:]][number] = continuation
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.continuations[subject]?.removeValue(forKey: number)
                if continuation != nil { state.count -= 1 }
                if state.continuations[subject]?.isEmpty == true { state.continuations[subject] = nil }
                return continuation
            }
            continuation?.resume(returning: .expired)
        }
    }
}
