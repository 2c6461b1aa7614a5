import HTTP
import JSON
import Proof
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attacks on the authorization endpoint and on codes")
struct AuthorizationAttackTests {
    @Test(
        "AS-040 AS-125 open redirector: a client that anybody may have registered sends nobody anywhere by an error before somebody is logged in",
        arguments: [("scope", "unknown"), ("response_type", "token"), ("prompt", "nonsense")])
    func openRedirector(name: String, value: String) async throws {
        let flow = try await CodeFlowHarness()
        try await flow.put(StoredRecord(.registrationToken, "digest", client: "shop", body: [:]))
        #expect(await flow.authorize([(name, value)], cookies: [:]).isPage)
        #expect(await flow.authorize([(name, value)]).target == CodeFlowHarness.redirectURI)
        // Of the operator's own clients the addresses are known.
        #expect(
            await (try await CodeFlowHarness()).authorize([(name, value)], cookies: [:]).target
                == CodeFlowHarness.redirectURI)
    }

    @Test("AS-125 open redirector: whatever is wrong, no answer leads to an address that is not the client's")
    func unverified() async throws {
        let flow = try await CodeFlowHarness()
        for changes in [
            [], [("scope", "unknown")], [("prompt", "none")], [("request_uri", "https://evil.example/x")],
            [("request", "x")],
        ] as [[(String, String?)]] {
            for cookies in [flow.cookies, [:]] {
                let answer = await flow.authorize(
                    changes + [("redirect_uri", "https://evil.example/")], cookies: cookies)
                #expect(answer.isPage)
                #expect(answer.status == 400)
            }
        }
    }

    @Test("AS-050 mix-up: every answer names its issuer, so that a client sees whose code it holds")
    func mixUp() async throws {
        let flow = try await CodeFlowHarness()
        for changes in [
            [], [("scope", "unknown")], [("response_type", "token")], [("acr_values", "x"), ("prompt", "none")],
        ] as [[(String, String?)]] {
            #expect(await flow.authorize(changes).redirect["iss"] == AuthorizationHarness.issuer)
        }
    }

    @Test("AS-045 code injection: a code that was put into somebody else's session is no good with the verifier there")
    func injection() async throws {
        let flow = try await CodeFlowHarness()
        let victim = try await flow.code()
        let attacker = String(repeating: "b", count: 43)
        _ = try await flow.code([("code_challenge", ProofKey.challenge(of: attacker))])
        #expect(await flow.redeem(victim, verifier: attacker).error == "invalid_grant")
        #expect(await flow.redeem(victim).status == 200)
    }

    @Test("AS-047 PKCE downgrade: there is no code without a challenge, so a verifier is never passed over")
    func downgrade() async throws {
        let flow = try await CodeFlowHarness()
        for changes in [
            [("code_challenge", nil)], [("code_challenge_method", nil)], [("code_challenge_method", "plain")],
            [("code_challenge", ""), ("code_challenge_method", "")],
        ] as [[(String, String?)]] {
            #expect(await flow.authorize(changes).redirect["code"] == nil)
        }
        #expect(await flow.redeem(try await flow.code(), verifier: nil).status == 400)
    }

    @Test(
        "cross-site request forgery: nobody can end a log-in that began in another browser, nor begin one that ends in it"
    )
    func forgery() async throws {
        var flow = try await CodeFlowHarness(isLoggedIn: false)
        let attackers = await flow.authorize()
        let id = try #require(attackers.redirect["interaction"])
        // The victim's browser has a cookie of its own.
        flow.cookies[BrowserCookie.name] = RandomText.session.make(.system)
        for path in ["/oauth2/authorize", "/oauth2/login", "/oauth2/consent"] {
            let answer = await flow.send(path, query: "interaction=\(id)")
            #expect(answer.isPage)
            #expect(answer.status == 400)
        }
    }

    @Test("AS-038 clickjacking: no answer of the authorization endpoint may be framed, page or redirect")
    func clickjacking() async throws {
        let flow = try await CodeFlowHarness()
        for answer in [
            await flow.authorize(), await flow.authorize(cookies: [:]), await flow.authorize([("scope", "unknown")]),
            await flow.authorize([("redirect_uri", "https://evil.example")]),
            await flow.send("/oauth2/authorize", query: "interaction=x"),
            await flow.authorize([("client_id", "nobody")]),
        ] {
            #expect(answer.field("content-security-policy")?.contains("frame-ancestors 'none'") == true)
            #expect(answer.field("x-frame-options") == "DENY")
            #expect(answer.field("x-content-type-options") == "nosniff")
        }
    }

    @Test("AS-024 code replay: a code from a log or a history ends what its first use gave, and gives nothing")
    func replay() async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code([("scope", "openid")])
        let first = await flow.redeem(code)
        let token = try #require(first.body["access_token"]?.string)
        #expect(await flow.userInfo(token).status == 200)
        #expect(await flow.redeem(code, now: newYear2026 + 3_600).error == "invalid_grant")
        #expect(await flow.userInfo(token).status == 401)
    }

    @Test("AS-039 a browser that posted something here takes none of it along: 303 only")
    func seeOther() async throws {
        let flow = try await CodeFlowHarness()
        for form in [CodeFlowHarness.query(), CodeFlowHarness.query([("scope", "unknown")])] {
            let answer = await flow.send("/oauth2/authorize", form: form)
            #expect(answer.status == 303)
        }
        #expect(await flow.send("/oauth2/authorize", form: CodeFlowHarness.query(), cookies: [:]).status == 303)
    }

    @Test("response splitting and markup: nothing of a request gets out of its place")
    func splitting() async throws {
        let flow = try await CodeFlowHarness()
        let evil = "x\r\nLocation: https://evil.example\r\n\r\n<script>"
        for name in ["state", "scope", "client_id", "redirect_uri", "response_type", "request_uri", "nonce", "prompt"] {
            let answer = await flow.authorize([(name, evil)])
            for (_, values) in answer.fields { for value in values { #expect(value.utf8.allSatisfy { $0 >= 0x20 }) } }
            #expect(!String(decoding: answer.octets, as: UTF8.self).contains("<script>"))
        }
    }

    @Test(
        "AS-126 identity headers and a forged Host change nothing",
        arguments: ["x-forwarded-user", "x-remote-user", "x-forwarded-host"])
    func headers(_ name: String) async throws {
        let flow = try await CodeFlowHarness(isLoggedIn: false)
        let request = flow.request(
            query: CodeFlowHarness.query(), fields: [(name, CodeFlowHarness.userID)], host: "evil.example")
        let answer = await Answer(flow.base.server.answer(request, now: newYear2026, random: .system))
        #expect(answer.target == "/oauth2/login")
    }
}
