import JOSE
import JSON
import Octets
import Testing

@testable import AuthorizationTesting

@Suite("RFC 9068, RFC 8707: what access tokens say")
struct AccessTokenTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    @Test("AS-061 AS-124 the header says at+jwt, ES256 and the key, and the published key verifies it")
    func header() async throws {
        let answer = await harness.token()
        let text = try #require(answer.body["access_token"]?.string)
        let token = try CompactJWS(Array(text.utf8))
        #expect(token.header.typ == "at+jwt")
        #expect(token.header.alg == "ES256")
        #expect(token.header.kid == harness.key.kid)
        _ = try await harness.claims(of: answer)
    }

    @Test("AS-062 all claims of RFC 9068 §2.2 are there and nothing else")
    func claims() async throws {
        let claims = try await harness.claims(of: harness.token())
        #expect(claims.names.sorted() == ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"])
        #expect(claims["iss"]?.string == AuthorizationHarness.issuer)
        #expect(claims["sub"]?.string == "shop")
        #expect(claims["client_id"]?.string == "shop")
        #expect(claims["iat"]?.int == newYear2026)
        #expect(claims["exp"]?.int == newYear2026 + 600)
    }

    @Test("AS-015 AS-062 jti has 128 random bits and is new for each token")
    func jti() async throws {
        let first = try await harness.claims(of: harness.token())["jti"]?.string ?? ""
        let second = try await harness.claims(of: harness.token())["jti"]?.string ?? ""
        #expect(first != second)
        #expect(Base64URL.decode(first)?.count == 16)
    }

    @Test("AS-064 without a resource the audience is the default")
    func defaultAudience() async throws {
        #expect(try await harness.claims(of: harness.token())["aud"]?.string == AuthorizationHarness.audience)
    }

    @Test(
        "AS-064 AS-065 a known resource is the only audience",
        arguments: [AuthorizationHarness.audience, AuthorizationHarness.otherAudience])
    func resource(_ resource: String) async throws {
        #expect(try await harness.claims(of: harness.token("&resource=\(resource)"))["aud"]?.string == resource)
    }

    @Test(
        "AS-064 an unknown resource, or two of them, is invalid_target",
        arguments: [
            "&resource=https://elsewhere.example", "&resource=https://api.example.com/x", "&resource=x",
            "&resource=https://api.example.com:444", "&resource=http://api.example.com",
            "&resource=https://api.example.com.", "&resource=https://api.example.com/?",
            "&resource=https://user@api.example.com", "&resource=https://api.example.com%5C",
            "&resource=https://api.example.com%23f", "&resource=https://api.example.com/%25zz",
            "&resource=https://api.example.com&resource=https://other.example.com",
            "&resource=https://api.example.com&resource=https://elsewhere.example",
        ])
    func invalidTarget(_ parameters: String) async {
        let answer = await harness.token(parameters)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_target")
    }

    @Test(
        "AS-064 two spellings of one URL are one resource (RFC 3986 §6.2), and the token has the policy's",
        arguments: [
            "https://api.example.com/", "https://API.example.com", "HTTPS://api.example.com",
            "https://api.example.com:443", "https://Api.Example.Com:443/", "https://api.example.com/.",
            "https://api.example.com/x/..",
        ])
    func equivalent(_ resource: String) async throws {
        let answer = await harness.token("&resource=\(resource)&resource=https://api.example.com")
        #expect(answer.status == 200)
        #expect(try await harness.claims(of: answer)["aud"]?.string == AuthorizationHarness.audience)
        let harness = try AuthorizationHarness()
        try await harness.register("listed", resources: [resource])
        #expect(await harness.token("&resource=https://api.example.com", id: "listed").status == 200)
        #expect(await harness.token("&resource=https://other.example.com", id: "listed").error == "invalid_target")
    }

    @Test("AS-063 a client without scopes gets a token without the claim")
    func noScope() async throws {
        try await harness.register("bare", scopes: [])
        let answer = await harness.token(id: "bare")
        #expect(answer.body["scope"] == nil)
        #expect(try await harness.claims(of: answer)["scope"] == nil)
    }

    @Test("AS-066 the answer promises nothing about the form of the token")
    func opaqueToClients() async {
        #expect(await harness.token().body["issued_token_type"] == nil)
    }
}
