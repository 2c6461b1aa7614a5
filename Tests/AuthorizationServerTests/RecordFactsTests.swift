import HTTP
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("what records of refused requests say of the client and the reason")
struct RecordFactsTests {
    @Test(
        "failed client authentication: the client that was tried, and the event",
        arguments: [
            ("a wrong secret", "shop", "wrong"), ("an unknown client", "nobody", "s3cret"),
            ("no client id of ours", "a%20b%22", "x"),
        ])
    func clientAuthentication(_ name: String, _ id: String, _ secret: String) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        let tried = id == "a%20b%22" ? "a b\"" : id
        let answer = await harness.post("grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)")
        #expect(answer.status == 401)
        #expect(answer.facts.client == tried)
        #expect(answer.facts.event == "client_authentication_failed")
        #expect(answer.facts.isRefusal)
        let right = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=s3cret")
        #expect(right.facts.client == "shop")
        #expect(right.facts.event == nil)
        #expect(!right.facts.isRefusal)
    }

    @Test("too many failures have an event of their own")
    func braked() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        var answer = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=x")
        for _ in 0..<100 where answer.status != 429 {
            answer = await harness.post("grant_type=client_credentials&client_id=shop&client_secret=x")
        }
        #expect(answer.status == 429)
        #expect(answer.facts.client == "shop")
        #expect(answer.facts.event == "client_authentication_braked")
    }

    @Test(
        "a wrong redirect URI or client at the authorization endpoint",
        arguments: [
            ([("redirect_uri", "https://evil.example/")], "shop", "redirect_uri_rejected"),
            ([("client_id", "nobody")], "nobody", "unknown_client"),
        ] as [([(String, String?)], String, String)])
    func authorization(_ changes: [(String, String?)], _ client: String, _ event: String) async throws {
        let answer = await (try await CodeFlowHarness()).authorize(changes)
        #expect(answer.status == 400)
        #expect(answer.response.facts.client == client)
        #expect(answer.response.facts.event == event)
        #expect(answer.response.facts.isRefusal)
    }

    @Test("a wrong code, and a wrong verifier of a right one")
    func codes() async throws {
        let flow = try await CodeFlowHarness()
        let wrong = await flow.redeem("no-code-of-ours")
        #expect(wrong.response.facts.event == "authorization_code_rejected")
        #expect(wrong.response.facts.client == "shop")
        #expect(wrong.response.facts.isRefusal)
        let verifier = await flow.redeem(try await flow.code(), verifier: String(repeating: "w", count: 43))
        #expect(verifier.response.facts.event == "code_verifier_rejected")
        #expect(verifier.response.facts.isRefusal)
    }

    @Test(
        "what is refused, and what is not",
        arguments: [
            (nil, nil, false), ("invalid_grant", nil, true), ("authorization_pending", nil, false),
            ("slow_down", nil, false), (nil, "login_failed", true), (nil, "login", false),
            ("temporarily_unavailable", nil, true),
        ] as [(String?, String?, Bool)])
    func refusal(_ error: String?, _ event: String?, _ isRefusal: Bool) {
        var facts = ServiceFacts()
        facts.error = error
        facts.event = event
        #expect(facts.isRefusal == isRefusal)
    }
}
