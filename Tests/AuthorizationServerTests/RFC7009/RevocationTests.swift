import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 7009: a client gives back its tokens")
struct RevocationTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
        try await harness.register("till")
        try await harness.grant()
    }

    private func isActive(_ token: String, now: Int64 = newYear2026) async -> Bool {
        await harness.introspect(token, now: now).body["active"] == true
    }

    @Test("AS-074 a refresh token that is revoked is gone")
    func refreshToken() async throws {
        #expect(await isActive("refresh-1"))
        let answer = await harness.revoke("refresh-1")
        #expect(answer.status == 200)
        #expect(answer.octets.isEmpty)
        #expect(answer.facts.event == "grant_revoked")
        #expect(answer.facts.client == "shop" && answer.facts.subject == "ada")
        #expect(await !isActive("refresh-1"))
        #expect(try await harness.store.record(.refreshToken, RandomText.refreshToken.key(of: "refresh-1")) == nil)
    }

    @Test("AS-074 an access token that is revoked ends alone")
    func accessToken() async throws {
        let one = try harness.accessToken { $0.grantID = "g1" }
        let other = try harness.accessToken { $0.grantID = "g1" }
        let answer = await harness.revoke(one)
        #expect(answer.status == 200 && answer.octets.isEmpty)
        #expect(answer.facts.event == "token_revoked")
        #expect(await !isActive(one))
        #expect(await isActive(other))
        #expect(await isActive("refresh-1"))
    }

    @Test("AS-074 the endpoint is published with https only, and takes POST only")
    func address() async {
        let metadata = await harness.get("/.well-known/oauth-authorization-server").body
        #expect(metadata["revocation_endpoint"]?.string == "https://login.example.com/oauth2/revoke")
        #expect(await harness.send("/oauth2/revoke", "token=refresh-1", method: "GET").status == 405)
        #expect(await isActive("refresh-1"))
    }

    @Test("AS-075 whoever does not show who it is revokes nothing")
    func authentication() async {
        #expect(await harness.send("/oauth2/revoke", "token=refresh-1", as: nil).status == 401)
        #expect(await harness.revoke("refresh-1", as: ("shop", "wrong")).error == "invalid_client")
        #expect(await isActive("refresh-1"))
    }

    @Test("AS-075 another client's token is refused and stays valid")
    func otherClient() async throws {
        let token = try harness.accessToken()
        for text in ["refresh-1", token] {
            let answer = await harness.revoke(text, as: ("till", "s3cret"))
            #expect(answer.status == 400)
            #expect(answer.error == "unauthorized_client")
            #expect(await isActive(text))
        }
    }

    @Test("AS-076 a wrong hint changes nothing", arguments: ["access_token", "refresh_token", "nonsense"])
    func hint(_ hint: String) async throws {
        let token = try harness.accessToken()
        for text in [token, "refresh-1"] {
            #expect(await harness.revoke(text, "&token_type_hint=\(hint)").status == 200)
            #expect(await !isActive(text))
        }
    }

    @Test("AS-077 what is unknown, over or revoked already is 200 without a body")
    func unknown() async throws {
        let token = try harness.accessToken()
        let foreign = try TestKeys.foreign(AuthorizationHarness.claims)
        #expect(await harness.revoke(token).status == 200)
        for text in ["nonsense", token, foreign, "a.b.c", try harness.accessToken(now: newYear2026 - 601)] {
            let answer = await harness.revoke(text)
            #expect(answer.status == 200 && answer.octets.isEmpty)
            #expect(answer.facts.event == nil)
        }
    }

    @Test("AS-078 with a refresh token all access tokens of its grant end")
    func family() async throws {
        let ours = try harness.accessToken { $0.grantID = "g1" }
        let other = try harness.accessToken { $0.grantID = "g2" }
        #expect(await harness.revoke("refresh-1").status == 200)
        #expect(await !isActive(ours))
        #expect(await isActive(other))
        #expect(try await harness.store.record(.revocation, "grant:g1") != nil)
    }

    @Test("AS-079 an ID token is no type that can be revoked")
    func unsupported() async throws {
        let answer = await harness.revoke(try harness.signed(typ: "JWT", AuthorizationHarness.claims))
        #expect(answer.status == 400)
        #expect(answer.error == "unsupported_token_type")
    }

    @Test("AS-079 while the store cannot be reached the client is told to come again")
    func overload() async throws {
        let token = try harness.accessToken()
        // The client is remembered for a second, so that the endpoint gets as far as the store.
        #expect(await harness.revoke("nonsense").status == 200)
        harness.store.fail(true)
        let answer = await harness.revoke(token)
        #expect(answer.status == 503)
        #expect(answer.field("retry-after") != nil)
    }

    @Test("a request without a token is refused")
    func missing() async {
        #expect(await harness.send("/oauth2/revoke", "token_type_hint=access_token").error == "invalid_request")
    }
}
