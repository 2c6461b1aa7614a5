import Policy
import Testing

@testable import Admission

private let second: Int64 = 1_000_000_000

@Suite("Picking an endpoint")
struct BalancerTests {
    private let permit: Permit
    init() throws {
        let rules = RouteRules(index: 0, route: route("/"), issuers: [], limits: [])
        permit = try Authorizer.authorize(nil, rules: rules, peer: anyPeer)
    }

    private func upstream(_ count: Int, _ balancing: Upstream.Balancing, ejectAfter: Int = 5) -> Upstream {
        Upstream(
            name: "orders", endpoints: (0..<count).map { Endpoint(host: "127.0.0.1", port: 9_000 + $0) }, tls: nil,
            balancing: balancing, connectionsPerWorkerMax: 10, ejectAfterFailures: ejectAfter,
            ejectionTime: .seconds(30),
            retry: true, headers: UpstreamHeaders(), firstByteTimeout: nil)
    }

    private func balancer(_ upstream: Upstream, _ ledger: HealthLedger = HealthLedger()) -> (Balancer, [EndpointHealth])
    {
        let health = ledger.health(of: upstream)
        return (Balancer(upstream, health: health, seed: 0), health)
    }

    private func pick(_ balancer: Balancer, _ times: Int, excluding: Int? = nil, now: Int64 = 0) throws -> [Int] {
        try (0..<times).map { _ in try balancer.pick(permit, excluding: excluding, now: now).endpoint }
    }

    /// Lets an endpoint fail so often, without picking it.
    private func fail(_ health: EndpointHealth, _ upstream: Upstream, _ times: Int, now: Int64 = 0) {
        for _ in 0..<times { health.failed(EndpointHealth.Ejection(upstream), isProbe: false, now: now) }
    }

    @Test("round robin takes turns")
    func roundRobin() throws {
        let (balancer, _) = balancer(upstream(3, .roundRobin))
        #expect(try pick(balancer, 7) == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test("least request takes the endpoint with the fewest in flight, and spreads what is equal")
    func leastRequest() throws {
        let (balancer, health) = balancer(upstream(3, .leastRequest))
        #expect(try pick(balancer, 4) == [0, 1, 2, 0])
        let one = try balancer.pick(permit, now: 0)
        let two = try balancer.pick(permit, now: 0)
        #expect([one.endpoint, two.endpoint] == [1, 2])
        #expect(health.map(\.inFlight) == [0, 1, 1])
        #expect(try pick(balancer, 3) == [0, 0, 0])
        _ = consume one
        #expect(health.map(\.inFlight) == [0, 0, 1])
        _ = consume two
        #expect(health.map(\.inFlight) == [0, 0, 0])
    }

    @Test("least request over many endpoints compares two and leaves out what is ejected")
    func twoChoices() throws {
        let upstream = upstream(40, .leastRequest)
        let (balancer, health) = balancer(upstream)
        for index in 0..<20 { fail(health[index], upstream, 5) }
        #expect(try Set(pick(balancer, 400)).isSubset(of: Set(20..<40)))
        #expect(try Set(pick(self.balancer(upstream).0, 400)).count > 20)
    }

    @Test("a lease counts as in flight until it ends, also when it ends by an error")
    func leaseEnds() throws {
        struct Failure: Error {}
        let (balancer, health) = balancer(upstream(1, .leastRequest))
        #expect(throws: Failure.self) {
            let lease = try balancer.pick(permit, now: 0)
            #expect(health[lease.endpoint].inFlight == 1)
            throw Failure()
        }
        #expect(health[0].inFlight == 0)
    }

    @Test("five failures in a row eject an endpoint for 30 seconds; a success in between starts the count anew")
    func ejection() throws {
        let upstream = upstream(2, .roundRobin)
        let (balancer, health) = balancer(upstream)
        fail(health[0], upstream, 4)
        health[0].succeeded(isProbe: false, now: 0)
        fail(health[0], upstream, 4)
        #expect(try Set(pick(balancer, 4)) == [0, 1])
        fail(health[0], upstream, 1)
        #expect(health[0].isEjected(now: 0))
        #expect(try Set(pick(balancer, 4)) == [1])
        #expect(try Set(pick(balancer, 4, now: 30 * second - 1)) == [1])
        #expect(try Set(pick(balancer, 4, now: 30 * second)) == [0, 1])
    }

