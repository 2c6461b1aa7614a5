import HTTP
import JSON
import Policy
import Testing
import Texts

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Languages of the pages")
struct PageLanguageTests {
    @Test("a browser that wants German is shown German, from the log-in to the log-out")
    func german() async throws {
        let harness = try await LogInHarness()
        try await harness.register(
            "bank", name: "Bank", metadata: ["client_name#de": "Sparkasse", "client_name#fr": "Banque"])
        let browser = harness.browser(languages: "it, de-CH;q=0.7, en;q=0.5")
        let id = try await harness.interaction(for: browser, client: "bank")
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        for text in [
            "<html lang=\"de\">", "<h1>Anmelden</h1>", "Weiter zu <strong>Sparkasse</strong>", ">Benutzername</label>",
        ] {
            #expect(login.text.contains(text), "\(text)")
        }
        #expect(login.field("content-language") == "de")
        #expect(login.field("vary") == "Accept-Language")
        let wrong = await browser.send(login, ["username": "alice", "password": "not the password"])
        #expect(wrong.text.contains(LoginText.failed.sentence.german))
        #expect(wrong.text.contains("<title>Problem: Anmelden</title>"))
        let answer = await browser.send(login, ["username": "alice", "password": LogInHarness.password])
        #expect(answer.status == 303)
        let consent = await browser.get("/oauth2/consent", "interaction=\(id)")
        for text in [
            "<strong>Sparkasse</strong> möchte in Ihrem Namen handeln, <strong>Alice A. (alice)</strong>:",
            "Wissen, wer Sie hier sind", "Ihre Bestellungen lesen",
            "Danach kehren Sie zu <strong>shop.example</strong> zurück.",
            ">Erlauben</button>", ">Ablehnen</button>", ConsentText.resourcesHint.sentence.german,
        ] { #expect(consent.text.contains(text), "\(text)") }
        let logout = await browser.get("/oauth2/logout")
        #expect(logout.text.contains("Sie sind angemeldet als <strong>Alice A. (alice)</strong>."))
        #expect(await browser.send(logout).text.contains("<h1>Abgemeldet</h1>"))
        #expect(await browser.get("/oauth2/device").text.contains("<h1>Gerät verbinden</h1>"))
        #expect(
            await browser.get("/oauth2/login", "interaction=x").text.contains("<h1>Diese Seite ist abgelaufen</h1>"))
        #expect(await browser.get("/oauth2/authorize").text.contains(ErrorText.badRequestTitle.sentence.german))
    }

    @Test("ui_locales of the client's request counts before the browser, on every page of the log-in")
    func uiLocales() async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser(languages: "en")
        let id = try await harness.interaction(for: browser, request: ["ui_locales": "de en"])
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(login.field("content-language") == "de")
        let answer = await browser.send(login, ["username": "alice", "password": LogInHarness.password])
        #expect(answer.status == 303)
        #expect(await browser.get("/oauth2/consent", "interaction=\(id)").field("content-language") == "de")
        let logout = await browser.get("/oauth2/logout", "ui_locales=de")
        #expect(logout.field("content-language") == "de")
        #expect(await browser.send(logout).field("content-language") == "de")
    }

    @Test("a language that comes with a file is shown, and what it does not say is English")
    func file() async throws {
        var logIn = LogInSettings()
        let french = Language(tag: "fr", texts: ["login": ["title": "Connexion"]])
        logIn.pages.languages = Languages(others: [french])
        let harness = try await LogInHarness(logIn: logIn)
        let browser = harness.browser(languages: "fr")
        let id = try await harness.interaction(for: browser)
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(login.text.contains("<h1>Connexion</h1>") && login.text.contains(">Password</label>"))
        // What the operator says in no such language is said in the first one.
        let answer = await browser.send(login, ["username": "alice", "password": LogInHarness.password])
        #expect(answer.status == 303)
        #expect(await browser.get("/oauth2/consent", "interaction=\(id)").text.contains("Read your orders"))
        let metadata = try JSON.parse(Array(await browser.get("/.well-known/openid-configuration").text.utf8))
        #expect(metadata.object?["ui_locales_supported"] == ["en", "de", "fr"])
    }
}
