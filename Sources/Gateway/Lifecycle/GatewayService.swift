import Glibc
package import Logging
import ServiceLifecycle
import UnixSignals

/// The gateway as a service of the process: started, watched, reloaded on SIGHUP or when a file changes, and drained on
/// SIGTERM and SIGINT.
package struct GatewayService: Service {
    private let policyPath: String
    private let logger: Logger
    private let log: ProcessLog?
    private let onStart: @Sendable (GatewayServer) -> Void

    /// - Parameters:
    ///   - log: where `logger` writes, for SIGUSR1; nil: its level does not change.
    ///   - onStart: called once, when all listeners are open.
    package init(
        policyPath: String, logger: Logger, log: ProcessLog? = nil,
        onStart: @escaping @Sendable (GatewayServer) -> Void
    ) {
        self.log = log
        self.policyPath = policyPath
        self.logger = logger
        self.onStart = onStart
    }

    package func run() async throws {
        // A peer that is gone is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let server = try await GatewayServer.start(policyPath: policyPath, logger: logger)
        onStart(server)
        await withDiscardingTaskGroup { group in
            group.addTask { await Self.reloadOnHangup(server) }
            group.addTask { await Self.reloadOnChange(server) }
            if let log { group.addTask { await Self.toggleOnSignal(log, logger) } }
        }
        let lost = await server.stop()
        if lost > 0 { throw LostRecords(count: lost) }
    }

    /// The gateway has ended, and audit records were lost with it.
    package struct LostRecords: Error, Sendable, CustomStringConvertible {
        /// At least so many.
        package let count: Int
        package var description: String { "audit records were lost at the end: \(count)" }
    }

    private static func reloadOnHangup(_ server: GatewayServer) async {
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        for await _ in hangups.cancelOnGracefulShutdown() { await server.hangup() }
    }

    private static func toggleOnSignal(_ log: ProcessLog, _ logger: Logger) async {
        let signals = await UnixSignalsSequence(trapping: .sigusr1)
        for await _ in signals.cancelOnGracefulShutdown() {
            // What is said of it must be severe enough for both levels.
            logger.critical("the log's level has changed, because of SIGUSR1", metadata: ["level": "\(log.toggle())"])
        }
    }

    /// Looks twice a second, and reloads once a change has been quiet for one look: an editor that writes in two steps
    /// is not read in between.
    private static func reloadOnChange(_ server: GatewayServer) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
                guard server.filesChanged() else { continue }
                do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
                await server.reload()
            }
        }
    }
}
