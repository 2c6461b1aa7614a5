import Foundation
import GRDB
import Synchronization

/// Connections on which one record is looked up, on the thread that asks. A look takes some microseconds, less than handing it
/// to another thread and waking up again costs.
///
/// Threads that tasks share must not all wait for a disk that hangs: there are fewer of these connections than of such
/// threads, and whoever finds none free asks elsewhere.
final class RecordReaders: Sendable {
    private let free: Mutex<[DatabaseQueue]>

    /// - Parameter configuration: for connections that only read.
    init(path: String, configuration: Configuration) throws {
        let count = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        free = Mutex(try (0..<count).map { _ in try DatabaseQueue(path: path, configuration: configuration) })
    }

    /// nil: all are in use.
    /// - Parameter look: one statement, which sees one state of the file without a transaction around it.
    func read<Value>(_ look: (Database) throws -> Value) throws -> Value? {
        guard let queue = take() else { return nil }
        defer { giveBack(queue) }
        return try queue.unsafeRead(look)
    }

    func take() -> DatabaseQueue? { free.withLock { $0.popLast() } }

    func giveBack(_ queue: DatabaseQueue) { free.withLock { $0.append(queue) } }
}
