import HTTP
import JSON
import Octets
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

extension UserRules {
    /// `users_may`, and groups with their scopes.
    static func test(everybody: Allowance? = nil, _ groups: [String: [String]] = [:]) -> UserRules {
        var rules = UserRules()
        rules.everybody = everybody
        rules.groups = groups.sorted { $0.key < $1.key }.map { name, may in
            var group = UserGroup(name: name)
            group.may = may
            return group
        }
        return rules
    }
}

@Suite("a scope is what client and user may")
struct UserScopeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var everybody: UserRules.Allowance?
        var groups: [String: [String]] = [:]
        /// Of the user.
        var may: [String]?
        var memberOf: [String] = []
        var asked = "orders:read orders:write"
        /// nil: access_denied.
        var granted: String?
    }

    static let cases: [Case] = [
        Case(testDescription: "where nothing is said, what the client may", granted: "orders:read orders:write"),
        Case(
            testDescription: "where nothing is said, nothing that manages the server", asked: "orders:read admin:write",
            granted: "orders:read"),
        Case(testDescription: "whoever is no administrator is told so", asked: "admin:read admin:write"),
        Case(
            testDescription: "what covers the scopes of the server is one of them",
            asked: "admin ad* * orders:* orders:read",
            granted: "orders:* orders:read"),
        Case(
            testDescription: "an administrator by the account's own list", may: ["admin:write"], asked: "admin:write",
            granted: "admin:write"),
        Case(
            testDescription: "an administrator by a group", everybody: .any, groups: ["operators": ["admin:write"]],
            memberOf: ["operators"], asked: "admin:write orders:read", granted: "admin:write orders:read"),
        Case(
            testDescription: "whoever is not in the group is not", everybody: .any,
            groups: ["operators": ["admin:write"]], asked: "admin:write orders:read", granted: "orders:read"),
        Case(
            testDescription: "everybody's list", everybody: .only(["orders:read"]), granted: "orders:read"),
        Case(
            testDescription: "a group adds to everybody's list", everybody: .only(["orders:read"]),
            groups: ["clerks": ["orders:write"]], memberOf: ["clerks"], granted: "orders:read orders:write"),
        Case(
            testDescription: "where groups say what users may, others may nothing", groups: ["clerks": ["orders:write"]]
        ),
        Case(
            testDescription: "where groups say nothing of scopes, nothing is said", groups: ["clerks": []],
            granted: "orders:read orders:write"),
        Case(
            testDescription: "the account's own list stands in place of everybody's", everybody: .any,
            may: ["orders:read"], granted: "orders:read"),
        Case(testDescription: "an empty list of one's own is nothing", everybody: .any, may: []),
        Case(
            testDescription: "groups add to one's own list", everybody: .any, groups: ["clerks": ["orders:write"]],
            may: ["orders:read"], memberOf: ["clerks"], granted: "orders:read orders:write"),
        Case(testDescription: "a group that is named no longer gives nothing", may: [], memberOf: ["clerks"]),
        Case(
            testDescription: "what is about the user everybody may", may: [],
            asked: "openid orders:read offline_access",
            granted: "openid offline_access"),
        Case(testDescription: "staying logged in is nothing by itself", may: [], asked: "orders:read offline_access"),
        Case(testDescription: "a scope of one's own covers no other", may: ["orders"], asked: "orders:read"),
    ]

    private static func harness(_ test: Case, isFirstParty: Bool = true) async throws -> CodeFlowHarness {
        var harness = try await CodeFlowHarness(
            isFirstParty: isFirstParty, users: .test(everybody: test.everybody, test.groups)
        ) { $0.scopes = test.asked.split(separator: " ").map(String.init) }
        harness.cookies[BrowserCookie.name] = RandomText.browser.make(.system)
        try await harness.change { user in
            user.may = test.may
            user.groups = test.memberOf
        }
        return harness
    }

    @Test("what is granted", arguments: cases)
    func granted(_ test: Case) async throws {
        let harness = try await Self.harness(test)
        let answer = await harness.authorize([("scope", test.asked)])
        guard let granted = test.granted else {
            // A page says so, and leads back to the application.
            #expect(answer.target == "/oauth2/consent")
            let silent = await harness.authorize([("scope", test.asked), ("prompt", "none")])
            #expect(silent.redirect["error"] == "access_denied")
            #expect(silent.facts.event == "user_may_not")
            #expect(silent.facts.isRefusal)
            return
        }
        let tokens = await harness.redeem(try #require(answer.redirect["code"]))
        let left = test.asked.split(separator: " ").map(String.init).filter {
            !granted.split(separator: " ").contains($0[...])
        }
        #expect(answer.facts.scopesLeftOut == left)
        #expect(tokens.status == 200, "\(tokens.body)")
        #expect(tokens.body["scope"]?.string == granted)
        let claimed = try await harness.claims(tokens)["scope"]?.string
        #expect(claimed == granted.split(separator: " ").filter { $0 != "offline_access" }.joined(separator: " "))
    }

    @Test("clients that act for themselves are no users: what they may is theirs")
    func clients() async throws {
        let base = try AuthorizationHarness { $0.users = .test(everybody: .only(["nothing"])) }
        try await base.register(scopes: ["admin:write", "orders:read"])
        #expect(await base.token().body["scope"] == "admin:write orders:read")
    }

    @Test("the consent page shows what client and user may, and what was agreed to is that")
    func consent() async throws {
        let harness = try await Self.harness(
            Case(testDescription: "", may: ["orders:read"], granted: nil), isFirstParty: false)
        let answer = await harness.authorize([("scope", "orders:read orders:write")])
        let query = try #require(answer.field("location")).split(separator: "?").last.map(String.init)
        let page = await harness.send("/oauth2/consent", query: query)
        let text = String(decoding: page.octets, as: UTF8.self)
        #expect(text.contains("orders:read"))
        #expect(!text.contains("orders:write"))
    }

    @Test("where nothing is left the page says so, names what was asked for, and leads back with access_denied")
    func nothingLeft() async throws {
        let harness = try await Self.harness(Case(testDescription: "", may: [], granted: nil))
        let answer = await harness.authorize([("scope", "orders:read orders:write")])
        let query = try #require(answer.field("location")).split(separator: "?").last.map(String.init)
        let page = await harness.send("/oauth2/consent", query: query)
        let shown = Shown(page.response)
        #expect(page.status == 200)
        #expect(shown.text.contains("You may not allow this"))
        #expect(shown.text.contains("orders:write"))
        #expect(!shown.text.contains("value=\"allow\""))
        // Whatever button is sent, nothing is granted.
        for decision in ["allow", "deny"] {
            let again = await harness.authorize([("scope", "orders:read orders:write")])
            let query = try #require(again.field("location")).split(separator: "?").last.map(String.init)
            let form = Shown((await harness.send("/oauth2/consent", query: query)).response)
            let body = form.hidden.merging(["decision": decision]) { $1 }.map {
                "\($0)=\(PercentEncoding.encoded($1))"
            }.joined(separator: "&")
            let request = ServiceRequest(
                method: "POST", path: "/oauth2/consent", host: "login.example.com",
                fields: [
                    ("origin", "https://login.example.com"), ("content-type", "application/x-www-form-urlencoded"),
                    ("cookie", harness.cookies.map { "\($0)=\($1)" }.joined(separator: "; ")),
                ], body: Array(body.utf8), clientAddress: "192.0.2.1")
            let sent = Answer(await harness.base.server.answer(request, now: harness.now, random: .system))
            #expect(sent.status == 303)
            let back = await harness.send(
                "/oauth2/authorize", query: sent.field("location")?.split(separator: "?").last.map(String.init))
            #expect(back.redirect["error"] == "access_denied", "\(decision)")
            #expect(back.redirect["code"] == nil)
        }
    }
}

