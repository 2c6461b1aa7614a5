import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("OpenID Connect Core §3.1.2, RFC 9470: when users are asked")
struct PromptTests {
    /// What the log-in page does when a password was right: notes who it is, and when.
    private func logIn(_ flow: CodeFlowHarness, _ answer: Answer, acr: String? = "pwd", at time: Int64) async throws
        -> String
    {
        let id = try #require(answer.redirect["interaction"])
        var interaction = try await stored(flow, id)
        interaction.logIn(
            AuthenticatedUser(id: CodeFlowHarness.userID, UserAuthentication(time: time, acr: acr, methods: ["pwd"])))
        #expect(try await flow.base.store.commit([.replace(interaction.record)], now: newYear2026))
        return id
    }

    private func stored(_ flow: CodeFlowHarness, _ id: String) async throws -> Interaction {
        let record = try #require(try await flow.base.store.record(.interaction, RandomText.interaction.key(of: id)))
        return try #require(Interaction(record, id: id))
    }

    private func decide(_ flow: CodeFlowHarness, _ answer: Answer, _ consent: Interaction.Consent) async throws
        -> String
    {
        let id = try #require(answer.redirect["interaction"])
        var interaction = try await stored(flow, id)
        let isDecided = interaction.decide(consent)
        #expect(isDecided)
        #expect(try await flow.base.store.commit([.replace(interaction.record)], now: newYear2026))
        return id
    }

    private func browser(_ answer: Answer) throws -> String {
        let cookie = try #require(answer.field("set-cookie"))
        #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Lax"))
        #expect(cookie.hasPrefix(BrowserCookie.name + "="))
        return String(cookie.dropFirst(BrowserCookie.name.utf8.count + 1).prefix { $0 != ";" })
    }

    @Test("who is not logged in is sent to log in, and comes back to a code, in the same browser only")
    func login() async throws {
        var flow = try await CodeFlowHarness(isLoggedIn: false)
        let asked = await flow.authorize([("scope", "openid"), ("nonce", "n")])
        #expect(asked.status == 303)
        #expect(asked.target == "/oauth2/login")
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let early = await flow.send(
            "/oauth2/authorize", query: "interaction=\(try #require(asked.redirect["interaction"]))")
        #expect(early.target == "/oauth2/login")
        let id = try await logIn(flow, asked, at: newYear2026 + 5)
        for cookies in [[:], [BrowserCookie.name: RandomText.browser.make(.system)]] as [[String: String]] {
            #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)", cookies: cookies).isPage)
        }
        // As long as the browser has no session of the user, or no longer, nobody is logged in.
        #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)").target == "/oauth2/login")
        try await flow.logIn(at: newYear2026 + 5)
        let answer = await flow.send("/oauth2/authorize", query: "interaction=\(id)")
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["state"] == "xyz")
        let tokens = await flow.redeem(try #require(answer.redirect["code"]))
        #expect(try await flow.claims(tokens, "id_token")["auth_time"]?.int == newYear2026 + 5)
        // Answered once.
        #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)").isPage)
    }

