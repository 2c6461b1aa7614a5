import Gateway
import Logging

/// Runs gateways inside the process of the test: quick to start, and the debugger sees into them.
package struct InProcessRunner: GatewayRunner {
    private let waitMax: Duration

    /// - Parameter waitMax: how long requests wait for something from outside, at most.
    package init(waitMax: Duration = .seconds(1)) { self.waitMax = waitMax }

    package func start(policyPath: String, listeners: Int) async throws -> any RunningGateway {
        let logger = Logger(label: "portcullis") { _ in SwiftLogNoOpLogHandler() }
        do {
            return InProcessGateway(
                server: try await GatewayServer.start(policyPath: policyPath, logger: logger, waitMax: waitMax))
        } catch let failure as GatewayServer.StartFailure {
            throw GatewayRefusedToStart(reasons: [failure.description])
        }
    }
}

private struct InProcessGateway: RunningGateway {
    let server: GatewayServer
    var ports: [Int] { server.addresses.map(\.port) }
    var log: [String] { [] }
    func reload() async throws { await server.hangup() }
    func stop() async throws { await server.stop() }
}
