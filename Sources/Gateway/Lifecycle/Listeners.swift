import DataPlane
import Logging
import Policy
import Synchronization
import Transport

/// The listeners of the policy: opened once, with TLS that a reload replaces.
///
/// Made before there are event loops, so that whatever needs to know of open connections can be given it.
final class Listeners: Sendable {
    /// A listener cannot be opened.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var transport: Transport<GatewayLoop>?
        /// In the order of `listeners` in the policy.
        var handles: [ListenerHandle] = []
        /// Those that take no traffic.
        var monitors: [ListenerHandle] = []
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Opens all listeners. What is open when one fails stays so until `close`.
    func open(_ policy: Policy, on transport: Transport<GatewayLoop>) async throws {
        state.withLock { $0.transport = transport }
        for listener in policy.listeners {
            do {
                let handle = try await transport.listen(listener.settings(policy.bounds))
                state.withLock { $0.handles.append(handle) }
                logger.debug(
                    "listening",
                    metadata: [
                        "address": "\(listener.host)", "port": "\(handle.port)", "tls": "\(listener.tls != nil)",
                    ])
            } catch {
                throw Failure(description: "cannot listen on \(listener.name): \(ErrorInWords.text(error))")
            }
        }
        for (tag, monitor) in policy.monitors.enumerated() {
            do {
                let handle = try await transport.listen(monitor.settings(tag: tag))
                state.withLock { $0.monitors.append(handle) }
                logger.debug(
                    "listening for questions about the gateway",
                    metadata: ["address": "\(monitor.host)", "port": "\(handle.port)"])
            } catch {
                throw Failure(description: "cannot listen on \(monitor.name): \(ErrorInWords.text(error))")
            }
        }
    }

    /// In the order of `monitors` in the policy.
    var monitorPorts: [Int] { state.withLock { $0.monitors.map(\.port) } }

    /// In the order of `listeners` in the policy.
    var ports: [Int] { state.withLock { $0.handles.map(\.port) } }

    var openConnections: Int { state.withLock { $0.handles.reduce(0) { $0 + $1.openConnections } } }

    /// TLS of a new policy, read and checked but not in use yet; nil: that listener has none.
    func prepareTLS(of policy: Policy) throws -> [PreparedServerTLS?] {
        guard let transport = state.withLock({ $0.transport }) else { return [] }
        return try policy.listeners.map { listener in try listener.tlsFiles.map { try transport.prepareTLS($0) } }
    }

    /// New handshakes use it; open connections keep what they have.
    func replaceTLS(with prepared: [PreparedServerTLS?]) {
        for (handle, tls) in zip(state.withLock { $0.handles }, prepared) { if let tls { handle.replaceTLS(tls) } }
    }

    /// No connection is accepted any more, but those that the kernel has completed already.
    func closeTraffic() async { await close(state.withLock { $0.handles }) }

    /// The same of those that take no traffic.
    func closeMonitors() async { await close(state.withLock { $0.monitors }) }

    private func close(_ handles: [ListenerHandle]) async {
        await withDiscardingTaskGroup { group in
            for handle in handles { group.addTask { await handle.close() } }
        }
    }
}
