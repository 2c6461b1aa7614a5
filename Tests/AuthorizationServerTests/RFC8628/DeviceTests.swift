import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("RFC 8628: a device without a browser is let in")
struct DeviceTests {
    private let harness: AuthorizationHarness
    private let verification: DeviceVerification
    private static let path = "/oauth2/device_authorization"

    init() async throws {
        harness = try AuthorizationHarness()
        verification = DeviceVerification(store: harness.store)
        try await harness.register("tv", grants: [.deviceCode]) { _ in }
        try await harness.register("radio", grants: [.deviceCode]) { _ in }
        try await harness.register()
        var user = StoredUser(id: "ada", name: "ada", createdAt: newYear2026)
        user.email = "ada@example.com"
        #expect(try await harness.store.commit([.insert(user.record)], now: newYear2026))
    }

    private func begin(_ form: String = "scope=orders:read", as client: String = "tv", now: Int64 = newYear2026) async
        -> Answer
    {
        await harness.send(Self.path, form, as: (client, "s3cret"), now: now)
    }

    private func poll(_ code: String, as client: String = "tv", now: Int64) async -> Answer {
        await harness.send(
            "/oauth2/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=\(code)",
            as: (client, "s3cret"), now: now)
    }

    private func codes(now: Int64 = newYear2026) async throws -> (device: String, user: String) {
        let body = await begin(now: now).body
        return (try #require(body["device_code"]?.string), try #require(body["user_code"]?.string))
    }

    private func approve(_ userCode: String, scopes: [String] = ["orders:read"], now: Int64 = newYear2026) async throws
        -> Bool
    {
        guard
            case .found(let request) = await verification.find(userCode, address: "192.0.2.7", userID: "ada", now: now)
        else {
            return false
        }
        let approval = DeviceRequest.Approval(
            userID: "ada", authentication: UserAuthentication(time: now), scopes: scopes)
        return try await verification.approve(request, approval, now: now)
    }

    // MARK: The pair of codes

    @Test("AS-080 the client shows who it is, and may use this grant")
    func authentication() async {
        #expect(await harness.send(Self.path, "scope=orders:read", as: nil).status == 401)
        #expect(await harness.send(Self.path, "scope=orders:read", as: ("tv", "wrong")).error == "invalid_client")
        #expect(await begin(as: "shop").error == "unauthorized_client")
        #expect(await harness.send(Self.path, "", method: "GET").status == 405)
    }

    @Test("AS-080 a parameter twice is refused, an unknown one is ignored, and what cannot be had is refused at once")
    func parameters() async {
        #expect(await begin("scope=orders:read&scope=orders:write").error == "invalid_request")
        #expect(await begin("scope=orders:read&colour=green").status == 200)
        #expect(await begin("scope=payments").error == "invalid_scope")
        #expect(await begin("resource=https://nowhere.example").error == "invalid_target")
    }

    @Test("AS-081 the answer has both codes, where the user goes, how long it holds and how often to ask")
    func answer() async throws {
        let answer = await begin()
        #expect(answer.status == 200)
        #expect(answer.field("cache-control") == "no-store")
        let body = answer.body
        #expect((body["device_code"]?.string ?? "").utf8.count == 43)
        let code = try #require(body["user_code"]?.string)
        #expect(body["verification_uri"] == "https://login.example.com/oauth2/device")
        #expect(
            body["verification_uri_complete"]?.string == "https://login.example.com/oauth2/device?user_code=\(code)")
        #expect(body["expires_in"] == 600)
        #expect(body["interval"] == 5)
        let metadata = await harness.get("/.well-known/oauth-authorization-server").body
        #expect(metadata["device_authorization_endpoint"] == "https://login.example.com/oauth2/device_authorization")
    }

    @Test("AS-081 the interval is honoured: who keeps to it is only told that nobody has answered")
    func interval() async throws {
        let codes = try await codes()
        for now in stride(from: newYear2026 + 5, to: newYear2026 + 60, by: 5) {
            #expect(await poll(codes.device, now: now).error == "authorization_pending")
        }
    }

