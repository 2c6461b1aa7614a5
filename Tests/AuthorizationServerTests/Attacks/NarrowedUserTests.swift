import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// Every memory of what a user has granted, against every way of taking it from the user.
@Suite("Attack: what a user may no longer goes on by what was granted before")
struct NarrowedUserTests {
    enum Memory: String, CaseIterable, Sendable {
        /// To which the user has said yes on the consent page.
        case interaction
        case code, device, refreshToken
        /// Exchanged for another (RFC 8693), and asked about (RFC 7662).
        case exchange, introspection
        /// Of a refresh token.
        case refreshIntrospection
    }

    enum Way: String, CaseIterable, Sendable {
        case nothingTaken
        /// By `portcullis user set`.
        case ownScopes, group
        /// Another `routes.yaml`.
        case groupScopes, groupRemoved, everybodysScopes
    }

    private static let before = UserRules.test(
        everybody: .only(["orders:read", "orders:list"]), ["clerks": ["orders:write"]])
    private static let scope = "openid orders:read orders:write"

    @Test("it ends when the command returns, or with the new policy", arguments: Way.allCases)
    func narrowed(_ way: Way) async throws {
        for memory in Memory.allCases {
            var here = try await CodeFlowHarness(isFirstParty: memory != .interaction, users: Self.before) { client in
                client.grants.formUnion([.deviceCode, .tokenExchange])
            }
            here.cookies[BrowserCookie.name] = RandomText.browser.make(.system)
            try await here.change { user in
                user.groups = ["clerks"]
                if way == .ownScopes { user.may = ["orders:read", "orders:write"] }
                if way == .ownScopes { user.groups = [] }
            }
            let shown = try await begin(memory, here)
            var after = try await take(way, here)
            after.now += way == .nothingTaken ? 0 : 1
            let scope = try await obtained(memory, shown, after)
            let hasWrite = scope?.split(separator: " ").contains("orders:write") ?? false
            #expect(hasWrite == (way == .nothingTaken), "\(memory) after \(way): \(scope ?? "nothing")")
        }
    }

    private func begin(_ memory: Memory, _ harness: CodeFlowHarness) async throws -> String {
        switch memory {
        case .interaction:
            let page = await harness.authorize([("scope", Self.scope)])
            let id = try #require(page.redirect["interaction"])
            let key = RandomText.interaction.key(of: id)
            var interaction = try #require(
                try await harness.base.store.record(.interaction, key).flatMap { Interaction($0, id: id) })
            let isAnswered = interaction.decide(.given)
            #expect(isAnswered)
            #expect(try await harness.base.store.commit([.replace(interaction.record)], now: harness.now))
            return id
        case .code: return try await harness.code([("scope", Self.scope)])
        case .device:
            var device = DeviceRequest(
                deviceCode: String(repeating: "d", count: 43), userCode: "BCDFGHJK", clientID: "shop",
                scopes: ["openid", "orders:read", "orders:write"], resources: [], now: harness.now)
            device.state = .approved(
                DeviceRequest.Approval(
                    userID: CodeFlowHarness.userID, authentication: UserAuthentication(time: harness.now),
                    scopes: ["openid", "orders:read", "orders:write"]))
            try await harness.put(device.record)
            return String(repeating: "d", count: 43)
        case .refreshToken, .refreshIntrospection:
            return try #require(try await harness.tokens([("scope", Self.scope)]).body["refresh_token"]?.string)
        case .exchange, .introspection:
            return try #require(try await harness.tokens([("scope", Self.scope)]).body["access_token"]?.string)
        }
    }

    private func take(_ way: Way, _ harness: CodeFlowHarness) async throws -> CodeFlowHarness {
        let administration = Administration.forTests(harness.base.store, harness.base.pepper, users: Self.before)
        func set(_ change: Administration.UserChange) async throws -> CodeFlowHarness {
            _ = try await administration.changeUser(
                CodeFlowHarness.userID, change, now: harness.now, random: .system)
            return harness
        }
        switch way {
        case .nothingTaken: return harness
        case .ownScopes:
            var change = Administration.UserChange()
            change.may = ["orders:read"]
            return try await set(change)
        case .group:
            var change = Administration.UserChange()
            change.groups = []
            return try await set(change)
        case .groupScopes:
            return try harness.atAnotherNode(users: .test(everybody: .only(["orders:read"]), ["clerks": []]))
        case .groupRemoved:
            return try harness.atAnotherNode(
                users: .test(everybody: .only(["orders:read"]), ["others": ["orders:write"]]))
        case .everybodysScopes: return try harness.atAnotherNode(users: .test(everybody: .only(["orders:list"])))
        }
    }

    /// The scope of what comes of it; nil: nothing does.
    private func obtained(_ memory: Memory, _ shown: String, _ harness: CodeFlowHarness) async throws -> String? {
        func scope(_ answer: Answer) async throws -> String? {
            guard answer.status == 200 else { return nil }
            return try await harness.claims(answer)["scope"]?.string
        }
        switch memory {
        case .interaction:
            let answer = await harness.send("/oauth2/authorize", query: "interaction=\(shown)")
            guard let code = answer.redirect["code"] else { return nil }
            return try await scope(await harness.redeem(code))
        case .code: return try await scope(await harness.redeem(shown))
        case .device:
            return try await scope(
                await harness.token([
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", shown),
                ]))
        case .refreshToken: return try await scope(await harness.refresh(shown))
        case .exchange:
            return try await scope(
                await harness.token([
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", shown),
                    ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ]))
        case .introspection, .refreshIntrospection:
            let answer = await harness.base.introspect(shown, now: harness.now)
            return answer.body["active"] == true ? answer.body["scope"]?.string : nil
        }
    }

    @Test("asked for by name, what the user may no longer is invalid_scope, and the record says what")
    func asked() async throws {
        let harness = try await CodeFlowHarness(users: Self.before)
        try await harness.change { $0.groups = ["clerks"] }
        let refresh = try #require(try await harness.tokens([("scope", Self.scope)]).body["refresh_token"]?.string)
        try await harness.change { $0.groups = [] }
        let answer = await harness.refresh(refresh, more: [("scope", "orders:write")])
        #expect(answer.error == "invalid_scope")
        #expect(answer.facts.event == "user_may_not")
        let less = await harness.refresh(refresh)
        #expect(less.body["scope"] == "openid orders:read")
        #expect(less.facts.scopesLeftOut == ["orders:write"])
        // What comes back, comes back.
        try await harness.change { $0.groups = ["clerks"] }
        #expect(await harness.refresh(refresh).body["scope"] == "openid orders:read orders:write")
    }

    @Test("access tokens that are out end with the command, and new ones count once it has returned")
    func tokensEnd() async throws {
        var harness = try await CodeFlowHarness(users: Self.before)
        try await harness.change { $0.groups = ["clerks"] }
        let tokens = try await harness.tokens([("scope", Self.scope)])
        let token = try #require(tokens.body["access_token"]?.string)
        #expect(await harness.userInfo(token).status == 200)
        var change = Administration.UserChange()
        change.groups = []
        let done = try await Administration.forTests(harness.base.store, harness.base.pepper, users: Self.before)
            .changeUser(CodeFlowHarness.userID, change, now: harness.now, random: .system)
        #expect(done.change.settling == ManagedChange.overtaking)
        #expect(await harness.userInfo(token).status == 401)
        harness.now += 3
        let refreshed = await harness.refresh(try #require(tokens.body["refresh_token"]?.string))
        #expect(await harness.userInfo(try #require(refreshed.body["access_token"]?.string)).status == 200)
    }
}
