import HTTP
import JSON
import Testing
import Texts

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Device page")
struct DevicePageTests {
    private let harness: LogInHarness
    private let browser: Browser

    init() async throws {
        harness = try await LogInHarness()
        browser = harness.browser()
        let request = DeviceRequest(
            deviceCode: "device", userCode: "WDJBMJHT", clientID: "shop", scopes: ["orders:read"],
            resources: [AuthorizationHarness.audience],
            now: newYear2026)
        _ = try await harness.store.commit(
            [.insert(request.userCodeRecord), .insert(request.record)], now: newYear2026)
    }

    private func state() async throws -> DeviceRequest.State? {
        try await harness.store.record(.deviceCode, RandomText.deviceCode.key(of: "device")).flatMap(
            DeviceRequest.init)?
            .state
    }

    private func submit(_ code: String, in browser: Browser? = nil) async -> Shown {
        let browser = browser ?? self.browser
        return await browser.send(await browser.get("/oauth2/device"), ["user_code": code])
    }

    @Test("a wrong code, and too many of them, are refusals in the record")
    func wrongCodes() async throws {
        try await harness.logIn(browser)
        var answer = await submit("BCDF-GHJK")
        #expect(answer.status == 400)
        #expect(answer.facts.isRefusal && answer.facts.event == "user_code_rejected")
        for _ in 0..<100 where answer.status != 429 { answer = await submit("BCDF-GHJK") }
        #expect(answer.status == 429)
        #expect(answer.facts.isRefusal && answer.facts.event == "user_code_braked")
        #expect(await !browser.get("/oauth2/device").facts.isRefusal)
    }

    /// From a redirect on.
    private func follow(_ answer: Shown) async -> Shown {
        let parts = (answer.location ?? "").split(separator: "?", maxSplits: 1).map(String.init)
        return await browser.get(parts.first ?? "", parts.last)
    }

    @Test(
        "AS-086 a code is taken in capitals or not, with dashes or without",
        arguments: ["WDJB-MJHT", "wdjbmjht", " wdjb mjht "])
    func spelling(code: String) async throws {
        try await harness.logIn(browser)
        let answer = await submit(code)
        #expect(answer.status == 303)
        let page = await follow(answer)
        #expect(page.text.contains("<code>WDJB-MJHT</code>"))
        #expect(page.text.contains("<strong>Shop</strong>"))
        #expect(page.text.contains("Read your orders"))
    }

    @Test("a device gets what its user may, and where that is nothing a page says so", arguments: [true, false])
    func usersShare(mayRead: Bool) async throws {
        try await harness.logIn(browser)
        var change = Administration.UserChange()
        change.may = .some(mayRead ? ["orders:read"] : [])
        try await harness.change(harness.user, change)
        let request = DeviceRequest(
            deviceCode: "other", userCode: "BCDFGHJK", clientID: "shop", scopes: ["orders:read", "orders:write"],
            resources: [AuthorizationHarness.audience], now: newYear2026)
        _ = try await harness.store.commit(
            [.insert(request.userCodeRecord), .insert(request.record)], now: newYear2026)
        let page = await follow(await submit("BCDFGHJK"))
        #expect(page.text.contains("You may not allow this") == !mayRead)
        #expect(page.text.contains("orders:write") == !mayRead)
        let answer = await browser.send(page, ["decision": "allow"])
        #expect(answer.status == 200)
        #expect(answer.facts.event == (mayRead ? "device_approved" : "user_may_not"))
        #expect(answer.facts.scopesLeftOut == (mayRead ? ["orders:write"] : ["orders:read", "orders:write"]))
        let stored = try await harness.store.record(.deviceCode, RandomText.deviceCode.key(of: "other")).flatMap(
            DeviceRequest.init)
        switch stored?.state {
        case .approved(let approval): #expect(mayRead && approval.scopes == ["orders:read"])
        case .denied: #expect(!mayRead)
        default: Issue.record("\(String(describing: stored?.state))")
        }
    }

    @Test("nobody agrees to what has become the user's to grant while the page was open")
    func grownShare() async throws {
        try await harness.logIn(browser)
        var change = Administration.UserChange()
        change.may = .some([])
        try await harness.change(harness.user, change)
        let page = await follow(await submit("WDJBMJHT"))
        change.may = .some(nil)
        try await harness.change(harness.user, change)
        // The page is shown again, with what it is now.
        let again = await browser.send(page, ["decision": "allow"])
        #expect(again.status == 303)
        #expect(try await state() == .pending)
        let shown = await follow(again)
        #expect(shown.text.contains("Read your orders"))
        #expect(await browser.send(shown, ["decision": "allow"]).facts.event == "device_approved")
    }

