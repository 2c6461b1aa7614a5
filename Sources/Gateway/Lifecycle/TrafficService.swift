import DataPlane
import Policy
import ServiceLifecycle
import Transport

/// The listeners, which are open while this runs: at the end nobody is accepted any more, and open requests finish
/// within the policy's `drain` time. The event loops go on, because others still have something to tell them.
struct TrafficService: Service {
    let listeners: Listeners
    let transport: Transport<GatewayLoop>
    let current: CurrentPolicy
    let counters: Counters

    func run() async throws {
        // Throws when the task is cancelled: that is an end, too.
        try? await gracefulShutdown()
        await drain()
    }

    /// Also for what was opened when something else could not be.
    func drain() async {
        counters.beginDraining()
        await listeners.closeTraffic()
        if let drain = current.inForce?.policy.timeouts.drain { try? await transport.drain(timeout: drain) }
        // Until here whoever watches learns that the gateway drains, and how far it has come.
        await listeners.closeMonitors()
        try? await transport.drain(timeout: .milliseconds(200), tagged: true)
    }
}
