import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("what tokens say of users besides")
struct UserClaimTests {
    private static func rules(_ claims: [UserClaimRule]) -> UserRules {
        var rules = UserRules.test(everybody: .any, ["clerks": [], "night": [], "others": []])
        rules.claims = claims
        return rules
    }

    private static let some: [UserClaimRule] = {
        var claims = [
            UserClaimRule(name: "groups", source: .groups, type: .strings),
            UserClaimRule(name: "tenant", source: .constant([.string("acme")]), type: .string),
            UserClaimRule(name: "level", source: .constant([.number(3)]), type: .number),
            UserClaimRule(name: "on_call", source: .constant([.bool(true)]), type: .boolean),
            UserClaimRule(name: "regions", source: .constant([.string("eu")]), type: .strings),
            UserClaimRule(name: "clerk", source: .constant([.string("yes")]), type: .string),
        ]
        claims[1].places = [.accessToken]
        claims[2].places = [.idToken]
        claims[3].places = [.userInfo]
        claims[5].scopes = ["orders:write"]
        return claims
    }()

    @Test("the groups, and constants of each type, where they are to stand and with the scopes that they need")
    func places() async throws {
        let harness = try await CodeFlowHarness(users: Self.rules(Self.some))
        try await harness.change { $0.groups = ["night", "clerks", "gone"] }
        let tokens = try await harness.tokens([("scope", "openid orders:read")])
        let access = try await harness.claims(tokens)
        #expect(access["groups"] == ["clerks", "night"])
        #expect(access["tenant"] == "acme")
        #expect(access["regions"] == ["eu"])
        for name in ["level", "on_call", "clerk"] { #expect(access[name] == nil, "\(name)") }
        let identity = try await harness.claims(tokens, "id_token")
        #expect(identity["level"] == 3)
        #expect(identity["groups"] == ["clerks", "night"])
        #expect(identity["tenant"] == nil)
        let info = await harness.userInfo(try #require(tokens.body["access_token"]?.string))
        #expect(info.body["on_call"] == true)
        #expect(info.body["tenant"] == nil)
        let more = try await harness.tokens([("scope", "openid orders:write")])
        #expect(try await harness.claims(more)["clerk"] == "yes")
        // Computed anew each time.
        try await harness.change { $0.groups = [] }
        let refreshed = await harness.refresh(try #require(tokens.body["refresh_token"]?.string))
        #expect(try await harness.claims(refreshed)["groups"] == [])
    }

    private static func access(_ rule: UserClaimRule) throws -> UserAccess {
        var settings = AuthorizationServerSettings(
            issuer: try servedIssuer(AuthorizationHarness.issuer), database: .sqlite(path: ""),
            accessTokenLifetime: .seconds(600), audience: "")
        settings.users = rules([rule])
        settings.logIn.provider = LogInProvider(
            issuer: "staff", label: "", clientID: "", authentication: .secretBasic(.environment("X")))
        return UserAccess(settings)
    }

    private static let target = UserAccess.ClaimTarget(.accessToken, client: "shop", audience: "a", scopes: [])

    @Test(
        "what the provider said counts if it is of the type, and nothing is made of something else",
        arguments: [
            ("Sales", .string, "Sales"), (7, .number, 7), (1.5, .number, 1.5), (true, .boolean, true),
            (["a", "b"], .strings, ["a", "b"]), ("a", .strings, ["a"]), ("7", .number, nil), (7, .string, nil),
            ("true", .boolean, nil), (["a"], .string, nil), (["a", 7], .strings, nil), (nil, .string, nil),
            (["a": "b"], .string, nil),
        ] as [(JSON, UserClaimRule.ValueType, JSON?)])
    func types(said: JSON, type: UserClaimRule.ValueType, found: JSON?) throws {
        let access = try Self.access(
            UserClaimRule(name: "x", source: .provider("department", path: ["department"]), type: type))
        var user = StoredUser(id: "u", name: "u", createdAt: 0)
        #expect(access.claims(of: user, for: Self.target) == [:])
        // As it is kept at log-in, and read again.
        user.providerClaims = access.kept { $0 == ["department"] ? said : nil }
        #expect(access.claims(of: try #require(StoredUser(user.record)), for: Self.target)?["x"] == found)
        user.providerClaims = ProviderClaims(provider: "another", claims: ["department": said])
        #expect(access.claims(of: user, for: Self.target) == [:])
    }

    @Test("a list of the provider's of which something could not be kept is no list: less would be another statement")
    func cutList() throws {
        let access = try Self.access(
            UserClaimRule(name: "x", source: .provider("teams", path: ["teams"]), type: .strings))
        var user = StoredUser(id: "u", name: "u", createdAt: 0)
        for (count, isThere) in [(256, true), (257, false), (5_000, false)] {
            user.providerClaims = access.kept { _ in .strings((0..<count).map { "t\($0)" }) }
            let claims = access.claims(of: try #require(StoredUser(user.record)), for: Self.target)
            #expect(claims?["x"]?.array?.count == (isThere ? count : nil), "\(count)")
        }
        // The same text twice is no loss.
        user.providerClaims = access.kept { _ in .strings(["a", "a", "b"]) }
        #expect(access.claims(of: user, for: Self.target)?["x"] == ["a", "b"])
    }

    @Test(
        "an attribute is taken for what its claim is to be, or left out",
        arguments: [
            (["sales"], .string, "sales"), (["7"], .number, 7), (["-1.5"], .number, -1.5), (["true"], .boolean, true),
            (["false"], .boolean, false), (["eu", "us"], .strings, ["eu", "us"]), (["eu"], .strings, ["eu"]),
            (["eu", "us"], .string, nil), (["0x10"], .number, nil), (["seven"], .number, nil), (["07"], .number, nil),
            (["yes"], .boolean, nil), (["{}"], .number, nil), (["null"], .number, nil),
        ] as [([String], UserClaimRule.ValueType, JSON?)])
    func attributes(values: [String], type: UserClaimRule.ValueType, found: JSON?) throws {
        let access = try Self.access(UserClaimRule(name: "x", source: .attribute("a.b"), type: type))
        var user = StoredUser(id: "u", name: "u", createdAt: 0)
        user.attributes = ["a.b": values, "other": ["1"]]
        #expect(access.claims(of: try #require(StoredUser(user.record)), for: Self.target)?["x"] == found)
    }

    @Test("scopes by name, the name to log in with, the name for people, and an address that is the user's")
    func fromTheAccount() async throws {
        let sources: [UserClaimRule] = [
            UserClaimRule(name: "roles", source: .scopes, type: .strings),
            UserClaimRule(name: "preferred_username", source: .username, type: .string),
            UserClaimRule(name: "name", source: .name, type: .string),
            UserClaimRule(name: "email", source: .email, type: .string),
        ]
        var rules = UserRules.test(everybody: .only(["orders:read"]), ["clerks": ["orders:write"]])
        rules.claims = sources
        let harness = try await CodeFlowHarness(users: rules)
        let before = try await harness.claims(try await harness.tokens())
        #expect(before["roles"] == ["orders:read"])
        #expect(before["preferred_username"] == "ada")
        #expect(before["name"] == "Ada Lovelace")
        #expect(before["email"] == nil, "nobody has shown that it is hers")
        try await harness.change {
            $0.isEmailVerified = true
            $0.groups = ["clerks"]
            $0.may = ["payments"]
        }
        let after = try await harness.claims(try await harness.tokens([("scope", "orders:write")]))
        #expect(after["roles"] == ["payments", "orders:write"])
        #expect(after["email"] == "ada@example.com")
        #expect(after["scope"] == "orders:write", "what the token allows is what was granted")
    }

    @Test("a claim can be for access tokens of some audiences, and for some clients")
    func targets() throws {
        var rule = UserClaimRule(name: "x", source: .constant([.string("v")]), type: .string)
        rule.audiences = ["https://billing.example.com"]
        rule.places = [.accessToken]
        let access = try Self.access(rule)
        let user = StoredUser(id: "u", name: "u", createdAt: 0)
        func found(_ target: UserAccess.ClaimTarget, _ access: UserAccess) -> Bool {
            access.claims(of: user, for: target)?["x"] != nil
        }
        for (audience, isThere) in [
            ("https://billing.example.com", true), ("https://BILLING.example.com/", true),
            ("https://billing.example.com/v2", false), ("https://api.example.com", false),
        ] {
            let target = UserAccess.ClaimTarget(.accessToken, client: "shop", audience: audience, scopes: [])
            #expect(found(target, access) == isThere, "\(audience)")
        }
        #expect(!found(.init(.idToken, client: "shop", scopes: []), access))
        rule.audiences = []
        rule.clients = ["shop"]
        rule.places = Set(UserClaimRule.Place.allCases)
        let ofShop = try Self.access(rule)
        for place in UserClaimRule.Place.allCases {
            #expect(found(.init(place, client: "shop", scopes: []), ofShop))
            #expect(!found(.init(place, client: "Shop", scopes: []), ofShop))
        }
    }

    @Test("a token that is exchanged for one of another audience says what that audience is told, as it is today")
    func exchange() async throws {
        var rules = Self.rules([
            UserClaimRule(name: "groups", source: .groups, type: .strings),
            UserClaimRule(name: "ledger", source: .constant([.string("yes")]), type: .string),
        ])
        rules.claims[1].audiences = [AuthorizationHarness.otherAudience]
        rules.claims[1].places = [.accessToken]
        let harness = try await CodeFlowHarness(users: rules) {
            $0.grants.insert(.tokenExchange)
            $0.resources = [AuthorizationHarness.audience, AuthorizationHarness.otherAudience]
        }
        try await harness.change { $0.groups = ["clerks", "night"] }
        let first = try await harness.tokens()
        #expect(try await harness.claims(first)["ledger"] == nil)
        try await harness.change { $0.groups = ["night"] }
        let exchanged = await harness.token([
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", try #require(first.body["access_token"]?.string)),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", AuthorizationHarness.otherAudience),
        ])
        let claims = try await harness.claims(exchanged)
        #expect(claims["ledger"] == "yes")
        #expect(claims["groups"] == ["night"])
    }

    @Test("introspection says what is so today, whatever the token says")
    func introspection() async throws {
        let harness = try await CodeFlowHarness(users: Self.rules(Self.some))
        try await harness.change { $0.groups = ["clerks", "night"] }
        let token = try #require(try await harness.tokens().body["access_token"]?.string)
        try await harness.change { $0.groups = ["night"] }
        let answer = await harness.send(
            "/oauth2/introspect", form: "token=\(token)", cookies: [:],
            authorization: basic("shop", "s3cret"))
        #expect(answer.body["active"] == true)
        #expect(answer.body["groups"] == ["night"])
        #expect(answer.body["tenant"] == "acme")
        #expect(answer.body["level"] == nil, "it is no claim of access tokens")
    }

    @Test(
        "access tokens that say of a user what an operator has changed end; others stay, and so do refresh tokens",
        arguments: [
            ("another department", ["department": ["law"]], nil, true),
            ("no department", ["department": nil], nil, true),
            ("no longer in a region", ["region": ["eu"]], nil, true),
            ("in one more region", ["region": ["eu", "us", "asia"]], nil, false),
            ("what no token says", ["desk": ["7"]], nil, false),
            ("what ID tokens say", ["floor": ["2"]], nil, false),
            ("another name", [:], "Ada King", false),
        ] as [(String, [String: [String]?], String?, Bool)])
    func changed(_ name: String, attributes: [String: [String]?], displayName: String?, ends: Bool) async throws {
        var rules = UserRules()
        rules.claims = [
            UserClaimRule(name: "department", source: .attribute("department"), type: .string),
            UserClaimRule(name: "region", source: .attribute("region"), type: .strings),
            UserClaimRule(name: "floor", source: .attribute("floor"), type: .number),
            UserClaimRule(name: "name", source: .name, type: .string),
        ]
        rules.claims[2].places = [.idToken]
        let harness = try await CodeFlowHarness(users: rules)
        try await harness.change {
            $0.attributes = ["department": ["sales"], "region": ["eu", "us"], "floor": ["1"]]
        }
        let tokens = try await harness.tokens([("scope", "openid orders:read")])
        var change = Administration.UserChange()
        change.attributes = attributes
        change.displayName = displayName.map { .some($0) }
        let administration = Administration.forTests(harness.base.store, harness.base.pepper, users: rules)
        _ = try await administration.changeUser(
            CodeFlowHarness.userID, change, now: harness.now, random: .system)
        let token = try #require(tokens.body["access_token"]?.string)
        #expect(await harness.userInfo(token).status == (ends ? 401 : 200), "\(name)")
        #expect(await harness.refresh(try #require(tokens.body["refresh_token"]?.string)).status == 200)
    }

    @Test("nothing is used up by a token that would say too much: with less to say it is issued")
    func nothingUsedUp() async throws {
        var rules = UserRules()
        rules.claims = [UserClaimRule(name: "x", source: .attribute("x"), type: .strings)]
        let harness = try await CodeFlowHarness(users: rules)
        func say(_ count: Int) async throws {
            try await harness.change { user in
                user.attributes["x"] = (0..<count).map { "\($0)" + String(repeating: "x", count: 200) }
            }
        }
        try await say(30)
        let code = try await harness.code()
        #expect(await harness.redeem(code).facts.event == "user_claims_too_long")
        try await say(3)
        let tokens = await harness.redeem(code)
        let refresh = try #require(tokens.body["refresh_token"]?.string)
        try await say(30)
        #expect(await harness.refresh(refresh).facts.event == "user_claims_too_long")
        try await say(3)
        #expect(await harness.refresh(refresh).status == 200)
    }

    @Test("the metadata lists what applications can get")
    func metadata() async throws {
        let harness = try await CodeFlowHarness(users: Self.rules(Self.some))
        let supported = await harness.send("/.well-known/openid-configuration", cookies: [:]).body["claims_supported"]
        let names = (supported?.array ?? []).compactMap(\.string)
        for (name, isThere) in [("groups", true), ("level", true), ("on_call", true), ("tenant", false), ("sub", true)]
        {
            #expect(names.contains(name) == isThere, "\(name)")
        }
    }

    @Test("more than fits is an error, and no token that says less")
    func tooMuch() async throws {
        let long = (0..<32).map {
            UserClaimRule(
                name: "c\($0)", source: .constant([.string(String(repeating: "x", count: 250))]), type: .string)
        }
        let harness = try await CodeFlowHarness(users: Self.rules(long))
        let answer = try await harness.tokens()
        #expect(answer.status == 400)
        #expect(answer.facts.event == "user_claims_too_long")
        let fits = try await CodeFlowHarness(users: Self.rules(Array(long.prefix(14))))
        let token = try #require(try await fits.tokens([("scope", "openid orders:read")]).body["access_token"]?.string)
        #expect(await fits.userInfo(token).status == 200)
    }

    @Test("tokens of clients that act for themselves say nothing of users")
    func clients() async throws {
        let base = try AuthorizationHarness { $0.users = Self.rules(Self.some) }
        try await base.register()
        #expect(try await base.claims(of: await base.token())["groups"] == nil)
    }
}