    @Test("who may less since the page was opened lets the device in for less", arguments: [true, false])
    func shrunkShare(mayRead: Bool) async throws {
        try await harness.logIn(browser)
        let request = DeviceRequest(
            deviceCode: "other", userCode: "BCDFGHJK", clientID: "shop", scopes: ["orders:read", "orders:write"],
            resources: [AuthorizationHarness.audience], now: newYear2026)
        _ = try await harness.store.commit(
            [.insert(request.userCodeRecord), .insert(request.record)], now: newYear2026)
        let page = await follow(await submit("BCDFGHJK"))
        var change = Administration.UserChange()
        change.may = .some(mayRead ? ["orders:read"] : [])
        try await harness.change(harness.user, change)
        let answer = await browser.send(page, ["decision": "allow"])
        #expect(answer.status == 200)
        #expect(answer.facts.event == (mayRead ? "device_approved" : "user_may_not"))
    }

    @Test(
        "AS-087 with the code in the address, the user still sees it, and has to confirm it twice: the code, and the access"
    )
    func complete() async throws {
        try await harness.logIn(browser)
        let entry = await browser.get("/oauth2/device", "user_code=wdjbmjht")
        #expect(entry.status == 200)
        #expect(entry.text.contains("value=\"WDJB-MJHT\""))
        #expect(try await state() == .pending)
        let page = await follow(await browser.send(entry, ["user_code": "WDJB-MJHT"]))
        #expect(page.text.contains("Does your device show this code?"))
        #expect(try await state() == .pending)
        let done = await browser.send(page, ["decision": "allow"])
        #expect(done.status == 200)
        #expect(done.facts.event == "device_approved")
        let authentication = UserAuthentication(time: newYear2026, acr: "pwd", methods: ["pwd"])
        #expect(
            try await state()
                == .approved(.init(userID: harness.user.id, authentication: authentication, scopes: ["orders:read"])))
    }

    @Test("AS-087 a code in the address that is none is not shown back")
    func hostileCode() async throws {
        let entry = await browser.get("/oauth2/device", "user_code=%22%3E%3Cscript%3E")
        #expect(entry.text.contains("value=\"\""))
        #expect(!entry.text.contains("script"))
    }

    @Test("who is not logged in logs in first, and comes back to the device")
    func login() async throws {
        let answer = await submit("WDJB-MJHT")
        #expect(answer.location?.hasPrefix("/oauth2/login?interaction=") == true)
        let next = await browser.send(await follow(answer), ["username": "alice", "password": LogInHarness.password])
        #expect(next.location?.hasPrefix("/oauth2/device?interaction=") == true)
        let denied = await browser.send(await follow(next), ["decision": "deny"])
        #expect(denied.text.contains("Device turned away"))
        #expect(try await state() == .denied)
        #expect(await submit("WDJB-MJHT").status == 400)
    }

    @Test("AS-016 AS-086 Attack: guessing user codes. After ten wrong ones it takes a minute, for right ones, too")
    func guessing() async throws {
        for _ in 0..<10 { #expect(await submit("BBBB-BBBB").status == 400) }
        let limited = await submit("WDJB-MJHT")
        #expect(limited.status == 429)
        #expect(limited.text.contains(DeviceText.tooManyAttempts.sentence.english))
        #expect(await submit("WDJB-MJHT", in: harness.browser(address: "198.51.100.7")).status == 303)
    }

    @Test("Attack: cross-site request forgery. A form of another site, or for another purpose, lets no device in")
    func forgery() async throws {
        try await harness.logIn(browser)
        let page = await follow(await submit("WDJB-MJHT"))
        #expect(
            await browser.send(page, ["decision": "allow"], fields: [("sec-fetch-site", "cross-site")]).status == 400)
        let entry = await browser.get("/oauth2/device")
        #expect(
            await browser.send(page, ["decision": "allow", "form_token": entry.hidden["form_token"] ?? ""]).status
                == 400)
        #expect(try await state() == .pending)
    }

    @Test("a browser without cookies gets one with the page")
    func cookie() async throws {
        browser[BrowserCookie.name] = nil
        #expect(await browser.get("/oauth2/device").all("set-cookie").count == 1)
        #expect(await submit("WDJB-MJHT").status == 303)
    }

    @Test("AS-038 every page of the server forbids frames")
    func frames() async throws {
        try await harness.logIn(browser)
        let interaction = try await harness.interaction(for: browser, user: harness.user.id)
        let device = await submit("WDJB-MJHT").location ?? ""
        for (path, query) in [
            ("/oauth2/login", "interaction=\(interaction)"), ("/oauth2/consent", "interaction=\(interaction)"),
            ("/oauth2/device", nil),
            ("/oauth2/device", device.split(separator: "?").last.map(String.init)), ("/oauth2/logout", nil),
            ("/oauth2/login", nil),
        ] {
            let page = await browser.get(path, query)
            #expect(page.field("x-frame-options") == "DENY", "\(path)")
            #expect(page.field("content-security-policy")?.contains("frame-ancestors 'none'") == true)
        }
    }
}
