import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("Attack: getting more out of a token by exchanging it")
struct ExchangeEscalationTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register("orders-api", grants: [.tokenExchange]) {
            $0.resources = [AuthorizationHarness.audience]
        }
        try await harness.register("anybody", grants: [.tokenExchange]) { _ in }
    }

    private func exchange(
        _ subject: String, as client: String = "orders-api", _ more: String = "",
        type: String = TokenExchangeTests.accessToken
    ) async -> Answer {
        let form =
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=\(subject)&subject_token_type=\(type)"
        return await harness.send("/oauth2/token", form + more, as: (client, "s3cret"))
    }

    @Test(
        "AS-095 an ID token is no access token, whatever the request calls it",
        arguments: [
            TokenExchangeTests.accessToken, "urn:ietf:params:oauth:token-type:id_token",
            "urn:ietf:params:oauth:token-type:jwt",
            "urn:ietf:params:oauth:token-type:refresh_token",
        ])
    func idToken(_ type: String) async throws {
        for typ in ["JWT", nil] as [String?] {
            #expect(
                await exchange(try harness.signed(typ: typ, AuthorizationHarness.claims), type: type).error
                    == "invalid_request")
        }
    }

    @Test("AS-095 a client whose registration names no resource exchanges nobody's tokens but its own")
    func unlisted() async throws {
        #expect(await exchange(try harness.accessToken(), as: "anybody").error == "invalid_request")
        #expect(await exchange(try harness.accessToken(client: "anybody"), as: "anybody").status == 200)
    }

    @Test("AS-095 an audience that neither the token nor the registration has is refused")
    func audience() async throws {
        #expect(
            await exchange(
                try harness.accessToken(), as: "orders-api", "&resource=\(AuthorizationHarness.otherAudience)"
            ).error
                == "invalid_target")
        #expect(
            await exchange(
                try harness.accessToken(client: "anybody"), as: "anybody",
                "&audience=\(AuthorizationHarness.otherAudience)"
            )
            .error == "invalid_target")
    }

    @Test("AS-095 exchanging what was exchanged gains neither time nor scope, and a chain of actors has an end")
    func loop() async throws {
        var token = try harness.accessToken()
        for round in 0..<20 {
            let own = try harness.accessToken(client: "orders-api", subject: "orders-api")
            let answer = await exchange(
                token, as: "orders-api", "&actor_token=\(own)&actor_token_type=\(TokenExchangeTests.accessToken)")
            if round >= TokenExchangeGrant.actorsMax {
                #expect(answer.error == "invalid_request")
                continue
            }
            let claims = try await harness.claims(of: answer)
            #expect(claims["exp"] == .integer(newYear2026 + 600))
            #expect(claims["scope"] == "orders:read")
            token = try #require(answer.body["access_token"]?.string)
        }
    }

    @Test("AS-095 a client does not rid its own token of its key by exchanging it")
    func unbinding() async throws {
        let bound = try harness.accessToken(client: "anybody") { $0.binding = SenderBinding(keyThumbprint: "thumb") }
        #expect(await exchange(bound, as: "anybody").error == "invalid_request")
    }
}
