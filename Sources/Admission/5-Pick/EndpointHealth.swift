import Octets
package import Policy
import Synchronization

/// How one endpoint of an upstream has been doing: shared by all event loops, kept across reloads.
///
/// Passive ejection: after so many failures without a success in between the endpoint is left out for a while. Each
/// further ejection before a success lasts one such time longer, ten times at the most. When it is back, its
/// failures still count as consecutive: one more and it is out again, if not half of its upstream's endpoints are.
package final class EndpointHealth: Sendable {
    package let endpoint: Endpoint
    private let requests = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    /// Monotonic nanoseconds; `Int64.min`: never ejected, or over.
    private let ejectedUntil = Atomic<Int64>(.min)
    private let ejections = Atomic<Int>(0)
    /// Of all endpoints of its upstream. Ejections begin and end under its lock.
    private let bound: EjectionBound
    private let withheld = Atomic<Bool>(false)

    /// It would be ejected if enough others of its upstream were not already; until its next success.
    package var ejectionIsWithheld: Bool { withheld.load(ordering: .relaxed) }

    /// Why requests to it failed: the last one, for the log, and how often each word.
    private let noted = Mutex((last: String?.none, counts: [String: Int]()))
    private let ejectionsInAll = Atomic<Int>(0)

    /// Failures since its last success.
    package var failuresInARow: Int { failures.load(ordering: .relaxed) }

    /// Why a request to it has failed.
    /// - Parameters:
    ///   - word: one of a few.
    ///   - shown: what the other end has shown, where that says more.
    ///   - isFault: the endpoint is to blame.
    package func note(_ word: String, shown: String?, isFault: Bool) {
        noted.withLock { noted in
            noted.counts[word, default: 0] &+= 1
            if isFault { noted.last = shown.map { "\(word) \($0)" } ?? word }
        }
    }

    /// What was noted last; nil: nothing has failed yet.
    package var notedFailure: String? { noted.withLock { $0.last } }

    /// Requests that have failed since the start, also those for which it is not to blame, by word.
    package var failureCounts: [(word: String, count: Int)] {
        noted.withLock { $0.counts }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// How often it was ejected since the start.
    package var ejectionCount: Int { ejectionsInAll.load(ordering: .relaxed) }

    init(_ endpoint: Endpoint, bound: EjectionBound) {
        self.endpoint = endpoint
        self.bound = bound
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
        if failures.load(ordering: .relaxed) != 0 {
            failures.store(0, ordering: .relaxed)
            withheld.store(false, ordering: .relaxed)
        }
        let until = ejectedUntil.load(ordering: .relaxed)
        guard until != .min, isProbe || until <= now else { return }
        bound.change { ejected in
            // Only that ejection: another loop may have seen a new one begin.
            guard ejectedUntil.load(ordering: .relaxed) == until else { return }
            ejectedUntil.store(.min, ordering: .relaxed)
            ejections.store(0, ordering: .relaxed)
            ejected.end(endpoint)
        }
    }

    /// - Parameter isProbe: it was ejected when it was picked, so the ejection begins anew, as long as before.
    func failed(_ rule: Ejection, isProbe: Bool, now: Int64) {
        let failures = failures.add(1, ordering: .relaxed).newValue
        guard rule.afterFailures > 0, failures >= rule.afterFailures else { return }
        guard isProbe || !isEjected(now: now) else { return }
        bound.change { ejected in
            let isOut = isEjected(now: now)
            guard isProbe || !isOut else { return }
            let times = min(ejections.load(ordering: .relaxed) + (isOut ? 0 : 1), Ejection.timesMax)
            let until = now.saturatingAdd(rule.nanoseconds.saturatingMultiply(Int64(max(times, 1))))
            guard ejected.begin(endpoint, until: until, now: now) else {
                return withheld.store(true, ordering: .relaxed)
            }
            ejectedUntil.store(until, ordering: .relaxed)
            if !isOut { ejectionsInAll.wrappingAdd(1, ordering: .relaxed) }
            withheld.store(false, ordering: .relaxed)
            if !isOut { ejections.store(times, ordering: .relaxed) }
        }
    }
}

/// How many endpoints of one upstream may be ejected at a time: half of them, rounded down. What makes one endpoint fail may
/// make all of them fail, and then the rest would not bear what all bore; so a lone endpoint is never ejected. Shared by
/// the endpoints; locked only where an endpoint fails too often or returns.
final class EjectionBound: Sendable {
    struct Ejected {
        fileprivate var endpoints: Set<Endpoint> = []
        private var until: [Endpoint: Int64] = [:]

        /// False: enough others are ejected. An ejection that lasts may begin anew.
        mutating func begin(_ endpoint: Endpoint, until end: Int64, now: Int64) -> Bool {
            if until[endpoint, default: .min] <= now {
                guard until.count(where: { $0.value > now }) < endpoints.count / 2 else { return false }
            }
            until[endpoint] = end
            return true
        }

        mutating func end(_ endpoint: Endpoint) { until[endpoint] = nil }

        fileprivate mutating func keepOnly(_ kept: Set<Endpoint>) {
            endpoints = kept
            until = until.filter { kept.contains($0.key) }
        }
    }
    private let ejected = Mutex(Ejected())

    func change(_ body: (inout Ejected) -> Void) { ejected.withLock { body(&$0) } }
}

/// The health of every endpoint that any policy has named so far and the present one still does.
package final class HealthLedger: Sendable {
    private struct Key: Hashable {
        let upstream: String
        let endpoint: Endpoint
    }
    private struct State {
        var known: [Key: EndpointHealth] = [:]
        /// By the names of the upstreams.
        var bounds: [String: EjectionBound] = [:]
    }
    private let state = Mutex(State())

    package init() {}

    /// The health of an upstream's endpoints, in their order: what is known from before a reload is kept.
    package func health(of upstream: Upstream) -> [EndpointHealth] {
        state.withLock { state in
            let bound = state.bounds[upstream.name] ?? EjectionBound()
            state.bounds[upstream.name] = bound
            bound.change { $0.endpoints.formUnion(upstream.endpoints) }
            return upstream.endpoints.map { endpoint in
                let key = Key(upstream: upstream.name, endpoint: endpoint)
                let health = state.known[key] ?? EndpointHealth(endpoint, bound: bound)
                state.known[key] = health
                return health
            }
        }
    }

    /// Forgets endpoints that these upstreams do not have.
    package func keepOnly(_ upstreams: [Upstream]) {
        let kept = Dictionary(upstreams.map { ($0.name, Set($0.endpoints)) }) { $0.union($1) }
        state.withLock { state in
            state.known = state.known.filter { kept[$0.key.upstream]?.contains($0.key.endpoint) == true }
            state.bounds = state.bounds.filter { kept[$0.key] != nil }
            for (name, bound) in state.bounds { bound.change { $0.keepOnly(kept[name] ?? []) } }
        }
    }
}
