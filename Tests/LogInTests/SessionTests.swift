import HTTP
import JOSE
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Sessions")
struct SessionTests {
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
        try await harness.logIn(browser)
    }

    private func session(_ now: Int64, cookie: String? = nil) async throws -> UserSession? {
        let request = ServiceRequest(
            method: "GET", path: "/",
            fields: [("cookie", "\(SessionReader.cookieName)=\(cookie ?? browser[SessionReader.cookieName] ?? "")")])
        return try await SessionReader(store: harness.store).session(of: request, now: now)
    }

    @Test("a session knows when, where from and with which browser it began, in a bounded text, and when it was used")
    func place() async throws {
        let other = harness.browser(
            address: "198.51.100.7", userAgent: "Firefox/\u{7}140 " + String(repeating: "x", count: 900))
        try await harness.logIn(other)
        let cookie = other[SessionReader.cookieName]
        let known = try #require(try await session(newYear2026, cookie: cookie))
        #expect(known.createdAt == newYear2026)
        #expect(known.lastUsedAt == newYear2026)
        #expect(known.address == "198.51.100.7")
        #expect(known.userAgent?.hasPrefix("Firefox/140 xxx") == true)
        #expect(known.userAgent?.utf8.count == UserSession.userAgentBytesMax)
        #expect(try await session(newYear2026 + 3_600, cookie: cookie)?.lastUsedAt == newYear2026 + 3_600)
        #expect(UserSession(known.record) == known)
    }

    @Test("a session ends after two hours without use")
    func idle() async throws {
        #expect(try await session(newYear2026 + 7_199) != nil)
        #expect(try await session(newYear2026 + 7_199 + 7_200) == nil)
    }

    @Test("a session ends after twelve hours, however much it is used")
    func absolute() async throws {
        for hour in Int64(1)...11 { #expect(try await session(newYear2026 + hour * 3_600)?.userID == harness.user.id) }
        #expect(try await session(newYear2026 + 43_199) != nil)
        #expect(try await session(newYear2026 + 43_200) == nil)
    }

    @Test("use within five minutes writes nothing")
    func renewal() async throws {
        let before = try await session(newYear2026 + 299)?.version
        #expect(before == 1)
        #expect(try await session(newYear2026 + 301)?.version == 2)
    }

    @Test("a session of an account that is disabled or gone is none")
    func disabled() async throws {
        _ = try await harness.store.commit(
            [
                .replace(
                    {
                        var user = harness.user; user.isDisabled = true; return user
                    }().record)
            ], now: newYear2026)
        #expect(try await session(newYear2026) == nil)
        _ = try await harness.store.commit([.remove(.user, key: harness.user.id)], now: newYear2026)
        #expect(try await session(newYear2026) == nil)
    }

    @Test(
        "what is not a session's secret is not even looked for",
        arguments: ["", "x", String(repeating: "a", count: 44), "../../etc"])
    func malformed(cookie: String) async throws {
        let reads = harness.store.reads
        #expect(try await session(newYear2026, cookie: cookie) == nil)
        #expect(harness.store.reads == reads)
    }

    @Test("log-out asks first, ends the session at the server, and takes the cookie away")
    func logout() async throws {
        let copy = browser[SessionReader.cookieName]
        let form = await browser.get("/oauth2/logout")
        #expect(form.text.contains("Alice A. (alice)"))
        #expect(try await session(newYear2026) != nil)
        let answer = await browser.send(form)
        #expect(answer.status == 200)
        #expect(answer.text.contains("Logged out"))
        #expect(browser[SessionReader.cookieName] == nil)
        #expect(try await session(newYear2026, cookie: copy) == nil)
        #expect(await browser.get("/oauth2/logout").text.contains("Nobody is logged in"))
    }

    @Test("the log-out page gives a browser that lost its own cookie a new one, with which the form counts")
    func logoutWithoutBrowserCookie() async throws {
        func given(_ shown: Shown) -> Bool {
            shown.all("set-cookie").contains { $0.hasPrefix(BrowserCookie.name + "=") }
        }
        #expect(await !given(browser.get("/oauth2/logout")))
        browser[BrowserCookie.name] = nil
        let form = await browser.get("/oauth2/logout")
        #expect(given(form))
        #expect(await browser.send(form).text.contains("Logged out"))
    }

    @Test("AS-040 after log-out the browser goes only where the client registered that it may")
    func postLogout() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        let query = "client_id=app&state=a%26b&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F"
        #expect(await !browser.get("/oauth2/logout", query + "evil").text.contains("post_logout_redirect_uri"))
        let form = await browser.get("/oauth2/logout", query + "bye")
        #expect(form.field("content-security-policy")?.contains("form-action 'self' https://app.example;") == true)
        let answer = await browser.send(form)
        #expect(answer.status == 303)
        #expect(answer.location == "https://app.example/bye?state=a%26b")
    }

    private func idToken(_ changes: JSONObject = [:], typ: JSON = "JWT", key: SigningKey? = nil) throws -> String {
        var claims: JSONObject = [
            "iss": .string(AuthorizationHarness.issuer), "sub": "user-9", "aud": "app", "iat": 1, "exp": 2,
        ]
        for (name, value) in changes.members { claims[name] = value }
        return try (key ?? harness.key).sign(header: ["typ": typ], claims: claims)
    }

    @Test("AS-040 an ID token that this server has not signed names no client, also beside a client_id")
    func forgedHint() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        for hint in [
            try idToken(key: try SigningKey.generate(.es256)), try idToken(typ: "at+jwt"), "x.y.z",
            try idToken(["iss": "https://other.example"]),
        ] {
            for client in ["", "&client_id=app"] {
                let query = "id_token_hint=\(hint)&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye" + client
                let form = await browser.get("/oauth2/logout", query)
                #expect(form.status == 200)
                #expect(!form.text.contains("post_logout_redirect_uri"))
            }
        }
    }

    @Test("RP-Initiated Logout §2: an application's POST comes again by GET, because browsers send no cookies with it")
    func post() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        let fields = [("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]
        let answer = await browser.post(
            "/oauth2/logout",
            "id_token_hint=\(try idToken())&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=a%26b&other=1",
            fields: fields)
        #expect(answer.status == 303)
        let location = try #require(answer.location)
        #expect(location.hasPrefix("/oauth2/logout?id_token_hint="))
        #expect(!location.contains("other"))
        let form = await browser.get("/oauth2/logout", String(location.split(separator: "?")[1]))
        #expect(form.text.contains("Alice A. (alice)"))
        #expect(await browser.send(form).location == "https://app.example/bye?state=a%26b")
        #expect(await browser.post("/oauth2/logout", "", fields: fields).location == "/oauth2/logout")
        let long = "state=" + String(repeating: "%20", count: 5_000)
        #expect(await browser.post("/oauth2/logout", long, fields: fields).status == 400)
    }

    @Test(
        "where nobody is logged in, the browser goes back at once for a client that is the operator's or shows its ID token"
    )
    func nobody() async throws {
        for id in ["app", "self"] {
            try await harness.register(
                id, name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        }
        let token = StoredRecord(.registrationToken, "digest", client: "self", body: ["created_at": 1])
        #expect(try await harness.store.commit([.insert(token)], now: newYear2026))
        let other = harness.browser()
        let target = "state=x&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&"
        for query in [
            "client_id=app", "id_token_hint=\(try idToken())", "id_token_hint=\(try idToken(["aud": "self"]))",
        ] {
            #expect(await other.get("/oauth2/logout", target + query).location == "https://app.example/bye?state=x")
        }
        for query in ["client_id=self", "client_id=nobody", "id_token_hint=\(try idToken(typ: "at+jwt"))"] {
            let answer = await other.get("/oauth2/logout", target + query)
            #expect(answer.status == 200)
            #expect(answer.text.contains("Nobody is logged in"))
        }
    }

    @Test("AS-040 a client that shows an ID token need not say its id, and goes no further with it than with its id")
    func hint() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        let query = "id_token_hint=\(try idToken())&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F"
        #expect(await !browser.get("/oauth2/logout", query + "evil").text.contains("post_logout_redirect_uri"))
        #expect(
            await !browser.get("/oauth2/logout", query + "bye&client_id=other").text.contains(
                "post_logout_redirect_uri"))
        let answer = await browser.send(await browser.get("/oauth2/logout", query + "bye"))
        #expect(answer.status == 303)
        #expect(answer.location == "https://app.example/bye")
    }

    @Test("AS-040 a form that was changed leads nowhere else")
    func forgedTarget() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        let answer = await browser.send(
            await browser.get("/oauth2/logout"),
            ["client_id": "app", "post_logout_redirect_uri": "https://evil.example/"])
        #expect(answer.status == 200)
        #expect(answer.location == nil)
    }
}
