import HTTP
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

/// What clients send that find a server they were never told of, such as those of the Model Context Protocol.
private func stranger(_ changed: [String: JSON] = [:]) -> JSON {
    var members: [String: JSON] = [
        "client_name": "FastMCP Client", "redirect_uris": ["http://localhost:49152/callback"],
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "scope": "",
        "token_endpoint_auth_method": "none", "application_type": "native",
    ]
    for (name, value) in changed { members[name] = value }
    return .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
}

@Suite("RFC 7591 §3: clients that nobody let register themselves")
struct OpenRegistrationTests {
    let harness: AuthorizationHarness
    init() throws { harness = try Self.open() }

    private static func open(_ change: (inout RegistrationSettings.Open) -> Void = { _ in }) throws
        -> AuthorizationHarness
    {
        var open = RegistrationSettings.Open()
        change(&open)
        return try AuthorizationHarness(registrationToken: registrationToken) {
            $0.registration = RegistrationSettings(initialAccessToken: .environment("X"), scopes: ["notes", "files"])
            $0.registration?.open = open
        }
    }

    @Test("201 without any token; it has no token to manage itself by, and ends soon unless a user agrees to something")
    func registers() async throws {
        let answer = await harness.registration("POST", stranger(), token: nil)
        #expect(answer.status == 201)
        #expect(answer.body["scope"] == "notes files")
        #expect(answer.body["token_endpoint_auth_method"] == "none")
        #expect(answer.body["registration_access_token"] == nil && answer.body["registration_client_uri"] == nil)
        #expect(answer.body["open_until"] == nil)
        #expect(answer.facts.event == "client_registered")
        let id = try #require(answer.body["client_id"]?.string)
        let record = try #require(try await harness.store.record(.client, id))
        #expect(record.expiresAt == newYear2026 + 86_400)
        #expect(try await harness.store.client(id: id)?.openUntil == newYear2026 + 86_400)
    }

    @Test(
        "what it may not have is left out rather than refused: RFC 7591 §3.2.1",
        arguments: [
            (
                [
                    "grant_types": [
                        "authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    ]
                ],
                ["authorization_code"], "notes files"
            ),
            (["scope": "files offline_access admin:write"], ["authorization_code", "refresh_token"], "notes files"),
            (["scope": "admin:write"], ["authorization_code", "refresh_token"], "notes files"),
        ] as [([String: JSON], [String], String)])
    func narrowed(_ asked: [String: JSON], _ grants: [String], _ scope: String) async throws {
        let answer = await harness.registration("POST", stranger(asked), token: nil)
        #expect(answer.status == 201)
        #expect(answer.body["grant_types"] == .strings(grants))
        #expect(answer.body["scope"]?.string == scope)
    }

    @Test(
        "what cannot work is refused",
        arguments: [
            ["grant_types": ["client_credentials"], "response_types": []], ["redirect_uris": ["https://a.example/#f"]],
            ["redirect_uris": ["javascript:alert(1)"]], ["redirect_uris": []],
            ["jwks_uri": "https://169.254.169.254/"], ["logo_uri": "http://tracker.example/"],
        ] as [[String: JSON]])
    func refused(_ asked: [String: JSON]) async throws {
        let answer = await harness.registration("POST", stranger(asked), token: nil)
        #expect(answer.status == 400)
        #expect(["invalid_client_metadata", "invalid_redirect_uri"].contains(answer.error))
        #expect(try await harness.store.clients().values.isEmpty)
    }

    @Test("a wrong token stays wrong, and without the setting there is no registration without one")
    func tokens() async throws {
        #expect(await harness.registration("POST", stranger(), token: "guessed").status == 401)
        #expect(await harness.registration("GET", nil, token: nil, query: "client_id=x").status == 401)
        #expect(
            await (try AuthorizationHarness.registering()).registration("POST", stranger(), token: nil).status == 401)
        let answer = await harness.registration(
            "POST",
            stranger([
                "grant_types": ["client_credentials"], "response_types": [],
                "token_endpoint_auth_method": "client_secret_basic", "scope": "notes",
            ]))
        #expect(answer.status == 201 && answer.body["registration_access_token"] != nil)
    }

