import Foundation
import GatewayTesting
import JSON
import Synchronization
import Testing

@Suite("keys that change, and issuers that go away")
struct KeyChangeTests {
    @Test("RS-066 an unannounced rotation: the first token with the new key waits for it, and counts")
    func rotated() async throws {
        try await IssuerStage.play { play in
            let (old, new) = (play.issuer.key, try TestSigningKey(.es256, kid: "second"))
            try play.issuer.publish([old, new])
            play.issuer.sign(with: new)
            #expect(try await play.answer().status == 200)
            #expect(try await play.answer(try play.issuer.token(signedWith: old)).status == 200)
            #expect(play.issuer.fetches(of: .keys) == 2)
            #expect(play.issuer.fetches(of: .metadata) == 1)
        }
    }

    @Test("RS-069 tokens of a withdrawn key are refused from the next fetch on, though they were verified before")
    func withdrawn() async throws {
        try await IssuerStage.play { play in
            let old = try play.issuer.token()
            #expect(try await play.answer(old).status == 200)
            let new = try TestSigningKey(.es256, kid: "second")
            try play.issuer.publish([new])
            play.issuer.sign(with: new)
            #expect(try await play.answer().status == 200)
            let answer = try await play.answer(old)
            // Its kid is unknown now, and was asked for less than 30 s ago: no verdict, but no entry either.
            #expect([401, 503].contains(answer.status))
            #expect(["unknown_key", "keys_unavailable"].contains(answer.code))
        }
    }

    @Test("a kid that the issuer does not have is 401 once it was asked, and is not asked for again")
    func absent() async throws {
        try await IssuerStage.play { play in
            let unknown = try TestSigningKey(.es256, kid: "unknown")
            for _ in 0..<3 {
                let answer = try await play.answer(try play.issuer.token(signedWith: unknown))
                #expect(answer.status == 401)
                #expect(answer.code == "unknown_key")
                #expect(answer.value("www-authenticate")?.contains("invalid_token") == true)
            }
            #expect(play.issuer.fetches(of: .keys) == 2)
        }
    }

    @Test("RS-066 a flood of unknown kids causes one fetch, and does not disturb the tokens that are good")
    func flood() async throws {
        try await IssuerStage.play { play in
            let stranger = try TestSigningKey(.es256, kid: "stranger")
            let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let client = try play.stage.client()
                        var statuses: [Int] = []
                        for number in 0..<50 {
                            let token = try play.issuer.token(
                                signedWith: stranger, header: ["kid": .string("\(worker)-\(number)")])
                            statuses.append(try await client.send(play.stage.request("/orders/1", token: token)).status)
                            if number % 10 == 0 {
                                let good = try await client.send(play.stage.request("/orders/1", token: try play.issuer.token()))
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
            #expect(play.issuer.fetches(of: .keys) == 2)
        }
    }

    @Test("an issuer that is dead at the start: the gateway starts, answers 503 for its routes alone, and recovers by itself")
    func deadAtStart() async throws {
        try await IssuerStage.play(prepare: { $0.die() }, isReady: false) { play in
            _ = try await play.failed("bad_answer")
            let answer = try await play.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect((answer.value("retry-after").flatMap(Int.init)).map { (1...61).contains($0) } == true)
            #expect(answer.value("www-authenticate") == nil)
            #expect(try await play.stage.answer("/open/1").status == 200)
            #expect(try await play.stage.answer("/orders/1").status == 401)
            try play.issuer.behave()
            try await play.ready()
            #expect(try await play.answer().status == 200)
            let state = try await play.state()
            #expect(state["degraded_since"] == .null)
            #expect(try await play.stage.healthReport()["status"] == "ok")
        }
    }

    @Test("RS-067 an issuer that dies later: its keys carry on, unknown ones are 503, and health says since when")
    func diesLater() async throws {
        try await IssuerStage.play { play in
            play.issuer.die()
            #expect(try await play.answer().status == 200)
            let unknown = try TestSigningKey(.es256, kid: "unknown")
            let answer = try await play.answer(try play.issuer.token(signedWith: unknown))
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            let state = try await play.failed("bad_answer")
            #expect(state["keys"] == 1)
            #expect(state["degraded_since"] != .null)
            #expect(try await play.answer().status == 200)
        }
    }

    @Test("keys survive a reload, though their issuer is dead by then")
    func reload() async throws {
        try await IssuerStage.play { play in
            play.issuer.die()
            let fetches = play.issuer.server.requests.count
            let text = try String(decoding: play.stage.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try play.stage.gateway.write(policy: text.replacingOccurrences(of: "id: open", with: "id: opened"))
            try await play.stage.gateway.reload()
            try await eventually("the reload") { try await play.stage.healthReport()["reloads"] == 1 }
            #expect(try await play.answer().status == 200)
            #expect(play.issuer.server.requests.count == fetches)
        }
    }

    @Test("another place in the entry of an issuer is fetched from after a reload")
    func reloadElsewhere() async throws {
        let second = try FakeIssuer.start(try TestCertificates.shared(), kid: "second")
        try await IssuerStage.play { play in
            let text = try String(decoding: play.stage.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try play.stage.gateway.write(policy: text.replacingOccurrences(of: play.issuer.identifier, with: second.identifier))
            try await play.stage.gateway.reload()
            try await eventually("the reload") { try await play.stage.healthReport()["reloads"] == 1 }
            #expect(try await play.answer(try second.token()).status == 200)
            #expect(try await play.answer(try play.issuer.token()).code == "wrong_issuer")
        }
    }

    private final class Tally: Sendable {
        private let all = Mutex<[String: Int]>([:])
        func count(_ word: String) { all.withLock { $0[word, default: 0] += 1 } }
        var counts: [String: Int] { all.withLock { $0 } }
    }

    /// A shorter version of 1,000 requests a second for a minute.
    @Test("rotation under load: every good token counts before, during and after", .timeLimit(.minutes(2)))
    func rotationUnderLoad() async throws {
        try await IssuerStage.play { play in
            let end = ContinuousClock.now + .seconds(5)
            let tally = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let client = try play.stage.client()
                        while ContinuousClock.now < end {
                            // A new token each time: none is known from the cache.
                            let answer = try await client.send(play.stage.request("/orders/1", token: try play.issuer.token()))
                            tally.count("\(answer.status) \(answer.code ?? "")")
                        }
                    }
                }
                group.addTask {
                    // Published and used in the same moment: the hardest case.
                    try await Task.sleep(for: .seconds(2))
                    let new = try TestSigningKey(.es256, kid: "second")
                    try play.issuer.publish([play.issuer.key, new])
                    play.issuer.sign(with: new)
                }
                try await group.waitForAll()
            }
            #expect(Array(tally.counts.keys) == ["200 "])
            #expect((tally.counts["200 "] ?? 0) > 100)
            #expect(play.issuer.fetches(of: .keys) == 2)
        }
    }
}
