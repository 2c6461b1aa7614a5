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
        timeouts.transfer = transfer(RouteTimeouts())
        timeouts.keepAliveIdle = keepAliveIdle.nanoseconds
        timeouts.upstreamConnect = upstreamConnect.nanoseconds
        timeouts.upstreamIdle = upstreamIdle.nanoseconds
        timeouts.upstreamLifetime = upstreamLifetime.nanoseconds
        return timeouts
    }

    /// How slow clients of a route may be in the long run; nil: as everywhere.
    package func transferOfItsOwn(_ route: RouteTimeouts) -> TransferLimits? {
        let own = transfer(route)
        return own == transfer(RouteTimeouts()) ? nil : own
    }

    private func transfer(_ route: RouteTimeouts) -> TransferLimits {
        let grace = (route.rateGrace ?? rateGrace).nanoseconds
        return TransferLimits(
            body: .init(
                octetsPerSecondMin: route.bodyRateMin ?? bodyRateMin, grace: grace,
                total: (route.bodyTotal ?? bodyTotal)?.nanoseconds),
            answer: .init(
                octetsPerSecondMin: route.answerRateMin ?? answerRateMin, grace: grace,
                total: (route.answerTotal ?? answerTotal)?.nanoseconds))
    }

    /// What a route's requests may take of an upstream's time: the route's own times before the upstream's, and these
    /// before those of all.
    package func upstream(_ upstream: Upstream?, _ route: RouteTimeouts) -> UpstreamTimes {
        UpstreamTimes(
            firstByte: (route.firstByte ?? upstream?.firstByteTimeout ?? upstreamFirstByte).nanoseconds,
            stall: (route.answerStall ?? upstreamStall).nanoseconds,
            eventStreamIdle: (route.eventStreamIdle ?? eventStreamIdle).nanoseconds,
            tunnelIdle: (route.tunnelIdle ?? tunnelIdle).nanoseconds)
    }
}