    @Test("Attack: filling the store. From one address fifty at once, then one a minute; others are not held up")
    func oneAddress() async throws {
        for _ in 0..<50 { #expect(await register(from: "192.0.2.1").status == 201) }
        let answer = await register(from: "192.0.2.1")
        #expect(answer.status == 429)
        #expect(answer.field("retry-after") == "60")
        #expect(answer.facts.event == "registration_braked")
        #expect(await register(from: "192.0.2.2").status == 201)
        // An IPv6 subscriber has a whole /64.
        for number in 0..<50 { #expect(await register(from: "2001:db8::\(number)").status == 201) }
        #expect(await register(from: "2001:db8::ffff:1").status == 429)
        #expect(await register(from: "2001:db8:0:1::1").status == 201)
        #expect(await register(from: "192.0.2.1", now: newYear2026 + 60).status == 201)
    }

    @Test(
        "Attack: filling the store from many addresses. As many as the policy says, and no more until some have ended")
    func manyAddresses() async throws {
        let harness = try Self.open {
            $0.clientsMax = 3; $0.unusedLifetime = .seconds(600)
        }
        try await harness.register("operators-own")
        for number in 1...3 { #expect(await register(from: "192.0.2.\(number)", harness).status == 201) }
        for seconds: Int64 in [0, 1, 60, 599] {
            let answer = await register(from: "198.51.100.1", harness, now: newYear2026 + seconds)
            #expect(answer.status == 503 && answer.facts.event == "registration_full")
        }
        #expect(await register(from: "198.51.100.1", harness, now: newYear2026 + 630).status == 201)
        #expect(try await harness.store.client(id: "operators-own") != nil)
    }

    private func register(from address: String, _ other: AuthorizationHarness? = nil, now: Int64 = newYear2026) async
        -> Answer
    {
        let harness = other ?? self.harness
        let request = ServiceRequest(
            method: "POST", path: "/oauth2/register", host: "login.example.com",
            fields: [("content-type", "application/json")], body: stranger().serialized(), clientAddress: address)
        return await Answer(harness.server.answer(request, now: now, random: .system))
    }

    // MARK: Users

    /// A client "shop" that registered itself, and a user who is logged in.
    private static func flow(
        _ registration: RegistrationSettings.Open? = .init(), scopes: [String] = CodeFlowHarness.scopes,
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws -> CodeFlowHarness {
        var settings = RegistrationSettings(initialAccessToken: .environment("X"), scopes: scopes)
        settings.open = registration
        return try await CodeFlowHarness(registration: settings) { client in
            client.openUntil = newYear2026 + 600
            client.isFirstParty = false
            change(&client)
        }
    }

    @Test("once it has obtained tokens for a user, it lasts longer than those can without being used")
    func used() async throws {
        var settings = RegistrationSettings(initialAccessToken: nil, scopes: CodeFlowHarness.scopes)
        settings.open = .init()
        let flow = try await CodeFlowHarness(registration: settings)
        let code = try await flow.code()
        // Registered by an operator until here, so that no page is needed.
        var client = try #require(try await flow.base.store.client(id: "shop"))
        client.openUntil = newYear2026 + 600
        #expect(try await flow.base.store.replace(client, now: newYear2026))
        #expect(await flow.redeem(code).status == 200)
        let until = newYear2026 + 15 * 86_400
        #expect(try await flow.base.store.client(id: "shop")?.openUntil == until)
        #expect(try await flow.base.store.record(.client, "shop")?.expiresAt == until)
    }

    @Test("users are asked, even if somebody has made it first_party")
    func asks() async throws {
        let flow = try await Self.flow { $0.isFirstParty = true }
        #expect(await flow.authorize().field("location")?.hasPrefix("/oauth2/consent?") == true)
    }

    @Test(
        "whatever it registered for, it may ask for all that the policy has for such clients today, and for nothing else"
    )
    func scopesOfToday() async throws {
        let flow = try await Self.flow(scopes: ["orders:write"]) { $0.scopes = ["orders:read"] }
        #expect(
            await flow.authorize([("scope", "orders:write")]).field("location")?.hasPrefix("/oauth2/consent?") == true)
        #expect(await flow.authorize([("scope", "orders:read")]).redirect["error"] == "invalid_scope")
    }

    @Test("closing registration closes it for those that are there, too; documents alone for those with a document")
    func closed() async throws {
        #expect(await (try Self.flow(nil)).authorize().status == 400)
        #expect(
            await (try Self.flow(nil)).token([("grant_type", "authorization_code"), ("code", "x")]).error
                == "invalid_client")
        var withoutDocuments = RegistrationSettings.Open()
        withoutDocuments.documents = false
        #expect(await (try Self.flow(withoutDocuments)).authorize().status == 303)
        let flow = try await Self.flow(withoutDocuments) { $0.documentReadAt = newYear2026 }
        #expect(await flow.authorize().status == 400)
    }

    @Test("Attack: many at once. No more are admitted than the address has, or than there is room for")
    func atOnce() async throws {
        let harness = try Self.open { $0.clientsMax = 30 }
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask { await self.register(from: "192.0.2.\(number % 2)", harness).status }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } <= 30)
        #expect(try await harness.store.clients().values.count <= 30)
        let braked = try Self.open()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { _ = await self.register(from: "192.0.2.1", braked) } }
        }
        #expect(try await braked.store.clients().values.count <= 50)
    }

    @Test(
        "Attack: asking when there is no room. It is counted as other registrations are, and the store is not read each time"
    )
    func noRoom() async throws {
        let harness = try Self.open { $0.clientsMax = 1 }
        #expect(await register(from: "192.0.2.1", harness).status == 201)
        for _ in 0..<50 { #expect(await register(from: "192.0.2.2", harness).status == 503) }
        #expect(await register(from: "192.0.2.2", harness).status == 429)
    }

    @Test("what is admitted and not stored yet counts when the store is read anew, once")
    func unsettled() async throws {
        var settings = RegistrationSettings.Open()
        settings.clientsMax = 1
        let open = OpenRegistration(settings)
        let store = MemoryStore()
        try await open.admit(.document, address: "192.0.2.1", store, now: newYear2026)
        await #expect(throws: OAuthError.registrationFull) {
            try await open.admit(.document, address: "192.0.2.1", store, now: newYear2026 + 60)
        }
        open.giveBack()
        try await open.admit(.document, address: "192.0.2.1", store, now: newYear2026 + 61)
        open.settled()
    }

    @Test("it never acts for itself, even if an operator has made it a client that does")
    func grants() async throws {
        let flow = try await Self.flow { $0.grants.insert(.clientCredentials) }
        let answer = await flow.token([("grant_type", "client_credentials")])
        #expect(answer.error == "unauthorized_client")
    }

    @Test("what a stranger says of itself is at most as long as a document may be")
    func tooLarge() async throws {
        let long = JSON.string(String(repeating: "x", count: 16_384))
        let answer = await harness.registration("POST", stranger(["note": long]), token: nil)
        #expect(answer.status == 400 && answer.error == "invalid_client_metadata")
    }

    @Test("users are asked each time, whatever they agreed to before, and nobody is sent anywhere without a word")
    func noSilence() async throws {
        let flow = try await Self.flow()
        try await flow.put(
            Grant(
                id: "g1", clientID: "shop", subject: CodeFlowHarness.userID, scopes: ["orders:read"],
                resources: [AuthorizationHarness.audience], createdAt: newYear2026, expiresAt: newYear2026 + 86_400
            ).record)
        #expect(await flow.authorize().field("location")?.hasPrefix("/oauth2/consent?") == true)
        #expect(await flow.authorize([("prompt", "none")]).redirect["error"] == "consent_required")
        #expect(await flow.authorize([("prompt", "none")], cookies: [:]).isPage)
    }

    @Test("AS-040 open redirector: before somebody is logged in, an error of its request leads nowhere")
    func openRedirector() async throws {
        let flow = try await Self.flow()
        #expect(await flow.authorize([("scope", "unknown")], cookies: [:]).isPage)
        #expect(await flow.authorize([("scope", "unknown")]).target == CodeFlowHarness.redirectURI)
    }
}
