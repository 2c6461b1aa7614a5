import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("what records of refused requests say of the client and the reason")
struct RecordFactsTests {
    @Test(
        "failed client authentication: the client that was tried, and the event",
        arguments: [
            ("a wrong secret", "shop", "wrong"), ("an unknown client", "nobody", "s3cret"),
            ("no client id of ours", "a%20b%22", "x"),
        ])
    func clientAuthentication(_ name: String, _ id: String, _ secret: String) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        let tried = id == "a%20b%22" ? "a b\"" : id
        let answer = await harness.post("grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)")
        #expect(answer.status == 401)
        #expect(answer.facts.client == tried)
        #expect(answer.facts.event == "client_authentication_failed")
        #expect(answer.facts.isRefusal)
        let right = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=s3cret")
        #expect(right.facts.client == "shop")
        #expect(right.facts.event == nil)
        #expect(!right.facts.isRefusal)
    }

    @Test("too many failures have an event of their own")
    func braked() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        var answer = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=x")
        for _ in 0..<100 where answer.status != 429 {
            answer = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=x")
        }
        #expect(answer.status == 429)
        #expect(answer.facts.client == "shop")
        #expect(answer.facts.event == "client_authentication_braked")
    }

    @Test(
        "a wrong redirect URI or client at the authorization endpoint",
        arguments: [
            ([("redirect_uri", "https://evil.example/")], "shop", "redirect_uri_rejected"),
            ([("client_id", "nobody")], "nobody", "unknown_client"),
        ] as [([(String, String?)], String, String)])
    func authorization(_ changes: [(String, String?)], _ client: String, _ event: String) async throws {
        let answer = await (try await CodeFlowHarness()).authorize(changes)
        #expect(answer.status == 400)
        #expect(answer.response.facts.client == client)
        #expect(answer.response.facts.event == event)
        #expect(answer.response.facts.isRefusal)
    }

    @Test("a wrong code, and a wrong verifier of a right one")
    func codes() async throws {
        let flow = try await CodeFlowHarness()
        let wrong = await flow.redeem("no-code-of-ours")
        #expect(wrong.response.facts.event == "authorization_code_rejected")
        #expect(wrong.response.facts.client == "shop")
        #expect(wrong.response.facts.isRefusal)
        let verifier = await flow.redeem(try await flow.code(), verifier: String(repeating: "w", count: 43))
        #expect(verifier.response.facts.event == "code_verifier_rejected")
        #expect(verifier.response.facts.isRefusal)
    }

    @Test("which token was issued, from which, asked about and revoked")
    func tokens() async throws {
        let flow = try await CodeFlowHarness()
        let first = try await flow.tokens([("scope", "orders:read offline_access")])
        let access = try #require(first.body["access_token"]?.string)
        let refresh = try #require(first.body["refresh_token"]?.string)
        #expect(first.response.facts.token == ServiceFacts.digest(access))
        #expect(first.response.facts.refreshToken == ServiceFacts.digest(refresh))
        #expect(first.response.facts.tokenPresented == nil)
        let second = await flow.refresh(refresh)
        #expect(second.response.facts.tokenPresented == ServiceFacts.digest(refresh))
        #expect(second.response.facts.token == ServiceFacts.digest(try #require(second.body["access_token"]?.string)))
        let reused = await flow.refresh("no-token-of-ours")
        #expect(reused.response.facts.isRefusal)
        #expect(reused.response.facts.tokenPresented == ServiceFacts.digest("no-token-of-ours"))
    }

    @Test(
        "which token a client asks about or gives back, found or not, but none where nobody knows who asks",
        arguments: ["/oauth2/introspect", "/oauth2/revoke"])
    func management(path: String) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        try await harness.register("till")
        for token in [try harness.accessToken(), "garbage", try harness.accessToken(client: "till")] {
            #expect(await harness.send(path, "token=\(token)").facts.token == ServiceFacts.digest(token))
        }
        let unknown = await harness.send(path, "token=garbage", as: ("shop", "wrong"))
        #expect(unknown.facts.client == "shop" && unknown.facts.token == nil)
    }

    @Test("userinfo: which token was shown, whose it is where it is ours, and why it does not count")
    func userInfo() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "openid")])
        let token = try #require(answer.body["access_token"]?.string)
        let good = await flow.userInfo(token)
        #expect(good.status == 200 && !good.response.facts.isRefusal)
        #expect(good.response.facts.token == ServiceFacts.digest(token))
        #expect(good.response.facts.client == "shop" && good.response.facts.isTokenVerified == nil)
        let subject = try #require(good.response.facts.subject)
        let (start, end) = (try #require(token.firstIndex(of: ".")), try #require(token.lastIndex(of: ".")))
        let forged = String(token[..<start] + token[start...end]) + String(repeating: "A", count: 86)
        let foreign = try flow.base.accessToken(audience: "https://elsewhere.example")
        let idToken = try #require(answer.body["id_token"]?.string)
        let cases: [(token: String, event: String, isVerified: Bool)] = [
            ("garbage", "foreign_token", false), (forged, "foreign_token", false),
            (idToken, "wrong_token_type", true), (foreign, "wrong_token_audience", true),
        ]
        for refused in cases {
            let answer = await flow.userInfo(refused.token)
            #expect(answer.status == 401 && answer.response.facts.isRefusal)
            #expect(answer.response.facts.event == refused.event)
            #expect(answer.response.facts.isTokenVerified == refused.isVerified)
            #expect((answer.response.facts.subject != nil) == refused.isVerified)
            #expect(answer.response.facts.token == ServiceFacts.digest(refused.token))
        }
        let expired = await flow.userInfo(token, now: newYear2026 + 100_000)
        #expect(expired.response.facts.event == "expired_token" && expired.response.facts.subject == subject)
        let unproved = await flow.userInfo(token, scheme: "DPoP")
        #expect(unproved.response.facts.event == "wrong_token_binding")
        #expect(await flow.base.revoke(token).status == 200)
        let revoked = await flow.userInfo(token)
        #expect(revoked.response.facts.event == "revoked_token" && revoked.response.facts.subject == subject)
        #expect(revoked.response.facts.client == "shop" && revoked.response.facts.isTokenVerified == true)
        let none = await flow.send("/oauth2/userinfo", cookies: [:])
        #expect(none.response.facts.isRefusal && none.response.facts.token == nil)
        #expect(none.response.facts.isTokenVerified == nil)
    }

    /// Methods and paths, and what pages are sent without.
    @Test(
        "whatever is answered with an error is a refusal, also methods, sizes and pages",
        arguments: [
            ("GET", "/oauth2/introspect", "", 405), ("PUT", "/oauth2/token", "", 405),
            ("POST", "/oauth2/nothing", "", 404),
            ("POST", "/oauth2/token", String(repeating: "a", count: 1_100_000), 413),
            ("POST", "/oauth2/login", "username=alice&password=x", 400),
            ("POST", "/oauth2/consent", "decision=allow", 400),
            ("POST", "/oauth2/device", "user_code=WDJBMJHT", 400), ("POST", "/oauth2/logout", "form_token=x", 400),
            ("GET", "/oauth2/login", "", 400), ("GET", "/oauth2/consent", "", 400),
            ("GET", "/oauth2/authorize", "", 400),
        ])
    func errors(method: String, path: String, form: String, status: Int) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        let answer = await harness.send(path, form, method: method)
        #expect(answer.status == status)
        #expect(answer.facts.isRefusal)
        #expect(answer.facts.error != nil || answer.facts.event != nil)
        let isPage = method == "POST" && status == 400
        #expect(
            (answer.facts.event == "page_expired") == (isPage || path == "/oauth2/login" || path == "/oauth2/consent"))
    }

    @Test("that a record is damaged stands in the record of the request, and clients do not hear of it")
    func damaged() async throws {
        var flow = try await CodeFlowHarness(isFirstParty: false)
        let page = try #require(await flow.authorize().field("location"))
        let cookie = RandomText.browser.make(.system)
        flow.cookies[BrowserCookie.name] = cookie
        let id = try #require(page.split(separator: "=").last.map(String.init))
        flow.base.store.damage(.interaction, RandomText.interaction.key(of: id))
        flow.base.store.damage(.client, "shop")
        for answer in [
            await flow.base.token(), await flow.authorize(),
            await flow.send("/oauth2/authorize", query: "interaction=\(id)"),
            await flow.send("/oauth2/consent", query: "interaction=\(id)"),
        ] {
            #expect(answer.status == 503)
            #expect(answer.facts.event == "damaged_record" && answer.facts.isRefusal)
            #expect(!String(decoding: answer.octets, as: UTF8.self).contains("damaged"))
        }
        #expect(await flow.base.token().error == "temporarily_unavailable")
    }

    @Test(
        "what is refused, and what is not",
        arguments: [
            (nil, nil, false), ("invalid_grant", nil, true), ("authorization_pending", nil, false),
            ("slow_down", nil, false), (nil, "login_failed", true), (nil, "login", false),
            ("temporarily_unavailable", nil, true),
        ] as [(String?, String?, Bool)])
    func refusal(_ error: String?, _ event: String?, _ isRefusal: Bool) {
        var facts = ServiceFacts()
        facts.error = error
        facts.event = event
        #expect(facts.isRefusal == isRefusal)
    }
}