    @Test("each further ejection lasts 30 seconds longer, ten times at the most; a success forgives")
    func growing() throws {
        let upstream = upstream(2, .roundRobin)
        let (_, health) = balancer(upstream)
        var now: Int64 = 0
        fail(health[0], upstream, 5, now: now)
        for times in 1...12 {
            let length = Int64(min(times, 10)) * 30 * second
            #expect(health[0].ejectionEnd == now + length)
            // What was under way when it was ejected changes nothing.
            fail(health[0], upstream, 1, now: now + 1)
            #expect(health[0].ejectionEnd == now + length)
            now += length
            fail(health[0], upstream, 1, now: now)
        }
        now = health[0].ejectionEnd
        health[0].succeeded(isProbe: false, now: now)
        fail(health[0], upstream, 5, now: now)
        #expect(health[0].ejectionEnd == now + 30 * second)
    }

    @Test("a success that was under way does not end an ejection")
    func lateSuccess() throws {
        let upstream = upstream(2, .roundRobin)
        let (_, health) = balancer(upstream)
        fail(health[0], upstream, 5)
        health[0].succeeded(isProbe: false, now: 1)
        #expect(health[0].isEjected(now: 1))
    }

    @Test("0 failures never eject")
    func off() throws {
        let upstream = upstream(2, .roundRobin, ejectAfter: 0)
        let (_, health) = balancer(upstream)
        fail(health[0], upstream, 100)
        #expect(!health[0].isEjected(now: 0))
    }

    /// A lone endpoint is none of two; the bound is half, rounded down.
    @Test(
        "never more than half of the endpoints are ejected at a time, whichever of them fail, and in what order",
        arguments: [
            (1, [0], []), (2, [0], [0]), (2, [0, 1], [0]), (2, [1, 0], [1]), (3, [2, 1, 0], [2]),
            (4, [0, 1, 2], [0, 1]),
            (4, [3, 1, 0, 2], [3, 1]), (5, [0, 1, 2, 3, 4], [0, 1]), (40, Array(0..<39), Set(0..<20)),
        ] as [(Int, [Int], Set<Int>)])
    func half(count: Int, failing: [Int], ejected: Set<Int>) throws {
        let upstream = upstream(count, .roundRobin)
        let (balancer, health) = balancer(upstream)
        for index in failing { fail(health[index], upstream, 5) }
        #expect(Set(health.indices.filter { health[$0].isEjected(now: 0) }) == ejected)
        #expect(Set(health.indices.filter { health[$0].ejectionIsWithheld }) == Set(failing).subtracting(ejected))
        #expect(try Set(pick(balancer, count)) == Set(0..<count).subtracting(ejected))
    }

    @Test("an endpoint that stayed in is ejected at its next failure once another is back, by time or by success")
    func bound() throws {
        let upstream = upstream(3, .roundRobin)
        let (_, health) = balancer(upstream)
        let ejected = { (now: Int64) in health.indices.filter { health[$0].isEjected(now: now) } }
        for index in 0..<3 { fail(health[index], upstream, 5, now: 0) }
        #expect(ejected(0) == [0])
        // The time of the first one is over. Whoever fails first is next, and its time has not grown meanwhile.
        fail(health[1], upstream, 1, now: 30 * second)
        #expect(ejected(30 * second) == [1])
        #expect(health[1].ejectionEnd == 60 * second)
        #expect(!health[1].ejectionIsWithheld)
        fail(health[0], upstream, 1, now: 30 * second)
        #expect(health[0].ejectionIsWithheld && health[2].ejectionIsWithheld)
        // A probe ends the ejection early: there is room at once.
        health[1].succeeded(isProbe: true, now: 40 * second)
        fail(health[2], upstream, 1, now: 40 * second)
        #expect(ejected(40 * second) == [2])
        // A success ends what was withheld.
        health[0].succeeded(isProbe: false, now: 40 * second)
        #expect(!health[0].ejectionIsWithheld)
    }

    @Test("what event loops eject and take back at the same time adds up: half can be out, and no more")
    func together() async throws {
        let upstream = upstream(8, .roundRobin)
        let (_, health) = balancer(upstream)
        await withTaskGroup { group in
            for loop in 0..<4 {
                group.addTask {
                    let rule = EndpointHealth.Ejection(upstream)
                    for step in 0..<4_000 {
                        let one = health[(step &* 5 &+ loop) % 8]
                        if step % 11 == loop {
                            one.succeeded(isProbe: true, now: 0)
                        } else {
                            one.failed(rule, isProbe: false, now: 0)
                        }
                    }
                }
            }
        }
        for one in health { fail(one, upstream, 5) }
        #expect(health.filter { $0.isEjected(now: 0) }.count == 4)
    }

