import Policy
import Testing

@testable import Admission

private let second: Int64 = 1_000_000_000

@Suite("Token buckets (GCRA)")
struct TokenBucketTests {
    /// Which of these requests are allowed.
    private func run(_ bucket: TokenBucket, at times: [Double]) -> String {
        var tat: Int64 = .min / 2
        return times.map { time in
            let now = Int64(time * 1e9)
            guard bucket.allows(tat, now: now) else { return "-" }
            tat = bucket.taking(tat, now: now)
            return "+"
        }.joined()
    }

    @Test(
        "lets the burst through at once and then one for each interval",
        arguments: [
            (1, 1, [0, 0, 0.9, 1, 1.5, 2], "+--+-+"),
            (1, 3, [0, 0, 0, 0, 0.99, 1, 1, 2, 4, 4, 4, 4], "+++--+-+++--"),
            (10, 2, [0, 0, 0.05, 0.1, 0.15, 0.2, 5, 5, 5], "++-+-+++-"),
        ] as [(Int, Int, [Double], String)])
    func sequence(count: Int, burst: Int, times: [Double], expected: String) {
        #expect(run(TokenBucket(count: count, period: .seconds(1), burst: burst), at: times) == expected)
    }

    @Test("says what is left, when it is full again and when to try again")
    func state() {
        let bucket = TokenBucket(count: 1, period: .seconds(10), burst: 3)
        #expect(bucket.state(0, now: 0) == .init(remaining: 3, resetSeconds: 0, retrySeconds: 0))
        #expect(bucket.state(10 * second, now: 0) == .init(remaining: 2, resetSeconds: 10, retrySeconds: 0))
        #expect(bucket.state(30 * second, now: 0) == .init(remaining: 0, resetSeconds: 30, retrySeconds: 10))
        #expect(bucket.state(30 * second, now: 1) == .init(remaining: 0, resetSeconds: 30, retrySeconds: 10))
        #expect(bucket.state(30 * second, now: 5 * second) == .init(remaining: 0, resetSeconds: 25, retrySeconds: 5))
        #expect(bucket.state(30 * second, now: 10 * second) == .init(remaining: 1, resetSeconds: 20, retrySeconds: 0))
        #expect(bucket.state(.min / 2, now: second) == .init(remaining: 3, resetSeconds: 0, retrySeconds: 0))
    }

    @Test(
        "no number that an operator writes overflows",
        arguments: [
            (1, Duration.seconds(Int64.max / 4), Int.max), (Int.max, .seconds(1), Int.max), (0, .zero, 0),
            (1, .nanoseconds(1), 1),
            (-5, .seconds(-1), -1),
        ])
    func extremes(count: Int, period: Duration, burst: Int) {
        let bucket = TokenBucket(count: count, period: period, burst: burst)
        for now in [Int64.min, -1, 0, second, .max] {
            for tat in [Int64.min, 0, now, .max] {
                _ = bucket.state(tat, now: now)
                #expect(bucket.taking(tat, now: now) >= now)
                _ = bucket.allows(tat, now: now)
                _ = bucket.giving(tat)
            }
        }
    }
}

@Suite("The ledger of limits")
struct LimitLedgerTests {
    private static func limit(_ name: String, _ by: [RateLimit.Key], count: Int = 1, seconds: Int = 1, burst: Int = 2)
        -> RateLimit
    {
        RateLimit(name: name, by: by, count: count, period: .seconds(seconds), burst: burst)
    }

    private func permit(_ limits: [RateLimit], route id: String = "r", from: String = "192.0.2.1") throws -> Permit {
        let rules = RouteRules(
            index: 0, route: route("/", id: id, limits: Array(limits.indices)), issuers: [],
            limits: limits.map(LimitRule.init))
        return try Authorizer.authorize(nil, rules: rules, peer: PeerFacts(address: address(from)))
    }

    /// `+` allowed, or the seconds of Retry-After.
    private func outcome(_ ledger: LimitLedger, _ permit: Permit, _ now: Int64, _ allowance: inout Allowance) -> String
    {
        do throws(Refusal) {
            try ledger.take(permit, now: now, into: &allowance)
            return "+"
        } catch {
            #expect(error.code == .rateLimited)
            return "\(error.retryAfterSeconds ?? -1)"
        }
    }

    private func run(_ ledger: LimitLedger, _ permit: Permit, _ times: [Int64]) -> String {
        var allowance = Allowance()
        return times.map { outcome(ledger, permit, $0, &allowance) }.joined(separator: " ")
    }

