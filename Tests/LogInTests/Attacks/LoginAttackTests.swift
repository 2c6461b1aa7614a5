import HTTP
import Testing
import Texts

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attacks on log-in")
struct LoginAttackTests {
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
    }

    @Test("Attack: session fixation. A session secret that was there before is not taken over, and ends")
    func fixation() async throws {
        let planted = RandomText.session.make(harness.random)
        browser[SessionReader.cookieName] = planted
        try await harness.logIn(browser)
        let first = browser[SessionReader.cookieName]
        #expect(first != planted)
        #expect(try await harness.store.record(.session, RandomText.session.key(of: planted)) == nil)
        try await harness.logIn(browser)
        #expect(browser[SessionReader.cookieName] != first)
        #expect(try await harness.store.record(.session, RandomText.session.key(of: try #require(first))) == nil)
    }

    @Test(
        "Attack: cross-site request forgery. A form that another site sends does nothing",
        arguments: [
            [("sec-fetch-site", "cross-site")], [("sec-fetch-site", "same-site")], [("origin", "https://evil.example")],
            [("origin", "null")],
            [("origin", AuthorizationHarness.issuer + ":8443")],
            [("origin", AuthorizationHarness.issuer), ("sec-fetch-site", "none")],
        ])
    func foreignOrigin(fields: [(String, String)]) async throws {
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        let answer = await browser.send(
            form, ["username": "alice", "password": LogInHarness.password],
            fields: fields.map { (name: $0.0, value: $0.1) })
        #expect(answer.status == 400)
        #expect(answer.all("set-cookie").isEmpty)
        #expect(try await harness.stored(id).user == nil)
    }

    @Test("Attack: cross-site request forgery. Without the token of this form in this browser, a form does nothing")
    func token() async throws {
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        let elsewhere = harness.browser()
        let theirs = try await harness.interaction(for: elsewhere)
        let other = try await harness.interaction(for: browser)
        let tokens = [
            "", "x", form.hidden["form_token"].map { String($0.dropLast()) } ?? "",
            await elsewhere.get("/oauth2/login", "interaction=\(theirs)").hidden["form_token"] ?? "",
            await browser.get("/oauth2/login", "interaction=\(other)").hidden["form_token"] ?? "",
        ]
        for token in tokens {
            // A browser that says nothing of where a form comes from: the token alone decides.
            let answer = await browser.send(
                form, ["username": "alice", "password": LogInHarness.password, "form_token": token], fields: [])
            #expect(answer.status == 400, "\(token)")
        }
        #expect(
            await browser.send(form, ["username": "alice", "password": LogInHarness.password], fields: []).status == 303
        )
    }

    @Test("Attack: cross-site request forgery. A token of the log-in form opens no consent, and log-out needs its own")
    func purposes() async throws {
        try await harness.logIn(browser)
        let id = try await harness.interaction(for: browser, user: harness.user.id)
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        let token = login.hidden["form_token"] ?? ""
        #expect(
            await browser.post("/oauth2/consent", "interaction=\(id)&decision=allow&form_token=\(token)").status == 400)
        #expect(await browser.post("/oauth2/logout", "form_token=\(token)").status == 400)
        // Without one it is an application's request, which only asks.
        #expect(await browser.post("/oauth2/logout", "").location == "/oauth2/logout")
        #expect(try await harness.store.records(RecordQuery(.session), most: 9).count == 1)
        #expect(try await harness.stored(id).consent == nil)
    }

    @Test("Attack: log-in forgery. Somebody else's log-in cannot be finished in this browser")
    func loginForgery() async throws {
        let attacker = harness.browser(address: "203.0.113.9")
        let id = try await harness.interaction(for: attacker)
        let form = await attacker.get("/oauth2/login", "interaction=\(id)")
        #expect(await browser.send(form, ["username": "alice", "password": LogInHarness.password]).status == 400)
        #expect(browser[SessionReader.cookieName] == nil)
    }

    @Test("AS-016 Attack: guessing a password. After ten attempts it takes a minute, for unknown names, too")
    func guessing() async throws {
        for name in ["alice", "nobody"] {
            for _ in 0..<10 {
                #expect(try await harness.logIn(browser, name: name, password: "wrong password").status == 403)
            }
            let limited = try await harness.logIn(browser, name: name)
            #expect(limited.status == 429)
            #expect(limited.text.contains(LoginText.tooManyAttempts.sentence.english))
            #expect(limited.facts.event == "login_braked")
            #expect(
                try await harness.logIn(browser, name: name, password: "wrong password", now: newYear2026 + 6).status
                    == 403)
        }
    }

    @Test("AS-016 Attack: locking somebody out. Wrong passwords from elsewhere do not keep the owner out")
    func lockout() async throws {
        let attacker = harness.browser(address: "203.0.113.9")
        for _ in 0..<30 { try await harness.logIn(attacker, password: "wrong password") }
        #expect(try await harness.logIn(browser).status == 303)
    }

    @Test(
        "AS-016 Attack: locking somebody out from a thousand addresses. A browser that is known still gets in, and guesses no more than others"
    )
    func distributed() async throws {
        try await harness.logIn(browser)
        for index in 0..<110 {
            let answer = try await harness.logIn(
                harness.browser(address: "203.0.113.\(index)"), password: "wrong password", now: newYear2026 + 1)
            #expect(answer.status == (index < 100 ? 403 : 429))
        }
        #expect(try await harness.logIn(harness.browser(address: "198.51.100.1"), now: newYear2026 + 1).status == 429)
        #expect(try await harness.logIn(browser, now: newYear2026 + 1).status == 303)
        for _ in 0..<10 {
            #expect(try await harness.logIn(browser, password: "wrong password", now: newYear2026 + 1).status == 403)
        }
        #expect(try await harness.logIn(browser, now: newYear2026 + 1).status == 429)
    }

    @Test(
        "AS-016 Attack: locking somebody out from behind the same address. A browser that is known still gets in, another one waits"
    )
    func sameAddress() async throws {
        try await harness.logIn(browser)
        let attacker = harness.browser()
        for index in 0..<60 {
            try await harness.logIn(attacker, name: index < 20 ? "alice" : "user\(index)", password: "wrong password")
        }
        #expect(try await harness.logIn(harness.browser()).status == 429)
        #expect(try await harness.logIn(browser).status == 303)
        // Its own failures are its own.
        for _ in 0..<10 { #expect(try await harness.logIn(browser, password: "wrong password").status == 403) }
        #expect(try await harness.logIn(browser).status == 429)
    }

    @Test("AS-016 Attack: many addresses of one subscriber. A /64 has one count")
    func block() async throws {
        for index in 0..<10 {
            let attacker = harness.browser(address: "2001:db8:1:2::\(index)")
            #expect(try await harness.logIn(attacker, password: "wrong password").status == 403)
        }
        #expect(try await harness.logIn(harness.browser(address: "2001:db8:1:2:ffff::1")).status == 429)
        #expect(try await harness.logIn(harness.browser(address: "2001:db8:1:3::1")).status == 303)
    }

    @Test("AS-016 only failures are counted: a password that nobody could look at is none", arguments: [nil, "nonce"])
    func notLookedAt(known: String?) {
        let limiter = LoginAttemptLimiter()
        let attempt = LoginAttemptLimiter.Attempt(name: "alice", address: "192.0.2.1", knownBrowser: known)
        for _ in 0..<100 {
            #expect(limiter.allows(attempt, now: newYear2026))
            limiter.takeBack(attempt)
        }
        for _ in 0..<10 { #expect(limiter.allows(attempt, now: newYear2026)) }
        #expect(!limiter.allows(attempt, now: newYear2026))
    }

    @Test("AS-016 Attack: passing for a known browser. The cookie counts for its own name only, and cannot be made")
    func forgedBrowser() async throws {
        try await harness.logIn(browser)
        let cookie = try #require(browser[KnownBrowser.cookieName])
        let pepper = try #require(SecretPepper(octets: [UInt8](repeating: 7, count: 32)))
        let alice = try #require(try await harness.store.user(name: "alice"))
        let bob = try await harness.directory.add(
            name: "bob", password: "another long password", now: newYear2026, random: harness.random)
        func known(_ value: String, _ user: StoredUser) -> Bool {
            KnownBrowser.read(
                ServiceRequest(method: "GET", path: "/", fields: [("cookie", "\(KnownBrowser.cookieName)=\(value)")]),
                user, pepper)
                != nil
        }
        #expect(known(cookie, alice))
        #expect(!known(cookie, bob))
        try await harness.change(alice, .init(password: "a quite new password", keepsGrants: true))
        #expect(!known(cookie, try #require(try await harness.store.user(name: "alice"))))
        #expect(!known(String(cookie.dropLast()) + (cookie.hasSuffix("A") ? "B" : "A"), alice))
        #expect(
            !known(
                RandomText.knownBrowser.make(harness.random) + "." + RandomText.knownBrowser.make(harness.random),
                alice))
        #expect(!known("", alice))
    }

    @Test(
        "AS-016 Attack: one password for many names. An address may fail fifty times, and its own log-ins do not wipe that out"
    )
    func spraying() async throws {
        _ = try await harness.directory.add(
            name: "mallory", password: "a password of mine", now: newYear2026, random: harness.random)
        var looked = 0
        for index in 0..<80 {
            if try await harness.logIn(browser, name: "user\(index)", password: "Spring2026!!").status == 403 {
                looked += 1
            }
            if index % 10 == 0 { try await harness.logIn(browser, name: "mallory", password: "a password of mine") }
        }
        #expect(looked == 50)
    }
}
