import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

/// Something begins on a user's behalf in the very moment in which an operator takes everything from the user, or the user
/// logs out: between what was read for it and what is written.
@Suite("Attack: a user's request overtakes what ends it")
struct OvertakenTests {
    private let race: RacingStore
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        race = RacingStore(MemoryStore())
        harness = try await LogInHarness(racing: race)
        browser = harness.browser()
        var client = try await #require(harness.store.client(id: "shop"))
        client.isFirstParty = true
        _ = try await harness.store.replace(client, now: newYear2026)
    }

    enum Ending: String, CaseIterable, Sendable {
        case disabled, removed, newPassword, newPasswordKeepingGrants
    }

    /// Before the next write.
    private func next(_ ending: Ending) {
        race.before { [harness] in
            switch ending {
            case .disabled: try await harness.change(harness.user, .init(isDisabled: true))
            case .removed: _ = try await harness.administration.removeUser(harness.user.id, now: newYear2026)
            case .newPassword: try await harness.change(harness.user, .init(password: "a quite new password"))
            case .newPasswordKeepingGrants:
                try await harness.change(harness.user, .init(password: "a quite new password", keepsGrants: true))
            }
        }
    }

    private func left(_ kind: RecordKind) async throws -> Int {
        try await harness.store.records(RecordQuery(kind, subject: harness.user.id), most: 10).count
    }

    @Test("a log-in with the password of before begins no session", arguments: Ending.allCases)
    func logIn(_ ending: Ending) async throws {
        let id = try await harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        next(ending)
        let answer = await browser.send(form, ["username": "alice", "password": LogInHarness.password])
        #expect(answer.status == 403)
        #expect(try await left(.session) == 0)
        #expect(try await harness.stored(id).user == nil)
    }

    @Test("a session of before gets no code", arguments: Ending.allCases)
    func code(_ ending: Ending) async throws {
        try await harness.logIn(browser)
        let id = try await harness.interaction(for: browser, user: harness.user.id)
        next(ending)
        let answer = await browser.get("/oauth2/authorize", "interaction=\(id)")
        #expect(answer.status == 400, "\(answer.location ?? "")")
        #expect(try await left(.authorizationCode) == 0)
    }

    @Test("a log-out ends the code that is made while it is under way")
    func codeAtLogOut() async throws {
        try await harness.logIn(browser)
        let id = try await harness.interaction(for: browser, user: harness.user.id)
        let form = await browser.get("/oauth2/logout")
        let (other, secret) = (harness.browser(), browser.secret)
        other[BrowserCookie.name] = secret
        other[SessionReader.cookieName] = browser[SessionReader.cookieName]
        race.before { #expect(await other.send(form).status == 200) }
        #expect(await browser.get("/oauth2/authorize", "interaction=\(id)").status == 400)
        #expect(try await left(.authorizationCode) == 0)
        #expect(try await left(.interaction) == 0)
    }

    @Test("an answer on the consent page leads nowhere", arguments: Ending.allCases)
    func consent(_ ending: Ending) async throws {
        try await harness.logIn(browser)
        let id = try await harness.interaction(for: browser, user: harness.user.id)
        let form = await browser.get("/oauth2/consent", "interaction=\(id)")
        #expect(form.status == 200)
        next(ending)
        let answer = await browser.send(form, ["decision": "allow"])
        #expect(
            await browser.get("/oauth2/authorize", answer.location?.split(separator: "?").last.map(String.init)).status
                == 400)
        #expect(try await left(.interaction) == 0)
        #expect(try await left(.authorizationCode) == 0)
    }

    @Test("a device is not let in", arguments: Ending.allCases)
    func device(_ ending: Ending) async throws {
        let device = DeviceRequest(
            deviceCode: String(repeating: "d", count: 43), userCode: "BCDFGHJK", clientID: "shop",
            scopes: ["orders:read"], resources: [], now: newYear2026)
        _ = try await harness.store.commit(
            [.insert(device.record), .insert(device.userCodeRecord)], now: newYear2026)
        try await harness.logIn(browser)
        let id = try await harness.interaction(for: browser, request: ["user_code": "BCDFGHJK"])
        let form = await browser.get("/oauth2/device", "interaction=\(id)")
        #expect(form.text.contains("Connect this device?"))
        next(ending)
        #expect(await browser.send(form, ["decision": "allow"]).status == 400)
        #expect(try await left(.deviceCode) == 0)
    }
}
