import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 8693: a token becomes another")
struct TokenExchangeTests {
    private let harness: AuthorizationHarness
    static let accessToken = "urn:ietf:params:oauth:token-type:access_token"

    init() async throws {
        harness = try AuthorizationHarness()
        // Is called for `audience`, and calls `otherAudience`.
        try await harness.register("orders-api", grants: [.tokenExchange, .clientCredentials]) {
            $0.resources = [AuthorizationHarness.audience, AuthorizationHarness.otherAudience]
        }
        try await harness.register()
    }

    private func exchange(
        _ subject: String?, _ more: String = "", type: String? = TokenExchangeTests.accessToken,
        now: Int64 = newYear2026
    ) async -> Answer {
        var form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
        if let subject { form += "&subject_token=\(subject)" }
        if let type { form += "&subject_token_type=\(type)" }
        return await harness.send("/oauth2/token", form + more, as: ("orders-api", "s3cret"), now: now)
    }

    private func actor(_ token: String) -> String { "&actor_token=\(token)&actor_token_type=\(Self.accessToken)" }

    @Test("AS-088 without a subject token, or without its type, the request is invalid")
    func missing() async throws {
        let token = try harness.accessToken()
        #expect(await exchange(nil).error == "invalid_request")
        #expect(await exchange(token, type: nil).error == "invalid_request")
        #expect(await exchange(token).status == 200)
    }

    @Test("AS-089 an actor token and its type belong together")
    func halfActor() async throws {
        let token = try harness.accessToken()
        #expect(await exchange(token, "&actor_token=\(token)").error == "invalid_request")
        #expect(await exchange(token, "&actor_token_type=\(Self.accessToken)").error == "invalid_request")
    }

    enum Bad: CaseIterable {
        case nonsense, foreign, expired, otherIssuer, revoked, grantRevoked, otherAudience, idToken
    }

