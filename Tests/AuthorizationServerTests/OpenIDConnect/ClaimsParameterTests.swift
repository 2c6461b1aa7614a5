import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("OpenID Connect Core §5.5: the parameter claims")
struct ClaimsParameterTests {
    private static func asking(_ claims: String, scope: String = "openid") -> [(String, String?)] {
        [("scope", scope), ("claims", claims)]
    }

    @Test(
        "what is asked for one by one is delivered where it is asked for, if it is known, and has one of the values",
        arguments: [
            (#"{"userinfo":{"email":null}}"#, ["email"], []),
            (#"{"userinfo":{"name":{"essential":true},"email_verified":null}}"#, ["email_verified", "name"], []),
            (#"{"id_token":{"name":null,"email":{"essential":false}}}"#, [], ["email", "name"]),
            (
                #"{"userinfo":{"email":{"value":"ada@example.com"}},"id_token":{"email":{"value":"eve@example.com"}}}"#,
                ["email"], []
            ),
            (#"{"userinfo":{"preferred_username":{"values":["bob","ada"]}}}"#, ["preferred_username"], []),
            (
                #"{"userinfo":{"picture":{"essential":true},"name#de":null},"id_token":{"birthdate":null},"more":1}"#,
                [], []
            ),
            (#"{"userinfo":{"email":{"purpose":"x"}}}"#, ["email"], []),
            (#"{"id_token":{"sub":null,"auth_time":{"essential":true},"aud":{"value":"other"},"iss":null}}"#, [], []),
            (#"{"userinfo":null,"id_token":{}}"#, [], []), ("{}", [], []),
        ] as [(String, [String], [String])])
    func delivered(claims: String, userInfo: [String], idToken: [String]) async throws {
        let flow = try await CodeFlowHarness()
        let plain = try await flow.claims(try await flow.tokens([("scope", "openid")]), "id_token").names
        let answer = try await flow.tokens(Self.asking(claims))
        let token = try #require(answer.body["access_token"]?.string)
        #expect(await flow.userInfo(token).body.names.sorted() == (userInfo + ["sub"]).sorted())
        let inToken = try await flow.claims(answer, "id_token")
        #expect(inToken.names.filter { !plain.contains($0) }.sorted() == idToken)
        #expect(inToken["aud"] == "shop")
    }

    @Test("they stay with the grant: refreshed tokens deliver them, too, as they are then")
    func refreshed() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens(Self.asking(#"{"userinfo":{"email":null},"id_token":{"name":null}}"#))
        var user = try #require(try await flow.base.store.user(id: CodeFlowHarness.userID))
        user.displayName = "Ada King"
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        let later = await flow.refresh(
            try #require(answer.body["refresh_token"]?.string), more: [("scope", "openid")], now: newYear2026 + 60)
        #expect(try await flow.claims(later, "id_token")["name"] == "Ada King")
        let token = try #require(later.body["access_token"]?.string)
        #expect(await flow.userInfo(token, now: newYear2026 + 60).body["email"] == "ada@example.com")
    }

    @Test("a client gets no more one by one than it may have by scope, nor what it may have no longer")
    func byScope() async throws {
        let flow = try await CodeFlowHarness { $0.scopes = ["openid", "profile"] }
        let claims = #"{"userinfo":{"email":{"essential":true},"name":null},"id_token":{"email":null,"name":null}}"#
        let answer = try await flow.tokens(Self.asking(claims))
        let token = try #require(answer.body["access_token"]?.string)
        #expect(await flow.userInfo(token).body.names.sorted() == ["name", "sub"])
        #expect(try await flow.claims(answer, "id_token")["email"] == nil)
        var client = try #require(try await flow.base.store.client(id: "shop"))
        client.scopes = ["openid"]
        #expect(try await flow.base.store.replace(client, now: newYear2026))
        #expect(await flow.userInfo(token).body.names == ["sub"])
        let later = await flow.refresh(
            try #require(answer.body["refresh_token"]?.string), more: [("scope", "openid")], now: newYear2026 + 5)
        #expect(try await flow.claims(later, "id_token")["name"] == nil)
    }

    @Test("without openid they go nowhere")
    func withoutOpenID() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code(Self.asking(#"{"id_token":{"name":null}}"#, scope: "orders:read"))
        let record = try #require(
            try await flow.base.store.record(.authorizationCode, RandomText.authorizationCode.key(of: code)))
        #expect(AuthorizationCode(record)?.request.claims == nil)
    }

    @Test(
        "sub names the user: another one is login_required, and has to log in where users may be asked",
        arguments: ["userinfo", "id_token"])
    func subject(place: String) async throws {
        let flow = try await CodeFlowHarness()
        for wish in [#"{"value":"user-1"}"#, #"{"values":["user-2","user-1"]}"#] {
            let claims = "{\"\(place)\":{\"sub\":\(wish)}}"
            #expect(await flow.authorize(Self.asking(claims) + [("prompt", "none")]).redirect["code"] != nil)
        }
        for wish in [#"{"value":"user-2"}"#, #"{"essential":true,"values":["user-2","user-3"]}"#] {
            let claims = "{\"\(place)\":{\"sub\":\(wish)}}"
            #expect(
                await flow.authorize(Self.asking(claims) + [("prompt", "none")]).redirect["error"] == "login_required")
            #expect(await flow.authorize(Self.asking(claims)).target == "/oauth2/login")
        }
    }

    @Test(
        "acr that is essential has to be met; otherwise it is what the client prefers",
        arguments: [
            (#"{"essential":true,"value":"pwd"}"#, nil), (#"{"essential":true,"values":["gold","pwd"]}"#, nil),
            (#"{"essential":true,"value":"gold"}"#, "login_required"),
            (#"{"essential":true,"values":["gold","silver"]}"#, "login_required"), (#"{"value":"gold"}"#, nil),
            (#"{"essential":true}"#, nil), ("null", nil),
        ] as [(String, String?)])
    func acr(wish: String, error: String?) async throws {
        let flow = try await CodeFlowHarness(acr: "pwd")
        let claims = "{\"id_token\":{\"acr\":\(wish)}}"
        #expect(await flow.authorize(Self.asking(claims) + [("prompt", "none")]).redirect["error"] == error)
    }

    @Test(
        "what is no object of this form is refused, to the client",
        arguments: [
            "x", "[]", "null", #"{"userinfo":[]}"#, #"{"userinfo":{"email":true}}"#,
            #"{"userinfo":{"email":{"essential":"yes"}}}"#, #"{"userinfo":{"email":{"values":"x"}}}"#,
            #"{"userinfo":{"email":{"values":[]}}}"#, #"{"userinfo":{"email":{"value":"a","values":["a"]}}}"#,
            #"{"userinfo":{"sub":{"value":1}}}"#, #"{"id_token":{"acr":{"values":[1]}}}"#,
            #"{"userinfo":{"email":null},"userinfo":{}}"#,
            #"{"userinfo":{"sub":{"value":"user-1"}},"id_token":{"sub":{"value":"user-2"}}}"#,
            #"{"userinfo":{"email":{"values":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]}}}"#,
            #"{"userinfo":{"email":{"value":{"a":{"a":{"a":{"a":1}}}}}}}"#,
            "{\"a\":\"" + String(repeating: "x", count: 4_096) + "\"}",
        ])
    func malformed(claims: String) async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.authorize(Self.asking(claims))
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["error"] == "invalid_request")
    }

    @Test("the user is asked about what was not agreed to, and only about that")
    func consent() async throws {
        let flow = try await CodeFlowHarness(isFirstParty: false)
        func isAsked(_ changes: [(String, String?)]) async -> Bool {
            await flow.authorize(changes).target == "/oauth2/consent"
        }
        let email = #"{"id_token":{"email":null}}"#
        #expect(await isAsked([("scope", "openid")]))
        var grant = Grant(
            id: "g1", clientID: "shop", subject: CodeFlowHarness.userID, scopes: ["openid"],
            resources: [AuthorizationHarness.audience], createdAt: newYear2026, expiresAt: newYear2026 + 1_000)
        try await flow.put(grant.record)
        #expect(await !isAsked([("scope", "openid")]))
        #expect(await isAsked(Self.asking(email)))
        grant.id = "g2"
        grant.claims = ClaimsRequest()
        grant.claims?.idToken = [.init(.email)]
        try await flow.put(grant.record)
        #expect(await !isAsked(Self.asking(email)))
        #expect(await !isAsked(Self.asking(#"{"userinfo":{"email_verified":null}}"#)))
        #expect(await isAsked(Self.asking(#"{"userinfo":{"name":null}}"#)))
    }

    @Test("the consent page shows them as it shows their scopes")
    func shown() async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        try await harness.logIn(browser)
        let id = try await harness.interaction(
            for: browser, request: ["claims": ["id_token": ["email": []], "userinfo": ["name": ["Ada"]]]],
            user: harness.user.id)
        let page = await browser.get("/oauth2/consent", "interaction=\(id)").text
        #expect(page.contains("See your e-mail address"))
        #expect(page.contains("See your name"))
    }

    @Test("what is stored is read again as it was, and what is damaged is not")
    func stored() {
        var request = ClaimsRequest()
        request.userInfo = [.init(.email, values: ["a", 1]), .init(.name)]
        request.idToken = [.init(.emailVerified)]
        request.subjects = ["user-1"]
        #expect(ClaimsRequest(request.json) == request)
        #expect(ClaimsRequest(["userinfo": ["nickname": []]])?.isEmpty == true)
        for damaged in [[], ["sub": []], ["sub": [1]], ["userinfo": ["email": true]], ["x": 1]] as [JSON] {
            #expect(ClaimsRequest(damaged) == nil)
        }
    }
}
