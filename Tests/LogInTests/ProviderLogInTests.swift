import HTTP
import JOSE
import JSON
import Octets
import Proof
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Log-in at an OpenID provider")
struct ProviderLogInTests {
    @Test("the browser is sent to the provider with state, nonce and PKCE, as a client of its authorization endpoint")
    func departure() async throws {
        let harness = try await ProviderHarness()
        let id = try await harness.users.interaction(for: harness.browser)
        let page = await harness.browser.get("/oauth2/login", "interaction=\(id)")
        #expect(page.status == 200)
        #expect(page.text.contains("On to Example staff"))
        #expect(page.field("content-security-policy")?.contains("form-action 'self';") == true)
        let departure = try ProviderHarness.departure(page, id)
        #expect(departure.endpoint == "https://id.example/authorize")
        #expect(page.refresh?.hasPrefix("https://id.example/authorize?tenant=a&response_type=code&") == true)
        #expect(departure["client_id"] == StubProvider.clientID)
        #expect(departure["redirect_uri"] == "https://login.example.com/oauth2/login/callback")
        #expect(departure["scope"] == "openid profile email")
        #expect(departure["code_challenge_method"] == "S256")
        #expect(Set(["prompt", "max_age", "login_hint", "acr_values"]).isDisjoint(with: departure.parameters.keys))
        #expect(Set([departure["state"], departure["nonce"], departure["code_challenge"]]).count == 3)
        for name in ["state", "nonce", "code_challenge"] {
            #expect(RandomText.providerState.isWellFormed(departure[name]), "\(name)")
        }
        harness.answer(try harness.idToken(departure))
        _ = await harness.comeBack(departure)
        let code = try #require(harness.provider.codes.first)
        #expect(code.code == "c0de")
        #expect(code.redirectURI == departure["redirect_uri"])
        #expect(ProofKey.challenge(of: code.verifier) == departure["code_challenge"])
    }

    @Test("what is stored of a log-in that is under way is of no use to a reader: no state, no nonce, no verifier")
    func storedSecrets() async throws {
        let harness = try await ProviderHarness()
        let departure = try await harness.leave()
        let record = try #require(
            try await harness.users.store.record(.providerLogIn, RandomText.providerState.key(of: departure["state"])))
        let text = String(decoding: JSON.object(record.body).serialized(), as: UTF8.self)
        for name in ["state", "nonce", "code_challenge"] { #expect(!text.contains(departure[name]), "\(name)") }
        #expect(!text.contains(harness.browser.secret))
    }