    @Test(
        "a client that is not the operator's own asks for consent, is told when it is refused, and is remembered when it is given"
    )
    func consent() async throws {
        var flow = try await CodeFlowHarness(isFirstParty: false)
        let asked = await flow.authorize()
        #expect(asked.target == "/oauth2/consent")
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let refused = await flow.send(
            "/oauth2/authorize", query: "interaction=\(try await decide(flow, asked, .refused))")
        #expect(refused.redirect["error"] == "access_denied")
        #expect(refused.redirect["iss"] == AuthorizationHarness.issuer)
        let id = try await decide(flow, await flow.authorize(), .given)
        let code = try #require(await flow.send("/oauth2/authorize", query: "interaction=\(id)").redirect["code"])
        #expect(await flow.redeem(code).status == 200)
        #expect(await flow.authorize().redirect["code"] != nil)
        #expect(await flow.authorize([("prompt", "none")]).redirect["code"] != nil)
        // Something that was not agreed to, or a question that is asked for.
        for changes in [
            [("scope", "orders:write")], [("prompt", "consent")], [("resource", AuthorizationHarness.otherAudience)],
        ]
            as [[(String, String?)]]
        {
            #expect(await flow.authorize(changes).target == "/oauth2/consent")
        }
        #expect(
            await flow.authorize([("scope", "orders:write"), ("prompt", "none")]).redirect["error"]
                == "consent_required")
    }

    @Test("an application that anybody can pretend to be is asked for each time")
    func notRemembered() async throws {
        var flow = try await CodeFlowHarness(isFirstParty: false) {
            $0.authenticationMethods = [.none]
            $0.secrets = []
            $0.redirectURIs = ["http://127.0.0.1/cb"]
        }
        let changes = [("redirect_uri", "http://127.0.0.1:5000/cb")] as [(String, String?)]
        let asked = await flow.authorize(changes)
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let grant = Grant(
            id: "g", clientID: "shop", subject: CodeFlowHarness.userID, scopes: ["orders:read"],
            resources: [AuthorizationHarness.audience],
            createdAt: newYear2026,
            expiresAt: newYear2026 + 1_000)
        try await flow.put(grant.record)
        #expect(await flow.authorize(changes).target == "/oauth2/consent")
    }

    @Test("prompt=none asks nobody anything", arguments: [true, false])
    func none(isLoggedIn: Bool) async throws {
        let flow = try await CodeFlowHarness(isFirstParty: isLoggedIn, isLoggedIn: isLoggedIn)
        let answer = await flow.authorize([("prompt", "none")])
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["error"] == (isLoggedIn ? nil : "login_required"))
        #expect(answer.redirect["state"] == "xyz")
        #expect(answer.field("set-cookie") == nil)
    }

    @Test(
        "prompt=login and select_account ask again whoever is logged in",
        arguments: ["login", "select_account", "login consent"])
    func again(_ prompt: String) async throws {
        var flow = try await CodeFlowHarness(isFirstParty: prompt != "login consent")
        let asked = await flow.authorize([("prompt", prompt)])
        #expect(asked.target == "/oauth2/login")
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, at: newYear2026 + 1)
        let next = await flow.send("/oauth2/authorize", query: "interaction=\(id)")
        if prompt == "login consent" {
            #expect(next.target == "/oauth2/consent")
        } else {
            #expect(next.redirect["code"] != nil)
        }
    }

    @Test(
        "max_age asks again when the log-in is older; 0 asks always",
        arguments: [(0, 0, false), (60, 59, true), (60, 60, true), (60, 61, false), (9_999_999_999, 80_000, true)])
    func maxAge(maxAge: Int64, age: Int64, isGood: Bool) async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.authorize([("max_age", "\(maxAge)")], now: newYear2026 + age)
        #expect((answer.redirect["code"] != nil) == isGood)
        if !isGood {
            #expect(answer.target == "/oauth2/login")
            #expect(
                await flow.authorize([("max_age", "\(maxAge)"), ("prompt", "none")], now: newYear2026 + age).redirect[
                    "error"] == "login_required")
        }
    }

    @Test(
        "max_age counts when the client is answered, too: after consent that took long, the user logs in again and is asked again"
    )
    func maxAgeAfterConsent() async throws {
        var flow = try await CodeFlowHarness(isFirstParty: false)
        let asked = await flow.authorize([("max_age", "60"), ("scope", "openid")])
        #expect(asked.target == "/oauth2/consent")
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await decide(flow, asked, .given)
        let late = await flow.send("/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + 61)
        #expect(late.target == "/oauth2/login")
        _ = try await logIn(flow, late, at: newYear2026 + 70)
        let again = await flow.send("/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + 70)
        #expect(again.target == "/oauth2/consent")
        _ = try await decide(flow, again, .given)
        let answer = await flow.send("/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + 80)
        let tokens = await flow.redeem(try #require(answer.redirect["code"]), now: newYear2026 + 81)
        #expect(try await flow.claims(tokens, "id_token")["auth_time"]?.int == newYear2026 + 70)
    }

    @Test(
        "max_age=0 comes to an end: a minute after the log-in users may agree, and a refusal needs no log-in",
        arguments: [true, false])
    func maxAgeZero(agrees: Bool) async throws {
        var flow = try await CodeFlowHarness(isFirstParty: false)
        let asked = await flow.authorize([("max_age", "0")])
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, at: newYear2026)
        let consent = await flow.send("/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + 4)
        _ = try await decide(flow, consent, agrees ? .given : .refused)
        let answer = await flow.send(
            "/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + (agrees ? 60 : 600))
        #expect(answer.redirect["error"] == (agrees ? nil : "access_denied"))
        #expect((answer.redirect["code"] != nil) == agrees)
    }

    @Test(
        "Core §3.1.2.1: acr_values are what the client prefers; values that nobody here can bring ask nobody anything")
    func preferred() async throws {
        var flow = try await CodeFlowHarness(acr: "otp")
        let answer = await flow.authorize([("acr_values", "gold 2"), ("scope", "openid")])
        let tokens = await flow.redeem(try #require(answer.redirect["code"]))
        #expect(try await flow.claims(tokens, "id_token")["acr"]?.string == "otp")
        // A password can be asked for.
        let asked = await flow.authorize([("acr_values", "gold pwd")])
        #expect(asked.target == "/oauth2/login")
        #expect(await flow.authorize([("acr_values", "pwd"), ("prompt", "none")]).redirect["code"] != nil)
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, acr: "silver", at: newYear2026)
        #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)").redirect["code"] != nil)
    }

    @Test("RFC 9470: who is not logged in as a route demands logs in again, and the tokens say so")
    func stepUp() async throws {
        var flow = try await CodeFlowHarness(acr: "pwd") { $0.requiresACRValues = true }
        #expect(await flow.authorize([("acr_values", "mfa pwd")]).redirect["code"] != nil)
        let asked = await flow.authorize([("acr_values", "mfa"), ("scope", "openid")])
        #expect(asked.target == "/oauth2/login")
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, acr: "mfa", at: newYear2026 + 9)
        let answer = await flow.redeem(
            try #require(await flow.send("/oauth2/authorize", query: "interaction=\(id)").redirect["code"]))
        for member in ["access_token", "id_token"] {
            let claims = try await flow.claims(answer, member)
            #expect(claims["acr"]?.string == "mfa")
            #expect(claims["auth_time"]?.int == newYear2026 + 9)
        }
    }

    @Test("RFC 9470 §5: who cannot log in like that gets no token that would be refused")
    func unmet() async throws {
        var flow = try await CodeFlowHarness(acr: "pwd") { $0.requiresACRValues = true }
        let asked = await flow.authorize([("acr_values", "mfa")])
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, acr: "pwd", at: newYear2026 + 9)
        #expect(
            await flow.send("/oauth2/authorize", query: "interaction=\(id)").redirect["error"]
                == "unmet_authentication_requirements")
    }

    @Test("somebody who was disabled while logging in is nobody")
    func disabled() async throws {
        var flow = try await CodeFlowHarness(isLoggedIn: false)
        let asked = await flow.authorize()
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, at: newYear2026)
        var user = try #require(try await flow.base.store.user(id: CodeFlowHarness.userID))
        user.isDisabled = true
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)").target == "/oauth2/login")
    }

    @Test("what is under way ends after half an hour")
    func expired() async throws {
        var flow = try await CodeFlowHarness(isLoggedIn: false)
        let asked = await flow.authorize()
        flow.cookies[BrowserCookie.name] = try browser(asked)
        let id = try await logIn(flow, asked, at: newYear2026)
        #expect(await flow.send("/oauth2/authorize", query: "interaction=\(id)", now: newYear2026 + 1_800).isPage)
        #expect(await flow.send("/oauth2/authorize", query: "interaction=nonsense").isPage)
    }
}
