import JSON
import Testing

@testable import AuthorizationTesting

@Suite("OAuth 2.0 Form Post Response Mode: answers that stand in no address")
struct FormPostTests {
    @Test("the code, state and issuer come in a form for the redirect URI, which only its one script sends")
    func form() async throws {
        let flow = try await CodeFlowHarness()
        let answer = await flow.authorize([("response_mode", "form_post"), ("state", "a\"><b>&'")])
        #expect(answer.status == 200)
        #expect(answer.field("location") == nil)
        let page = Shown(answer.response)
        #expect(page.action == CodeFlowHarness.redirectURI)
        #expect(page.hidden["state"] == "a\"><b>&'")
        #expect(page.hidden["iss"] == AuthorizationHarness.issuer)
        #expect(await flow.redeem(try #require(page.hidden["code"])).status == 200)
        #expect(!page.text.contains("<b>"))
        let policy = try #require(answer.field("content-security-policy"))
        #expect(policy.contains("script-src 'sha256-"))
        #expect(policy.contains("form-action 'self' https://shop.example.com;"))
        #expect(!policy.contains("unsafe"))
        #expect(answer.field("cache-control") == "no-store")
    }

    @Test("errors come that way too; another mode is an error in the query")
    func errors() async throws {
        let flow = try await CodeFlowHarness(isLoggedIn: false)
        let refused = await flow.authorize([("response_mode", "form_post"), ("prompt", "none")])
        #expect(Shown(refused.response).hidden["error"] == "login_required")
        #expect(await flow.authorize([("response_mode", "fragment")]).redirect["error"] == "invalid_request")
    }

    @Test("the metadata names both modes, and all other pages run no script")
    func metadata() async throws {
        let flow = try await CodeFlowHarness()
        let body = await flow.base.get("/.well-known/openid-configuration").body
        #expect(body["response_modes_supported"] == ["query", "form_post"])
        let page = await flow.authorize([("client_id", "nobody")])
        #expect(page.field("content-security-policy")?.contains("script-src") == false)
    }
}
