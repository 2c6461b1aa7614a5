import HTTP
import JSON
import Proof
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("OAuth 2.1 §4.1.1: authorization requests")
struct AuthorizationRequestTests {
    @Test(
        "AS-037 AS-050 a request of somebody who is logged in is answered with a code, the state and the issuer; no script of elsewhere may read it"
    )
    func code() async throws {
        let flow = try await CodeFlowHarness()
        for answer in [await flow.authorize(), await flow.send("/oauth2/authorize", form: CodeFlowHarness.query())] {
            #expect(answer.status == 303)
            #expect(answer.target == CodeFlowHarness.redirectURI)
            #expect(answer.redirect.keys.sorted() == ["code", "iss", "state"])
            #expect(answer.redirect["state"] == "xyz")
            #expect(answer.field("access-control-allow-origin") == nil)
            #expect(answer.field("cache-control") == "no-store")
        }
    }

    @Test("AS-015 a code has 256 random bits, and no two are the same")
    func entropy() async throws {
        let flow = try await CodeFlowHarness()
        var codes: Set<String> = []
        for _ in 0..<20 { codes.insert(try await flow.code()) }
        #expect(codes.count == 20)
        #expect(codes.allSatisfy { $0.utf8.count == 43 })
    }

    @Test(
        "AS-018 a redirect_uri that is not octet by octet the registered one gets a page and no redirect",
        arguments: [
            "https://shop.example.com/done/", "https://shop.example.com/Done", "https://SHOP.example.com/done",
            "https://shop.example.com/done?x=1",
            "https://shop.example.com/done#x", "https://shop.example.com/done#", "https://user@shop.example.com/done",
            "https://a.shop.example.com/done",
            "https://shop.example.com:443/done", "http://shop.example.com/done",
            "https://shop.example.com/done/../evil", "https://shop.example.com",
            "https://shop.example.com/done%20", " https://shop.example.com/done", "https://shop.example.com/d%6Fne",
            "https://evil.example/done",
            "javascript:alert(1)", "data:text/html,x", "//shop.example.com/done",
            "https://shop.example.com\\@evil.example/done",
        ])
    func redirectURI(_ uri: String) async throws {
        let answer = await (try await CodeFlowHarness()).authorize([("redirect_uri", uri)])
        #expect(answer.status == 400)
        #expect(answer.isPage)
    }

    @Test(
        "AS-019 on a loopback address any port is the application's, and nothing else",
        arguments: [
            ("http://127.0.0.1:49152/cb", true), ("http://127.0.0.1:1/cb", true), ("http://127.0.0.1/cb", true),
            ("http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1:65536/cb", false), ("http://127.0.0.1:49152/other", false),
            ("http://127.0.0.1:49152/cb?x", false),
            ("http://127.0.0.2:49152/cb", false), ("http://[::1]:49152/cb", true), ("http://[::1]/cb", true),
            ("http://localhost:49152/cb", false),
            ("http://localhost:8080/cb", true), ("https://127.0.0.1:49152/cb", false),
            ("http://127.0.0.1:49152@evil.example/cb", false),
            ("http://127.0.0.1.evil.example/cb", false), ("http://127.0.0.1:/cb", false),
            ("http://127.0.0.1:80a/cb", false),
        ])
    func loopback(uri: String, isFine: Bool) async throws {
        let flow = try await CodeFlowHarness {
            $0.redirectURIs = ["http://127.0.0.1/cb", "http://[::1]:8000/cb", "http://localhost:8080/cb"]
        }
        let answer = await flow.authorize([("redirect_uri", uri)])
        #expect(answer.isPage == !isFine)
        if isFine { #expect(answer.target == uri) }
    }

    @Test(
        "AS-019 of an application on somebody's machine the port of localhost is its choice, too",
        arguments: [
            ("http://localhost:49152/cb", true), ("http://localhost/cb", true), ("http://localhost:49152/other", false),
            ("http://localhost.evil.example/cb", false), ("http://127.0.0.1:49152/cb", false),
            ("http://localhost:49152@evil.example/cb", false), ("https://localhost:49152/cb", false),
        ])
    func localhost(uri: String, isFine: Bool) async throws {
        let flow = try await CodeFlowHarness {
            $0.authenticationMethods = [.none]
            $0.redirectURIs = ["http://localhost:8080/cb"]
        }
        #expect(await flow.authorize([("redirect_uri", uri)]).isPage == !isFine)
    }

    @Test("AS-020 without redirect_uri the only one that is registered serves; with several there is a page")
    func absent() async throws {
        #expect(
            await (try await CodeFlowHarness()).authorize([("redirect_uri", nil)]).target == CodeFlowHarness.redirectURI
        )
        for several in [[], [CodeFlowHarness.redirectURI, "https://shop.example.com/other"]] {
            let answer = await (try await CodeFlowHarness { $0.redirectURIs = several }).authorize([
                ("redirect_uri", nil)
            ])
            #expect(answer.status == 400)
            #expect(answer.isPage)
        }
    }

