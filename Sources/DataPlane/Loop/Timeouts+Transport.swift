import Octets
package import Policy
package import Transport

extension Timeouts {
    /// The policy's times in the transport's words, which knows nothing of policies.
    package var transport: TransportTimeouts {
        var timeouts = TransportTimeouts()
        timeouts.tlsHandshake = tlsHandshake.nanoseconds
        timeouts.headerRead = headerRead.nanoseconds
        timeouts.bodyStall = bodyStall.nanoseconds
        timeouts.keepAliveIdle = keepAliveIdle.nanoseconds
        timeouts.upstreamConnect = upstreamConnect.nanoseconds
        timeouts.upstreamStall = upstreamStall.nanoseconds
        timeouts.upstreamIdle = upstreamIdle.nanoseconds
        timeouts.tunnelIdle = tunnelIdle.nanoseconds
        return timeouts
    }
}
