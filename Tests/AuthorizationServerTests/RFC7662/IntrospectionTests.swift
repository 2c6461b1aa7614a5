import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 7662: what a token says, for whoever may know")
struct IntrospectionTests {
    private let harness: AuthorizationHarness
    private static let inactive: JSONObject = ["active": false]

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
        try await harness.register("orders-api") { $0.resources = [AuthorizationHarness.audience] }
        try await harness.register("elsewhere-api") { $0.resources = [AuthorizationHarness.otherAudience] }
    }

    @Test("AS-067 without authentication the answer is 401, for GET too", arguments: ["POST", "GET"])
    func authentication(_ method: String) async throws {
        let token = try harness.accessToken()
        for client in [nil, ("shop", "wrong"), ("nobody", "s3cret")] as [(String, String)?] {
            let answer = await harness.send("/oauth2/introspect", "token=\(token)", as: client, method: method)
            #expect(answer.status == 401)
            #expect(answer.error == "invalid_client")
            #expect(answer.field("www-authenticate")?.hasPrefix("Basic ") == true)
        }
    }

    @Test("AS-067 a token has no place in a URI: GET is refused")
    func get() async throws {
        let answer = await harness.send("/oauth2/introspect", "", method: "GET")
        #expect(answer.status == 405)
        #expect(answer.field("allow") == "POST")
    }

    @Test("a live access token says what it says, but not what grant it comes from")
    func active() async throws {
        let token = try harness.accessToken {
            $0.grantID = "g1"
            $0.authentication = UserAuthentication(time: newYear2026 - 60, acr: "high")
        }
        let answer = await harness.introspect(token, as: ("orders-api", "s3cret"))
        #expect(answer.status == 200)
        #expect(answer.field("cache-control") == "no-store")
        #expect(
            answer.body.names.sorted() == [
                "acr", "active", "aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub",
                "token_type",
            ])
        #expect(answer.body["active"] == true)
        #expect(answer.body["client_id"] == "shop")
        #expect(answer.body["sub"] == "ada")
        #expect(answer.body["scope"] == "orders:read")
        #expect(answer.body["exp"] == .integer(newYear2026 + 600))
    }

    /// What is no live access token of ours.
    enum Dead: String, CaseIterable {
        case unknown, malformed, expired, notYetValid, issuedInFuture, foreign, otherIssuer, idToken, withoutClient,
            oddConfirmation, revoked,
            clientRevoked, subjectRevoked, grantRevoked
    }

    @Test(
        "AS-068 AS-071 what is no live token of ours is not active, and nothing else is said", arguments: Dead.allCases)
    func dead(_ dead: Dead) async throws {
        var claims = AuthorizationHarness.claims
        claims["grant_id"] = "g1"
        var revocation: Revocation.Target?
        var text: String?
        var typ: String? = "at+jwt"
        switch dead {
        case .unknown: text = "nonsense"
        case .malformed: text = "a.b.c"
        case .expired: claims["exp"] = .integer(newYear2026)
        case .notYetValid: claims["nbf"] = .integer(newYear2026 + 11)
        case .issuedInFuture: claims["iat"] = .integer(newYear2026 + 11)
        case .foreign: text = try TestKeys.foreign(claims)
        case .otherIssuer: claims["iss"] = "https://elsewhere.example"
        case .idToken: typ = "JWT"
        case .withoutClient: claims["client_id"] = nil
        case .oddConfirmation: claims["cnf"] = ["jwk": [:]]
        case .revoked: revocation = .token("one")
        case .clientRevoked: revocation = .client("shop")
        case .subjectRevoked: revocation = .subject("ada")
        case .grantRevoked: revocation = .grant("g1")
        }
        if let revocation {
            #expect(await harness.introspect(try harness.signed(typ: typ, claims)).body["active"] == true)
            #expect(
                try await harness.store.commit(Revoker.changes(ending: revocation, now: newYear2026), now: newYear2026))
        }
        let answer = await harness.introspect(try text ?? harness.signed(typ: typ, claims))
        #expect(answer.status == 200)
        #expect(answer.body == Self.inactive)
    }

    @Test("AS-071 what was issued after a client or a subject was ended counts")
    func after() async throws {
        #expect(
            try await harness.store.commit(Revoker.changes(ending: .client("shop"), now: newYear2026), now: newYear2026)
        )
        #expect(await harness.introspect(try harness.accessToken()).body == Self.inactive)
        // A moment later counts as before: it may have been obtained by what was known a moment before.
        let overtaking = try harness.accessToken(now: newYear2026 + Revoker.overtakingSeconds)
        #expect(await harness.introspect(overtaking, now: newYear2026 + 2).body == Self.inactive)
        let after = newYear2026 + Revoker.overtakingSeconds + 1
        let later = try harness.accessToken(now: after)
        #expect(await harness.introspect(later, now: after).body["active"] == true)
    }

    @Test("AS-069 a wrong hint finds the token all the same", arguments: ["access_token", "refresh_token", "nonsense"])
    func hint(_ hint: String) async throws {
        try await harness.grant()
        for text in [try harness.accessToken(), "refresh-1"] {
            #expect(await harness.introspect(text, "&token_type_hint=\(hint)").body["active"] == true)
        }
    }

    @Test("AS-070 a client that the token is not for, and that it was not issued to, learns nothing")
    func entitled() async throws {
        let token = try harness.accessToken(client: "till")
        #expect(await harness.introspect(token, as: ("orders-api", "s3cret")).body["active"] == true)
        #expect(await harness.introspect(token, as: ("elsewhere-api", "s3cret")).body == Self.inactive)
        // Without a list a client may ask tokens for every resource; that is no permission to look into those of
        // others.
        #expect(await harness.introspect(token).body == Self.inactive)
        let own = try harness.accessToken(client: "elsewhere-api")
        #expect(await harness.introspect(own, as: ("elsewhere-api", "s3cret")).body["active"] == true)
    }

    @Test("AS-070 a refresh token is nobody's business but its client's, and one that was replaced is not active")
    func refreshToken() async throws {
        try await harness.grant()
        let answer = await harness.introspect("refresh-1")
        #expect(answer.body["active"] == true)
        #expect(answer.body["exp"] == .integer(newYear2026 + 86_400))
        #expect(await harness.introspect("refresh-1", as: ("orders-api", "s3cret")).body == Self.inactive)
        var record = try #require(
            try await harness.store.record(.refreshToken, RandomText.refreshToken.key(of: "refresh-1")))
        record.body["rotation"] = ["at": .integer(newYear2026)]
        #expect(try await harness.store.commit([.replace(record)], now: newYear2026))
        #expect(await harness.introspect("refresh-1").body == Self.inactive)
    }

    @Test("AS-072 what a token is bound to is reported, and that it is used with DPoP")
    func bound() async throws {
        let key = try harness.accessToken { $0.binding = SenderBinding(keyThumbprint: "thumb") }
        let answer = await harness.introspect(key).body
        #expect(answer["token_type"] == "DPoP")
        #expect(answer["cnf"] == ["jkt": "thumb"])
        let certificate = try harness.accessToken { $0.binding = SenderBinding(certificateThumbprint: "print") }
        let other = await harness.introspect(certificate).body
        #expect(other["token_type"] == "Bearer")
        #expect(other["cnf"] == ["x5t#S256": "print"])
    }

    @Test("while the store cannot be reached nobody is told that a token is active")
    func unavailable() async throws {
        let token = try harness.accessToken()
        #expect(await harness.introspect(token).status == 200)
        harness.store.fail(true)
        #expect(await harness.introspect(token).status == 503)
    }

    @Test(
        "a token of which a revocation cannot be read is not active",
        arguments: ["token:one", "client:shop", "subject:ada"], [true, false])
    func damagedRevocation(key: String, isJSON: Bool) async throws {
        let token = try harness.signed(AuthorizationHarness.claims)
        #expect(await harness.introspect(token).body["active"] == true)
        let record = StoredRecord(.revocation, key, expiresAt: newYear2026 + 1_000, body: ["before": "soon"])
        #expect(try await harness.store.commit([.insert(record)], now: newYear2026))
        if !isJSON { harness.store.damage(.revocation, key) }
        let answer = await harness.introspect(token)
        #expect(answer.status == 503)
        #expect(answer.body["active"] == nil)
    }
}
