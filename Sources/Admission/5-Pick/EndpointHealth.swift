import Octets
package import Policy
import Synchronization

/// How one endpoint of an upstream has been doing: shared by all event loops, kept across reloads.
///
/// Passive ejection: after so many failures without a success in between the endpoint is left out for a while. Each
/// further ejection before a success lasts one such time longer, ten times at the most. When it is back, its
/// failures still count as consecutive: one more and it is out again.
package final class EndpointHealth: Sendable {
    package let endpoint: Endpoint
    private let requests = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    /// Monotonic nanoseconds; `Int64.min`: never ejected, or over.
    private let ejectedUntil = Atomic<Int64>(.min)
    private let ejections = Atomic<Int>(0)

    /// Why the last request to it failed; for the log.
    private let lastFailure = Mutex<String?>(nil)

    /// Failures since its last success.
    package var failuresInARow: Int { failures.load(ordering: .relaxed) }

    /// Why a request to it has failed.
    package func note(_ failure: String) { lastFailure.withLock { $0 = failure } }

    /// What was noted last; nil: nothing has failed yet.
    package var notedFailure: String? { lastFailure.withLock { $0 } }

    package init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// When, and for how long, an endpoint is ejected.
    struct Ejection: Sendable {
        /// 0: never.
        let afterFailures: Int
        let nanoseconds: Int64
        static let timesMax = 10

        init(_ upstream: Upstream) {
            afterFailures = upstream.ejectAfterFailures
            // A day: no operator means more, and no sum of times overflows.
            nanoseconds = min(max(upstream.ejectionTime.nanoseconds, 1), 86_400 * 1_000_000_000)
        }
    }

    /// Requests that it is serving.
    package var inFlight: Int { requests.load(ordering: .relaxed) }

    /// Left out until later.
    package func isEjected(now: Int64) -> Bool { ejectionEnd > now }

    var ejectionEnd: Int64 { ejectedUntil.load(ordering: .relaxed) }

    func begin() { requests.wrappingAdd(1, ordering: .relaxed) }
    func end() { requests.wrappingSubtract(1, ordering: .relaxed) }

    /// - Parameter isProbe: it was ejected when it was picked, so this success ends the ejection.
    func succeeded(isProbe: Bool, now: Int64) {
        if failures.load(ordering: .relaxed) != 0 { failures.store(0, ordering: .relaxed) }
        let until = ejectedUntil.load(ordering: .relaxed)
        guard until != .min, isProbe || until <= now else { return }
        // Only that ejection: another loop may have seen a new one begin.
        if ejectedUntil.compareExchange(expected: until, desired: .min, ordering: .relaxed).exchanged {
            ejections.store(0, ordering: .relaxed)
        }
    }

    /// - Parameter isProbe: it was ejected when it was picked, so the ejection begins anew, as long as before.
    func failed(_ rule: Ejection, isProbe: Bool, now: Int64) {
        let failures = failures.add(1, ordering: .relaxed).newValue
        guard rule.afterFailures > 0, failures >= rule.afterFailures else { return }
        let until = ejectedUntil.load(ordering: .relaxed)
        let isOut = until > now
        guard !isOut || isProbe else { return }
        let times = min(ejections.load(ordering: .relaxed) + (isOut ? 0 : 1), Ejection.timesMax)
        let next = now.saturatingAdd(rule.nanoseconds.saturatingMultiply(Int64(max(times, 1))))
        if ejectedUntil.compareExchange(expected: until, desired: next, ordering: .relaxed).exchanged, !isOut {
            ejections.store(times, ordering: .relaxed)
        }
    }
}

/// The health of every endpoint that any policy has named so far and the present one still does.
package final class HealthLedger: Sendable {
    private struct Key: Hashable {
        let upstream: String
        let endpoint: Endpoint
    }
    private let known = Mutex<[Key: EndpointHealth]>([:])

    package init() {}

    /// The health of an upstream's endpoints, in their order: what is known from before a reload is kept.
    package func health(of upstream: Upstream) -> [EndpointHealth] {
        known.withLock { known in
            upstream.endpoints.map { endpoint in
                let key = Key(upstream: upstream.name, endpoint: endpoint)
                let health = known[key] ?? EndpointHealth(endpoint)
                known[key] = health
                return health
            }
        }
    }

    /// Forgets endpoints that these upstreams do not have.
    package func keepOnly(_ upstreams: [Upstream]) {
        let kept = Set(
            upstreams.flatMap { upstream in upstream.endpoints.map { Key(upstream: upstream.name, endpoint: $0) } })
        known.withLock { known in known = known.filter { kept.contains($0.key) } }
    }
}
