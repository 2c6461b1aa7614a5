package import Policy

/// Chooses the endpoint for a request: one for each upstream and event loop, over health that all loops share.
///
/// Ejected endpoints are left out: never more than half of them (`EjectionBound`). When all others have been tried for a
/// request, or a reload has left only ejected ones, the gateway does not give up on its own: the one whose ejection ends
/// first is used as a probe. If it answers, its ejection is over; if it fails, its ejection begins anew, so that the next
/// request probes another. So a fault of the gateway's view never turns a service off for longer than the service itself
/// is, and an upstream with one endpoint is always tried. `no_healthy_upstream` 503 remains for when every endpoint was
/// tried for this very request.
package final class Balancer {
    private let endpoints: [EndpointHealth]
    private let balancing: Upstream.Balancing
    private let ejection: EndpointHealth.Ejection
    /// Where the next search begins: spreads what is equal.
    private var turn: Int
    /// Up to so many endpoints are all compared; above, two that are drawn at random (Mitzenmacher 2001) are enough.
    private static let comparedMax = 16
    private var random: UInt64

    /// - Parameters:
    ///   - health: of the upstream's endpoints, from the ledger.
    ///   - seed: random, so that event loops do not all begin at the same endpoint.
    package init(_ upstream: Upstream, health: [EndpointHealth], seed: UInt64) {
        endpoints = health
        balancing = upstream.balancing
        ejection = EndpointHealth.Ejection(upstream)
        random = seed | 1
        turn = health.isEmpty ? 0 : Int(truncatingIfNeeded: (seed >> 1) % UInt64(health.count))
    }

    /// A lease on the endpoint that shall serve a request.
    /// - Parameters:
    ///   - permit: nothing is forwarded without one.
    ///   - excluding: the endpoint that has failed this request already, for its one retry.
    ///   - now: monotonic nanoseconds.
    /// - Throws: `no_healthy_upstream` when there is no other endpoint.
    package func pick(_ permit: borrowing Permit, excluding: Int? = nil, now: Int64) throws(Refusal) -> Lease {
        let count = endpoints.count
        guard count > 0 else { throw Refusal(.noHealthyUpstream) }
        let start = turn < count ? turn : 0
        if let index = healthy(from: start, excluding, now) {
            // A retry does not take the next one's turn: otherwise, of two, the dead one would be asked first every
            // time.
            if excluding == nil { turn = index + 1 < count ? index + 1 : 0 }
            return lease(index, isProbe: false)
        }
        guard let index = firstToReturn(excluding) else { throw Refusal(.noHealthyUpstream) }
        return lease(index, isProbe: true)
    }

    private func lease(_ index: Int, isProbe: Bool) -> Lease {
        Lease(endpoint: index, health: endpoints[index], ejection: ejection, isProbe: isProbe)
    }

    private func healthy(from start: Int, _ excluding: Int?, _ now: Int64) -> Int? {
        switch balancing {
        case .roundRobin: next(from: start, excluding, now)
        case .leastRequest where endpoints.count > Self.comparedMax:
            lesserOfTwo(excluding, now) ?? next(from: start, excluding, now)
        case .leastRequest: least(from: start, excluding, now)
        }
    }

    private func isUsable(_ index: Int, _ excluding: Int?, _ now: Int64) -> Bool {
        index != excluding && !endpoints[index].isEjected(now: now)
    }

    private func next(from start: Int, _ excluding: Int?, _ now: Int64) -> Int? {
        var index = start
        for _ in endpoints.indices {
            if isUsable(index, excluding, now) { return index }
            index = index + 1 < endpoints.count ? index + 1 : 0
        }
        return nil
    }

    private func least(from start: Int, _ excluding: Int?, _ now: Int64) -> Int? {
        var best: Int?
        var bestCount = Int.max
        var index = start
        for _ in endpoints.indices {
            if isUsable(index, excluding, now) {
                let inFlight = endpoints[index].inFlight
                if inFlight < bestCount {
                    best = index
                    bestCount = inFlight
                }
            }
            index = index + 1 < endpoints.count ? index + 1 : 0
        }
        return best
    }

    private func lesserOfTwo(_ excluding: Int?, _ now: Int64) -> Int? {
        let one = draw()
        let other = draw()
        switch (isUsable(one, excluding, now), isUsable(other, excluding, now)) {
        case (true, true): return endpoints[other].inFlight < endpoints[one].inFlight ? other : one
        case (true, false): return one
        case (false, true): return other
        case (false, false): return nil
        }
    }

    private func firstToReturn(_ excluding: Int?) -> Int? {
        endpoints.indices.filter { $0 != excluding }.min { endpoints[$0].ejectionEnd < endpoints[$1].ejectionEnd }
    }

    /// xorshift64 (Marsaglia 2003): spreads load, decides nothing that matters to security.
    private func draw() -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(truncatingIfNeeded: (random >> 11) % UInt64(endpoints.count))
    }
}
