import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// What an operator demands of single applications and groups, where others may log in by password.
@Suite("A second factor that is demanded for a client, or of a group")
struct DemandedFactorTests {
    enum Demand: CaseIterable { case client, group, both, everybody }

    private static func factors(
        _ demand: Demand, mode: SecondFactorSettings.Mode = .optional,
        missing: SecondFactorSettings.Missing = .setUp, least: AuthenticationLevel = .multiFactor
    ) async throws -> Factors {
        var rules = UserRules()
        rules.everybody = .any
        if demand == .group || demand == .both {
            var group = UserGroup(name: "admins")
            group.requiresSecondFactor = true
            rules.groups = [group]
        }
        let factors = try await Factors(demand == .everybody ? .required : mode, missing: missing, users: rules)
        try await factors.harness.register("bank", name: "Bank") { client in
            if demand == .client || demand == .both { client.leastLevel = least }
        }
        if demand == .group || demand == .both {
            var change = Administration.UserChange()
            change.groups = ["admins"]
            try await factors.harness.change(factors.harness.user, change)
        }
        return factors
    }

    private static func authorize(_ browser: Browser, _ more: String = "", now: Int64 = newYear2026) async
        -> AuthorizationTesting.Shown
    {
        await browser.get(
            "/oauth2/authorize",
            "client_id=bank&response_type=code&scope=openid%20orders:read&redirect_uri=https://shop.example/back&code_challenge=\(CodeFlowHarness.challenge)&code_challenge_method=S256"
                + more, now: now)
    }

    @Test("who has none sets one up in the course of the log-in", arguments: Demand.allCases)
    func setUp(_ demand: Demand) async throws {
        let factors = try await Self.factors(demand)
        let browser = factors.harness.browser()
        let form = await browser.follow(await Self.authorize(browser))
        let sent = await browser.send(form, ["username": "alice", "password": LogInHarness.password, "passkey": ""])
        #expect(sent.location?.hasPrefix(Factors.factorPath) == true && !sent.setsSession)
        let page = await browser.follow(sent)
        #expect(page.text.contains("Set up a second factor"))
        let app = await browser.get(
            Factors.factorPath, (sent.location?.split(separator: "?").last.map(String.init) ?? "") + "&set_up=totp")
        let secret = try #require(app.hidden["secret"].flatMap(TimeBasedCode.octets(base32:)))
        let done = await browser.send(
            app, ["do": "add_app", "code": TimeBasedCode.code(step: newYear2026 / 30, secret: secret)])
        #expect(done.facts.event == "factor_added")
        let id = try #require(sent.location?.split(separator: "=").last.map(String.init))
        let consent = await browser.follow(await browser.get("/oauth2/authorize", "interaction=\(id)"))
        let back = await browser.follow(await browser.send(consent, ["decision": "allow"]))
        #expect(back.location?.contains("code=") == true)
    }

