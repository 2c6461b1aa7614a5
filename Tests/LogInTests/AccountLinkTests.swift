import HTTP
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Links to accounts")
struct AccountLinkTests {
    private static let new = "a quite new password"
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
    }

    private func link(_ purpose: AccountLink.Purpose = .reset, of user: StoredUser? = nil, now: Int64 = newYear2026)
        async throws -> String
    {
        let done = try await harness.administration.addLink(
            user?.id ?? harness.user.id, purpose, now: now, random: harness.random)
        return String(done.value.url.drop { $0 != "?" }.dropFirst())
    }

    private func use(_ query: String, now: Int64 = newYear2026) async -> Shown {
        let page = await browser.get("/oauth2/account/link", query, now: now)
        guard page.status == 200 else { return page }
        return await browser.send(page, ["new": Self.new, "again": Self.new], now: now)
    }

    @Test("a link sets another password once; then everything has ended, and the log-in is one like any other")
    func reset() async throws {
        let other = harness.browser()
        try await harness.logIn(other)
        let query = try await link()
        let done = await use(query)
        #expect(done.status == 200 && done.facts.event == "password_reset" && done.facts.settling > .zero)
        #expect(browser[SessionReader.cookieName] == nil)
        #expect(await other.get("/oauth2/account").status == 303)
        #expect(await use(query).status == 400)
        #expect(try await harness.logIn(browser).status == 403)
        #expect(try await harness.logIn(browser, password: Self.new).status == 303)
    }

    @Test("somebody who is invited has no password until the link is used")
    func invitation() async throws {
        let bob = try await harness.administration.addUser(
            name: "bob", .byLink, email: nil, displayName: nil, now: newYear2026, random: harness.random
        ).value
        #expect(try await harness.logIn(browser, name: "bob", password: "").status == 403)
        let query = try await link(.invitation, of: bob)
        #expect(await browser.get("/oauth2/account/link", query).text.contains("Welcome"))
        #expect(await use(query).facts.event == "invitation_accepted")
        #expect(try await harness.logIn(browser, name: "bob", password: Self.new).status == 303)
        await #expect(throws: ManagementError.self) { try await link(.invitation, of: bob) }
    }

    @Test("a link that sets a password says nothing of the name, so a name beside it counts for nothing")
    func unneededName() async throws {
        let page = await browser.get("/oauth2/account/link", try await link())
        let values = ["new": Self.new, "again": Self.new, "display_name": "Administrator"]
        #expect(await browser.send(page, values).facts.event == "password_reset")
        #expect(try await harness.store.user(id: harness.user.id)?.displayName == "Alice A.")
    }

    @Test("looking at the page uses nothing up: mail scanners look, too")
    func scanners() async throws {
        let query = try await link()
        for _ in 0..<3 { #expect(await harness.browser().get("/oauth2/account/link", query).status == 200) }
        #expect(await use(query).status == 200)
    }

    /// What ends a link.
    enum End: CaseIterable { case time, anotherLink, newPassword, disabling, removal, ownChange }

    @Test("a link ends with its time, another link, a new password, a disabling and a removal", arguments: End.allCases)
    func ends(_ end: End) async throws {
        let query = try await link()
        var now = newYear2026
        switch end {
        case .time: now += 3_600
        case .anotherLink: _ = try await link()
        case .newPassword: try await harness.change(harness.user, .init(password: "another long password"))
        case .disabling:
            try await harness.change(harness.user, .init(isDisabled: true))
            try await harness.change(harness.user, .init(isDisabled: false), now: newYear2026 + 10)
        case .removal: _ = try await harness.administration.removeUser(harness.user.id, now: newYear2026)
        case .ownChange:
            try await harness.logIn(browser)
            let page = await browser.get("/oauth2/account/password")
            let values = [
                "current": LogInHarness.password, "new": "another good secret", "again": "another good secret",
            ]
            #expect(await browser.send(page, values).status == 200)
        }
        let answer = await browser.get("/oauth2/account/link", query, now: now)
        #expect(answer.status == 400 && answer.facts.event == "link_refused" && answer.facts.isRefusal)
    }

    @Test("the store has only the digest, the address stays here, and nobody keeps the page")
    func secrecy() async throws {
        let query = try await link()
        let secret = String(query.dropFirst("link=".count))
        #expect(secret.hasPrefix("pcl_"))
        let records = try await harness.store.records(RecordQuery(.accountLink), most: 10)
        #expect(records.count == 1 && records.allSatisfy { !"\($0)".contains(secret.dropFirst(4)) })
        let page = await browser.get("/oauth2/account/link", query)
        #expect(page.field("referrer-policy") == "same-origin" && page.field("cache-control") == "no-store")
        #expect(page.text.contains("name=\"robots\" content=\"noindex\""))
    }

    @Test(
        "a bad password is refused with the reason, and the link still counts",
        arguments: [("short", "short"), ("password1234", "password1234"), (new, new + "x")])
    func badPassword(password: String, again: String) async throws {
        let query = try await link()
        let page = await browser.get("/oauth2/account/link", query)
        let refused = await browser.send(page, ["new": password, "again": again])
        #expect(refused.status == 400 && refused.text.contains("role=\"alert\""))
        #expect(await browser.send(refused, ["new": Self.new, "again": Self.new]).status == 200)
    }

    @Test("of two who use a link at the same time one sets the password")
    func race() async throws {
        let query = try await link()
        let forms = [harness.browser(), harness.browser(), harness.browser()]
        let statuses = await withTaskGroup(of: Int.self, returning: [Int].self) { group in
            for browser in forms {
                group.addTask {
                    let page = await browser.get("/oauth2/account/link", query)
                    return await browser.send(page, ["new": Self.new, "again": Self.new]).status
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
    }

    @Test("no link is made for whom it would not let in")
    func refused() async throws {
        try await harness.change(harness.user, .init(isDisabled: true))
        await #expect(throws: ManagementError.self) { try await link() }
        let carol = try await harness.directory.add(
            name: "carol", .identity(UserIdentity(issuer: "https://idp.example", subject: "1")), now: newYear2026,
            random: harness.random)
        await #expect(throws: ManagementError.self) { try await link(of: carol) }
    }
}
