import Admission
import DataPlane
import Policy
import Transport

// How services are: their endpoints, and the connections to them.

extension GatewayMetrics {
    func upstreams(_ loops: LoopFigures, _ text: inout MetricsText) {
        let upstreams = current.inForce?.snapshot.upstreams ?? []
        health(upstreams, &text)
        failures(upstreams, &text)
        // A reload between the two: the next scrape has them.
        guard upstreams.map(\.health.count) == loops.pools.map(\.count) else { return }
        pools(upstreams, loops, &text)
    }

    private func each(_ upstreams: [UpstreamRuntime], _ visit: (MetricsText.Labels, EndpointHealth, Int, Int) -> Void) {
        for (index, upstream) in upstreams.enumerated() {
            for (place, health) in upstream.health.enumerated() {
                visit(
                    [("upstream", upstream.upstream.name), ("endpoint", health.endpoint.description)], health, index,
                    place)
            }
        }
    }

    private func health(_ upstreams: [UpstreamRuntime], _ text: inout MetricsText) {
        let now = Clock.monotonicNanoseconds()
        func family(_ name: String, _ help: String, _ kind: MetricsText.Kind = .gauge, _ value: (EndpointHealth) -> Int)
        {
            text.family(name, kind, help)
            each(upstreams) { labels, health, _, _ in text.sample(labels, value(health)) }
        }
        family("portcullis_upstream_endpoint_ejected", "1 while an endpoint is left out, else 0.") {
            $0.isEjected(now: now) ? 1 : 0
        }
        family(
            "portcullis_upstream_endpoint_ejection_withheld",
            "1 while an endpoint would be left out if half of its upstream's were not already, else 0."
        ) { $0.ejectionIsWithheld ? 1 : 0 }
        family("portcullis_upstream_endpoint_ejections", "How often an endpoint was left out.", .counter) {
            $0.ejectionCount
        }
        family("portcullis_upstream_endpoint_failures_in_a_row", "Failures since an endpoint's last success.") {
            $0.failuresInARow
        }
        family("portcullis_upstream_endpoint_requests_in_flight", "Requests that an endpoint is serving.") {
            $0.inFlight
        }
    }

    private func failures(_ upstreams: [UpstreamRuntime], _ text: inout MetricsText) {
        text.family(
            "portcullis_upstream_failures", .counter,
            "Attempts to forward a request that failed, by endpoint and reason; also those for which it is not to blame."
        )
        each(upstreams) { labels, health, _, _ in
            let counts = health.failureCounts
            // From 0 on: Prometheus sees no increase in what appears with 1, and one of these is one too many.
            for kind in UpstreamFailure.Kind.allCases where kind.isAboutIdentity {
                guard !counts.contains(where: { $0.word == kind.rawValue }) else { continue }
                text.sample(labels + [("reason", kind.rawValue)], 0)
            }
            for (word, count) in counts { text.sample(labels + [("reason", word)], count) }
        }
    }

    private func pools(_ upstreams: [UpstreamRuntime], _ loops: LoopFigures, _ text: inout MetricsText) {
        func family(_ name: String, _ help: String, _ value: (LoopFigures.Pool) -> Int) {
            text.family(name, .gauge, help)
            each(upstreams) { labels, _, index, place in text.sample(labels, value(loops.pools[index][place])) }
        }
        family("portcullis_upstream_connections", "Connections to an endpoint that are open or being opened.") {
            $0.open
        }
        family("portcullis_upstream_connections_idle", "Of these, those that serve no request.") { $0.idle }
        family("portcullis_upstream_connections_max", "Connections to an endpoint that may be open.") { $0.most }
        family("portcullis_upstream_requests_waiting", "Requests that wait for a connection to an endpoint.") {
            $0.waiting
        }
    }
}
