import Transport

/// What event loops have counted and how they are, copied when somebody asks.
package struct LoopFigures: Sendable {
    /// A copy of a loop's, or the sum of several.
    package private(set) var requests = RequestCounts()
    /// The same of tokens.
    package private(set) var tokens = TokenCounts()
    /// Refusals by a route's limits: route and limit in the order of their names.
    package private(set) var limited: [LimitCounts.Name: Int] = [:]
    /// Verified tokens that are remembered, each loop its own.
    package private(set) var tokensRemembered = 0
    /// TLS handshakes of clients that have succeeded, by the version of TLS.
    package private(set) var handshakes: [String: Int] = [:]
    /// Connections to services, at the places of the policy's upstreams and their endpoints.
    package private(set) var pools: [[Pool]] = []
    /// How late each loop is, by how late it did what was due.
    package private(set) var lag = RequestCounts.Histogram()

    /// Connections to one endpoint.
    package struct Pool: Sendable {
        /// Open or being opened.
        package internal(set) var open = 0
        /// Of these, those that serve nobody.
        package internal(set) var idle = 0
        /// Requests that wait for one.
        package internal(set) var waiting = 0
        /// That may be open at a time.
        package internal(set) var most = 0

        init(_ pool: UpstreamPool?) {
            guard let pool else { return }
            open = pool.openConnections
            idle = pool.idleConnections
            waiting = pool.waitingRequests
            most = pool.connectionsMax
        }

        fileprivate mutating func add(_ other: Pool) {
            open += other.open
            idle += other.idle
            waiting += other.waiting
            most += other.most
        }
    }

    package init() {}

    init(
        _ requests: RequestCounts, _ tokens: TokenCounts, _ limited: LimitCounts, tokensRemembered: Int,
        handshakes: [String: Int], pools: [[Pool]], lag: RequestCounts.Histogram
    ) {
        self.requests = requests
        self.tokens = tokens
        self.limited = limited.counts
        self.tokensRemembered = tokensRemembered
        self.handshakes = handshakes
        self.pools = pools
        self.lag = lag
    }

    /// Those of another loop come to these. Between two loops a reload may have come: the newer pools count.
    package mutating func add(_ other: LoopFigures) {
        requests.add(other.requests)
        tokens.add(other.tokens)
        limited.merge(other.limited) { $0 &+ $1 }
        tokensRemembered += other.tokensRemembered
        handshakes.merge(other.handshakes) { $0 &+ $1 }
        lag.add(other.lag)
        guard pools.map(\.count) == other.pools.map(\.count) else { return pools = other.pools }
        for upstream in pools.indices {
            for endpoint in pools[upstream].indices { pools[upstream][endpoint].add(other.pools[upstream][endpoint]) }
        }
    }
}

/// Which limits have refused how many requests, on one event loop.
package struct LimitCounts: Sendable {
    /// A limit of a route.
    package struct Name: Sendable, Hashable {
        /// In `Ledgers.routeNames`.
        package let route: Int
        /// Empty: of the limits that came beyond `namesMax`.
        package let limit: String
    }
    /// Routes times limits that are counted apart.
    static let namesMax = 10_000

    private(set) var counts: [Name: Int] = [:]

    mutating func add(route: Int, limit: String) {
        let name = Name(route: route, limit: limit)
        let isKnown = counts[name] != nil || counts.count < Self.namesMax
        counts[isKnown ? name : Name(route: CountedNames.others, limit: ""), default: 0] &+= 1
    }
}