    @Test("refuses above the burst with the seconds to wait, and allows again after them")
    func oneLimit() throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        let permit = try permit([Self.limit("l", [.ip], seconds: 3)])
        #expect(run(ledger, permit, [0, 0, 0, second, 3 * second, 3 * second]) == "+ + 3 2 + 3")
    }

    @Test("a route without limits is always allowed and has no fields")
    func noLimit() throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        var allowance = Allowance()
        var out: [UInt8] = []
        #expect(outcome(ledger, try permit([]), 0, &allowance) == "+")
        allowance.appendRateLimit(to: &out)
        allowance.appendRateLimitPolicy(to: &out)
        #expect(out.isEmpty && allowance.tightest == nil && ledger.count == 0)
    }

    @Test("all limits of a route must allow, and a refused request takes from none")
    func severalLimits() throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        let wide = Self.limit("wide", [.ip], burst: 5)
        let narrow = Self.limit("narrow", [.route], seconds: 60, burst: 2)
        let both = try permit([wide, narrow])
        #expect(run(ledger, both, [0, 0, 0, 0, 0]) == "+ + 60 60 60")
        // Two of five are gone from the wide one, not five.
        #expect(run(ledger, try permit([wide]), [0, 0, 0, 0]) == "+ + + 1")
        // And the other way round: the wide one refuses, the narrow one loses nothing.
        let other = try permit([wide, narrow], route: "other")
        #expect(run(ledger, other, [0, 0, second, second, 2 * second]) == "1 1 + 1 +")
    }

    @Test("buckets are told apart by what the limit counts by")
    func keys() throws {
        func count(_ by: [RateLimit.Key], _ callers: [(route: String, ip: String)]) throws -> Int {
            let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
            for caller in callers {
                _ = run(ledger, try permit([Self.limit("l", by)], route: caller.route, from: caller.ip), [0])
            }
            return ledger.count
        }
        let callers = [
            ("a", "192.0.2.1"), ("a", "192.0.2.2"), ("b", "192.0.2.1"), ("b", "192.0.2.2"), ("b", "192.0.2.2"),
        ]
        #expect(try count([.ip], callers) == 2)
        #expect(try count([.route], callers) == 2)
        #expect(try count([.ip, .route], callers) == 4)
        // Strangers are counted by address.
        #expect(try count([.clientID], callers) == 2)
        #expect(try count([.subject], callers) == 2)
        #expect(try count([.claim(["tenant"])], callers) == 2)
    }

    @Test("state survives a reload, unless the limit's numbers change")
    func reload() throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        #expect(run(ledger, try permit([Self.limit("l", [.ip])]), [0, 0, 0]) == "+ + 1")
        #expect(run(ledger, try permit([Self.limit("l", [.ip])]), [0]) == "1")
        #expect(run(ledger, try permit([Self.limit("l", [.ip], burst: 3)]), [0]) == "+")
        #expect(run(ledger, try permit([Self.limit("m", [.ip])]), [0]) == "+")
    }

    @Test("remembers no more keys than its bound")
    func bound() throws {
        let ledger = LimitLedger(keysMax: 160, seed: (1, 2))
        for number in 0..<2_000 {
            _ = run(ledger, try permit([Self.limit("l", [.ip])], from: "10.0.\(number / 256).\(number % 256)"), [0])
        }
        #expect(ledger.count == 160)
    }

    @Test("IPv4-mapped addresses are IPv4, and IPv6 is counted by network")
    func addresses() throws {
        func octets(_ last: [UInt8], network: UInt8 = 1) -> ClientAddress? {
            ClientAddress(
                octets: [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, network] + [UInt8](repeating: 0, count: 8 - last.count) + last
            )
        }
        let mapped = ClientAddress(octets: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1])
        #expect(mapped == ClientAddress(octets: [192, 0, 2, 1]))
        #expect(octets([1]) != octets([2]))
        #expect(octets([1])?.counted == octets([2, 3])?.counted)
        #expect(octets([1])?.counted != octets([1], network: 2)?.counted)
        #expect(ClientAddress(octets: [1, 2, 3]) == nil)
        #expect(ClientAddress(octets: [UInt8](repeating: 0, count: 17)) == nil)
        #expect(
            ClientAddress(octets: [0, 0, 0, 1])?.counted
                != ClientAddress(octets: [UInt8](repeating: 0, count: 16))?.counted)
    }

    @Test("RateLimit and RateLimit-Policy say what the draft asks for")
    func fields() throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        let permit = try permit([
            Self.limit("per_client", [.ip], count: 100, burst: 50),
            Self.limit("a \"b\\", [.route], count: 5, seconds: 3_600, burst: 5),
        ])
        var allowance = Allowance()
        #expect(outcome(ledger, permit, 0, &allowance) == "+")
        var out: [UInt8] = []
        allowance.appendRateLimit(to: &out)
        #expect(out.text == #""per_client";r=49;t=1, "a \"b\\";r=4;t=720"#)
        out = []
        allowance.appendRateLimitPolicy(to: &out)
        #expect(out.text == #""per_client";q=100;w=1, "a \"b\\";q=5;w=3600"#)
        #expect(allowance.tightest?.rule.name == "a \"b\\")
        for _ in 0..<4 { _ = outcome(ledger, permit, 0, &allowance) }
        #expect(outcome(ledger, permit, 0, &allowance) == "720")
        out = []
        allowance.appendRateLimit(to: &out)
        #expect(out.text == #""per_client";r=45;t=1, "a \"b\\";r=0;t=3600"#)
        #expect(allowance.tightest?.retrySeconds == 720)
    }

    @Test("requests that another limit refuses never cost anybody else a turn, not even for a moment")
    func noTransientTaking() async throws {
        let ledger = LimitLedger(keysMax: 10_000, seed: (1, 2))
        let wide = Self.limit("wide", [.ip], seconds: 3_600, burst: 1)
        let narrow = Self.limit("narrow", [.route], seconds: 3_600, burst: 1)
        var allowance = Allowance()
        try ledger.take(try permit([narrow]), now: 0, into: &allowance)
        let addresses = (0..<400).map { "10.1.\($0 / 200).\($0 % 200)" }
        let refused = try addresses.map { try permit([wide, narrow], from: $0) }
        let allowed = try addresses.map { try permit([wide], from: $0) }
        let counts = await withTaskGroup(of: Int.self) { group in
            for permits in [refused, refused, refused, allowed] {
                group.addTask {
                    var allowance = Allowance()
                    return permits.count { (try? ledger.take($0, now: 0, into: &allowance)) != nil }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.sorted() == [0, 0, 0, 400])
    }

    @Test("many threads together take exactly what there is")
    func concurrency() async throws {
        let ledger = LimitLedger(keysMax: 100, seed: (1, 2))
        let permit = try permit([
            Self.limit("one", [.ip], seconds: 3_600, burst: 500),
            Self.limit("two", [.route], seconds: 3_600, burst: 300),
        ])
        let allowed = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var allowance = Allowance()
                    return (0..<200).count { _ in (try? ledger.take(permit, now: 0, into: &allowance)) != nil }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(allowed == 300)
        let one = RouteRules(
            index: 0, route: route("/", limits: [0]), issuers: [],
            limits: [LimitRule(Self.limit("one", [.ip], seconds: 3_600, burst: 500))])
        let left = try Authorizer.authorize(nil, rules: one, peer: anyPeer)
        var allowance = Allowance()
        try ledger.take(left, now: 0, into: &allowance)
        #expect(allowance.tightest?.remaining == 199)
    }
}

@Suite("The limit on bad tokens, and on refused requests")
struct AddressLimiterTests {
    @Test("refuses an address after so many of them, and no other; forgives with time")
    func limited() throws {
        let limiter = try #require(AddressLimiter(perMinuteMax: 6, seed: (1, 2)))
        for _ in 0..<5 { #expect(limiter.count(address("192.0.2.1"), now: 0)) }
        #expect(limiter.secondsToWait(address("192.0.2.1"), now: 0) == nil)
        let counted = (0..<5).map { _ in limiter.count(address("192.0.2.1"), now: 0) }
        #expect(counted == [true, false, false, false, false])
        #expect(limiter.secondsToWait(address("192.0.2.1"), now: 0) == 10)
        #expect(limiter.secondsToWait(address("192.0.2.2"), now: 0) == nil)
        #expect(limiter.secondsToWait(address("192.0.2.1"), now: 9 * second) == 1)
        #expect(limiter.secondsToWait(address("192.0.2.1"), now: 10 * second) == nil)
    }

    @Test("0 a minute is no limit")
    func off() {
        #expect(AddressLimiter(perMinuteMax: 0, seed: (1, 2)) == nil)
    }
}
