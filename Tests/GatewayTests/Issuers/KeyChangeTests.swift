import Foundation
import GatewayTesting
import JSON
import Synchronization
import Testing

@Suite("keys that change, and issuers that go away", .tags(.timed))
struct KeyChangeTests {
    @Test("RS-066 an unannounced rotation: the first token with the new key waits for it, and counts")
    func rotated() async throws {
        try await IssuerHarness.run { harness in
            let (old, new) = (harness.issuer.key, try TestSigningKey(.es256, kid: "second"))
            try harness.issuer.publish([old, new])
            harness.issuer.sign(with: new)
            #expect(try await harness.answer().status == 200)
            #expect(try await harness.answer(try harness.issuer.token(signedWith: old)).status == 200)
            #expect(harness.issuer.fetches(of: .keys) == 2)
            #expect(harness.issuer.fetches(of: .metadata) == 1)
        }
    }

    @Test("RS-069 tokens of a withdrawn key are refused from the next fetch on, though they were verified before")
    func withdrawn() async throws {
        try await IssuerHarness.run { harness in
            let old = try harness.issuer.token()
            #expect(try await harness.answer(old).status == 200)
            let new = try TestSigningKey(.es256, kid: "second")
            try harness.issuer.publish([new])
            harness.issuer.sign(with: new)
            #expect(try await harness.answer().status == 200)
            let answer = try await harness.answer(old)
            // Its kid is unknown now, and was asked for less than 30 s ago: no verdict, but no entry either.
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
        }
    }

    @Test("a kid that the issuer does not have is 401 once it was asked, and is not asked for again")
    func absent() async throws {
        try await IssuerHarness.run { harness in
            let unknown = try TestSigningKey(.es256, kid: "unknown")
            for _ in 0..<3 {
                let answer = try await harness.answer(try harness.issuer.token(signedWith: unknown))
                #expect(answer.status == 401)
                #expect(answer.code == "unknown_key")
                #expect(answer.value("www-authenticate")?.contains("invalid_token") == true)
            }
            #expect(harness.issuer.fetches(of: .keys) == 2)
        }
    }

    @Test("RS-066 a flood of unknown kids causes one fetch, and does not disturb the tokens that are good")
    func flood() async throws {
        try await IssuerHarness.run { harness in
            let stranger = try TestSigningKey(.es256, kid: "stranger")
            let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let client = try harness.base.client()
                        var statuses: [Int] = []
                        for number in 0..<50 {
                            let token = try harness.issuer.token(
                                signedWith: stranger, header: ["kid": .string("\(worker)-\(number)")])
                            statuses.append(
                                try await client.send(harness.base.request("/orders/1", token: token)).status)
                            if number % 10 == 0 {
                                let good = try await client.send(
                                    harness.base.request("/orders/1", token: try harness.issuer.token()))
                                #expect(good.status == 200)
                            }
                        }
                        return statuses
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(statuses.count == 400)
            // Bad, or not to be found out now; nobody got in.
            #expect(statuses.allSatisfy { $0 == 401 || $0 == 503 })
            #expect(harness.issuer.fetches(of: .keys) == 2)
        }
    }

    @Test(
        "an issuer that is dead at the start: the gateway starts, answers 503 for its routes alone, and recovers by itself"
    )
    func deadAtStart() async throws {
        try await IssuerHarness.run(prepare: { $0.die() }, isReady: false) { harness in
            _ = try await harness.failed("bad_answer")
            let answer = try await harness.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect((answer.value("retry-after").flatMap(Int.init)).map { (1...61).contains($0) } == true)
            #expect(answer.value("www-authenticate") == nil)
            #expect(try await harness.base.answer("/open/1").status == 200)
            #expect(try await harness.base.answer("/orders/1").status == 401)
            try harness.issuer.behave()
            try await harness.ready()
            #expect(try await harness.answer().status == 200)
            let state = try await harness.state()
            #expect(state["degraded_since"] == .null)
            #expect(try await harness.base.healthReport()["status"] == "ok")
        }
    }

