import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("groups that follow from what the provider says")
struct ProviderGroupTests {
    private static func rules(claim: String = "groups", path: [String] = ["groups"]) -> UserRules {
        var rules = UserRules()
        rules.everybody = .only(["orders:read"])
        for (name, value) in [("clerks", "Staff/Clerks"), ("operators", "operators")] {
            var group = UserGroup(name: name)
            group.may = name == "clerks" ? ["orders:write"] : ["admin:write"]
            group.source = UserGroup.Source(claim: claim, path: path, value: value)
            rules.groups.append(group)
        }
        return rules
    }

    private static func access(_ rules: UserRules, provider: String? = "staff") throws -> UserAccess {
        var settings = AuthorizationServerSettings(
            issuer: try servedIssuer(AuthorizationHarness.issuer), database: .sqlite(path: ""),
            accessTokenLifetime: .seconds(600), audience: "")
        settings.users = rules
        settings.logIn.provider = provider.map {
            LogInProvider(issuer: $0, label: "", clientID: "", authentication: .secretBasic(.environment("X")))
        }
        return UserAccess(settings)
    }

    @Test(
        "a claim that has the group's value, or has it among others, makes a member",
        arguments: [
            (["Staff/Clerks"], ["clerks"]), ("Staff/Clerks", ["clerks"]),
            (["operators", "Staff/Clerks"], ["clerks", "operators"]),
            (["staff/clerks", "Staff/Clerks/Night"], []), ("Staff/Clerks operators", []), ([], []), (.null, []),
            (["Staff/Clerks": true], []), ([["Staff/Clerks"]], []), (true, []), (["\u{212B}perators"], []),
        ] as [(JSON, [String])])
    func membership(said: JSON, groups: [String]) async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        try await harness.logIn(["groups": said])
        let user = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules()).groups(of: user).map(\.name) == groups)
    }

    @Test("a claim inside another is found by its pointer")
    func nested() async throws {
        let rules = Self.rules(claim: "/realm_access/roles", path: ["realm_access", "roles"])
        let harness = try await ProviderHarness(users: rules)
        try await harness.logIn(["realm_access": ["roles": ["operators"]]])
        let user = try #require(try await harness.accounts().first)
        #expect(try Self.access(rules).groups(of: user).map(\.name) == ["operators"])
    }

    @Test("what the ID token does not say, the userinfo endpoint is asked; what neither says is gone")
    func userInfo() async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        harness.provider.set { $0.userInfo = .json(200, ["sub": "u-1", "groups": ["Staff/Clerks"]]) }
        try await harness.logIn()
        var user = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules()).groups(of: user).map(\.name) == ["clerks"])
        harness.provider.set { $0.userInfo = nil }
        try await harness.logIn(browser: harness.users.browser())
        user = try #require(try await harness.accounts().first)
        #expect(user.providerClaims == nil)
    }

    @Test("what the provider took away is gone with the next log-in, and access tokens of before end")
    func takenAway() async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        try await harness.logIn(["groups": ["Staff/Clerks", "operators", "others"]])
        let user = try #require(try await harness.accounts().first)
        let target = Revocation.Target.subject(user.id)
        func revocation() async throws -> Revocation? {
            try await harness.users.store.value(.revocation, target.key, Revocation.init)
        }
        // Neither the same again, nor more, nor less of what nothing depends on, ends anything.
        try await harness.logIn(
            ["groups": ["Staff/Clerks", "operators"]], browser: harness.users.browser(), now: newYear2026 + 10)
        #expect(try await revocation() == nil)
        try await harness.logIn(["groups": ["Staff/Clerks"]], browser: harness.users.browser(), now: newYear2026 + 20)
        let after = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules()).groups(of: after).map(\.name) == ["clerks"])
        #expect(
            try Self.access(Self.rules()).share(["admin:write", "orders:write"], of: after).granted == ["orders:write"])
        // What this log-in leads to counts.
        #expect(try await revocation()?.before == newYear2026 + 20)
        // An end that an operator has set is not taken back.
        try await harness.users.store.put(
            Revocation(target, before: newYear2026 + 100, expiresAt: newYear2026 + 90_000))
        try await harness.logIn(["groups": []], browser: harness.users.browser(), now: newYear2026 + 30)
        #expect(try await revocation()?.before == newYear2026 + 100)
    }

    @Test("what an operator has given stays, whatever the provider says")
    func operators() async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        try await harness.logIn()
        let user = try #require(try await harness.accounts().first)
        var change = Administration.UserChange()
        change.groups = ["operators"]
        try await harness.users.change(user, change)
        try await harness.logIn(["groups": ["Staff/Clerks"]], browser: harness.users.browser(), now: newYear2026 + 10)
        let after = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules()).groups(of: after).map(\.name) == ["clerks", "operators"])
    }

    @Test("what another provider said does not count, nor what one said where there is none")
    func otherProvider() async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        try await harness.logIn(["groups": ["operators"]])
        let user = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules(), provider: "partners").groups(of: user).isEmpty)
        #expect(try Self.access(Self.rules(), provider: nil).groups(of: user).isEmpty)
    }

    @Test("however much the provider says, what is kept is bounded, and no group gets lost")
    func bounds() async throws {
        let harness = try await ProviderHarness(users: Self.rules())
        let many = (0..<3_000).map { JSON.string("g\($0)") } + ["operators"]
        let access = try Self.access(Self.rules())
        #expect(access.kept { _ in .array(many) }?.claims == ["groups": ["operators"]])
        #expect(access.kept { _ in .string(String(repeating: "x", count: 513)) } == nil)
        #expect(
            access.kept { _ in ["a", .string(String(repeating: "x", count: 513)), 7] }?.claims == ["groups": ["a"]])
        let long = (0..<200).map { JSON.string("\($0)" + String(repeating: "x", count: 100)) } + ["operators"]
        #expect(access.kept { _ in .array(long) }?.claims == ["groups": ["operators"]])
        try await harness.logIn(["groups": .array((0..<200).map { .string("group \($0)") } + ["operators"])])
        let user = try #require(try await harness.accounts().first)
        #expect(try Self.access(Self.rules()).groups(of: user).map(\.name) == ["operators"])
    }
}

extension MemoryStore {
    fileprivate func put(_ revocation: Revocation) async throws {
        _ = try await commit(
            [.remove(.revocation, key: revocation.target.key), .insert(revocation.record)], now: newYear2026)
    }
}
