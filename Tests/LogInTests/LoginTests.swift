import Foundation
import HTTP
import JSON
import Testing
import Texts

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Log-in")
struct LoginTests {
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
    }

    @Test(
        "AS-039 the right password leads back to the authorization endpoint with 303, and says when and how somebody logged in"
    )
    func success() async throws {
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(form.status == 200)
        #expect(form.text.contains("to continue to <strong>Shop</strong>"))
        #expect(form.field("content-security-policy")?.contains("form-action 'self' https://shop.example;") == true)
        let answer = await browser.send(form, ["username": " ALICE ", "password": LogInHarness.password])
        #expect(answer.status == 303)
        #expect(answer.location == "/oauth2/authorize?interaction=\(id)")
        #expect(answer.text.isEmpty)
        #expect(answer.facts.subject == harness.user.id)
        #expect(answer.facts.event == "login")
        let interaction = try await harness.stored(id)
        let authentication = UserAuthentication(time: newYear2026, acr: "pwd", methods: ["pwd"])
        #expect(interaction.user == AuthenticatedUser(id: harness.user.id, authentication))
    }

    @Test("cookies of pages belong to this host alone, over TLS, and no script reads them")
    func cookieAttributes() async throws {
        let answer = try await harness.logIn(browser)
        let cookies = answer.all("set-cookie")
        #expect(cookies.count == 2)
        for cookie in cookies {
            #expect(cookie.hasPrefix("__Host-"))
            #expect(cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"))
            #expect(!cookie.lowercased().contains("domain"))
        }
    }

    @Test("AS-124 a session's secret is stored as its digest only")
    func digestOnly() async throws {
        try await harness.logIn(browser)
        let secret = try #require(browser[SessionReader.cookieName])
        #expect(RandomText.session.isWellFormed(secret))
        #expect(try await harness.store.record(.session, secret) == nil)
        #expect(try await harness.store.record(.session, RandomText.session.key(of: secret)) != nil)
    }

    @Test("AS-041 an unknown name, a wrong password and a disabled account get the same page")
    func indistinguishable() async throws {
        let carol = try await harness.directory.add(
            name: "carol", password: "a long enough one", now: newYear2026, random: harness.random)
        try await harness.change(carol, .init(isDisabled: true))
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        var pages: Set<String> = []
        for (name, password) in [
            ("alice", "wrong password"), ("nobody", "wrong password"), ("carol", "a long enough one"),
            ("a b", "wrong password"),
        ] {
            let answer = await browser.send(form, ["username": name, "password": password])
            #expect(answer.status == 403)
            #expect(answer.all("set-cookie").isEmpty)
            #expect(answer.facts.event == "login_failed")
            #expect(!answer.text.contains(password))
            pages.insert(answer.text.replacing("value=\"\(name)\"", with: ""))
        }
        #expect(pages.count == 1)
        #expect(pages.first?.contains(LoginText.failed.sentence.english) == true)
        #expect(try await harness.stored(id).user == nil)
    }

    @Test("AS-041 without an account the same hash is computed")
    func sameWork() async throws {
        let hasher = PasswordHasher(
            atOnce: 1, parameters: PasswordHash.Parameters(costLog2: 14, blockSize: 8, parallelism: 1))
        let hash = try await hasher.hash(LogInHarness.password, random: harness.random)
        let clock = ContinuousClock()
        let begun = clock.now
        #expect(try await !hasher.verify("wrong", hash))
        let between = clock.now
        #expect(try await !hasher.verify("wrong", nil))
        let (wrong, unknown) = (between - begun, clock.now - between)
        // Hundreds of times the work of nothing, whatever else the machine does.
        #expect(unknown > wrong / 20)
        #expect(unknown > .milliseconds(1))
    }

    @Test(
        "a page without what is under way, or in another browser, or too late, is an error page",
        arguments: ["", "interaction=x", "interaction=ID"])
    func noInteraction(query: String) async throws {
        let id = try await harness.interaction(for: browser)
        let elsewhere = harness.browser()
        #expect(await elsewhere.get("/oauth2/login", query.replacing("ID", with: id)).status == 400)
        #expect(await browser.get("/oauth2/login", "interaction=\(id)", now: newYear2026 + 1_800).status == 400)
        #expect(await browser.get("/oauth2/login", "interaction=\(id)").status == 200)
    }

    @Test("a log-in that costs less than is usual now is computed anew")
    func upgraded() async throws {
        var user = harness.user
        user.passwordHash = try #require(
            PasswordHash.of(
                LogInHarness.password, parameters: PasswordHash.Parameters(costLog2: 2, blockSize: 8, parallelism: 1),
                salt: [UInt8](0..<16))
        ).text
        _ = try await harness.store.commit([.replace(user.record)], now: newYear2026)
        #expect(try await harness.logIn(browser).status == 303)
        let stored = try #require(
            try await harness.store.user(id: user.id)?.passwordHash.flatMap(PasswordHash.init(text:)))
        #expect(stored.parameters == LogInHarness.cheap)
        #expect(try await harness.logIn(browser).status == 303)
    }

    @Test("a password that is longer than any can be is wrong, not cut")
    func long() async throws {
        let password = (0..<64).map { String(format: "%04d", $0 * 37) }.joined()
        try await harness.change(harness.user, .init(password: password))
        #expect(try await harness.logIn(browser, password: password + "x").status == 403)
        #expect(try await harness.logIn(browser, password: String(password.dropLast())).status == 403)
        #expect(try await harness.logIn(browser, password: password).status == 303)
    }

    @Test("what the application hints at is filled in, as text")
    func hint() async throws {
        let id = try await harness.interaction(for: browser, request: ["login_hint": "\"><script>"])
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(form.text.contains("value=\"&quot;&gt;&lt;script&gt;\""))
    }

    @Test("while the store cannot say, the page says so with 503")
    func storeFails() async throws {
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        harness.store.fail(true)
        for page in [
            await browser.get("/oauth2/login", "interaction=\(id)"),
            await browser.send(form, ["username": "alice", "password": "x"]),
        ] {
            #expect(page.status == 503)
            #expect(page.field("retry-after") == "10")
        }
    }

    @Test("a form with a password in the address is refused")
    func passwordInQuery() async throws {
        let id = try await harness.interaction(for: browser)
        let answer = await browser.get("/oauth2/login", "interaction=\(id)&password=x&password=y")
        #expect(answer.status == 400)
    }

    @Test(
        "the origin of a form is the issuer's as browsers write it: lower case, without the port of https",
        arguments: [
            ("https://Login.Example.COM", "https://login.example.com"),
            ("https://login.example.com:443/tenant", "https://login.example.com"),
            ("https://Login.example.com:8443", "https://login.example.com:8443"),
        ])
    func origin(issuer: String, origin: String) async throws {
        let harness = try await LogInHarness(issuer: issuer)
        let browser = harness.browser()
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        let answer = await browser.send(
            form, ["username": "alice", "password": LogInHarness.password],
            fields: [("origin", origin), ("sec-fetch-site", "same-origin")])
        #expect(answer.status == 303)
    }

    @Test("a damaged interaction is neither there nor over: the pages and the endpoint answer 503")
    func damaged() async throws {
        let id = try await harness.interaction(for: browser)
        var record = try await harness.stored(id).record
        record.body["more"] = true
        #expect(try await harness.store.commit([.replace(record)], now: newYear2026))
        for path in ["/oauth2/login", "/oauth2/consent", "/oauth2/authorize"] {
            #expect(await browser.get(path, "interaction=\(id)").status == 503, "\(path)")
        }
    }
}