    @Test("an upstream of another name has a bound of its own, and a reload that takes endpoints away narrows it")
    func reload() throws {
        let ledger = HealthLedger()
        let four = upstream(4, .roundRobin)
        var other = upstream(2, .roundRobin)
        other.name = "invoices"
        let (health, others) = (ledger.health(of: four), ledger.health(of: other))
        for one in health + others { fail(one, four, 5) }
        #expect(health.map { $0.isEjected(now: 0) } == [true, true, false, false])
        #expect(others.map { $0.isEjected(now: 0) } == [true, false])
        ledger.keepOnly([upstream(3, .roundRobin)])
        // Of three only one may be out: nobody follows the two that are, until both are back.
        fail(health[2], four, 1, now: second)
        #expect(!health[2].isEjected(now: second))
        health[0].succeeded(isProbe: true, now: second)
        fail(health[2], four, 1, now: second)
        #expect(!health[2].isEjected(now: second))
        health[1].succeeded(isProbe: true, now: second)
        fail(health[2], four, 1, now: second)
        #expect(health[2].isEjected(now: second))
    }

    @Test("when a reload leaves only ejected endpoints, the one whose ejection ends first is probed")
    func allEjected() throws {
        let ledger = HealthLedger()
        let health = ledger.health(of: upstream(6, .leastRequest))
        let upstream = upstream(3, .leastRequest)
        fail(health[1], upstream, 5, now: 0)
        fail(health[2], upstream, 5, now: second)
        fail(health[0], upstream, 5, now: 2 * second)
        ledger.keepOnly([upstream])
        let (balancer, _) = self.balancer(upstream, ledger)
        #expect(try pick(balancer, 2, now: 3 * second) == [1, 1])
        // It fails again: the next in line is probed, and ejections do not grow meanwhile.
        let probe = try balancer.pick(permit, now: 3 * second)
        probe.failed(now: 3 * second)
        #expect(health[1].ejectionEnd == 33 * second)
        #expect(try pick(balancer, 1, now: 3 * second) == [2])
        // It answers: it is back at once, and alone.
        let answer = try balancer.pick(permit, now: 4 * second)
        answer.succeeded(now: 4 * second)
        #expect(answer.endpoint == 2)
        #expect(try Set(pick(balancer, 3, now: 4 * second)) == [2])
        #expect(!health[2].isEjected(now: 4 * second))
    }

    @Test("an upstream with one endpoint is always tried")
    func single() throws {
        let upstream = upstream(1, .leastRequest)
        let (balancer, _) = balancer(upstream)
        for _ in 0..<20 {
            let lease = try balancer.pick(permit, now: 0)
            lease.failed(now: 0)
        }
        #expect(try pick(balancer, 1) == [0])
    }

    @Test("a retry goes to another endpoint, also to an ejected one, and to none when there is no other")
    func excluding() throws {
        let two = upstream(2, .leastRequest)
        let (balancer, health) = balancer(two)
        #expect(try pick(balancer, 3, excluding: 0) == [1, 1, 1])
        fail(health[1], two, 5)
        #expect(try pick(balancer, 1, excluding: 0) == [1])
        let single = self.balancer(upstream(1, .roundRobin)).0
        #expect(
            refusal { () throws(Refusal) in _ = try single.pick(permit, excluding: 0, now: 0) } == "no_healthy_upstream"
        )
        #expect(
            refusal { () throws(Refusal) in _ = try self.balancer(upstream(0, .roundRobin)).0.pick(permit, now: 0) }
                == "no_healthy_upstream")
    }

    @Test("health survives a reload and is shared; endpoints that are gone are forgotten")
    func ledger() throws {
        let ledger = HealthLedger()
        let three = upstream(3, .roundRobin)
        let health = ledger.health(of: three)
        fail(health[2], three, 5)
        let again = ledger.health(of: three)
        #expect(health.indices.allSatisfy { health[$0] === again[$0] })
        ledger.keepOnly([upstream(2, .roundRobin)])
        let after = ledger.health(of: three)
        #expect(after[0] === health[0] && after[2] !== health[2] && !after[2].isEjected(now: 0))
    }
}