    @Test("AS-021 an unknown client gets a page, whatever it says", arguments: [nil, "nobody", "", "sh op"])
    func client(_ id: String?) async throws {
        let answer = await (try await CodeFlowHarness()).authorize([("client_id", id)])
        #expect(answer.status == 400)
        #expect(answer.isPage)
    }

    @Test(
        "AS-021 AS-050 everything else that is wrong goes to the client, with state and iss",
        arguments: [
            ("response_type", nil, "invalid_request"), ("scope", "orders:delete", "invalid_scope"),
            ("scope", "a  b", "invalid_scope"),
            ("resource", "https://unknown.example", "invalid_target"), ("prompt", "nonsense", "invalid_request"),
            ("prompt", "none login", "invalid_request"),
            ("max_age", "-1", "invalid_request"), ("max_age", "1e3", "invalid_request"),
            ("max_age", "99999999999", "invalid_request"),
            ("nonce", String(repeating: "n", count: 513), "invalid_request"),
            ("response_mode", "fragment", "invalid_request"),
            ("authorization_details", "[]", "invalid_authorization_details"), ("dpop_jkt", "short", "invalid_request"),
            ("x", "1&scope=b", "invalid_request"),
        ] as [(String, String?, String)])
    func toTheClient(name: String, value: String?, error: String) async throws {
        let flow = try await CodeFlowHarness()
        var query = CodeFlowHarness.query([(name, value)])
        if name == "x" { query += "&scope=orders:write" }
        let answer = await flow.send("/oauth2/authorize", query: query)
        #expect(answer.status == 303)
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["error"] == error)
        #expect(answer.redirect["state"] == "xyz")
        #expect(answer.redirect["iss"] == AuthorizationHarness.issuer)
        #expect(answer.redirect["code"] == nil)
        #expect(answer.response.facts.error == error)
    }

    @Test("AS-021 a client that may not have codes is told so")
    func unauthorized() async throws {
        let answer = await (try await CodeFlowHarness { $0.grants = [.clientCredentials] }).authorize()
        #expect(answer.redirect["error"] == "unauthorized_client")
    }

    @Test(
        "a parameter that decides where to answer must not be there twice",
        arguments: ["client_id=shop", "redirect_uri=x", "state=abc"])
    func twice(_ more: String) async throws {
        let answer = await (try await CodeFlowHarness()).send(
            "/oauth2/authorize", query: CodeFlowHarness.query() + "&" + more)
        #expect(answer.isPage)
    }

    @Test(
        "AS-022 state comes back octet by octet",
        arguments: [
            "a b+c%d&e=f#g", "\"'><script>alert(1)</script>", "\u{e9}\u{1F511}", "\r\nSet-Cookie: a=b",
            String(repeating: "s&%=", count: 400), "\u{0}\u{7F}",
        ])
    func state(_ state: String) async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.authorize([("state", state)])
        #expect(answer.redirect["state"].map { Array($0.utf8) } == Array(state.utf8))
        #expect(answer.field("location")?.utf8.allSatisfy { (0x21...0x7E).contains($0) } == true)
        let page = await flow.authorize([("state", state), ("redirect_uri", "https://evil.example/")])
        #expect(!String(decoding: page.octets, as: UTF8.self).contains("<script>"))
    }

    @Test(
        "AS-017 there is no implicit and no hybrid flow",
        arguments: ["token", "id_token", "id_token token", "code token", "code id_token", "none", "CODE"])
    func responseType(_ type: String) async throws {
        let answer = await (try await CodeFlowHarness()).authorize([("response_type", type)])
        #expect(answer.redirect["error"] == "unsupported_response_type")
        #expect(answer.redirect["access_token"] == nil)
    }

    @Test("AS-017 there is no password grant")
    func password() async throws {
        let answer = await (try await CodeFlowHarness()).token([
            ("grant_type", "password"), ("username", "ada"), ("password", "x"),
        ])
        #expect(answer.error == "unsupported_grant_type")
    }

    @Test(
        "AS-042 a request without code_challenge is refused, of public and of confidential clients",
        arguments: [true, false])
    func noChallenge(isPublic: Bool) async throws {
        let flow = try await CodeFlowHarness { if isPublic { $0.authenticationMethods = [.none]; $0.secrets = [] } }
        #expect(
            await flow.authorize([("code_challenge", nil), ("code_challenge_method", nil)]).redirect["error"]
                == "invalid_request")
    }

    @Test("AS-043 there is no other challenge method than S256", arguments: ["plain", nil, "s256", "S512"])
    func method(_ method: String?) async throws {
        #expect(
            await (try await CodeFlowHarness()).authorize([("code_challenge_method", method)]).redirect["error"]
                == "invalid_request")
    }

    @Test(
        "AS-044 a challenge has 43 to 128 of the unreserved characters",
        arguments: [
            (42, "a", false), (43, "a", true), (128, "~", true), (129, "a", false), (43, "+", false), (43, "=", false),
            (43, "\u{e9}", false),
        ])
    func challenge(count: Int, character: String, isFine: Bool) async throws {
        let answer = await (try await CodeFlowHarness()).authorize([
            ("code_challenge", String(repeating: character, count: count))
        ]
        )
        #expect((answer.redirect["code"] != nil) == isFine)
        #expect(answer.redirect["error"] == (isFine ? nil : "invalid_request"))
    }

    @Test("AS-048 the verifier of RFC 7636 has the challenge of RFC 7636")
    func vector() { #expect(ProofKey.challenge(of: CodeFlowHarness.verifier) == CodeFlowHarness.challenge) }

    @Test(
        "AS-051 iss in answers is octet by octet the issuer of the metadata",
        arguments: ["https://login.example.com", "https://login.example.com:8443/tenant/"])
    func issuer(_ issuer: String) async throws {
        let flow = try await CodeFlowHarness(issuer: issuer)
        #expect(await flow.authorize().redirect["iss"] == issuer)
        #expect(await flow.authorize([("scope", "unknown")]).redirect["iss"] == issuer)
    }

    @Test(
        "AS-127 an http address is no place for codes, even if somebody has registered it",
        arguments: ["http://shop.example.com/done", "http://10.0.0.1/done"])
    func plain(_ uri: String) async throws {
        #expect(await (try await CodeFlowHarness { $0.redirectURIs = [uri] }).authorize([("redirect_uri", uri)]).isPage)
        #expect(await (try await CodeFlowHarness { $0.redirectURIs = [uri] }).authorize([("redirect_uri", nil)]).isPage)
    }

    @Test(
        "AS-127 scripts of any origin may read metadata, keys and token answers, and nothing of the authorization endpoint"
    )
    func origins() async throws {
        let flow = try await CodeFlowHarness()
        for answer in [
            await flow.base.get("/oauth2/jwks"), await flow.base.get("/.well-known/openid-configuration"),
            try await flow.tokens(),
            await flow.redeem("x"),
        ] {
            #expect(answer.field("access-control-allow-origin") == "*")
            #expect(answer.field("access-control-allow-credentials") == nil)
        }
        for answer in [
            await flow.authorize(), await flow.authorize(cookies: [:]), await flow.authorize([("client_id", "nobody")]),
        ] {
            #expect(answer.field("access-control-allow-origin") == nil)
        }
    }

    @Test("AS-064 a grant for several resources gives tokens for one at a time")
    func resources() async throws {
        let flow = try await CodeFlowHarness()
        let both = "&resource=\(AuthorizationHarness.audience)&resource=\(AuthorizationHarness.otherAudience)"
        func code() async throws -> String {
            try #require(await flow.send("/oauth2/authorize", query: CodeFlowHarness.query() + both).redirect["code"])
        }
        #expect(await flow.redeem(try await code()).error == "invalid_target")
        let tokens = await flow.redeem(try await code(), more: [("resource", AuthorizationHarness.otherAudience)])
        #expect(try await flow.claims(tokens)["aud"] == .string(AuthorizationHarness.otherAudience))
        let refresh = try #require(tokens.body["refresh_token"]?.string)
        #expect(
            try await flow.claims(await flow.refresh(refresh, more: [("resource", AuthorizationHarness.audience)]))[
                "aud"]
                == .string(AuthorizationHarness.audience))
        let one = try await flow.code([("resource", AuthorizationHarness.otherAudience)])
        #expect(await flow.redeem(one, more: [("resource", AuthorizationHarness.audience)]).error == "invalid_target")
        #expect(try await flow.claims(await flow.redeem(one))["aud"] == .string(AuthorizationHarness.otherAudience))
    }

    @Test("when the store does not answer nothing is promised: 503 before the client is known")
    func unavailable() async throws {
        let flow = try await CodeFlowHarness()
        flow.base.store.fail(true)
        #expect(await flow.authorize().status == 503)
    }
}