    @Test("RS-067 an issuer that dies later: its keys carry on, unknown ones are 503, and health says since when")
    func diesLater() async throws {
        try await IssuerHarness.run { harness in
            harness.issuer.die()
            #expect(try await harness.answer().status == 200)
            let unknown = try TestSigningKey(.es256, kid: "unknown")
            let answer = try await harness.answer(try harness.issuer.token(signedWith: unknown))
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            let state = try await harness.failed("bad_answer")
            #expect(state["keys"] == 1)
            #expect(state["degraded_since"] != .null)
            #expect(try await harness.answer().status == 200)
        }
    }

    @Test("keys survive a reload, though their issuer is dead by then")
    func reload() async throws {
        try await IssuerHarness.run { harness in
            harness.issuer.die()
            let fetches = harness.issuer.server.requests.count
            let text = try String(decoding: harness.base.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.base.gateway.write(policy: text.replacingOccurrences(of: "id: open", with: "id: opened"))
            try await harness.base.gateway.reload()
            try await eventually("the reload") { try await harness.base.healthReport()["reloads"] == 1 }
            #expect(try await harness.answer().status == 200)
            #expect(harness.issuer.server.requests.count == fetches)
        }
    }

    @Test("another place in the entry of an issuer is fetched from after a reload")
    func reloadElsewhere() async throws {
        let second = try FakeIssuer.start(try TestCertificates.shared(), kid: "second")
        try await IssuerHarness.run { harness in
            let text = try String(decoding: harness.base.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.base.gateway.write(
                policy: text.replacingOccurrences(of: harness.issuer.identifier, with: second.identifier))
            try await harness.base.gateway.reload()
            try await eventually("the reload") { try await harness.base.healthReport()["reloads"] == 1 }
            #expect(try await harness.answer(try second.token()).status == 200)
            #expect(try await harness.answer(try harness.issuer.token()).code == "wrong_issuer")
        }
    }

    private final class Tally: Sendable {
        private let all = Mutex<[String: Int]>([:])
        func count(_ word: String) { all.withLock { $0[word, default: 0] += 1 } }
        var counts: [String: Int] { all.withLock { $0 } }
    }

    /// Requests are due one each millisecond and sent when they are due, or at once when the machine is behind:
    /// whatever it takes, all are sent, and nothing is timed.
    @Test(
        "rotation under load: 60,000 good tokens at 1,000 a second all count, before, during and after",
        .timeLimit(.minutes(10)))
    func rotationUnderLoad() async throws {
        let (workers, each) = (8, 7_500)
        try await IssuerHarness.run { harness in
            let tally = Tally()
            let begin = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<workers {
                    group.addTask {
                        let client = try harness.base.client()
                        for number in 0..<each {
                            try await Task.sleep(
                                until: begin + .milliseconds(number * workers + worker), clock: .continuous)
                            // Published and used in the same moment: the hardest case. The second time the first key
                            // goes.
                            switch number * workers + worker {
                            case 20_000: try harness.rotate(to: "second", keeping: [harness.issuer.key])
                            case 54_000: try harness.rotate(to: "third", keeping: [harness.issuer.key])
                            default: break
                            }
                            // A new token each time: none is known from the cache.
                            let answer = try await client.send(
                                harness.base.request("/orders/1", token: try harness.issuer.token()))
                            tally.count("\(answer.status) \(answer.code ?? "")")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(tally.counts == ["200 ": workers * each])
            #expect(harness.issuer.fetches(of: .keys) == 3)
        }
    }

    @Test("RS-067 an issuer that is down for a whole test: its cached keys carry on for every token that they signed")
    func downForAWholeTest() async throws {
        try await IssuerHarness.run { harness in
            harness.issuer.die()
            let client = try harness.base.client()
            for _ in 0..<1_000 {
                let answer = try await client.send(harness.base.request("/orders/1", token: try harness.issuer.token()))
                #expect(answer.status == 200)
            }
            #expect(try await harness.base.answer("/open/1").status == 200)
        }
    }
}

extension IssuerHarness {
    fileprivate func rotate(to kid: String, keeping old: [TestSigningKey]) throws {
        let new = try TestSigningKey(.es256, kid: kid)
        try issuer.publish(old + [new])
        issuer.sign(with: new)
    }
}
