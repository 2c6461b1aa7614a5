import Admission
import HTTP

/// Authenticate, authorize, limit: the decisions that every request needs.
struct DecisionBenchmarks {
    let fixture: Fixture
    private static let tokens = 64

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        let heads = (0..<Self.tokens).map { fixture.head(fixture.token($0)) }
        let rules = fixture.rules.routes[0]
        return [
            authenticate("authenticate, token known (SHA-256, cache, claims)", heads, rules, cache: 10_000, stopwatch),
            authenticate("authenticate, cache off (RS256 verified each time)", heads, rules, cache: 0, stopwatch),
            authorize(heads[0], rules, stopwatch),
            take(heads, rules, stopwatch),
        ]
    }

    func caller(_ head: borrowing RequestHead, _ rules: RouteRules, _ authenticator: Authenticator) -> Caller {
        switch verdict(head, rules, authenticator) {
        case .authenticated(let caller): return caller
        case .refused(let refusal): stop("the fixture's token is refused: \(refusal)")
        case .inquire(let inquiry): stop("the fixture's keys are missing: \(inquiry)")
        }
    }

    @inline(__always)
    private func verdict(_ head: borrowing RequestHead, _ rules: RouteRules, _ authenticator: Authenticator) -> Verdict
    {
        guard let token = try? Credential.presented(in: head) else { stop("the fixture has no token") }
        return authenticator.authenticate(
            head, token: token, rules: rules, issuers: fixture.issuers, peer: fixture.peer, unixSeconds: Fixture.now,
            now: 0)
    }

    private func authenticate(
        _ name: String, _ heads: [RequestHead], _ rules: RouteRules, cache: Int, _ stopwatch: Stopwatch
    ) -> Measurement {
        let authenticator = Authenticator(cacheEntriesMax: cache)
        for head in heads { consume(caller(head, rules, authenticator)) }
        guard authenticator.cachedTokens == min(cache, heads.count) else {
            stop("the token cache does not hold what it should")
        }
        var next = 0
        return stopwatch.measure(name) { count in
            for _ in 0..<count {
                next = (next &+ 1) % heads.count
                consume(verdict(heads[next], rules, authenticator))
            }
        }
    }

    private func authorize(_ head: RequestHead, _ rules: RouteRules, _ stopwatch: Stopwatch) -> Measurement {
        let caller = caller(head, rules, Authenticator(cacheEntriesMax: 10))
        guard (try? Authorizer.authorize(caller, rules: rules, peer: fixture.peer)) != nil else { stop("no permit") }
        return stopwatch.measure("authorize, one scope of four") { count in
            for _ in 0..<count { consume(try? Authorizer.authorize(caller, rules: rules, peer: fixture.peer)) }
        }
    }

    private func take(_ heads: [RequestHead], _ rules: RouteRules, _ stopwatch: Stopwatch) -> Measurement {
        let authenticator = Authenticator(cacheEntriesMax: 1_000)
        let permits = heads.compactMap {
            try? Authorizer.authorize(caller($0, rules, authenticator), rules: rules, peer: fixture.peer)
        }
        let ledger = LimitLedger(keysMax: 100_000, seed: (1, 2))
        var allowance = Allowance()
        var now: Int64 = 0
        return stopwatch.measure("take from a rate limit (GCRA), \(permits.count) clients") { count in
            for _ in 0..<count {
                now &+= 10_000
                do throws(Refusal) {
                    try ledger.take(permits[Int(now / 10_000) % permits.count], now: now, into: &allowance)
                } catch {
                    stop("the rate limit refuses: \(error)")
                }
            }
        }
    }
}
