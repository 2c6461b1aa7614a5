import HTTP
import Octets
import Policy
import Testing
import Texts

@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Whose mails and entries of authenticator apps are")
struct MailLookTests {
    private static func settings(brand: String?) throws -> AuthorizationServerSettings {
        var settings = AuthorizationServerSettings(
            issuer: try servedIssuer(AuthorizationHarness.issuer), database: .sqlite(path: ""),
            accessTokenLifetime: .seconds(600), audience: AuthorizationHarness.audience)
        settings.logIn.pages.brand.name = brand
        return settings
    }

    @Test("a mail names the brand and the host, and greets by the name for people", arguments: [nil, "Example Shop"])
    func mail(brand: String?) throws {
        let to = try #require(MailAddress("bob@mail.example"))
        var user = StoredUser(id: "1", name: "bob@mail.example", createdAt: newYear2026)
        user.displayName = "Bob B."
        let mail = LinkMail.message(
            .invitation, to: to, user: user, url: "https://x.example", try Self.settings(brand: brand))
        #expect(mail.subject == "Your account at " + (brand.map { $0 + " (login.example.com)" } ?? "login.example.com"))
        #expect(mail.text.hasPrefix("Hello Bob B.,\n"))
        user.displayName = nil
        let plain = LinkMail.message(
            .reset, to: to, user: user, url: "https://x.example", try Self.settings(brand: brand))
        #expect(plain.text.hasPrefix("Hello bob@mail.example,\n"))
    }

    @Test("what a page asked for greets by the name for people, too")
    func asked() async throws {
        let mail = try RememberedMail()
        let harness = try await LogInHarness(mail: mail)
        _ = try await harness.directory.add(
            name: "bob", password: "another long password", email: "bob@mail.example", displayName: "Bob B.",
            now: newYear2026, random: harness.random)
        let browser = harness.browser()
        let page = await browser.get("/oauth2/account/forgotten")
        _ = await browser.send(page, ["who": "bob"])
        #expect(try await mail.sent(now: newYear2026).first?.text.hasPrefix("Hello Bob B.,\n") == true)
    }

    @Test("an app lists the account under the brand, in which a colon would end it")
    func label() {
        var brand = Brand()
        let english = Presentation(language: .english)
        #expect(english.label(host: "login.example.com:8443") == "login.example.com:8443")
        brand.name = "Shop: all"
        #expect(Presentation(language: .english, brand: brand).label(host: "login.example.com") == "Shop  all")
    }
}