    @Test("AS-090 AS-092 a subject token that is not good is an invalid request", arguments: Bad.allCases)
    func bad(_ bad: Bad) async throws {
        var claims = AuthorizationHarness.claims
        claims["grant_id"] = "g1"
        #expect(await exchange(try harness.signed(claims)).status == 200)
        var text: String?
        var typ = "at+jwt"
        switch bad {
        case .nonsense: text = "nonsense"
        case .foreign: text = try TestKeys.foreign(claims)
        case .expired: claims["exp"] = .integer(newYear2026)
        case .otherIssuer: claims["iss"] = "https://elsewhere.example"
        case .otherAudience: claims["aud"] = "https://elsewhere.example"
        case .idToken: typ = "JWT"
        case .revoked:
            #expect(
                try await harness.store.commit(
                    Revoker.changes(ending: .token("one"), now: newYear2026), now: newYear2026)
            )
        case .grantRevoked:
            #expect(
                try await harness.store.commit(
                    Revoker.changes(ending: .grant("g1"), now: newYear2026), now: newYear2026))
        }
        let answer = await exchange(try text ?? harness.signed(typ: typ, claims))
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test("AS-091 the answer has a token, what it was issued as, and its type")
    func answer() async throws {
        let answer = await exchange(try harness.accessToken())
        #expect(answer.status == 200)
        #expect(answer.body["issued_token_type"]?.string == Self.accessToken)
        #expect(answer.body["token_type"] == "Bearer")
        #expect(answer.body["refresh_token"] == nil)
        let claims = try await harness.claims(of: answer)
        #expect(claims["sub"] == "ada")
        #expect(claims["client_id"] == "orders-api")
        #expect(claims["act"] == nil)
        #expect(answer.facts.subject == "ada" && answer.facts.client == "orders-api")
    }

    @Test(
        "AS-091 a JWT may be asked for, and is what it is anyway; nothing else may",
        arguments: [
            ("urn:ietf:params:oauth:token-type:jwt", 200), ("urn:ietf:params:oauth:token-type:access_token", 200),
            ("urn:ietf:params:oauth:token-type:refresh_token", 400), ("urn:ietf:params:oauth:token-type:id_token", 400),
            ("nonsense", 400),
        ])
    func requested(type: String, status: Int) async throws {
        #expect(await exchange(try harness.accessToken(), "&requested_token_type=\(type)").status == status)
    }

    @Test("AS-092 an unknown target is invalid_target, by either name", arguments: ["resource", "audience"])
    func target(_ name: String) async throws {
        let token = try harness.accessToken()
        #expect(await exchange(token, "&\(name)=https://nowhere.example").error == "invalid_target")
        let answer = await exchange(token, "&\(name)=\(AuthorizationHarness.otherAudience)")
        #expect(try await harness.claims(of: answer)["aud"]?.string == AuthorizationHarness.otherAudience)
        #expect(
            await exchange(
                token, "&resource=\(AuthorizationHarness.audience)&audience=\(AuthorizationHarness.otherAudience)"
            ).error
                == "invalid_target")
    }

    @Test("AS-093 the current actor stands outermost, and those before it inside")
    func actors() async throws {
        let own = try harness.accessToken(client: "orders-api", subject: "orders-api")
        let first = await exchange(try harness.accessToken(), actor(own))
        #expect(try await harness.claims(of: first)["act"] == ["sub": "orders-api", "client_id": "orders-api"])

        let before: JSON = ["sub": "front", "act": ["sub": "edge"]]
        let chained = await exchange(try harness.accessToken { $0.actor = before }, actor(own))
        #expect(
            try await harness.claims(of: chained)["act"] == [
                "sub": "orders-api", "client_id": "orders-api", "act": before,
            ])
        // Who passes on without acting in its own name takes nobody out of the chain.
        let passed = await exchange(try harness.accessToken { $0.actor = before })
        #expect(try await harness.claims(of: passed)["act"] == before)
    }

    @Test("AS-093 an actor token is live, and the client's own")
    func badActor() async throws {
        let token = try harness.accessToken()
        for other in [
            "nonsense", try harness.accessToken(client: "shop"),
            try harness.accessToken(client: "orders-api", now: newYear2026 - 601),
        ] {
            #expect(await exchange(token, actor(other)).error == "invalid_request")
        }
        let own = try harness.accessToken(client: "orders-api")
        #expect(
            await exchange(token, "&actor_token=\(own)&actor_token_type=urn:ietf:params:oauth:token-type:id_token")
                .error == "invalid_request")
    }

    @Test(
        "AS-094 where the token names who may act, nobody else does",
        arguments: [
            (["sub": "orders-api"], true), (["sub": "elsewhere"], false), (["client_id": "orders-api"], true),
            (["client_id": "elsewhere"], false),
            (["sub": "orders-api", "client_id": "elsewhere"], false), ([:], false),
            (["sub": "orders-api", "iss": "https://elsewhere.example"], false), ("anybody", false),
        ] as [(JSON, Bool)])
    func mayAct(claim: JSON, may: Bool) async throws {
        let token = try harness.accessToken { $0.mayAct = claim }
        #expect(await exchange(token).status == (may ? 200 : 400))
        let own = try harness.accessToken(client: "orders-api", subject: "orders-api")
        #expect(await exchange(token, actor(own)).status == (may ? 200 : 400))
    }

    @Test("AS-094 a client's registration says who alone may exchange its tokens")
    func registeredMayAct() async throws {
        for (named, may) in [("orders-api", true), ("elsewhere", false)] {
            try await harness.register("caller-\(named)", grants: [.clientCredentials]) { $0.mayAct = named }
            let got = await harness.send(
                "/oauth2/token", "grant_type=client_credentials", as: ("caller-\(named)", "s3cret"))
            let token = try #require(got.body["access_token"]?.string)
            #expect(try await harness.claims(of: got)["may_act"] == ["sub": .string(named)])
            #expect(await exchange(token).status == (may ? 200 : 400))
        }
    }

    @Test("AS-094 with an actor token its subject is who acts")
    func mayActUser() async throws {
        let token = try harness.accessToken { $0.mayAct = ["sub": "bob"] }
        #expect(await exchange(token).status == 400)
        #expect(
            await exchange(token, actor(try harness.accessToken(client: "orders-api", subject: "bob"))).status == 200)
    }

    @Test("AS-095 scopes are those that token and client have, or fewer")
    func scopes() async throws {
        let token = try harness.accessToken(scopes: ["orders:read", "payments"])
        #expect(try await harness.claims(of: await exchange(token))["scope"] == "orders:read")
        #expect(await exchange(token, "&scope=orders:write").error == "invalid_scope")
        #expect(await exchange(token, "&scope=payments").error == "invalid_scope")
        #expect(await exchange(try harness.accessToken(scopes: ["payments"])).error == "invalid_scope")
    }

    @Test("AS-095 the new token ends with the old one, and with its grant")
    func lifetime() async throws {
        let token = try harness.accessToken { $0.grantID = "g1" }
        let answer = await exchange(token, now: newYear2026 + 500)
        #expect(answer.body["expires_in"] == 100)
        let claims = try await harness.claims(of: answer)
        #expect(claims["exp"] == .integer(newYear2026 + 600))
        #expect(claims["grant_id"] == "g1")
    }

    @Test("AS-095 a client without this grant, or one that is public, exchanges nothing")
    func permission() async throws {
        let token = try harness.accessToken()
        let form =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=\(token)&subject_token_type=\(Self.accessToken)"
        #expect(await harness.send("/oauth2/token", form).error == "unauthorized_client")
    }
}