    @Test("neither code is stored in clear")
    func digests() async throws {
        let codes = try await codes()
        for kind in [RecordKind.deviceCode, .userCode] {
            for record in try await harness.store.records(RecordQuery(kind), most: 10) {
                let text = record.key + String(decoding: JSON.object(record.body).serialized(), as: UTF8.self)
                #expect(
                    !text.contains(codes.device) && !text.contains(codes.user)
                        && !text.contains(codes.user.filter { $0 != "-" }))
            }
        }
    }

    // MARK: Waiting

    @Test("AS-082 before anybody answers: 400 authorization_pending")
    func pending() async throws {
        let answer = await poll(try await codes().device, now: newYear2026 + 5)
        #expect(answer.status == 400)
        #expect(answer.error == "authorization_pending")
    }

    @Test(
        "AS-083 who asks too soon is told to slow down, and has five seconds more to wait from then on, after a restart too"
    )
    func slowDown() async throws {
        let codes = try await codes()
        var now = newYear2026 + 5
        #expect(await poll(codes.device, now: now).error == "authorization_pending")
        now += 4
        #expect(await poll(codes.device, now: now).error == "slow_down")
        // Ten seconds now.
        now += 9
        #expect(await poll(codes.device, now: now).error == "slow_down")
        // Fifteen. What is kept is in the store, not in a process.
        let record = try #require(try await harness.store.records(RecordQuery(.deviceCode), most: 1).first)
        #expect(DeviceRequest(record)?.intervalSeconds == 15)
        now += 15
        #expect(await poll(codes.device, now: now).error == "authorization_pending")
        now += 14
        #expect(await poll(codes.device, now: now).error == "slow_down")
    }

    // MARK: The end

    @Test("a device that was let in gets tokens for what was agreed to, about the user, with a grant")
    func approved() async throws {
        let codes = try await codes()
        #expect(try await approve(codes.user))
        let answer = await poll(codes.device, now: newYear2026 + 5)
        #expect(answer.status == 200)
        #expect(answer.facts.subject == "ada")
        let claims = try await harness.claims(of: answer)
        #expect(claims["sub"] == "ada")
        #expect(claims["client_id"] == "tv")
        #expect(claims["scope"] == "orders:read")
        #expect(claims["auth_time"] == .integer(newYear2026))
        let grant = try #require(claims["grant_id"]?.string)
        #expect(try await harness.store.record(.grant, grant).flatMap(Grant.init)?.subject == "ada")
    }

    @Test("a user lets in for less, never for more")
    func narrowed() async throws {
        let body = await begin("scope=orders:read+orders:write").body
        let user = try #require(body["user_code"]?.string)
        #expect(try await !approve(user, scopes: ["orders:read", "payments"]))
        #expect(try await approve(user, scopes: ["orders:write"]))
        let answer = await poll(try #require(body["device_code"]?.string), now: newYear2026 + 5)
        #expect(try await harness.claims(of: answer)["scope"] == "orders:write")
    }

    @Test("AS-084 a device that was turned away: access_denied")
    func denied() async throws {
        let codes = try await codes()
        guard
            case .found(let request) = await verification.find(
                codes.user, address: "192.0.2.7", userID: "ada", now: newYear2026)
        else {
            Issue.record("not found")
            return
        }
        #expect(try await verification.deny(request, now: newYear2026))
        #expect(await poll(codes.device, now: newYear2026 + 5).error == "access_denied")
        // Nobody lets it in any longer, not even with a page that was open before.
        let approval = DeviceRequest.Approval(
            userID: "ada", authentication: UserAuthentication(time: newYear2026), scopes: [])
        #expect(try await !verification.approve(request, approval, now: newYear2026))
    }

    @Test("AS-084 after ten minutes: expired_token, for the user too, even when it was let in")
    func expired() async throws {
        let other = try await codes()
        #expect(try await approve(other.user))
        #expect(await poll(other.device, now: newYear2026 + 600).error == "expired_token")
        let codes = try await codes()
        #expect(await poll(codes.device, now: newYear2026 + 599).error == "authorization_pending")
        #expect(await poll(codes.device, now: newYear2026 + 600).error == "expired_token")
        #expect(try await !approve(codes.user, now: newYear2026 + 600))
    }

    @Test("AS-084 a code that was used is invalid_grant, and so is an unknown one")
    func used() async throws {
        let codes = try await codes()
        #expect(try await approve(codes.user))
        #expect(await poll(codes.device, now: newYear2026 + 5).status == 200)
        #expect(await poll(codes.device, now: newYear2026 + 10).error == "invalid_grant")
        #expect(await poll("nonsense", now: newYear2026).error == "invalid_grant")
    }

    @Test("AS-084 of a hundred that ask at the same time one gets tokens")
    func parallel() async throws {
        let codes = try await codes()
        #expect(try await approve(codes.user))
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { await poll(codes.device, now: newYear2026 + 5).status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(try await harness.store.records(RecordQuery(.grant), most: 100).count == 1)
    }

    @Test("AS-085 another client's device code is invalid_grant, and still good for its own")
    func otherClient() async throws {
        let codes = try await codes()
        #expect(try await approve(codes.user))
        #expect(await poll(codes.device, as: "radio", now: newYear2026 + 5).error == "invalid_grant")
        #expect(await poll(codes.device, as: "shop", now: newYear2026 + 5).error == "unauthorized_client")
        #expect(await poll(codes.device, now: newYear2026 + 5).status == 200)
    }

    @Test("a user who was disabled meanwhile lets nobody in")
    func disabled() async throws {
        let codes = try await codes()
        #expect(try await approve(codes.user))
        var user = try #require(try await harness.store.record(.user, "ada").flatMap(StoredUser.init))
        user.isDisabled = true
        #expect(try await harness.store.commit([.replace(user.record)], now: newYear2026))
        #expect(await poll(codes.device, now: newYear2026 + 5).error == "access_denied")
    }
}
