import AuthorizationRecords
import Foundation
import Synchronization

/// Hears of the writes of all gateways (`LISTEN`), on a thread and a connection of its own.
///
/// What was written while there was no connection may have gone by unheard: after each new connection everybody is told
/// to look.
final class PostgreSQLListener: Sendable {
    /// How long a connection may be silent before it is asked whether it still lives.
    private static let silentMilliseconds = 2_000
    private static let answerMilliseconds = 2_000
    private static let retryMilliseconds = 500

    private let stopped: Stop

    init(_ connect: @escaping @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection, watchers: StoreWatchers) {
        let stopped = Stop()
        self.stopped = stopped
        let thread = Thread {
            ThreadSignals.block()
            while !stopped.isAsked {
                // The reason is that of everybody else who connects, and is in the log there.
                try? Self.listen(connect, watchers: watchers, until: stopped)
                if !stopped.isAsked { usleep(UInt32(Self.retryMilliseconds) * 1_000) }
            }
            watchers.end()
        }
        thread.name = "postgresql listen"
        thread.start()
    }

    deinit { stopped.ask() }

    private static func listen(
        _ connect: () throws(PostgreSQLError) -> PostgreSQLConnection, watchers: StoreWatchers,
        until stopped: borrowing Stop
    ) throws {
        let connection = try connect()
        try connection.script("LISTEN \(PostgreSQLSchema.channel)")
        watchers.tell(Set(RecordKind.allCases))
        while !stopped.isAsked {
            connection.deadline = MonotonicTime.now &+ MonotonicTime.nanoseconds(milliseconds: silentMilliseconds)
            let payloads = try connection.notifications()
            if payloads.isEmpty {
                connection.deadline = MonotonicTime.now &+ MonotonicTime.nanoseconds(milliseconds: answerMilliseconds)
                try connection.script("SELECT 1")
            } else {
                watchers.tell(
                    Set(payloads.flatMap { $0.split(separator: " ") }.compactMap { RecordKind(rawValue: String($0)) }))
            }
        }
    }

    /// Tells the thread to end; it looks at least every two seconds.
    final class Stop: Sendable {
        private let asked = Atomic<Bool>(false)
        var isAsked: Bool { asked.load(ordering: .relaxed) }
        func ask() { asked.store(true, ordering: .relaxed) }
    }
}
