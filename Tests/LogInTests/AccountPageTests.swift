import HTTP
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("The account page")
struct AccountPageTests {
    private static let firefox =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    private static let phone =
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser(userAgent: Self.firefox)
    }

    /// The form of a page that has this button.
    private func press(_ page: Shown, _ values: [String: String], now: Int64 = newYear2026) async -> Shown {
        await browser.send(page, values, now: now)
    }

    private func grant(_ id: String, client: String = "shop", scopes: [String] = ["orders:read"], sid: String? = nil)
        async throws
    {
        var grant = Grant(
            id: id, clientID: client, subject: harness.user.id, scopes: scopes, resources: [], createdAt: newYear2026,
            expiresAt: newYear2026 + 90_000)
        grant.sessionID = sid
        _ = try await harness.store.commit([.insert(grant.record)], now: newYear2026)
    }

    @Test("who is not logged in logs in first, on the same page as for an application, and comes back")
    func logInFirst() async throws {
        let away = await browser.get("/oauth2/account")
        let location = try #require(away.location)
        #expect(away.status == 303 && location.hasPrefix("/oauth2/login?interaction="))
        let form = await browser.get("/oauth2/login", String(location.drop { $0 != "?" }.dropFirst()))
        #expect(!form.text.contains("to continue to"))
        let back = await browser.send(form, ["username": "alice", "password": LogInHarness.password])
        #expect(back.location == "/oauth2/account")
        let page = await browser.get("/oauth2/account")
        #expect(page.status == 200 && page.text.contains("alice"))
    }

    @Test("shows sessions with browser, place and time, this one marked, and applications with scopes in words")
    func shows() async throws {
        try await harness.logIn(harness.browser(address: "198.51.100.7", userAgent: Self.phone))
        try await harness.logIn(browser)
        try await harness.register("stranger", name: "Stranger <b>") { $0.openUntil = newYear2026 + 1_000 }
        try await grant("one", scopes: ["openid", "orders:read"])
        try await grant("two", client: "stranger")
        try await grant("three", client: "long-gone")
        let page = await browser.get("/oauth2/account")
        for text in [
            "Firefox on Linux", "this browser", "Chrome on Android", "198.51.100.7", "2026-01-01 00:00 UTC",
            "Read your orders", "Shop", "Stranger &lt;b&gt;", "Nobody has checked who this application is.",
            "long-gone", "This application is not registered any more.",
        ] { #expect(page.text.contains(text), "\(text)") }
        let german = try await #require(deutsch())
        #expect(german.contains("Firefox auf Linux") && german.contains("dieser Browser"))
    }

    private func deutsch() async throws -> String? {
        let shown = harness.browser(userAgent: Self.firefox)
        try await harness.logIn(shown)
        return await shown.get("/oauth2/account", language: "de").text
    }

    @Test("ends one session, and the others go on")
    func endOne() async throws {
        let other = harness.browser(userAgent: Self.phone)
        try await harness.logIn(other)
        try await harness.logIn(browser)
        let page = await browser.get("/oauth2/account")
        let sid = try #require(page.text.firstMatch(of: /name="end" value="([^"]+)"/).map { String($0.1) })
        #expect(await press(page, ["end": sid]).location == "/oauth2/account?done=ended")
        #expect(await other.get("/oauth2/account").status == 303)
        let rest = await browser.get("/oauth2/account", "done=ended")
        #expect(rest.status == 200 && rest.text.contains("The log-in there has ended."))
        // What is no session of this user's ends nothing.
        _ = await press(page, ["end": "nobody's"])
        #expect(await browser.get("/oauth2/account").status == 200)
    }

    @Test("takes an application's access away: its grants end with their tokens, and no other application's")
    func revoke() async throws {
        try await harness.logIn(browser)
        try await grant("one")
        try await grant("two")
        try await harness.register("other", name: "Other")
        try await grant("three", client: "other")
        let page = await browser.get("/oauth2/account")
        let answer = await press(page, ["revoke": "shop"])
        #expect(answer.location == "/oauth2/account?done=revoked" && answer.facts.event == "grant_revoked")
        for (id, isLeft) in [("one", false), ("two", false), ("three", true)] {
            #expect(try await (harness.store.record(.grant, id) != nil) == isLeft, "\(id)")
            #expect(try await (harness.store.record(.revocation, "grant:" + id) != nil) == !isLeft, "\(id)")
        }
    }

    @Test("signs out everywhere; applications keep their access unless the user says so", arguments: [false, true])
    func everywhere(withApplications: Bool) async throws {
        let other = harness.browser()
        try await harness.logIn(other)
        try await harness.logIn(browser)
        try await grant("one", scopes: ["orders:read"])
        let page = await browser.get("/oauth2/account")
        var values = ["everywhere": "end"]
        if withApplications { values["applications"] = "end" }
        let answer = await press(page, values)
        #expect(answer.status == 200)
        #expect(await browser.get("/oauth2/account").status == 303)
        #expect(await other.get("/oauth2/account").status == 303)
        #expect(try await (harness.store.record(.grant, "one") == nil) == withApplications)
        #expect((answer.facts.settling > .zero) == withApplications)
    }

    @Test("changes the name that applications show")
    func rename() async throws {
        try await harness.logIn(browser)
        let page = await browser.get("/oauth2/account")
        #expect(await press(page, ["save": "name", "display_name": "Alice B. & \"i\""]).status == 303)
        #expect(try await harness.store.user(id: harness.user.id)?.displayName == "Alice B. & \"i\"")
        #expect(await browser.get("/oauth2/account").text.contains("Alice B. &amp; &quot;i&quot;"))
        for bad in ["Administrator", "the Support team", "A d m i n", String(repeating: "x", count: 300)] {
            #expect(await press(page, ["save": "name", "display_name": bad]).status == 400, "\(bad)")
        }
        #expect(try await harness.store.user(id: harness.user.id)?.displayName == "Alice B. & \"i\"")
    }

    @Test("a new password needs the old one; others' sessions end, and this one goes on under another secret")
    func password() async throws {
        let other = harness.browser()
        try await harness.logIn(other)
        try await harness.logIn(browser)
        let before = browser[SessionReader.cookieName]
        try await grant("one", scopes: ["orders:read"])
        let page = await browser.get("/oauth2/account/password")
        for (current, new, again, status) in [
            ("wrong", "a quite new password", "a quite new password", 403),
            (LogInHarness.password, "a quite new password", "another new password", 400),
            (LogInHarness.password, "password1234", "password1234", 400),
            (LogInHarness.password, "xx alice has this one", "xx alice has this one", 400),
            (LogInHarness.password, LogInHarness.password, LogInHarness.password, 400),
        ] {
            #expect(await press(page, ["current": current, "new": new, "again": again]).status == status, "\(new)")
        }
        let done = await press(
            page,
            ["current": LogInHarness.password, "new": "a quite new password", "again": "a quite new password"])
        #expect(done.status == 200 && done.facts.event == "password_changed")
        #expect(browser[SessionReader.cookieName] != before)
        #expect(await browser.get("/oauth2/account").status == 200)
        #expect(await other.get("/oauth2/account").status == 303)
        #expect(try await harness.store.record(.session, RandomText.session.key(of: before ?? "")) == nil)
        #expect(try await harness.store.record(.grant, "one") != nil)
        #expect(try await harness.logIn(harness.browser()).status == 403)
        #expect(try await harness.logIn(harness.browser(), password: "a quite new password").status == 303)
    }

    @Test("the session that goes on keeps its id for applications")
    func sid() async throws {
        try await harness.logIn(browser)
        func sids() async throws -> [String] {
            try await harness.store.records(RecordQuery(.session, subject: harness.user.id), most: 10)
                .compactMap(UserSession.init).map(\.sid)
        }
        let before = try await sids()
        let page = await browser.get("/oauth2/account/password")
        _ = await press(
            page,
            ["current": LogInHarness.password, "new": "a quite new password", "again": "a quite new password"])
        #expect(try await sids() == before)
    }
}
