import HTTP
import JSON
import Proof
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("OAuth 2.1 §4.1.3: codes become tokens")
struct CodeRedemptionTests {
    @Test(
        "AS-023 a code of 59 seconds is good, one of 60 or 61 is refused",
        arguments: [(0, true), (59, true), (60, false), (61, false)])
    func lifetime(age: Int64, isGood: Bool) async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.redeem(try await flow.code(), now: newYear2026 + age)
        #expect(answer.status == (isGood ? 200 : 400))
        #expect(answer.error == (isGood ? nil : "invalid_grant"))
    }

    @Test("a code becomes an access token of a grant, a refresh token, and says what was granted")
    func tokens() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "orders:read")])
        #expect(answer.status == 200)
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.body["scope"]?.string == "orders:read")
        #expect(answer.body["refresh_token"]?.string?.utf8.count == 43)
        #expect(answer.body["id_token"] == nil)
        let claims = try await flow.claims(answer)
        #expect(claims["sub"]?.string == CodeFlowHarness.userID)
        #expect(claims["client_id"]?.string == "shop")
        #expect(claims["aud"]?.string == AuthorizationHarness.audience)
        #expect(claims["auth_time"]?.int == newYear2026)
        #expect(claims["grant_id"]?.string?.utf8.count == 22)
        #expect(answer.response.facts.subject == CodeFlowHarness.userID)
        #expect(try await flow.base.store.record(.grant, try #require(claims["grant_id"]?.string)) != nil)
    }

    @Test("a client without the refresh token grant gets none")
    func withoutRefresh() async throws {
        let flow = try await CodeFlowHarness { $0.grants = [.authorizationCode] }
        #expect(try await flow.tokens().body["refresh_token"] == nil)
    }

    @Test("AS-024 a second use is refused, and ends what came of the first")
    func twice() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        let first = await flow.redeem(code)
        #expect(first.status == 200)
        let second = await flow.redeem(code, now: newYear2026 + 30)
        #expect(second.error == "invalid_grant")
        #expect(second.response.facts.event == "authorization_code_replayed")
        let grant = try #require(try await flow.claims(first)["grant_id"]?.string)
        #expect(try await flow.base.store.record(.grant, grant) == nil)
        #expect(try await flow.base.store.record(.revocation, "grant:" + grant) != nil)
        #expect(await flow.refresh(try #require(first.body["refresh_token"]?.string)).error == "invalid_grant")
    }

    @Test("AS-025 who repeats a code with a wrong verifier, as another client, or for another address ends nothing")
    func foreignReplay() async throws {
        let flow = try await CodeFlowHarness()
        try await flow.register("other")
        let code = try await flow.code()
        let first = await flow.redeem(code)
        let wrong = String(repeating: "w", count: 43)
        for answer in [
            await flow.redeem(code, verifier: wrong), await flow.redeem(code, verifier: nil),
            await flow.redeem(code, id: "other"),
            await flow.redeem(code, more: [("redirect_uri", "https://evil.example")]),
        ] {
            #expect(answer.error == "invalid_grant")
            let event = answer.response.facts.event
            #expect(event == "authorization_code_rejected" || event == "code_verifier_rejected")
        }
        #expect(await flow.refresh(try #require(first.body["refresh_token"]?.string)).status == 200)
    }

    @Test("AS-026 a code of one client is nothing to another, and stays good for its own")
    func otherClient() async throws {
        let flow = try await CodeFlowHarness()
        try await flow.register("other")
        let code = try await flow.code()
        #expect(await flow.redeem(code, id: "other").error == "invalid_grant")
        #expect(await flow.redeem(code).status == 200)
    }

    @Test(
        "AS-027 redirect_uri need not be sent; when it is, it has to be that of the request",
        arguments: [
            (nil, true), (CodeFlowHarness.redirectURI, true), ("https://shop.example.com/done/", false),
            ("https://evil.example", false),
        ])
    func redirectURI(uri: String?, isGood: Bool) async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.redeem(try await flow.code(), more: uri.map { [("redirect_uri", $0)] } ?? [])
        #expect(answer.error == (isGood ? nil : "invalid_grant"))
    }

    @Test("AS-028 of a hundred who redeem one code at once, one gets tokens")
    func parallel() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { await flow.redeem(code).status } }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(statuses.filter { $0 == 400 }.count == 99)
    }

    @Test(
        "AS-045 a verifier that is not the challenge's is refused",
        arguments: [String(repeating: "a", count: 43), CodeFlowHarness.challenge])
    func wrongVerifier(_ verifier: String) async throws {
        let flow = try await CodeFlowHarness()
        #expect(await flow.redeem(try await flow.code(), verifier: verifier).error == "invalid_grant")
    }

    @Test("AS-046 no verifier is refused")
    func noVerifier() async throws {
        let flow = try await CodeFlowHarness()
        #expect(await flow.redeem(try await flow.code(), verifier: nil).error == "invalid_grant")
    }

    @Test(
        "AS-044 a verifier has 43 to 128 of the unreserved characters", arguments: [(42, "a"), (129, "a"), (43, "+")])
    func malformedVerifier(count: Int, character: String) async throws {
        let flow = try await CodeFlowHarness()
        let verifier = String(repeating: character, count: count)
        let code = try await flow.code([("code_challenge", ProofKey.challenge(of: verifier))])
        #expect(await flow.redeem(code, verifier: verifier).error == "invalid_grant")
    }

    @Test("AS-124 codes and refresh tokens are stored as digests only")
    func digests() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        let refresh = try #require(await flow.redeem(code).body["refresh_token"]?.string)
        for kind in [RecordKind.authorizationCode, .refreshToken] {
            let records = try await flow.base.store.records(RecordQuery(kind), most: 10)
            #expect(records.count == 1)
            for record in records {
                #expect(record.key.utf8.count == 43)
                let text = record.key + String(decoding: JSON.object(record.body).serialized(), as: UTF8.self)
                #expect(!text.contains(code) && !text.contains(refresh))
            }
        }
    }

    @Test("a code of somebody who was disabled meanwhile is refused")
    func disabled() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        var user = try #require(try await flow.base.store.user(id: CodeFlowHarness.userID))
        user.isDisabled = true
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        #expect(await flow.redeem(code).error == "invalid_grant")
    }

    @Test("AS-123 a token has what was asked for, and nothing of the client's other scopes and resources")
    func minimal() async throws {
        let flow = try await CodeFlowHarness()
        let claims = try await flow.claims(
            try await flow.tokens([("scope", "orders:read"), ("resource", AuthorizationHarness.otherAudience)]))
        #expect(claims["scope"]?.string == "orders:read")
        #expect(claims["aud"]?.string == AuthorizationHarness.otherAudience)
    }

    @Test("nothing is promised when the store fails: 503, and the code is good later")
    func unavailable() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        _ = await flow.token([("grant_type", "client_credentials")])
        flow.base.store.fail(true)
        #expect(await flow.redeem(code).status == 503)
        flow.base.store.fail(false)
        #expect(await flow.redeem(code).status == 200)
    }
}
