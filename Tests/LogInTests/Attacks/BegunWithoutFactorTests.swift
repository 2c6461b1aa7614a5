import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

/// Everything that waits, against a factor that is set up meanwhile.
@Suite("Attack: what was begun by the password alone goes on beside a second factor")
struct BegunWithoutFactorTests {
    enum Begun: CaseIterable {
        /// Asked for in a session without the factor, and in another mailbox.
        case emailLink, resetLink
        /// In another browser.
        case session, loggedInInteraction, consentPage, halfDoneLogIn
        case code, deviceApproval
    }

    private static func factors(_ mode: SecondFactorSettings.Mode = .optional) async throws -> (Factors, RememberedMail)
    {
        let mail = try RememberedMail()
        return (try await Factors(mode, mail: mail), mail)
    }

    private static func setUp(_ factors: Factors, in browser: Browser) async throws {
        let form = await browser.get(Factors.listPath, "set_up=totp")
        let secret = try #require(form.hidden["secret"].flatMap(TimeBasedCode.octets(base32:)))
        let done = await browser.send(
            form, ["do": "add_app", "code": TimeBasedCode.code(step: newYear2026 / 30, secret: secret)])
        #expect(done.status == 200 && done.facts.event == "factor_added")
        #expect(try await factors.session(browser)?.authentication.acr == "mfa")
    }

    @Test(
        "it has ended when the factor is there; the browser in which it was set up goes on", arguments: Begun.allCases)
    func ends(_ begun: Begun) async throws {
        let (factors, mail) = try await Self.factors()
        let harness = factors.harness
        let (own, other) = (harness.browser(), harness.browser())
        try await harness.logIn(own)
        try await harness.logIn(other)
        let alice = UserAuthentication(time: newYear2026, acr: "pwd", methods: ["pwd"])
        var check: () async throws -> Bool
        switch begun {
        case .emailLink:
            let form = await other.get("/oauth2/account/email")
            #expect(await other.send(form, ["email": "evil@mail.example"]).status == 303)
            let link = try #require(try await mail.sent(now: newYear2026).first?.link)
            check = { await own.get(link.path, link.query).status == 200 }
        case .resetLink:
            let made = try await harness.administration.addLink(
                harness.user.id, .reset, now: newYear2026, random: harness.random)
            let query = String(made.value.url.drop { $0 != "?" }.dropFirst())
            check = { await own.get("/oauth2/account/link", query).status == 200 }
        case .session: check = { await other.get("/oauth2/account").status == 200 }
        case .loggedInInteraction:
            let id = try await harness.interaction(for: other, user: harness.user.id)
            check = { await other.get("/oauth2/authorize", "interaction=\(id)").status == 303 }
        case .consentPage:
            let id = try await harness.interaction(for: other, user: harness.user.id)
            let page = await other.get("/oauth2/consent", "interaction=\(id)")
            #expect(page.status == 200)
            check = { await other.send(page, ["decision": "allow"]).status == 303 }
        case .halfDoneLogIn:
            var interaction = try await harness.stored(try await harness.interaction(for: other))
            interaction.pass(FirstFactor(harness.user, alice, now: newYear2026))
            #expect(try await harness.store.commit([.replace(interaction.record)], now: newYear2026))
            let query = "interaction=\(interaction.id)"
            check = { await other.get(Factors.factorPath, query).status == 200 }
        case .code, .deviceApproval:
            let kind: RecordKind = begun == .code ? .authorizationCode : .deviceCode
            let record = StoredRecord(
                kind, "waits", expiresAt: newYear2026 + 60, client: "shop", subject: harness.user.id, body: [:])
            #expect(try await harness.store.commit([.insert(record)], now: newYear2026))
            check = { try await harness.store.record(kind, "waits") != nil }
        }
        #expect(try await check(), "it counts until then")
        try await Self.setUp(factors, in: own)
        #expect(try await !check())
        #expect(await own.get("/oauth2/account").status == 200)
    }

