import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Consent")
struct ConsentTests {
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
        try await harness.logIn(browser)
    }

    private func page(_ request: JSONObject = [:], client: String = "shop") async throws -> (id: String, page: Shown) {
        let id = try await harness.interaction(for: browser, client: client, request: request, user: harness.user.id)
        return (id, await browser.get("/oauth2/consent", "interaction=\(id)"))
    }

    @Test("the page says who asks, for what, for whom, and where it leads")
    func content() async throws {
        let page = try await page([
            "scope": "openid orders:read orders:write",
            "authorization_details": [["type": "payment", "amount": "1<2"]],
        ]).page
        #expect(page.status == 200)
        for text in [
            "<strong>Shop</strong>", "Alice A. (alice)", "Know who you are here", "Read your orders",
            "<li>orders:write</li>",
            "<strong>shop.example</strong>",
            "<code>https://api.example.com</code>", "payment", "1&lt;2",
        ] { #expect(page.text.contains(text), "\(text)") }
        #expect(page.field("content-security-policy")?.contains("form-action 'self' https://shop.example;") == true)
    }

    @Test("of an application that registered itself it is said that nobody has checked it")
    func stranger() async throws {
        #expect(!(try await page().page.text.contains("Nobody has checked")))
        try await harness.register("stranger", name: "Your Bank") { $0.openUntil = newYear2026 + 600 }
        let page = try await page(client: "stranger").page
        #expect(page.text.contains("<strong>Your Bank</strong>"))
        #expect(page.text.contains("Nobody has checked who this application is"))
    }

    @Test("AS-022 AS-038 a client's name is text, whatever it is")
    func hostileName() async throws {
        try await harness.register("evil", name: "<b onclick=\"x\">Bank\u{202E}</b>\"\u{301}")
        let page = try await page(client: "evil").page
        #expect(!page.text.contains("<b onclick"))
        #expect(page.text.contains("&lt;b onclick=&quot;x&quot;&gt;Bank&lt;/b&gt;"))
        #expect(page.field("x-frame-options") == "DENY")
    }

    @Test(
        "AS-039 the answer is noted, and leads back with 303",
        arguments: [("allow", Interaction.Consent.given), ("deny", .refused)])
    func answer(button: String, consent: Interaction.Consent) async throws {
        let (id, form) = try await page()
        let answer = await browser.send(form, ["decision": button])
        #expect(answer.status == 303)
        #expect(answer.location == "/oauth2/authorize?interaction=\(id)")
        #expect(try await harness.stored(id).consent == consent)
        #expect(answer.facts.event == "consent_" + (button == "allow" ? "given" : "refused"))
        #expect(answer.facts.client == "shop")
    }

    @Test("no button, or another one, is no answer", arguments: [[:], ["decision": "yes"], ["decision": "ALLOW"]])
    func noAnswer(values: [String: String]) async throws {
        let (id, form) = try await page()
        #expect(await browser.send(form, values).status == 400)
        #expect(try await harness.stored(id).consent == nil)
    }

    @Test("nobody agrees for somebody else: without the session of the one who is asked, the log-in comes first")
    func otherPerson() async throws {
        let (id, form) = try await page()
        _ = try await harness.directory.add(
            name: "bob", password: "another long password", now: newYear2026, random: harness.random)
        try await harness.logIn(browser, name: "bob", password: "another long password")
        for answer in [
            await browser.get("/oauth2/consent", "interaction=\(id)"), await browser.send(form, ["decision": "allow"]),
        ] {
            #expect(answer.status == 303)
            #expect(answer.location == "/oauth2/login?interaction=\(id)")
        }
        #expect(try await harness.stored(id).consent == nil)
    }

    @Test("who logs in anew is asked anew")
    func loginResetsConsent() async throws {
        let (id, form) = try await page()
        _ = await browser.send(form, ["decision": "allow"])
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        _ = await browser.send(login, ["username": "alice", "password": LogInHarness.password])
        #expect(try await harness.stored(id).consent == nil)
    }
}
