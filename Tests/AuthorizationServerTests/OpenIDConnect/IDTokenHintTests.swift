import JOSE
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("OpenID Connect Core §3.1.2.1: id_token_hint, the user whom a client asks about")
struct IDTokenHintTests {
    private let flow: CodeFlowHarness
    private let ownToken: String

    init() async throws {
        flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "openid")])
        ownToken = try #require(answer.body["id_token"]?.string)
    }

    /// An ID token as the server would have made it.
    private func token(
        _ changes: JSONObject = [:], typ: JSON = "JWT", key: SigningKey? = nil
    ) throws -> String {
        var claims: JSONObject = [
            "iss": .string(AuthorizationHarness.issuer), "sub": "user-2", "aud": "shop",
            "iat": .integer(newYear2026 - 9_000), "exp": .integer(newYear2026 - 8_400),
        ]
        for (name, value) in changes.members { claims[name] = value }
        return try (key ?? flow.base.key).sign(header: ["typ": typ], claims: claims)
    }

    @Test("whoever is logged in and meant is answered, also by an ID token that has expired")
    func same() async throws {
        for token in [ownToken, try token(["sub": .string(CodeFlowHarness.userID)])] {
            let answer = await flow.authorize([("prompt", "none"), ("id_token_hint", token)])
            #expect(answer.redirect["code"] != nil)
        }
    }

    @Test("somebody else is login_required, and has to log in where users may be asked")
    func other() async throws {
        let hint = try token()
        #expect(
            await flow.authorize([("prompt", "none"), ("id_token_hint", hint)]).redirect["error"] == "login_required")
        #expect(await flow.authorize([("id_token_hint", hint)]).target == "/oauth2/login")
    }

    @Test("who then logs in as somebody else still is login_required")
    func wrongAgain() async throws {
        var flow = flow
        let asked = await flow.authorize([("id_token_hint", try token())])
        let cookie = try #require(asked.field("set-cookie"))
        flow.cookies[BrowserCookie.name] = String(
            cookie.dropFirst(BrowserCookie.name.utf8.count + 1).prefix { $0 != ";" })
        let id = try #require(asked.redirect["interaction"])
        let record = try #require(try await flow.base.store.record(.interaction, RandomText.interaction.key(of: id)))
        var interaction = try #require(Interaction(record, id: id))
        interaction.logIn(AuthenticatedUser(id: CodeFlowHarness.userID, UserAuthentication(time: newYear2026)))
        #expect(try await flow.base.store.commit([.replace(interaction.record)], now: newYear2026))
        let answer = await flow.send("/oauth2/authorize", query: "interaction=\(id)")
        #expect(answer.redirect["error"] == "login_required")
    }

    @Test("what is no ID token of this server for this client is invalid_request, not passed over")
    func forged() async throws {
        let user: JSONObject = ["sub": .string(CodeFlowHarness.userID)]
        let hints = [
            "x", "a.b.c", try token(user, key: try SigningKey.generate(.es256)), try token(user, typ: "at+jwt"),
            try token(["sub": .string(CodeFlowHarness.userID), "aud": "another"]),
            try token(["sub": .string(CodeFlowHarness.userID), "iss": "https://other.example"]),
        ]
        for hint in hints {
            let answer = await flow.authorize([("prompt", "none"), ("id_token_hint", hint)])
            #expect(answer.redirect["error"] == "invalid_request")
        }
    }
}
