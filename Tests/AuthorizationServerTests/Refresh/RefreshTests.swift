import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("OAuth 2.1 §4.3: refresh tokens")
struct RefreshTests {
    private static let day: Int64 = 86_400

    private func first(_ flow: CodeFlowHarness, _ changes: [(String, String?)] = []) async throws -> String {
        try #require(try await flow.tokens(changes).body["refresh_token"]?.string)
    }

    /// The token with which a public client begins; rotation is seen there.
    private func publicFlow() async throws -> (CodeFlowHarness, String) {
        let flow = try await CodeFlowHarness {
            $0.authenticationMethods = [.none]
            $0.secrets = []
        }
        let answer = await flow.asPublic(
            [
                ("grant_type", "authorization_code"), ("code", try await flow.code()),
                ("code_verifier", CodeFlowHarness.verifier),
            ],
            id: "shop")
        return (flow, try #require(answer.body["refresh_token"]?.string))
    }

    private func refresh(_ flow: CodeFlowHarness, _ token: String, after seconds: Int64 = 0) async -> Answer {
        await flow.asPublic(
            [("grant_type", "refresh_token"), ("refresh_token", token)], id: "shop", now: newYear2026 + seconds)
    }

    @Test("AS-029 a refresh token is nothing to another client, and stays good for its own")
    func otherClient() async throws {
        let flow = try await CodeFlowHarness()
        try await flow.register("other")
        let token = try await first(flow)
        #expect(await flow.refresh(token, id: "other").error == "invalid_grant")
        #expect(await flow.refresh(token).status == 200)
    }

    @Test("AS-030 AS-122 a public client gets a new refresh token each time, and the old one serves no more")
    func rotation() async throws {
        let (flow, token) = try await publicFlow()
        let second = await refresh(flow, token, after: 600)
        let next = try #require(second.body["refresh_token"]?.string)
        #expect(next != token)
        #expect(await refresh(flow, next, after: 1_200).status == 200)
    }

    @Test(
        "AS-031 the reuse of a replaced refresh token ends the family, access tokens included, and says so",
        arguments: [31, 600, 13 * 86_400])
    func reuse(age: Int64) async throws {
        let (flow, token) = try await publicFlow()
        let second = await refresh(flow, token)
        let next = try #require(second.body["refresh_token"]?.string)
        let reused = await refresh(flow, token, after: age)
        #expect(reused.error == "invalid_grant")
        #expect(reused.response.facts.event == "refresh_token_reused")
        #expect(reused.response.facts.client == "shop")
        #expect(await refresh(flow, next, after: age).error == "invalid_grant")
        let grant = try #require(try await flow.claims(second)["grant_id"]?.string)
        #expect(try await flow.base.store.record(.revocation, "grant:" + grant) != nil)
    }

    @Test(
        "AS-031 AS-036 within the grace a token that was replaced gets the same successor again, three times at most after the burst"
    )
    func grace() async throws {
        let (flow, token) = try await publicFlow()
        let next = try #require(await refresh(flow, token).body["refresh_token"]?.string)
        for age in [6, 20, 30] as [Int64] {
            let again = await refresh(flow, token, after: age)
            #expect(again.status == 200)
            #expect(again.body["refresh_token"]?.string == next)
        }
        let fourth = await refresh(flow, token, after: 30)
        #expect(fourth.error == "invalid_grant")
        #expect(fourth.response.facts.event == "refresh_token_reused")
        #expect(await refresh(flow, next, after: 30).error == "invalid_grant")
    }

    @Test(
        "AS-031 AS-036 the grace is over once the successor was used: the replaced token is reuse, and ends the family",
        arguments: [0, 3, 29])
    func graceEndsWithUse(age: Int64) async throws {
        let (flow, token) = try await publicFlow()
        let next = try #require(await refresh(flow, token).body["refresh_token"]?.string)
        #expect(await refresh(flow, token).body["refresh_token"]?.string == next)
        let third = try #require(await refresh(flow, next).body["refresh_token"]?.string)
        let reused = await refresh(flow, token, after: age)
        #expect(reused.error == "invalid_grant")
        #expect(reused.response.facts.event == "refresh_token_reused")
        for other in [token, next, third] {
            #expect(await refresh(flow, other, after: age).error == "invalid_grant")
        }
    }

    @Test("AS-031 AS-036 nor does it matter whether the use of the successor replaced it, and a failed one is no use")
    func graceEndsWithUseOfOneThatStays() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow)
        let due = newYear2026 + 10 * Self.day
        let next = try #require(await flow.refresh(token, now: due).body["refresh_token"]?.string)
        #expect(await flow.refresh(next, more: [("scope", "unknown")], now: due + 1).error == "invalid_scope")
        #expect(await flow.refresh(token, now: due + 2).body["refresh_token"]?.string == next)
        let used = await flow.refresh(next, now: due + 3)
        #expect(used.status == 200 && used.body["refresh_token"] == nil)
        #expect(await flow.refresh(next, now: due + 4).status == 200)
        #expect(await flow.refresh(token, now: due + 5).response.facts.event == "refresh_token_reused")
        #expect(await flow.refresh(next, now: due + 6).error == "invalid_grant")
    }

    @Test("AS-036 fifty parallel refreshes of one token: all are answered, with one successor, and the family lives")
    func parallel() async throws {
        let (flow, token) = try await publicFlow()
        let answers = await withTaskGroup(of: Answer.self) { group in
            for index in 0..<50 { group.addTask { await refresh(flow, token, after: Int64(index % 3)) } }
            return await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 200 })
        let successors = Set(answers.compactMap { $0.body["refresh_token"]?.string })
        #expect(successors.count == 1)
        #expect(try await flow.base.store.records(RecordQuery(.refreshToken), most: 100).count == 2)
        #expect(await refresh(flow, try #require(successors.first), after: 600).status == 200)
    }

    @Test("AS-036 the successor cannot be read in the store without the token that it replaced")
    func sealed() async throws {
        let sealed = try SealedSuccessor.seal("next", under: "old", random: .system)
        #expect(SealedSuccessor.open(sealed, with: "old") == "next")
        #expect(SealedSuccessor.open(sealed, with: "other") == nil)
        #expect(SealedSuccessor.open("", with: "old") == nil)
        #expect(SealedSuccessor.open(String(sealed.dropLast(2)), with: "old") == nil)
        let (flow, token) = try await publicFlow()
        let next = try #require(await refresh(flow, token).body["refresh_token"]?.string)
        for record in try await flow.base.store.records(RecordQuery(.refreshToken), most: 10) {
            let text = record.key + String(decoding: JSON.object(record.body).serialized(), as: UTF8.self)
            #expect(!text.contains(token) && !text.contains(next))
        }
    }

    @Test("AS-032 a refresh may ask for less, never for more; without scope it is what was granted")
    func scope() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow, [("scope", "orders:read orders:write")])
        #expect(await flow.refresh(token).body["scope"]?.string == "orders:read orders:write")
        let narrowed = await flow.refresh(token, more: [("scope", "orders:write")])
        #expect(narrowed.body["scope"]?.string == "orders:write")
        #expect(try await flow.claims(narrowed)["scope"]?.string == "orders:write")
        for scope in ["openid", "orders:read email", "unknown", "a  b"] {
            #expect(await flow.refresh(token, more: [("scope", scope)]).error == "invalid_scope")
        }
        #expect(await flow.refresh(token).body["scope"]?.string == "orders:read orders:write")
    }

    @Test("AS-033 after a narrower refresh the new refresh token is still good for everything")
    func sameScope() async throws {
        let flow = try await CodeFlowHarness {
            $0.authenticationMethods = [.none]
            $0.secrets = []
        }
        let code = try await flow.code([("scope", "orders:read orders:write")])
        let answer = await flow.asPublic(
            [("grant_type", "authorization_code"), ("code", code), ("code_verifier", CodeFlowHarness.verifier)],
            id: "shop")
        let token = try #require(answer.body["refresh_token"]?.string)
        let narrowed = await flow.asPublic(
            [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", "orders:read")], id: "shop")
        let next = try #require(narrowed.body["refresh_token"]?.string)
        #expect(narrowed.body["scope"]?.string == "orders:read")
        #expect(await refresh(flow, next).body["scope"]?.string == "orders:read orders:write")
    }

    @Test("a scope that was taken from the client since is not refreshed")
    func lostScope() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow, [("scope", "orders:read orders:write")])
        var client = try #require(try await flow.base.store.client(id: "shop"))
        client.scopes = ["orders:read"]
        #expect(try await flow.base.store.replace(client, now: newYear2026))
        let later = newYear2026 + 60
        #expect(await flow.refresh(token, now: later).body["scope"]?.string == "orders:read")
        #expect(await flow.refresh(token, more: [("scope", "orders:write")], now: later).error == "invalid_scope")
    }

    @Test(
        "AS-034 a refresh token that is not used for 14 days is over; use moves the end",
        arguments: [(13, true), (14, false)])
    func idle(days: Int64, isGood: Bool) async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow)
        #expect(await flow.refresh(token, now: newYear2026 + 5 * Self.day).status == 200)
        #expect(await flow.refresh(token, now: newYear2026 + (5 + days) * Self.day).status == (isGood ? 200 : 400))
    }

    @Test("AS-034 after 90 days the user logs in again, however often it was used")
    func absolute() async throws {
        let (flow, first) = try await publicFlow()
        var token = first
        for day in stride(from: 10, to: 90, by: 10) as StrideTo<Int64> {
            let answer = await refresh(flow, token, after: day * Self.day)
            token = try #require(answer.body["refresh_token"]?.string)
        }
        let last = await refresh(flow, token, after: 90 * Self.day - 60)
        #expect(last.status == 200)
        #expect(last.body["expires_in"]?.int == 60)
        token = try #require(last.body["refresh_token"]?.string)
        #expect(await refresh(flow, token, after: 90 * Self.day).error == "invalid_grant")
    }

    @Test("AS-035 the token of a confidential client stays until 70 % of its time is over, and a bound one stays")
    func confidential() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow)
        #expect(await flow.refresh(token, now: newYear2026 + 9 * Self.day).body["refresh_token"] == nil)
        let replaced = await flow.refresh(token, now: newYear2026 + 10 * Self.day)
        #expect(replaced.body["refresh_token"]?.string != nil)
        // The retry option: the answer was lost, the old one comes again.
        let again = await flow.refresh(token, now: newYear2026 + 10 * Self.day + 20)
        #expect(again.body["refresh_token"] == replaced.body["refresh_token"])
        let client = try #require(try await flow.base.store.client(id: "shop"))
        let old = RefreshToken(
            text: "x",
            grant: Grant(
                id: "g", clientID: "shop", subject: "u", scopes: [], resources: [], createdAt: 0, expiresAt: .max),
            now: 0)
        for days in [1, 10, 13] as [Int64] {
            #expect(!RefreshRules.isDue(old, client: client, isBound: true, now: days * Self.day))
        }
    }

    @Test("AS-036 when the store fails, the answer is 503, and the token is good afterwards")
    func unavailable() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow)
        flow.base.store.fail(true)
        #expect(await flow.refresh(token).status == 503)
        flow.base.store.fail(false)
        #expect(await flow.refresh(token).status == 200)
    }

    @Test("nothing is refreshed for a user who was disabled, and the family is not ended by it")
    func disabled() async throws {
        let flow = try await CodeFlowHarness()
        let token = try await first(flow)
        var user = try #require(try await flow.base.store.user(id: CodeFlowHarness.userID))
        user.isDisabled = true
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        #expect(await flow.refresh(token).error == "invalid_grant")
        user.isDisabled = false
        user.version += 1
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        #expect(await flow.refresh(token).status == 200)
    }

    @Test("what is no refresh token is refused", arguments: ["", "x", String(repeating: "a", count: 43)])
    func unknown(_ token: String) async throws {
        let answer = await (try await CodeFlowHarness()).refresh(token)
        #expect(answer.error == (token.isEmpty ? "invalid_request" : "invalid_grant"))
    }
}