@Suite("The consent page is open while a user is narrowed or widened")
struct ChangedUserConsentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before: [String]
        var after: [String]
        var decision = "allow"
        /// nil: no code.
        var granted: String?
        /// What the user is shown again before anything is granted.
        var isAskedAgain = false
        var error: String?
    }

    static let cases: [Case] = [
        Case(
            testDescription: "less is granted", before: ["orders:read", "orders:write"], after: ["orders:read"],
            granted: "orders:read"),
        Case(
            testDescription: "nothing is left", before: ["orders:read", "orders:write"], after: [],
            error: "access_denied"),
        Case(
            testDescription: "who refuses has refused", before: ["orders:read", "orders:write"], after: ["orders:read"],
            decision: "deny", error: "access_denied"),
        Case(
            testDescription: "more is asked about again", before: ["orders:read"],
            after: ["orders:read", "orders:write"], granted: "orders:read orders:write", isAskedAgain: true),
        Case(
            testDescription: "something else is asked about again", before: ["orders:read"], after: ["orders:write"],
            granted: "orders:write", isAskedAgain: true),
        Case(
            testDescription: "who refused more has refused", before: ["orders:read"],
            after: ["orders:read", "orders:write"], decision: "deny", error: "access_denied"),
        Case(
            testDescription: "a page that said that nothing may be granted leads back", before: [],
            after: ["orders:read"], decision: "deny", error: "access_denied"),
    ]

    @Test("what comes of it", arguments: cases)
    func answers(_ test: Case) async throws {
        var harness = try await CodeFlowHarness(isFirstParty: false) { $0.scopes = ["orders:read", "orders:write"] }
        harness.cookies[BrowserCookie.name] = RandomText.browser.make(.system)
        try await harness.change { $0.may = test.before }
        let answer = await harness.authorize([("scope", "orders:read orders:write")])
        let query = try #require(answer.field("location")).split(separator: "?").last.map(String.init)
        let page = Shown(await harness.send("/oauth2/consent", query: query).response)
        try await harness.change { $0.may = test.after }
        var sent = await harness.submit(page, ["decision": test.decision])
        #expect(sent.status == 303)
        if test.isAskedAgain {
            #expect(sent.field("location")?.hasPrefix("/oauth2/consent?") == true)
            let again = Shown(await harness.send("/oauth2/consent", query: query).response)
            for scope in test.after { #expect(again.text.contains(scope)) }
            sent = await harness.submit(again, ["decision": test.decision])
        }
        let back = await harness.send(
            "/oauth2/authorize", query: sent.field("location")?.split(separator: "?").last.map(String.init))
        #expect(back.redirect["error"] == test.error)
        guard let granted = test.granted else { return }
        let tokens = await harness.redeem(try #require(back.redirect["code"]))
        #expect(tokens.body["scope"]?.string == granted)
    }

    @Test("what the page says it has shown counts only as the page has said it")
    func forged() async throws {
        var harness = try await CodeFlowHarness(isFirstParty: false) { $0.scopes = ["orders:read", "orders:write"] }
        harness.cookies[BrowserCookie.name] = RandomText.browser.make(.system)
        try await harness.change { $0.may = ["orders:read"] }
        let answer = await harness.authorize([("scope", "orders:read orders:write")])
        let query = try #require(answer.field("location")).split(separator: "?").last.map(String.init)
        let page = Shown(await harness.send("/oauth2/consent", query: query).response)
        let sent = await harness.submit(page, ["decision": "allow", "shown": "orders:read orders:write"])
        #expect(sent.status == 400)
    }
}

@Suite("A second factor that is demanded since the user has logged in")
struct DemandedSinceTests {
    enum Way: CaseIterable { case client, group }

    @Test("codes and refresh tokens of before lead nowhere until the user logs in with it", arguments: Way.allCases)
    func demandedSince(_ way: Way) async throws {
        var group = UserGroup(name: "admins")
        group.requiresSecondFactor = true
        var rules = UserRules()
        rules.everybody = .any
        rules.groups = [group]
        var harness = try await CodeFlowHarness(acr: "pwd", users: rules)
        let tokens = try await harness.tokens()
        let code = try await harness.code()
        switch way {
        case .group: try await harness.change { $0.groups = ["admins"] }
        case .client:
            let record = try #require(try await harness.base.store.record(.client, "shop"))
            var client = try #require(RegisteredClient(record))
            client.leastLevel = .multiFactor
            #expect(try await harness.base.store.commit([.replace(client.record)], now: harness.now))
            // It was remembered for a moment.
            harness.now += 2
        }
        let refreshed = await harness.refresh(try #require(tokens.body["refresh_token"]?.string))
        #expect(refreshed.error == "invalid_grant" && refreshed.facts.event == "second_factor_missing")
        #expect(await harness.redeem(code).facts.event == "second_factor_missing")
        try await harness.logIn(acr: "mfa")
        #expect(try await harness.tokens().status == 200)
    }

    @Test("what a client asks for by default is asked for where its request says nothing")
    func defaults() async throws {
        let harness = try await CodeFlowHarness(acr: "pwd") { client in
            client.defaultACRValues = ["mfa"]
            client.requiresACRValues = true
        }
        let silent = await harness.authorize([("prompt", "none")])
        #expect(silent.redirect["error"] == "login_required")
        #expect(await harness.authorize([("prompt", "none"), ("acr_values", "pwd")]).redirect["code"] != nil)
    }

    @Test("what an operator demands of a client's users, the client does not change by its own registration")
    func registered() throws {
        var client = RegisteredClient(
            id: "c", name: "", grants: [], authenticationMethods: [], scopes: [], secrets: [], createdAt: 0)
        client.leastLevel = .phishingResistant
        client.defaultACRValues = ["mfa", "phr"]
        #expect(RegisteredClient(client.record)?.leastLevel == .phishingResistant)
        #expect(RegisteredClient(client.record)?.defaultACRValues == ["mfa", "phr"])
        var record = client.record
        record.body["minimum_acr"] = "none"
        #expect(RegisteredClient(record) == nil)
    }
}

extension CodeFlowHarness {
    /// The form of a page, as its browser sends it.
    func submit(_ page: AuthorizationTesting.Shown, _ values: [String: String]) async -> Answer {
        let body = page.hidden.merging(values) { $1 }.map { "\($0)=\(PercentEncoding.encoded($1))" }
            .joined(separator: "&")
        let request = ServiceRequest(
            method: "POST", path: page.action, host: "login.example.com",
            fields: [
                ("origin", "https://login.example.com"), ("content-type", "application/x-www-form-urlencoded"),
                ("cookie", cookies.map { "\($0)=\($1)" }.joined(separator: "; ")),
            ], body: Array(body.utf8), clientAddress: "192.0.2.1")
        return Answer(await base.server.answer(request, now: now, random: .system))
    }

    /// The account, changed by nobody in particular.
    func change(_ change: (inout StoredUser) -> Void) async throws {
        guard var user = try await base.store.user(id: Self.userID) else { throw HarnessError() }
        change(&user)
        guard try await base.store.commit([.replace(user.record)], now: now) else { throw HarnessError() }
    }
}