    @Test("who comes back is logged in, with an account of the provider's making, and the client's request goes on")
    func success() async throws {
        let harness = try await ProviderHarness()
        let (departure, answer) = try await harness.logIn()
        #expect(answer.status == 200)
        #expect(answer.refresh == "/oauth2/authorize?interaction=\(departure.interaction)")
        #expect(answer.facts.event == "login")
        let user = try #require(try await harness.accounts().first)
        #expect(user.name == "staff+ada")
        #expect(user.displayName == "Ada L.")
        #expect(user.email == "ada@example.com")
        #expect(user.identity == UserIdentity(issuer: StubProvider.issuer, subject: "u-1"))
        #expect(user.passwordHash == nil)
        #expect(answer.facts.subject == user.id)
        #expect(harness.isLoggedIn())
        let interaction = try await harness.users.stored(departure.interaction)
        #expect(interaction.user?.id == user.id)
        // As the provider says.
        #expect(
            interaction.user?.authentication
                == UserAuthentication(time: newYear2026 - 30, acr: "urn:example:mfa", methods: ["pwd", "otp"]))
    }

    @Test(
        "the second log-in leads to the same account, whatever the user is called by now, and takes over name and address"
    )
    func again() async throws {
        let harness = try await ProviderHarness()
        try await harness.logIn()
        let first = try #require(try await harness.accounts().first)
        try await harness.logIn(
            ["name": "Ada King", "preferred_username": "king", "email": "king@example.com"],
            browser: harness.users.browser())
        let users = try await harness.accounts()
        #expect(users.map(\.id) == [first.id])
        #expect(users.first?.displayName == "Ada King")
        #expect(users.first?.email == "king@example.com")
        #expect(users.first?.name == "staff+ada")
        // What the provider vouches for no longer is not kept.
        try await harness.logIn(["email_verified": false, "name": .null], browser: harness.users.browser())
        #expect(try await harness.accounts().first?.email == nil)
        #expect(try await harness.accounts().first?.isEmailVerified == false)
    }

    @Test("two users of one name get two accounts, and a name that is none here becomes one")
    func names() async throws {
        let harness = try await ProviderHarness()
        try await harness.logIn()
        try await harness.logIn(["sub": "u-2"], browser: harness.users.browser())
        try await harness.logIn(["sub": "u-3", "preferred_username": "Jörg Müller"], browser: harness.users.browser())
        let names = try await harness.accounts().map(\.name).sorted()
        #expect(names.count == 3)
        #expect(names[0] == "staff+ada")
        #expect(names[1].hasPrefix("staff+ada-"))
        #expect(names[2] == "staff+j-rg-m-ller")
    }

    @Test(
        "an address is taken only when the provider says that it has verified it",
        arguments: [("true" as JSON, true), (true, true), (false, false), ("false", false), (1, false), (.null, false)]
            as [(JSON, Bool)])
    func verifiedAddress(said: JSON, isTaken: Bool) async throws {
        let harness = try await ProviderHarness()
        try await harness.logIn(["email_verified": said])
        let user = try #require(try await harness.accounts().first)
        #expect(user.email == (isTaken ? "ada@example.com" : nil))
        #expect(user.isEmailVerified == isTaken)
    }

    @Test("what the ID token does not say, the userinfo endpoint is asked, with the access token that is kept nowhere")
    func userInfo() async throws {
        let harness = try await ProviderHarness()
        harness.provider.set {
            $0.userInfo = .json(
                200,
                [
                    "sub": "u-1", "name": "Ada", "preferred_username": "ada", "email": "a@example.com",
                    "email_verified": true,
                ])
        }
        let bare: JSONObject = ["name": .null, "preferred_username": .null, "email": .null, "email_verified": .null]
        try await harness.logIn(bare)
        #expect(try await harness.accounts().first?.displayName == "Ada")
        #expect(try await harness.accounts().first?.email == "a@example.com")
        #expect(harness.provider.userInfoTokens == [ProviderHarness.accessToken])
        // An answer about somebody else, or none, changes nothing.
        harness.provider.set {
            $0.userInfo = .json(200, ["sub": "u-2", "name": "Eve", "email": "eve@example.com", "email_verified": true])
        }
        try await harness.logIn(bare, browser: harness.users.browser())
        #expect(try await harness.accounts().map(\.displayName) == ["Ada"])
        harness.provider.set { $0.userInfo = nil }
        try await harness.logIn(bare, browser: harness.users.browser())
        #expect(try await harness.accounts().map(\.displayName) == ["Ada"])
    }

    @Test(
        "what the client demands of the log-in is handed on",
        arguments: [
            (["prompt": "login"], ["prompt": "login"]), (["prompt": "consent login"], ["prompt": "login"]),
            (["prompt": "consent"], [:]),
            (["prompt": "select_account"], ["prompt": "select_account"]), (["max_age": 300], ["max_age": "300"]),
            (["login_hint": "ada@example.com"], ["login_hint": "ada@example.com"]),
            (["acr_values": ["a", "b"]], ["acr_values": "a b"]),
        ] as [(JSONObject, [String: String])])
    func demands(request: JSONObject, sent: [String: String]) async throws {
        let harness = try await ProviderHarness()
        let departure = try await harness.leave(request: request)
        for name in ["prompt", "max_age", "login_hint", "acr_values"] {
            #expect(departure.parameters[name] == sent[name], "\(name)")
        }
    }

    @Test(
        "when somebody logged in counts where it is asked for, and what is not known counts as long ago",
        arguments: [
            (["max_age": 300], ["auth_time": .integer(newYear2026 - 300)], true),
            (["max_age": 300], ["auth_time": .integer(newYear2026 - 361)], false),
            (["max_age": 300], ["auth_time": .null], false),
            (["max_age": 0], ["auth_time": .integer(newYear2026 + 20)], true),
            (["max_age": 0], ["auth_time": .integer(newYear2026 - 61)], false),
            (["prompt": "login"], ["auth_time": .integer(newYear2026 - 61)], false),
            (["prompt": "login"], ["auth_time": .null], true),
            ([:], ["auth_time": .integer(newYear2026 - 86_400)], true),
            ([:], ["auth_time": .integer(newYear2026 + 61)], false),
            ([:], ["auth_time": "yesterday"], false), ([:], ["auth_time": -1], false), ([:], ["auth_time": 0], true),
            (["max_age": 300], ["auth_time": 0], false),
            ([:], ["auth_time": .null], true),
        ] as [(JSONObject, JSONObject, Bool)])
    func freshness(request: JSONObject, claims: JSONObject, isGood: Bool) async throws {
        let harness = try await ProviderHarness()
        let (departure, answer) = try await harness.logIn(claims, request: request)
        #expect(harness.isLoggedIn() == isGood)
        #expect(answer.facts.event == (isGood ? "login" : "login_failed"))
        let stored = try await harness.users.stored(departure.interaction).user?.authentication
        if isGood, claims["auth_time"] == .null || claims["auth_time"] == 0 {
            #expect(stored?.time == UserAuthentication.unknownTime)
            // So no token says when it was.
            #expect(stored?.json.object?["auth_time"] == nil)
        }
        // A clock that goes ahead does not make a log-in of the future.
        if let time = stored?.time { #expect(time <= newYear2026) }
    }

    @Test("with passwords, too, there is one page with both, and the button leads to the provider")
    func both() async throws {
        let harness = try await ProviderHarness(passwords: true)
        let id = try await harness.users.interaction(for: harness.browser)
        let page = await harness.browser.get("/oauth2/login", "interaction=\(id)")
        #expect(page.refresh == nil)
        #expect(page.text.contains("Log in with Example staff</button>"))
        #expect(page.text.contains("id=\"password\""))
        #expect(!page.text.contains("Use another account"))
        let sent = try ProviderHarness.departure(await harness.browser.send(page, ["provider": "go"]), id)
        #expect(sent.parameters["prompt"] == nil)
        #expect(
            await harness.browser.send(page, ["username": "alice", "password": LogInHarness.password]).status == 303)
    }

    @Test("without passwords, no password opens anything, and who only looks is not sent anywhere")
    func passwordsOff() async throws {
        let harness = try await ProviderHarness()
        let id = try await harness.users.interaction(for: harness.browser)
        let page = await harness.browser.get("/oauth2/login", "interaction=\(id)")
        let token = FormGuard.token(try #require(BrowserCookie(harness.browser)), purpose: "login \(id)")
        #expect(page.refresh != nil)
        let answer = await harness.browser.post(
            "/oauth2/login",
            "interaction=\(id)&form_token=\(token)&username=alice&password=\(PercentEncoding.encoded(LogInHarness.password))"
        )
        #expect(answer.status == 400)
        #expect(!harness.isLoggedIn())
    }

    @Test("an account of the provider's has no password: none is taken, and none can be given")
    func noPassword() async throws {
        let harness = try await ProviderHarness(passwords: true)
        let id = try await harness.users.interaction(for: harness.browser)
        let departure = try ProviderHarness.departure(
            await harness.browser.send(
                await harness.browser.get("/oauth2/login", "interaction=\(id)"), ["provider": "go"]),
            id)
        harness.answer(try harness.idToken(departure))
        _ = await harness.comeBack(departure)
        let account = try #require(try await harness.accounts().first)
        #expect(account.name == "staff+ada")
        #expect(try await harness.users.logIn(harness.users.browser(), name: "staff+ada", password: "").status == 403)
        await #expect(throws: ManagementError.refused(UserError.logsInElsewhere.description)) {
            try await harness.users.change(account, .init(password: "a long enough one"))
        }
    }

    @Test("an account that was removed is no way in; the user gets a new one, with another sub")
    func removed() async throws {
        let harness = try await ProviderHarness()
        try await harness.logIn()
        let first = try #require(try await harness.accounts().first)
        _ = try await harness.users.administration.removeUser(first.id, now: newYear2026)
        try await harness.logIn(browser: harness.users.browser())
        let second = try #require(try await harness.accounts().first)
        #expect(second.id != first.id)
    }

    @Test("with sign_up: false only those get in who have an account")
    func signUp() async throws {
        let harness = try await ProviderHarness(signsUp: false)
        let (_, answer) = try await harness.logIn()
        #expect(answer.status == 403)
        #expect(answer.facts.error == "unknown_user")
        #expect(answer.text.contains("Use another account"))
        #expect(try await harness.accounts().isEmpty)
        let identity = UserIdentity(issuer: StubProvider.issuer, subject: "u-1")
        func add(_ name: String) async throws -> StoredUser {
            try await harness.users.directory.add(
                name: name, .identity(identity), now: newYear2026, random: harness.users.random)
        }
        let ada = try await add("ada")
        #expect(ada.passwordHash == nil)
        #expect(try await harness.logIn().answer.facts.subject == ada.id)
        await #expect(throws: UserError.identityTaken) { try await add("twin") }
        await #expect(throws: UserError.nameTaken("ada")) {
            try await harness.users.directory.add(
                name: "ada", .identity(UserIdentity(issuer: StubProvider.issuer, subject: "u-2")), now: newYear2026,
                random: harness.users.random)
        }
    }

    @Test("who is turned away may come as somebody else: the provider is asked to let the user choose")
    func another() async throws {
        let harness = try await ProviderHarness()
        harness.provider.set { $0.admits = false }
        let (departure, answer) = try await harness.logIn(request: ["login_hint": "ada"])
        #expect(answer.status == 403)
        #expect(answer.facts.error == "claim_mismatch")
        let sent = try ProviderHarness.departure(
            await harness.browser.send(answer, ["provider": "another"]), departure.interaction)
        #expect(sent["prompt"] == "select_account")
        #expect(sent.parameters["login_hint"] == nil)
        harness.provider.set { $0.admits = true }
        harness.answer(try harness.idToken(sent))
        #expect(await harness.comeBack(sent).facts.event == "login")
    }

    @Test("a provider that cannot be reached is 503 with a page that says so, at every step")
    func unavailable() async throws {
        let harness = try await ProviderHarness()
        let departure = try await harness.leave()
        let facts = await harness.provider.facts()
        harness.provider.set { $0.facts = nil }
        let id = try await harness.users.interaction(for: harness.browser)
        var answers = [await harness.browser.get("/oauth2/login", "interaction=\(id)")]
        // Not used up: the page can be loaded again.
        answers.append(await harness.comeBack(departure))
        harness.provider.set { $0.facts = facts }
        // The token endpoint does not answer, is broken, or busy; then the keys cannot be had.
        for reply in [nil, OutgoingAnswer.json(500, [:]), OutgoingAnswer.json(503, [:]), OutgoingAnswer.json(429, [:])]
        {
            let next = try await harness.leave()
            harness.provider.set { $0.reply = reply }
            answers.append(await harness.comeBack(next))
        }
        let last = try await harness.leave()
        harness.answer(try harness.idToken(last))
        harness.provider.set { $0.keys = nil }
        answers.append(await harness.comeBack(last))
        for answer in answers {
            #expect(answer.status == 503)
            #expect(answer.field("retry-after") == "10")
            #expect(answer.facts.event == "login_provider_unavailable")
            #expect(answer.field("content-type") == "text/html; charset=utf-8")
        }
        #expect(!harness.isLoggedIn())
    }

    @Test(
        "who gives up at the provider goes back to the application, which is told with state and iss",
        arguments: ["access_denied", "unmet_authentication_requirements"])
    func givenUp(word: String) async throws {
        let harness = try await ProviderHarness()
        let departure = try await harness.leave(request: [
            "code_challenge": .string(CodeFlowHarness.challenge), "state": "xyz",
        ])
        let answer = await harness.comeBack(departure, nil, ["error": word, "code": nil])
        #expect(answer.refresh == "/oauth2/authorize?interaction=\(departure.interaction)")
        #expect(answer.facts.event == "login_failed")
        let end = await harness.browser.get("/oauth2/authorize", "interaction=\(departure.interaction)")
        #expect(end.location?.hasPrefix("https://shop.example/back?error=\(word)&") == true)
        #expect(end.location?.hasSuffix("&state=xyz&iss=https%3A%2F%2Flogin.example.com") == true)
        #expect(!harness.isLoggedIn())
        // Over: nothing can be done with it any more.
        #expect(await harness.browser.get("/oauth2/authorize", "interaction=\(departure.interaction)").status == 400)
    }

    @Test("who gives up at the provider where there are passwords, too, or for a device, gets the page to choose again")
    func chooseAgain() async throws {
        for (passwords, request) in [(true, [:]), (false, ["user_code": "BCDFGHJK"])] as [(Bool, JSONObject)] {
            let harness = try await ProviderHarness(passwords: passwords)
            let id = try await harness.users.interaction(for: harness.browser, request: request)
            let page = await harness.browser.get("/oauth2/login", "interaction=\(id)")
            let departure = try ProviderHarness.departure(
                passwords ? await harness.browser.send(page, ["provider": "go"]) : page, id)
            let answer = await harness.comeBack(departure, nil, ["error": "access_denied", "code": nil])
            #expect(answer.status == 400)
            #expect(answer.refresh == nil)
            #expect(answer.text.contains("Log in with Example staff</button>"))
        }
    }

    @Test("a device's user comes back to the device page")
    func device() async throws {
        let harness = try await ProviderHarness()
        let (departure, answer) = try await harness.logIn(request: ["user_code": "BCDFGHJK"])
        #expect(answer.refresh == "/oauth2/device?interaction=\(departure.interaction)")
    }
}

extension BrowserCookie {
    /// Of a browser in a test.
    init?(_ browser: Browser) {
        self.init(ServiceRequest(method: "GET", path: "/", fields: [("cookie", "\(Self.name)=\(browser.secret)")]))
    }
}
