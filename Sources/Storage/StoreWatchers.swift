import AuthorizationRecords
import Synchronization

/// Who wants to hear of writes to a store, by the kind of record.
final class StoreWatchers: Sendable {
    private struct State {
        var continuations: [RecordKind: [AsyncStream<Void>.Continuation]] = [:]
        var hasBegun = false
    }
    private let state = Mutex(State())

    /// And whether it is the first that watches anything.
    func watch(_ kind: RecordKind) -> (stream: AsyncStream<Void>, isFirst: Bool) {
        // One word is enough: whoever hears it looks at everything that is new.
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let isFirst = state.withLock { state in
            state.continuations[kind, default: []].append(continuation)
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        return (stream, isFirst)
    }

    func tell(_ kinds: Set<RecordKind>) {
        for continuation in state.withLock({ state in kinds.flatMap { state.continuations[$0] ?? [] } }) {
            continuation.yield()
        }
    }

    func end() {
        for continuation in state.withLock({ state in state.continuations.values.flatMap { $0 } }) {
            continuation.finish()
        }
    }
}

extension StoreChange {
    /// Of what it writes; nil where it only removes or looks.
    var writtenKind: RecordKind? {
        switch self {
        case .insert(let record), .replace(let record): record.kind
        case .expect, .remove, .removeAll, .removeOldest: nil
        }
    }
}
