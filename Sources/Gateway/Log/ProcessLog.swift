import Foundation
import Glibc
package import Logging
import Synchronization

/// The log of the process: a line for each event, on standard error, in one `write`.
package final class ProcessLog: Sendable {
    /// How lines are written.
    package enum Format: String, Sendable, CaseIterable {
        /// `text` where standard error is a terminal, else `json`.
        case auto
        /// For people.
        case text
        /// An object on each line.
        case json
    }

    private let format: LogLine.Format
    private let configured: Logger.Level
    private let now: Atomic<Int>
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter level: what is less severe is not written.
    package convenience init(format: Format, level: Logger.Level) {
        let chosen: LogLine.Format =
            switch format {
            case .auto: isatty(STDERR_FILENO) == 1 ? .text : .json
            case .text: .text
            case .json: .json
            }
        self.init(format: chosen, level: level, write: Self.writeToStandardError)
    }

    init(format: LogLine.Format, level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.format = format
        self.write = write
        configured = level
        now = Atomic(Self.place(of: level))
    }

    /// Writes into it.
    package var logger: Logger { Logger(label: "portcullis") { _ in Handler(log: self) } }

    /// The level that is in force.
    package var level: Logger.Level { Logger.Level.allCases[now.load(ordering: .relaxed)] }

    /// SIGUSR1: everything from `debug` on, and the next time again what was set at the start. Where that is `debug` or `trace`
    /// already, it is `info` in between.
    /// - Returns: the level from now on.
    @discardableResult
    package func toggle() -> Logger.Level {
        let other: Logger.Level = configured <= .debug ? .info : .debug
        let next = level == configured ? other : configured
        now.store(Self.place(of: next), ordering: .relaxed)
        return next
    }

    private static func place(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }

    private func add(_ event: LogEvent, _ metadata: Logger.Metadata) {
        let line = LogLine(
            time: Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            level: event.level, message: "\(event.message)",
            metadata: metadata.merging(event.metadata ?? [:]) { $1 })
        write(line.written(as: format))
    }

    /// Whether it can be written changes nothing: there is nobody left who could be told.
    private static func writeToStandardError(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private struct Handler: LogHandler {
        let log: ProcessLog
        var metadata: Logger.Metadata = [:]
        /// One for all copies: it can change while the program runs.
        var logLevel: Logger.Level {
            get { log.level }
            set { log.now.store(ProcessLog.place(of: newValue), ordering: .relaxed) }
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { log.add(event, metadata) }
    }
}
