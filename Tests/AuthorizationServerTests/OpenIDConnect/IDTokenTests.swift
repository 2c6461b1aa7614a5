import Crypto
import JOSE
import JSON
import Octets
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("OpenID Connect Core: ID tokens and userinfo")
struct IDTokenTests {
    @Test(
        "AS-065 an ID token is for the client, says when and how the user logged in, and belongs to its access token")
    func idToken() async throws {
        var flow = try await CodeFlowHarness(isLoggedIn: false)
        try await flow.logIn(at: newYear2026 - 100, acr: "pwd")
        let answer = try await flow.tokens([("scope", "openid orders:read"), ("nonce", "n-0S6_WzA2Mj")])
        let claims = try await flow.claims(answer, "id_token")
        #expect(claims["iss"]?.string == AuthorizationHarness.issuer)
        #expect(claims["sub"]?.string == CodeFlowHarness.userID)
        #expect(claims["aud"]?.string == "shop")
        #expect(claims["nonce"]?.string == "n-0S6_WzA2Mj")
        #expect(claims["auth_time"]?.int == newYear2026 - 100)
        #expect(claims["acr"]?.string == "pwd")
        #expect(claims["amr"] == ["pwd"])
        #expect(claims["iat"]?.int == newYear2026)
        #expect(claims["exp"]?.int == newYear2026 + 600)
        #expect(claims["sid"]?.string?.utf8.count == 43)
        let text = try #require(answer.body["access_token"]?.string)
        #expect(
            claims["at_hash"]?.string
                == Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8))).prefix(16).map { $0 }))
        let access = try await flow.claims(answer)
        #expect(access["aud"]?.string != claims["aud"]?.string)
        #expect(access["nonce"] == nil)
    }

    @Test("AS-138 a nonce of 64 characters comes back")
    func nonce() async throws {
        let flow = try await CodeFlowHarness()
        let nonce = String(repeating: "n", count: 64)
        #expect(
            try await flow.claims(try await flow.tokens([("scope", "openid"), ("nonce", nonce)]), "id_token")["nonce"]?
                .string == nonce)
    }

    @Test("without openid there is no ID token, and nothing at userinfo")
    func withoutOpenID() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "orders:read")])
        #expect(answer.body["id_token"] == nil)
        let refused = await flow.userInfo(try #require(answer.body["access_token"]?.string))
        #expect(refused.status == 403)
        #expect(refused.field("www-authenticate")?.contains("error=\"insufficient_scope\"") == true)
    }

    @Test("a refreshed ID token has the time of the log-in and no nonce")
    func refreshed() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "openid"), ("nonce", "n")])
        let later = await flow.refresh(try #require(answer.body["refresh_token"]?.string), now: newYear2026 + 600)
        let claims = try await flow.claims(later, "id_token")
        #expect(claims["auth_time"]?.int == newYear2026)
        #expect(claims["iat"]?.int == newYear2026 + 600)
        #expect(claims["nonce"] == nil)
        #expect(claims["sub"]?.string == CodeFlowHarness.userID)
    }

    @Test(
        "userinfo tells what the scopes ask for",
        arguments: [
            ("openid", ["sub"]), ("openid profile", ["name", "preferred_username", "sub"]),
            ("openid email", ["email", "email_verified", "sub"]),
            ("openid profile email", ["email", "email_verified", "name", "preferred_username", "sub"]),
        ])
    func userInfo(scope: String, names: [String]) async throws {
        let flow = try await CodeFlowHarness()
        let token = try #require(try await flow.tokens([("scope", scope)]).body["access_token"]?.string)
        let answer = await flow.userInfo(token)
        #expect(answer.status == 200)
        #expect(answer.body.names.sorted() == names)
        #expect(answer.body["sub"]?.string == CodeFlowHarness.userID)
        #expect(answer.field("cache-control") == "no-store")
        let posted = await flow.send("/oauth2/userinfo", form: "", cookies: [:], authorization: "Bearer \(token)")
        #expect(posted.octets == answer.octets)
    }

    @Test(
        "email_verified is true only where somebody has shown that the address is the user's, and absent without one",
        arguments: [("ada@example.com", nil, false), ("ada@example.com", true, true), (nil, nil, nil)]
            as [(String?, Bool?, Bool?)])
    func verifiedAddress(email: String?, isVerified: Bool?, said: Bool?) async throws {
        let flow = try await CodeFlowHarness()
        var user = try #require(try await flow.base.store.user(id: CodeFlowHarness.userID))
        user.email = email
        if let isVerified { user.isEmailVerified = isVerified }
        #expect(try await flow.base.store.commit([.replace(user.record)], now: newYear2026))
        let token = try #require(try await flow.tokens([("scope", "openid email")]).body["access_token"]?.string)
        let claims = await flow.userInfo(token).body
        #expect(claims["email"]?.string == email)
        #expect(claims["email_verified"]?.bool == said)
    }

    @Test(
        "AS-063 scopes about the user are not in tokens for other resources, and such tokens open nothing at userinfo"
    )
    func otherAudience() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([
            ("scope", "openid email orders:read offline_access"), ("resource", AuthorizationHarness.otherAudience),
        ])
        #expect(try await flow.claims(answer)["scope"]?.string == "orders:read")
        #expect(answer.body["scope"]?.string == "orders:read offline_access")
        #expect(answer.body["id_token"] != nil)
        #expect(await flow.userInfo(try #require(answer.body["access_token"]?.string)).status == 401)
    }

    @Test("userinfo takes an access token of ours that is good now, in the header, and nothing else")
    func notAToken() async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "openid")])
        let token = try #require(answer.body["access_token"]?.string)
        let idToken = try #require(answer.body["id_token"]?.string)
        for bad in ["x", token + "x", idToken, String(token.dropLast(4)) + "AAAA"] {
            let refused = await flow.userInfo(bad)
            #expect(refused.status == 401)
            #expect(refused.field("www-authenticate")?.contains("error=\"invalid_token\"") == true)
        }
        #expect(await flow.userInfo(token, now: newYear2026 + 600).status == 401)
        #expect(await flow.userInfo(token, scheme: "DPoP").status == 401)
        let none = await flow.send("/oauth2/userinfo", query: "access_token=\(token)", cookies: [:])
        #expect(none.status == 401)
        #expect(none.field("www-authenticate") == "Bearer realm=\"\(AuthorizationHarness.issuer)\"")
    }

    @Test("userinfo says nothing while a revocation cannot be read", arguments: ["client:shop", "subject:"])
    func damagedRevocation(key: String) async throws {
        let flow = try await CodeFlowHarness()
        let answer = try await flow.tokens([("scope", "openid")])
        let token = try #require(answer.body["access_token"]?.string)
        let key = key.hasSuffix(":") ? key + CodeFlowHarness.userID : key
        try await flow.put(StoredRecord(.revocation, key, expiresAt: newYear2026 + 1_000, body: [:]))
        #expect(await flow.userInfo(token).status == 503)
    }

    @Test("userinfo refuses what was revoked, and what is about somebody who was disabled")
    func revoked() async throws {
        for target in ["grant", "client", "subject", "token"] {
            let flow = try await CodeFlowHarness()
            let answer = try await flow.tokens([("scope", "openid")])
            let token = try #require(answer.body["access_token"]?.string)
            let claims = try await flow.claims(answer)
            #expect(await flow.userInfo(token).status == 200)
            let id = try #require(
                ["grant": claims["grant_id"], "client": "shop", "subject": claims["sub"], "token": claims["jti"]][
                    target]??.string)
            try await flow.put(
                Revocation(
                    try #require(Revocation.Target(key: "\(target):\(id)")), before: newYear2026 + 1, expiresAt: .max
                ).record)
            #expect(await flow.userInfo(token).status == 401)
        }
    }
}
