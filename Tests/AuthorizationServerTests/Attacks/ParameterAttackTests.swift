import HTTP
import JSON
import Testing

@testable import AuthorizationTesting

@Suite("Attacks by the parameters of requests")
struct ParameterAttackTests {
    @Test(
        "oversized parameters: no code and no token, whichever of them it is, and nothing of them in the answer",
        arguments: [
            "client_id", "redirect_uri", "scope", "state", "resource", "login_hint", "nonce", "acr_values",
            "code_challenge", "request_uri", "x",
        ])
    func oversized(_ name: String) async throws {
        let flow = try await CodeFlowHarness()
        let long = String(repeating: "a", count: FormFields.bytesMax)
        let front = await flow.authorize([(name, long)])
        #expect(front.redirect["code"] == nil)
        #expect((400..<500).contains(front.status))
        #expect(front.octets.count < 16_384)
        let back = await flow.redeem(try await flow.code(), more: [(name, long)])
        // Above the endpoint's bound (64 KiB), whatever it holds.
        #expect(back.status == 413)
        #expect(back.body["access_token"] == nil)
        #expect(back.octets.count < 1_024)
    }

    @Test("very many parameters: refused, before anybody looks for what is among them")
    func many() async throws {
        let flow = try await CodeFlowHarness()
        let many = (0...FormFields.fieldsMax).map { ("x\($0)", "1") }
        #expect(await flow.authorize(many).redirect["code"] == nil)
        #expect(await flow.redeem(try await flow.code(), more: many).status == 400)
    }

    @Test(
        "repeated parameters: two readers could read two values, so there is no answer that counts",
        arguments: [
            "client_id=other", "redirect_uri=https://evil.example/", "scope=openid", "code_challenge=x",
            "code_challenge_method=plain", "response_type=token",
        ])
    func repeated(_ more: String) async throws {
        let flow = try await CodeFlowHarness()
        for query in [CodeFlowHarness.query() + "&" + more, more + "&" + CodeFlowHarness.query()] {
            let answer = await flow.send("/oauth2/authorize", query: query)
            #expect(answer.redirect["code"] == nil)
            #expect(answer.target != "https://evil.example/")
            #expect(answer.isPage || answer.redirect["error"] == "invalid_request")
        }
    }

    @Test(
        "repeated parameters: a code or a secret that is sent twice is none",
        arguments: [
            ("code", "other"), ("code_verifier", "other"), ("grant_type", "client_credentials"),
            ("redirect_uri", "https://evil.example/"),
        ])
    func repeatedAtToken(name: String, value: String) async throws {
        let flow = try await CodeFlowHarness()
        let code = try await flow.code()
        let answer = await flow.token(
            [
                ("grant_type", "authorization_code"), ("code", code), ("code_verifier", CodeFlowHarness.verifier),
                ("redirect_uri", CodeFlowHarness.redirectURI), (name, value),
            ])
        #expect(answer.error == "invalid_request")
        // It was not looked at, and is not used up.
        #expect(await flow.redeem(code).status == 200)
    }

    @Test(
        "unknown parameters: they change nothing, whatever other servers do with them",
        arguments: [
            ("response_mode", "fragment"), ("access_type", "offline"), ("audience", "https://evil.example"),
            ("subject", "somebody"), ("approval_prompt", "auto"),
            ("claims", "{\"userinfo\":{\"admin\":null}}"), ("code_challenge_methods", "plain"), ("admin", "true"),
        ])
    func unknown(name: String, value: String) async throws {
        let flow = try await CodeFlowHarness()
        let front = await flow.authorize([(name, value)])
        if let code = front.redirect["code"] {
            let plain = try await flow.claims(await flow.tokens())
            let tokens = await flow.redeem(code, more: [(name, value)])
            let claims = try await flow.claims(tokens)
            for claim in ["sub", "aud", "scope", "client_id"] { #expect(claims[claim] == plain[claim], "\(claim)") }
        } else {
            #expect(front.redirect["error"] == "invalid_request")
        }
    }
}