    @Test("others, and other applications, notice nothing")
    func others() async throws {
        let factors = try await Self.factors(.client)
        #expect(try await factors.harness.logIn(factors.harness.browser()).setsSession)
        let group = try await Self.factors(.group)
        _ = try await group.harness.directory.add(
            name: "bob", password: "another long password", now: newYear2026, random: group.harness.random)
        #expect(
            try await group.harness.logIn(group.harness.browser(), name: "bob", password: "another long password")
                .setsSession)
    }

    @Test(
        "where it is not set up at the log-in, a page says so, and the application is told", arguments: Demand.allCases)
    func refused(_ demand: Demand) async throws {
        let factors = try await Self.factors(demand, missing: .refuse)
        let browser = factors.harness.browser()
        let form = await browser.follow(await Self.authorize(browser))
        let page = await browser.send(form, ["username": "alice", "password": LogInHarness.password, "passkey": ""])
        #expect(page.text.contains("A second factor is needed") && !page.setsSession)
        #expect(page.facts.event == "second_factor_missing" && page.facts.isRefusal)
        let way = try #require(page.text.firstMatch(of: /href="(\/oauth2\/authorize\?interaction=[^"]+)"/))
        let path = String(way.1).split(separator: "?").map(String.init)
        let back = await browser.get(path[0], path[1])
        #expect(back.location?.contains("error=unmet_authentication_requirements") == true)
        #expect(try await factors.there.all.isEmpty)
    }

    @Test("a session by password steps up: only the factor is asked for, and no request lowers what is demanded")
    func stepUp() async throws {
        for more in ["", "&acr_values=pwd", "&acr_values=pwd&prompt=consent", "&claims=%7B%7D"] {
            let factors = try await Self.factors(.client)
            let browser = factors.harness.browser()
            try await factors.harness.logIn(browser)
            try await factors.addApp()
            let begun = await Self.authorize(browser, more)
            #expect(begun.location?.hasPrefix("/oauth2/login?") == true, "\(more)")
            let stepped = await browser.follow(begun)
            #expect(stepped.location?.hasPrefix(Factors.factorPath) == true, "\(more)")
            let done = await browser.send(await browser.follow(stepped), ["code": factors.code()])
            let consent = await browser.follow(await browser.follow(done))
            let back = await browser.follow(await browser.send(consent, ["decision": "allow"]))
            #expect(back.location?.contains("code=") == true, "\(more)")
            let codes = try await factors.harness.store.records(RecordQuery(.authorizationCode), most: 9)
            let code = try #require(codes.first.flatMap(AuthorizationCode.init))
            // It is told of no less than was demanded.
            #expect(code.user.authentication.acr == "mfa", "\(more)")
        }
    }

    @Test("who has none and is logged in by password sets one up, without typing the password again")
    func stepUpBySettingUp() async throws {
        let factors = try await Self.factors(.client)
        let browser = factors.harness.browser()
        try await factors.harness.logIn(browser)
        let stepped = await browser.follow(await Self.authorize(browser))
        #expect(stepped.location?.hasPrefix(Factors.factorPath) == true)
        #expect(await browser.follow(stepped).text.contains("Set up a second factor"))
        // After a while the password comes first, as on the page about factors.
        let late = await browser.follow(await Self.authorize(browser, now: newYear2026 + 700), now: newYear2026 + 700)
        #expect(late.status == 200 && late.text.contains("name=\"password\""))
    }

    @Test("silently, such a session does not do", arguments: [Demand.group, .everybody])
    func silent(_ demand: Demand) async throws {
        let factors = try await Self.factors(demand)
        let browser = factors.harness.browser()
        // Of before it was demanded.
        try await factors.harness.store.logInByPassword(factors, browser)
        let answer = await Self.authorize(browser, "&prompt=none")
        #expect(answer.location?.contains("error=login_required") == true)
    }

    @Test("an app does not do where a passkey is demanded, and the application is told")
    func passkeyDemanded() async throws {
        let factors = try await Self.factors(.client, least: .phishingResistant)
        try await factors.addApp()
        let browser = factors.harness.browser()
        let form = await browser.follow(await Self.authorize(browser))
        let sent = await browser.send(form, ["username": "alice", "password": LogInHarness.password, "passkey": ""])
        let done = await browser.send(await browser.follow(sent), ["code": factors.code()])
        let back = await browser.follow(done)
        #expect(back.location?.contains("error=unmet_authentication_requirements") == true)
    }

    @Test("a device is let in after the factor only", arguments: [true, false])
    func device(hasFactor: Bool) async throws {
        let factors = try await Self.factors(.client, missing: .refuse)
        let browser = factors.harness.browser()
        try await factors.harness.logIn(browser)
        if hasFactor { try await factors.addApp() }
        let request = DeviceRequest(
            deviceCode: "device", userCode: "WDJBMJHT", clientID: "bank", scopes: ["orders:read"],
            resources: [AuthorizationHarness.audience], now: newYear2026)
        _ = try await factors.harness.store.commit(
            [.insert(request.userCodeRecord), .insert(request.record)], now: newYear2026)
        let confirm = await browser.send(await browser.get("/oauth2/device"), ["user_code": "WDJBMJHT"])
        let login = await browser.follow(confirm)
        #expect(login.location?.hasPrefix("/oauth2/login?interaction=") == true)
        let next = await browser.follow(login)
        guard hasFactor else {
            let page = await browser.send(
                next, ["username": "alice", "password": LogInHarness.password, "passkey": ""])
            #expect(page.text.contains("A second factor is needed") && page.facts.isRefusal)
            return
        }
        #expect(next.location?.hasPrefix(Factors.factorPath) == true)
        let done = await browser.send(await browser.follow(next), ["code": factors.code()])
        let allowed = await browser.send(await browser.follow(done), ["decision": "allow"])
        #expect(allowed.facts.event == "device_approved")
    }

    @Test("a member of the group does not remove the last factor")
    func last() async throws {
        let factors = try await Self.factors(.group)
        try await factors.addApp()
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        #expect(await browser.send(page, ["code": factors.code()]).setsSession)
        let list = await browser.get(Factors.listPath)
        let key = try #require(list.hidden["factor"])
        #expect(await browser.send(list, ["do": "remove", "factor": key]).status == 403)
    }

    @Test("of who logs in at a provider the groups demand nothing, the application does")
    func provider() throws {
        var group = UserGroup(name: "admins")
        group.requiresSecondFactor = true
        var rules = UserRules()
        rules.groups = [group]
        let access = UserAccess(rules, provider: nil)
        var user = StoredUser(id: "u", name: "u", createdAt: 0)
        user.groups = ["admins"]
        #expect(access.leastLevel(of: user, for: nil) == .multiFactor)
        user.identity = UserIdentity(issuer: "https://idp.example", subject: "1")
        #expect(access.leastLevel(of: user, for: nil) == nil)
        #expect(!UserAuthentication(time: 0, acr: "2").reaches(.multiFactor))
        #expect(UserAuthentication(time: 0, acr: "2", methods: ["mfa"]).reaches(.multiFactor))
        #expect(!UserAuthentication(time: 0, acr: "pwd", methods: ["otp", "mfa"]).reaches(.phishingResistant))
    }
}

extension MemoryStore {
    /// A session as it was before anybody demanded more.
    fileprivate func logInByPassword(_ factors: Factors, _ browser: Browser) async throws {
        let secret = RandomText.session.make(factors.harness.random)
        let session = UserSession(
            key: RandomText.session.key(of: secret), userID: factors.harness.user.id,
            authentication: UserAuthentication(time: newYear2026, acr: "pwd", methods: ["pwd"]),
            expiresAt: newYear2026 + 600)
        #expect(try await commit([.insert(session.record)], now: newYear2026))
        browser[SessionReader.cookieName] = secret
    }
}
