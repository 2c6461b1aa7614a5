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
            (["scope": "files offline_access admin:write"], ["authorization_code", "refresh_token"], "files"),
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

    @Test("Attack: filling the store. From one address ten at once, then one every six minutes; others are not held up")
    func oneAddress() async throws {
        for _ in 0..<10 { #expect(await register(from: "192.0.2.1").status == 201) }
        let answer = await register(from: "192.0.2.1")
        #expect(answer.status == 429)
        #expect(answer.field("retry-after") == "360")
        #expect(answer.facts.event == "registration_braked")
        #expect(await register(from: "192.0.2.2").status == 201)
        // An IPv6 subscriber has a whole /64.
        for number in 0..<10 { #expect(await register(from: "2001:db8::\(number)").status == 201) }
        #expect(await register(from: "2001:db8::ffff:1").status == 429)
        #expect(await register(from: "2001:db8:0:1::1").status == 201)
        #expect(await register(from: "192.0.2.1", now: newYear2026 + 360).status == 201)
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
        #expect(await register(from: "198.51.100.1", harness, now: newYear2026 + 600).status == 201)
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

    @Test("once a user has agreed to something, it lasts longer than what was granted")
    func used() async throws {
        let flow = try await CodeFlowHarness { $0.openUntil = newYear2026 + 600 }
        #expect(try await flow.base.store.client(id: "shop")?.openUntil == newYear2026 + 600)
        _ = try await flow.code()
        let until = newYear2026 + 91 * 86_400
        #expect(try await flow.base.store.client(id: "shop")?.openUntil == until)
        #expect(try await flow.base.store.record(.client, "shop")?.expiresAt == until)
    }

    @Test("AS-040 open redirector: before somebody is logged in, an error of its request leads nowhere")
    func openRedirector() async throws {
        let flow = try await CodeFlowHarness { $0.openUntil = newYear2026 + 600 }
        #expect(await flow.authorize([("scope", "unknown")], cookies: [:]).isPage)
        #expect(await flow.authorize([("scope", "unknown")]).target == CodeFlowHarness.redirectURI)
    }
}
