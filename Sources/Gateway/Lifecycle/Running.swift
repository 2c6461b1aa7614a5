import Synchronization

/// The one task that everything beside the event loops runs in; its owner begins it once, and awaits it at the end.
final class Running: Sendable {
    private let task = Mutex<Task<Void, any Error>?>(nil)

    func begin(_ work: @escaping @Sendable () async throws -> Void) { task.withLock { $0 = Task { try await work() } } }

    /// To be awaited; nil: it was not begun, or somebody else ends it already.
    func end() -> Task<Void, any Error>? { task.withLock { $0.take() } }
}
