import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 6749 §5: answers of the token endpoint")
struct TokenResponseTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    @Test("AS-011 tokens and errors are JSON that nobody may store")
    func headers() async {
        for answer in [await harness.token(), await harness.token("&scope=x"), await harness.token(secret: "wrong")] {
            #expect(answer.field("content-type") == "application/json")
            #expect(answer.field("cache-control") == "no-store")
            #expect(answer.field("pragma") == "no-cache")
        }
    }

    @Test(
        "AS-009 every error is its status, a word of the RFC and a sentence of permitted octets",
        arguments: OAuthError.catalogue)
    func errors(_ error: OAuthError) throws {
        let answer = Answer(error.response(challenge: "Basic realm=\"r\""))
        #expect([400, 401, 403, 429, 503].contains(answer.status))
        for text in [answer.error, answer.body["error_description"]?.string] {
            let text = try #require(text)
            #expect(!text.isEmpty)
            #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        }
        #expect(answer.body.names == ["error", "error_description"])
        #expect((answer.field("www-authenticate") != nil) == (answer.status == 401))
    }

    @Test("AS-009 nothing that the client sent comes back in an error")
    func noReflection() async {
        for answer in [
            await harness.token("&scope=%3Czebra%3E"), await harness.token("&resource=%3Czebra%3E"),
            await harness.token(id: "%3Czebra%3E"),
        ] {
            #expect(answer.status >= 400)
            #expect(!String(decoding: answer.octets, as: UTF8.self).contains("zebra"))
        }
    }

    @Test("AS-012 without a scope asked for, the token has all that the client may have, and says so")
    func defaultScope() async throws {
        let answer = await harness.token()
        #expect(answer.body["scope"]?.string == "orders:read orders:write")
        #expect(try await harness.claims(of: answer)["scope"]?.string == "orders:read orders:write")
    }

    @Test(
        "AS-012 AS-123 a scope asked for is the only one granted",
        arguments: [
            ("orders:read", "orders:read"), ("orders:write+orders:read", "orders:write orders:read"),
            ("orders:read%20orders:read", "orders:read"),
        ])
    func narrowed(asked: String, granted: String) async throws {
        let answer = await harness.token("&scope=\(asked)")
        #expect(answer.body["scope"]?.string == granted)
        #expect(try await harness.claims(of: answer)["scope"]?.string == granted)
    }

    @Test(
        "AS-012 a scope that is unknown, not the client's, or malformed is refused",
        arguments: [
            "admin", "orders:read+admin", "ORDERS:READ", "orders:read++orders:write", "+orders:read", "a%22b", "a%5Cb",
            "%C3%BC", "a%09b",
        ])
    func invalidScope(_ scope: String) async {
        let answer = await harness.token("&scope=\(scope)")
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_scope")
    }

    @Test("AS-013 token_type and expires_in are there and true", arguments: [30, 600, 86_400])
    func expiry(seconds: Int) async throws {
        let harness = try AuthorizationHarness(lifetime: .seconds(seconds))
        try await harness.register()
        let answer = await harness.token()
        let claims = try await harness.claims(of: answer)
        #expect(answer.body["token_type"]?.string == "Bearer")
        #expect(answer.body["expires_in"]?.int == Int64(seconds))
        #expect((claims["exp"]?.int ?? 0) - (claims["iat"]?.int ?? 0) == Int64(seconds))
    }

    @Test("AS-014 there is no refresh token in the answer")
    func noRefreshToken() async {
        #expect(await harness.token().body.names == ["access_token", "token_type", "expires_in", "scope"])
    }
}
