import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("A passkey in place of a password, by a link")
struct PasskeyLinkTests {
    private static func query(_ factors: Factors, _ purpose: AccountLink.Purpose, of user: StoredUser) async throws
        -> String
    {
        let made = try await factors.harness.administration.addLink(
            user.id, purpose, now: newYear2026, random: factors.harness.random)
        return String(made.value.url.drop { $0 != "?" }.dropFirst())
    }

    /// The page's second form.
    private static func send(
        _ page: AuthorizationTesting.Shown, _ authenticator: SoftwareAuthenticator, in browser: Browser
    ) async -> AuthorizationTesting.Shown {
        await browser.send(
            page,
            [
                "passkey": authenticator.registration(challenge: page.challenge), "challenge": page.challenge,
                "label": "Laptop",
            ])
    }

    @Test(
        "an invitation and a reset make an account without a password, in which the passkey alone logs in",
        arguments: [AccountLink.Purpose.invitation, .reset])
    func setUp(_ purpose: AccountLink.Purpose) async throws {
        let factors = try await Factors()
        let harness = factors.harness
        var user = harness.user
        if purpose == .invitation {
            user = try await harness.administration.addUser(
                name: "bob", .byLink, email: nil, displayName: nil, now: newYear2026, random: harness.random
            ).value
        }
        let browser = harness.browser()
        let query = try await Self.query(factors, purpose, of: user)
        let page = await browser.get("/oauth2/account/link", query)
        #expect(page.text.contains("data-passkey=\"create\"") && page.text.contains("data-verification=\"required\""))
        #expect(page.field("content-security-policy")?.contains(PasskeyForm.source) == true)
        var authenticator = try SoftwareAuthenticator(
            origin: AuthorizationHarness.issuer, credentialID: [1, 2, 3], userHandle: user.id)
        let done = await Self.send(page, authenticator, in: browser)
        #expect(done.status == 200 && done.facts.event == "passkey_set_by_link", "\(done.text)")
        let after = try #require(try await harness.store.user(id: user.id))
        #expect(after.passwordHash == nil && after.epoch == user.epoch + 1)
        #expect(await browser.get("/oauth2/account/link", query).status == 400)
        let id = try await harness.interaction(for: browser)
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        let sent = await browser.send(login, ["passkey": try authenticator.assertion(challenge: login.challenge)])
        #expect(sent.facts.event == "login" && sent.facts.subject == user.id)
    }

    @Test("a link gets around no factor that is there, and none is offered")
    func noWayAround() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        // The page is older than the factor.
        let query = try await Self.query(factors, .reset, of: factors.harness.user)
        let page = await browser.get("/oauth2/account/link", query)
        try await factors.addApp()
        let authenticator = try SoftwareAuthenticator(
            origin: AuthorizationHarness.issuer, credentialID: [1], userHandle: factors.harness.user.id)
        let sent = await Self.send(page, authenticator, in: browser)
        #expect(sent.status == 400)
        #expect(try await factors.there.passkeys.isEmpty)
        let again = await browser.get("/oauth2/account/link", query)
        #expect(again.status == 200 && !again.text.contains("data-passkey"))
    }

    @Test(
        "an authenticator that has not checked who uses it would lock its user out, and is refused; the link still counts"
    )
    func unverified() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        let query = try await Self.query(factors, .reset, of: factors.harness.user)
        let page = await browser.get("/oauth2/account/link", query)
        var authenticator = try SoftwareAuthenticator(
            origin: AuthorizationHarness.issuer, credentialID: [1], userHandle: factors.harness.user.id)
        authenticator.flags = 0x01
        let sent = await Self.send(page, authenticator, in: browser)
        #expect(sent.status == 400 && sent.facts.event == "factor_refused")
        #expect(try await factors.user.passwordHash != nil)
        #expect(await browser.get("/oauth2/account/link", query).status == 200)
    }
}
