import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

/// What the gateway says of tokens of others; how it comes to that is its own tests' business.
private struct KnownAssertions: AssertionJudge {
    let verdicts: [String: AssertionVerdict]
    func judge(_ assertion: String, for client: String) async -> AssertionVerdict { verdicts[assertion] ?? .refused }
}

@Suite("RFC 7523 §2.1: a workload shows a token of its own issuer instead of a secret")
struct FederationTests {
    private let harness: AuthorizationHarness
    private let server: AuthorizationServer
    private static let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    init() async throws {
        harness = try AuthorizationHarness()
        func trusted(_ client: String, once: String?) -> AssertionVerdict {
            .trusted(
                TrustedAssertion(
                    client: client, issuer: "https://ci.example", onceID: once, expiresAt: newYear2026 + 300))
        }
        let judge = KnownAssertions(verdicts: [
            "once": trusted("deployer", once: "j1"), "often": trusted("deployer", once: nil),
            "other": trusted("somebody", once: nil),
            "keyless": .unavailable,
        ])
        let ring = try #require(SigningKeyRing([DatedSigningKey(key: harness.key, signsFrom: 0)]))
        server = AuthorizationServer(
            settings: AuthorizationServerSettings(
                issuer: try servedIssuer(AuthorizationHarness.issuer), database: .sqlite(path: ""),
                accessTokenLifetime: .seconds(600),
                audience: AuthorizationHarness.audience),
            resources: [AuthorizationHarness.otherAudience], keys: SigningKeys(ring), pepper: harness.pepper,
            store: harness.store, clock: { newYear2026 },
            assertions: judge)
        try await harness.register("deployer", grants: [.jwtBearer]) { _ in }
        try await harness.register()
    }

    private func ask(_ form: String, as client: String = "deployer", now: Int64 = newYear2026) async -> Answer {
        await harness.send(
            "/oauth2/token", "grant_type=\(Self.grant)&\(form)", as: (client, "s3cret"), now: now, on: server)
    }

    @Test("AS-101 a token of a trusted issuer becomes one of ours, for the named client itself")
    func good() async throws {
        let answer = await ask("assertion=often&scope=orders:read&resource=\(AuthorizationHarness.otherAudience)")
        #expect(answer.status == 200)
        let claims = try await harness.claims(of: answer)
        #expect(claims["sub"] == "deployer" && claims["client_id"] == "deployer")
        #expect(claims["scope"] == "orders:read")
        #expect(claims["aud"]?.string == AuthorizationHarness.otherAudience)
        #expect(answer.body["refresh_token"] == nil)
    }

    @Test(
        "AS-101 a bad assertion, or one that stands for another client, is invalid_grant",
        arguments: ["nonsense", "other"])
    func bad(_ assertion: String) async {
        let answer = await ask("assertion=\(assertion)")
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_grant")
    }

    @Test("AS-101 an assertion that names itself counts once, unless the request failed for something else")
    func once() async {
        #expect(await ask("assertion=once&scope=payments").error == "invalid_scope")
        #expect(await ask("assertion=once").status == 200)
        let again = await ask("assertion=once", now: newYear2026 + 299)
        #expect(again.error == "invalid_grant")
        for _ in 0..<2 { #expect(await ask("assertion=often").status == 200) }
    }

    @Test("AS-101 while the keys of its issuer cannot be had nothing is said about it")
    func unavailable() async { #expect(await ask("assertion=keyless").status == 503) }

    @Test("AS-101 the assertion must be there, and the client must have the grant")
    func missing() async {
        #expect(await ask("scope=orders:read").error == "invalid_request")
        #expect(await ask("assertion=often", as: "shop").error == "unauthorized_client")
    }

    @Test("AS-101 without a trusted issuer there is no such grant")
    func none() async {
        #expect(
            await harness.send("/oauth2/token", "grant_type=\(Self.grant)&assertion=often", as: ("deployer", "s3cret"))
                .error == "unsupported_grant_type")
    }
}
