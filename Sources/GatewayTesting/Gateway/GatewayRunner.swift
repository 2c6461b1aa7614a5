/// A way to run a gateway: in the process of the test, or as a program of its own.
package protocol GatewayRunner: Sendable {
    /// Starts a gateway, and comes back when it listens.
    /// - Throws: when it refuses to start, with its reasons.
    func start(policyPath: String, listeners: Int) async throws -> any RunningGateway
}

/// A gateway that runs.
package protocol RunningGateway: Sendable {
    /// The ports that it listens on, in the order of `listeners` in its policy.
    var ports: [Int] { get }
    /// Makes it read its files again, as SIGHUP does.
    func reload() async throws
    /// Makes it drain and end, as SIGTERM does, and waits until it has.
    func stop() async throws
    /// What it has logged; empty where nobody collects it.
    var log: [String] { get }
}
