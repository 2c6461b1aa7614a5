import HTTP
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Making an account")
struct SignUpTests {
    private static let new = "a quite new password"
    private let harness: LogInHarness
    private let mail: RememberedMail
    private let browser: Browser

    init() async throws {
        var logIn = LogInSettings()
        logIn.signUp = SignUpSettings(domains: ["mail.example"])
        mail = try RememberedMail()
        harness = try await LogInHarness(logIn: logIn, mail: mail)
        browser = harness.browser()
    }

    private func ask(_ address: String) async throws -> [UserMail] {
        let page = await browser.get("/oauth2/account/sign-up")
        _ = await browser.send(page, ["who": address])
        return try await mail.sent(now: newYear2026)
    }

    @Test("the account comes into being with the proof of the address, which is its name")
    func signUp() async throws {
        let sent = try await ask("Dora@mail.example")
        #expect(sent.map(\.kind) == ["sign_up"])
        #expect(try await harness.store.user(name: "dora@mail.example") == nil)
        let link = try #require(sent.first?.link)
        let page = await browser.get(link.path, link.query)
        #expect(page.text.contains("dora@mail.example"))
        let values = ["new": Self.new, "again": Self.new, "display_name": "Dora D."]
        #expect(await browser.send(page, values.merging(["display_name": "System Admin"]) { $1 }).status == 400)
        #expect(await browser.send(page, values).facts.event == "signed_up")
        let user = try #require(try await harness.store.user(name: "dora@mail.example"))
        #expect(user.isEmailVerified && user.displayName == "Dora D.")
        #expect(await browser.send(page, values).status == 400)
        #expect(try await harness.logIn(browser, name: "Dora@Mail.Example", password: Self.new).status == 303)
    }

    @Test("who asks with a known address gets the name of the account, and no second one")
    func known() async throws {
        _ = try await harness.directory.add(
            name: "bob", password: "another long password", email: "bob@mail.example", now: newYear2026,
            random: harness.random)
        let sent = try await ask("bob@mail.example")
        #expect(sent.map(\.kind) == ["sign_up_known"])
        #expect(sent.first?.text.contains("bob") == true && sent.first?.link == nil)
        #expect(try await harness.store.records(RecordQuery(.accountLink), most: 9).isEmpty)
    }

    @Test("nobody prepares an account for somebody else: whoever opens the mail chooses the password")
    func prehijacking() async throws {
        let first = try #require(try await ask("eve@mail.example").first?.link)
        let second = try #require(try await ask("eve@mail.example").first?.link)
        #expect(try await harness.store.users().values.map(\.name) == ["alice"])
        let page = await harness.browser().get(first.path, first.query)
        #expect(page.status == 200)
        // Both lead to the same name, so the second is dead once the first was used.
        let other = harness.browser()
        let late = await other.get(second.path, second.query)
        #expect(
            await browser.send(await browser.get(first.path, first.query), ["new": Self.new, "again": Self.new]).status
                == 200)
        #expect(await other.send(late, ["new": "another good secret", "again": "another good secret"]).status == 400)
    }

    @Test("only the domains that the settings name; sign-ups that nobody finishes end by themselves")
    func bounds() async throws {
        let page = await browser.get("/oauth2/account/sign-up")
        let refused = await browser.send(page, ["who": "a@other.example"])
        #expect(refused.status == 400 && refused.text.contains("mail.example"))
        let link = try #require(try await ask("frank@mail.example").first?.link)
        #expect(await browser.get(link.path, link.query, now: newYear2026 + 3_600).status == 400)
        #expect(try await harness.store.removeExpired(now: newYear2026 + 3_600, most: 100) > 0)
    }

    @Test("without the setting, or without mail, there is no page", arguments: [true, false])
    func absent(hasMail: Bool) async throws {
        let plain = try await LogInHarness(mail: hasMail ? try RememberedMail() : nil)
        #expect(await plain.browser().get("/oauth2/account/sign-up").status == 404)
        #expect(await plain.browser().get("/oauth2/account/forgotten").status == (hasMail ? 200 : 404))
        let page = await plain.browser().get(
            "/oauth2/login", "interaction=\(try await plain.interaction(for: plain.browser()))")
        #expect(!page.text.contains("sign-up"))
    }
}
