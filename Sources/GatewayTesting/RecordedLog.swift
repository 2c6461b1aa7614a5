package import Logging
import Synchronization

/// What a log was told, as level, message and metadata.
package final class RecordedLog: Sendable {
    private let lines = Mutex<[String]>([])
    /// One line for each event.
    package var text: String { lines.withLock { $0.joined(separator: "\n") } }
    /// How many events there were.
    package var count: Int { lines.withLock { $0.count } }
    fileprivate func add(_ line: String) { lines.withLock { $0.append(line) } }

    package init() {}

    /// Writes into it, whatever the level.
    package var logger: Logger { Logger(label: "test") { _ in Handler(target: self) } }

    private struct Handler: LogHandler {
        let target: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            target.add("\(event.level) \(event.message) \(metadata.joined(separator: " "))")
        }
    }
}