    @Test("an address that was asked for stays another's, and the link says no more")
    func address() async throws {
        let (factors, mail) = try await Self.factors()
        let browser = factors.harness.browser()
        try await factors.harness.logIn(browser)
        let form = await browser.get("/oauth2/account/email")
        #expect(await browser.send(form, ["email": "evil@mail.example"]).status == 303)
        let link = try #require(try await mail.sent(now: newYear2026).first?.link)
        let page = await browser.get(link.path, link.query)
        try await Self.setUp(factors, in: browser)
        #expect(await browser.send(page).facts.event == "link_refused")
        #expect(try await factors.user.email == nil)
    }

    @Test("a link that is made afterwards takes a session with the factor")
    func lacking() async throws {
        let (factors, _) = try await Self.factors()
        let browser = factors.harness.browser()
        try await factors.harness.logIn(browser)
        // As an earlier version left it behind, which ended no session.
        try await factors.addApp()
        let secret = RandomText.accountLink.make(factors.harness.random)
        let link = AccountLink(
            secret: secret, .email, userID: factors.harness.user.id, email: "evil@mail.example",
            expiresAt: newYear2026 + 600)
        #expect(try await factors.harness.store.commit([.insert(link.record)], now: newYear2026))
        let page = await browser.get("/oauth2/account/link", "link=\(secret)")
        #expect(page.text.contains("Log in to your account") && page.action.isEmpty)
    }

    @Test("where a log-in sets the factor up, that log-in goes on and nothing else does")
    func inLogIn() async throws {
        let (factors, _) = try await Self.factors(.required)
        let (own, other) = (factors.harness.browser(), factors.harness.browser())
        let waiting = try await factors.afterPassword(other)
        let page = try await factors.afterPassword(own)
        let form = await own.get(
            Factors.factorPath, (page.hidden["interaction"].map { "interaction=\($0)" } ?? "") + "&set_up=totp")
        let secret = try #require(form.hidden["secret"].flatMap(TimeBasedCode.octets(base32:)))
        let done = await own.send(
            form, ["do": "add_app", "code": TimeBasedCode.code(step: newYear2026 / 30, secret: secret)])
        #expect(done.status == 200 && done.facts.event == "factor_added")
        #expect(try await factors.session(own)?.authentication.acr == "mfa")
        let id = try #require(page.hidden["interaction"])
        #expect(await own.get("/oauth2/authorize", "interaction=\(id)").location?.hasPrefix("/oauth2/consent") == true)
        #expect(await other.send(waiting, ["do": "add_app"]).status == 400)
    }

    @Test("another factor ends the links, and no browser")
    func second() async throws {
        let (factors, _) = try await Self.factors()
        _ = try await factors.addPasskey()
        try await factors.addApp()
        let browsers = [factors.harness.browser(), factors.harness.browser()]
        for (browser, now) in zip(browsers, [newYear2026, newYear2026 + 60]) {
            let page = try await factors.afterPassword(browser, now: now)
            #expect(await browser.send(page, ["code": factors.code(now)], now: now).status == 303)
        }
        _ = try await factors.harness.administration.addLink(
            factors.harness.user.id, .reset, now: newYear2026, random: factors.harness.random)
        let list = await browsers[0].get(Factors.listPath)
        let authenticator = try SoftwareAuthenticator(origin: AuthorizationHarness.issuer, credentialID: [9])
        let sent = await browsers[0].send(
            list, ["passkey": authenticator.registration(challenge: list.challenge), "label": "Key"])
        #expect(sent.facts.event == "factor_added")
        #expect(try await factors.session(browsers[1]) != nil)
        #expect(try await factors.harness.store.records(RecordQuery(.accountLink), most: 9).isEmpty)
    }

    @Test("another address by an operator's hand ends the links that lie in the mailbox of before")
    func otherAddress() async throws {
        let (factors, _) = try await Self.factors()
        _ = try await factors.harness.administration.addLink(
            factors.harness.user.id, .reset, now: newYear2026, random: factors.harness.random)
        var change = Administration.UserChange()
        change.email = .some("new@mail.example")
        try await factors.harness.change(factors.harness.user, change)
        #expect(try await factors.harness.store.records(RecordQuery(.accountLink), most: 9).isEmpty)
    }
}
