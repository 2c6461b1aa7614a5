import HTTP
import JOSE
import JSON
import Octets
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 9101: signed authorization requests")
struct RequestObjectTests {
    private let key: SigningKey
    private let flow: CodeFlowHarness

    init() async throws {
        let key = try SigningKey.generate(.es256)
        self.key = key
        flow = try await CodeFlowHarness { $0.keySet = ["keys": [key.publicJWK]] }
    }

    private func object(
        _ changes: JSONObject = [:], without: [String] = [], header: JSONObject = ["typ": "oauth-authz-req+jwt"],
        key: SigningKey? = nil
    ) throws
        -> String
    {
        var claims: JSONObject = [
            "iss": "shop", "aud": .string(AuthorizationHarness.issuer), "exp": .integer(newYear2026 + 300),
            "nbf": .integer(newYear2026), "client_id": "shop",
            "response_type": "code", "redirect_uri": .string(CodeFlowHarness.redirectURI), "scope": "orders:read",
            "state": "signed",
            "code_challenge": .string(CodeFlowHarness.challenge), "code_challenge_method": "S256",
        ]
        for (name, value) in changes.members { claims[name] = value }
        for name in without { claims[name] = nil }
        return try (key ?? self.key).sign(header: header, claims: claims)
    }

    private func authorize(_ object: String, more: String = "") async -> Answer {
        await flow.send("/oauth2/authorize", query: "client_id=shop&request=\(object)" + more)
    }

    @Test("RFC 9101 §6.2: what is wrong with it is told the client where the redirect URI beside it is its own")
    func errors() async throws {
        let bad = try object(key: try SigningKey.generate(.es256))
        let beside = "&state=beside&redirect_uri=" + PercentEncoding.encoded(CodeFlowHarness.redirectURI)
        let answer = await authorize(bad, more: beside)
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["error"] == "invalid_request_object")
        #expect(answer.redirect["state"] == "beside")
        #expect(answer.redirect["iss"] == AuthorizationHarness.issuer)
        for more in ["", "&redirect_uri=https://evil.example", beside + "&client_id=shop"] {
            #expect(await authorize(bad, more: more).isPage)
        }
        for (query, error) in [
            ("request_uri=https://client.example/r", "invalid_request_uri"),
            ("request_uri=urn:ietf:params:oauth:request_uri:x", "invalid_request_uri"),
            ("request_uri=urn:x&request=\(bad)", "invalid_request"),
        ] {
            let answer = await flow.send("/oauth2/authorize", query: "client_id=shop&\(query)" + beside)
            #expect(answer.redirect["error"] == error)
        }
        #expect(
            await flow.send("/oauth2/authorize", query: "client_id=shop&request=\(bad)&state=again" + beside).isPage)
    }

    @Test("a signed request is answered, and AS-120: nothing beside it counts")
    func good() async throws {
        let answer = await authorize(
            try object(), more: "&state=injected&scope=orders:write&redirect_uri=https://evil.example")
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["state"] == "signed")
        #expect(await flow.redeem(try #require(answer.redirect["code"])).body["scope"]?.string == "orders:read")
    }

    @Test("a list of resources in a request object counts")
    func resources() async throws {
        let answer = await authorize(try object(["resource": [.string(AuthorizationHarness.audience)]]))
        #expect(answer.redirect["code"] != nil)
    }

    @Test("AS-120 what is not signed does not count: a challenge beside the request object is none")
    func injection() async throws {
        let answer = await authorize(
            try object(without: ["code_challenge"]), more: "&code_challenge=\(CodeFlowHarness.challenge)")
        #expect(answer.redirect["error"] == "invalid_request")
    }

    @Test(
        "AS-121 a request object that is not for us, not timely or not complete is refused",
        arguments: [
            (["aud": "https://other.example"], []), ([:], ["aud"]), (["iss": "other"], []), ([:], ["iss"]),
            (["client_id": "other"], []), ([:], ["exp"]), ([:], ["nbf"]),
            (["exp": .integer(newYear2026)], []),
            (["nbf": .integer(newYear2026 - 3_601), "exp": .integer(newYear2026 + 1)], []),
            (["nbf": .integer(newYear2026 + 60)], []), (["exp": .integer(newYear2026 + 3_601)], []),
            (["exp": .string("soon")], []), (["nbf": "now"], []), (["iat": "now"], []), (["iat": true], []),
            (["iat": .integer(newYear2026 + 11)], []),
            (["request_uri": "urn:x"], []), (["request": "x"], []),
            (["resource": [.string(AuthorizationHarness.audience), 7]], []), (["resource": [nil]], []),
        ] as [(JSONObject, [String])])
    func refused(changes: JSONObject, without: [String]) async throws {
        let answer = await authorize(try object(changes, without: without))
        #expect(answer.isPage)
        #expect(answer.response.facts.error == "invalid_request_object")
    }

    @Test("a list of resources counts as so many parameters; one that does not hold text alone is refused")
    func lists() async throws {
        let audience = JSON.string(AuthorizationHarness.audience)
        #expect(await authorize(try object(["resource": [audience]])).redirect["code"] != nil)
        #expect(
            await authorize(try object(["resource": [audience, "https://other.example"]])).redirect["error"]
                == "invalid_target")
        let mixed = await authorize(try object(["resource": [audience, 1]]))
        #expect(mixed.response.facts.error == "invalid_request_object")
    }

    @Test("AS-121 alg none, a foreign key, another kind of JWT by the same key, and no JWT are refused")
    func foreign() async throws {
        let good = try object()
        let parts = good.split(separator: ".")
        let unsigned = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + parts[1] + "."
        for bad in [
            unsigned, try object(key: try .generate(.es256)), try object(header: ["typ": "at+jwt"]),
            try object(["sub": "shop"], header: [:]),
            String(good.dropLast(3)) + "AAA", "x", "a.b.c",
        ] {
            #expect(await authorize(bad).response.facts.error == "invalid_request_object")
        }
    }

    @Test("a signed request can be pushed, and counts alone")
    func pushed() async throws {
        let form = "client_id=shop&state=injected&request=\(try object())"
        let answer = await flow.send("/oauth2/par", form: form, cookies: [:], authorization: basic("shop", "s3cret"))
        let reference = try #require(answer.body["request_uri"]?.string)
        let redirect = await flow.send("/oauth2/authorize", query: "client_id=shop&request_uri=\(reference)").redirect
        #expect(redirect["state"] == "signed")
        let bad = "client_id=shop&request=x"
        #expect(
            await flow.send("/oauth2/par", form: bad, cookies: [:], authorization: basic("shop", "s3cret")).error
                == "invalid_request_object")
    }
}
