/// Tasks that are begun from any thread, event loops too, and have one owner: they are children of whoever calls `run`,
/// and end with it. There are as many at a time as the state machine of their owner allows.
final class ChildTasks: Sendable {
    typealias Work = @Sendable () async -> Void

    private let works: AsyncStream<Work>
    private let continuation: AsyncStream<Work>.Continuation

    init() { (works, continuation) = AsyncStream.makeStream(of: Work.self) }

    /// Work that comes before `run` is done then; what comes after the end is dropped.
    func begin(_ work: @escaping Work) { continuation.yield(work) }

    /// Does what is begun, until `end` is called or the task is cancelled. What is still under way then is cancelled.
    /// Called once.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in works { group.addTask { await work() } }
            group.cancelAll()
        }
        // Nobody is left who could do anything.
        continuation.finish()
    }

    func end() { continuation.finish() }
}
