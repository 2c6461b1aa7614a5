import HTTP
import Octets
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attacks on accounts")
struct AccountAttackTests {
    private static let new = "a quite new password"

    @Test(
        "Attack: a form of another site, or of another browser, changes nothing",
        arguments: ["/oauth2/account", "/oauth2/account/password"])
    func forgery(path: String) async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        try await harness.logIn(browser)
        let page = await browser.get(path)
        let values = [
            "everywhere": "end", "current": LogInHarness.password, "new": Self.new, "again": Self.new,
        ]
        let elsewhere = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]
        #expect(await browser.send(page, values, fields: elsewhere).status == 400)
        #expect(await browser.send(page, values.merging(["form_token": ""]) { $1 }).status == 400)
        let mallory = harness.browser()
        let token = await mallory.get("/oauth2/login").hidden["form_token"] ?? "AAAA"
        #expect(await browser.send(page, values.merging(["form_token": token]) { $1 }).status == 400)
        #expect(await browser.get("/oauth2/account").status == 200)
        #expect(try await harness.logIn(harness.browser()).status == 303)
    }

    @Test("Attack: guessing the password in a browser that somebody left open takes as long as at the log-in page")
    func guessing() async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        try await harness.logIn(browser)
        let page = await browser.get("/oauth2/account/password")
        var statuses: [Int] = []
        for index in 0..<12 {
            statuses.append(
                await browser.send(page, ["current": "guess \(index)", "new": Self.new, "again": Self.new]).status)
        }
        #expect(statuses == Array(repeating: 403, count: 10) + [429, 429])
    }

    @Test("Attack: one user's page ends or takes away nothing of another's")
    func others() async throws {
        let harness = try await LogInHarness()
        let bob = try await harness.directory.add(
            name: "bob", password: "another long password", now: newYear2026, random: harness.random)
        let his = harness.browser()
        try await harness.logIn(his, name: "bob", password: "another long password")
        let session = try #require(
            try await harness.store.records(RecordQuery(.session, subject: bob.id), most: 1).first.flatMap(
                UserSession.init))
        let grant = Grant(
            id: "bobs", clientID: "shop", subject: bob.id, scopes: [], resources: [], createdAt: newYear2026,
            expiresAt: newYear2026 + 1_000)
        _ = try await harness.store.commit([.insert(grant.record)], now: newYear2026)
        let browser = harness.browser()
        try await harness.logIn(browser)
        let page = await browser.get("/oauth2/account")
        #expect(!page.text.contains(session.sid))
        _ = await browser.send(page, ["end": session.sid])
        _ = await browser.send(page, ["revoke": "shop"])
        #expect(await his.get("/oauth2/account").status == 200)
        #expect(try await harness.store.record(.grant, "bobs") != nil)
    }

    // MARK: Mail

    private func asks(_ harness: LogInHarness, _ who: String, address: String = "192.0.2.9", path: String = "forgotten")
        async -> AuthorizationTesting.Shown
    {
        let browser = harness.browser(address: address)
        let page = await browser.get("/oauth2/account/" + path)
        return await browser.send(page, ["who": who])
    }

    @Test(
        "Attack: asking for mail to find out who has an account. The answer is the same, and nothing was done for it yet"
    )
    func enumeration() async throws {
        let mail = try RememberedMail(perRecipient: 100, perAddress: 100)
        let harness = try await LogInHarness(mail: mail)
        _ = try await harness.directory.add(
            name: "bob", password: "another long password", email: "bob@mail.example", now: newYear2026,
            random: harness.random)
        var texts: Set<String> = []
        for who in ["bob", "bob@mail.example", "nobody", "nobody@mail.example", "alice"] {
            let reads = harness.store.reads
            let answer = await asks(harness, who)
            #expect(answer.status == 200 && answer.facts.event == "mail_asked")
            #expect(harness.store.reads == reads, "nothing was looked up for \(who)")
            texts.insert(answer.text)
        }
        #expect(texts.count == 1)
        #expect(mail.waitingCount == 5)
        let sent = try await mail.sent(now: newYear2026)
        #expect(sent.map(\.to.text) == ["bob@mail.example", "bob@mail.example"])
    }

    @Test(
        "Attack: flooding a mailbox, or sending from one address to many. Each has its count, whether there is an account"
    )
    func flooding() async throws {
        let mail = try RememberedMail(perRecipient: 2, perAddress: 4)
        let harness = try await LogInHarness(mail: mail)
        var statuses: [Int] = []
        for index in 0..<4 { statuses.append(await asks(harness, "Nobody", address: "192.0.2.\(index)").status) }
        #expect(statuses == [200, 200, 429, 429])
        statuses = []
        for index in 0..<6 {
            statuses.append(await asks(harness, "user\(index)", address: "2001:db8::\(index)").status)
        }
        #expect(statuses == [200, 200, 200, 200, 429, 429])
    }

    @Test("Attack: asking again and again does not take away the link that the user is about to open")
    func displacing() async throws {
        let mail = try RememberedMail(perRecipient: 100, perAddress: 100)
        let harness = try await LogInHarness(mail: mail)
        _ = try await harness.directory.add(
            name: "bob", password: "another long password", email: "bob@mail.example", now: newYear2026,
            random: harness.random)
        for _ in 0..<2 { _ = await asks(harness, "bob") }
        let links = try await mail.sent(now: newYear2026).compactMap(\.link)
        #expect(links.count == 2)
        for link in links { #expect(await harness.browser().get(link.path, link.query).status == 200) }
        for _ in 0..<9 { _ = await asks(harness, "bob") }
        _ = try await mail.sent(now: newYear2026)
        #expect(
            try await harness.store.records(RecordQuery(.accountLink), most: 99).count == AccountLink.perUser)
    }

    @Test(
        "Attack: letting a victim verify the attacker's account. A link to a new address counts for its own user only")
    func wrongMailbox() async throws {
        let mail = try RememberedMail()
        let harness = try await LogInHarness(mail: mail)
        let browser = harness.browser()
        try await harness.logIn(browser)
        let form = await browser.get("/oauth2/account/email")
        #expect(await browser.send(form, ["email": "victim@mail.example"]).status == 303)
        let link = try #require(try await mail.sent(now: newYear2026).first?.link)
        let victim = harness.browser()
        let shown = await victim.get(link.path, link.query)
        #expect(shown.text.contains("Log in to your account") && shown.action.isEmpty)
        #expect(try await harness.store.user(id: harness.user.id)?.email == nil)
        let own = await browser.get(link.path, link.query)
        #expect(await browser.send(own).facts.event == "email_changed")
        let user = try await harness.store.user(id: harness.user.id)
        #expect(user?.email == "victim@mail.example" && user?.isEmailVerified == true)
    }

    @Test("Attack: a browser that was left open changes no address: the log-in must be of a moment ago")
    func stale() async throws {
        let harness = try await LogInHarness(mail: try RememberedMail())
        let browser = harness.browser()
        try await harness.logIn(browser)
        #expect(await browser.get("/oauth2/account/email", now: newYear2026 + 600).status == 200)
        #expect(await browser.get("/oauth2/account/email", now: newYear2026 + 601).status == 303)
        let form = await browser.get("/oauth2/account/email")
        #expect(await browser.send(form, ["email": "a@mail.example"], now: newYear2026 + 601).status == 303)
    }

    @Test("Attack: a session by the password alone, of before a factor was set up, gives the account another address")
    func withoutFactor() async throws {
        let mail = try RememberedMail()
        let harness = try await LogInHarness(mail: mail)
        let browser = harness.browser()
        try await harness.logIn(browser)
        let form = await browser.get("/oauth2/account/email")
        let secret = try StoredCodeSecret(
            Factors.secret, of: harness.user.id, lastStep: nil, seal: nil, random: harness.random)
        let app = StoredFactor(of: harness.user.id, .totp(secret), label: "", createdAt: newYear2026)
        #expect(try await harness.store.commit([.insert(app.record)], now: newYear2026))
        let sent = await browser.send(form, ["email": "a@mail.example"])
        #expect(sent.status == 303 && sent.location?.hasPrefix("/oauth2/login?interaction=") == true)
        #expect(try await mail.sent(now: newYear2026).isEmpty)
    }

    @Test(
        "Attack: what is no plain mailbox gets no mail",
        arguments: [
            "a@b.example\r\nBcc: c@d.example", "a b@c.example", "\"a\"@b.example", "a@b", "a@[127.0.0.1]",
            "<a@b.example>", "a@b.example,c@d.example", "a@-b.example", "ä@b.example",
        ])
    func badAddress(text: String) async throws {
        var logIn = LogInSettings()
        logIn.signUp = SignUpSettings(domains: ["b.example"])
        let mail = try RememberedMail()
        let harness = try await LogInHarness(logIn: logIn, mail: mail)
        #expect(await asks(harness, text, path: "sign-up").status == 400)
        #expect(mail.waitingCount == 0)
    }
}
