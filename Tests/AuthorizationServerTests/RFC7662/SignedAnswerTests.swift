import JOSE
import JSON
import Testing

@testable import AuthorizationTesting

@Suite("RFC 9701: answers about tokens as JWTs")
struct SignedAnswerTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    private func ask(
        _ token: String, accept: String = "application/token-introspection+jwt",
        as client: (String, String) = ("shop", "s3cret")
    ) async -> Answer {
        await harness.send("/oauth2/introspect", "token=\(token)", as: client, fields: [("accept", accept)])
    }

    @Test("AS-073 the answer is a JWT of its own type, for the caller, with the token's claims in one object")
    func signed() async throws {
        let answer = await ask(try harness.accessToken())
        #expect(answer.status == 200)
        #expect(answer.field("content-type") == "application/token-introspection+jwt")
        let jws = try CompactJWS(answer.octets)
        #expect(jws.header.typ == "token-introspection+jwt")
        let keys = try JWKSet.parse(await harness.get("/oauth2/jwks").octets)
        let claims = try jws.verified(by: keys, allowing: [.es256]).payload
        #expect(claims.names.sorted() == ["aud", "iat", "iss", "token_introspection"])
        #expect(claims["iss"]?.string == AuthorizationHarness.issuer)
        #expect(claims["aud"] == "shop")
        #expect(claims["iat"] == .integer(newYear2026))
        #expect(claims["token_introspection"]?.object?["active"] == true)
        #expect(claims["token_introspection"]?.object?["sub"] == "ada")
    }

    @Test("AS-073 what is not active is said in a JWT too")
    func inactive() async throws {
        let claims = try CompactJWS(await ask("nonsense").octets).unverifiedClaims
        #expect(claims["token_introspection"] == ["active": false])
    }

    @Test("AS-073 errors stay JSON")
    func errors() async {
        let answer = await ask("nonsense", as: ("shop", "wrong"))
        #expect(answer.status == 401)
        #expect(answer.field("content-type") == "application/json")
    }

    @Test(
        "whoever does not ask for a JWT gets JSON",
        arguments: ["application/json", "*/*", "application/token-introspection+jwt;q=0", "application/jwt"])
    func json(_ accept: String) async throws {
        #expect(await ask(try harness.accessToken(), accept: accept).field("content-type") == "application/json")
    }

    @Test("the answer can be taken for no access token: it is none to this server either")
    func noToken() async throws {
        let answer = await ask(try harness.accessToken())
        let text = String(decoding: answer.octets, as: UTF8.self)
        #expect(await harness.introspect(text).body == ["active": false])
    }
}
