import HTTP
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

    @Test("AS-040 a client that shows an ID token need not say its id, and goes no further with it than with its id")
    func hint() async throws {
        try await harness.register(
            "app", name: "App", metadata: ["post_logout_redirect_uris": ["https://app.example/bye"]])
        // {"alg":"ES256"}.{"aud":"app"} and no signature that counts
        let query =
            "id_token_hint=eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJhcHAifQ.c2lnbmF0dXJl&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F"
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
