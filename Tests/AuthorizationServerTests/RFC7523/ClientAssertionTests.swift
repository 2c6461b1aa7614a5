import JOSE
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 7523: clients that sign assertions")
struct ClientAssertionTests {
    let harness: AuthorizationHarness
    let client: KeyedClient

    init() async throws {
        harness = try AuthorizationHarness()
        client = try KeyedClient()
        try await harness.register(client)
    }

    @Test(
        "AS-096 a client that signs an assertion gets a token, with client_id beside it or without",
        arguments: ["", "&client_id=shop"])
    func good(more: String) async throws {
        let answer = await harness.token(assertion: try client.assertion(), more)
        #expect(answer.status == 200)
        #expect(try await harness.claims(of: answer)["client_id"]?.string == "shop")
    }

    @Test("AS-096 every kind of key that exists can sign one", arguments: Algorithm.allCases)
    func algorithms(algorithm: Algorithm) async throws {
        let other = try KeyedClient("other", algorithm)
        try await harness.register(other)
        #expect(await harness.token(assertion: try other.assertion()).status == 200)
    }

    @Test(
        "AS-096 each claim that is missing or wrong is invalid_client",
        arguments: [
            ["iss": nil], ["sub": nil], ["aud": nil], ["exp": nil], ["jti": nil], ["iss": "other"], ["sub": "other"],
            ["iss": "other", "sub": "other"],
            ["jti": ""], ["exp": "soon"], ["iss": 1, "sub": 1], ["iss": "", "sub": ""], ["iat": "now"], ["nbf": true],
        ] as [[String: JSON?]])
    func claims(changed: [String: JSON?]) async throws {
        let answer = await harness.token(assertion: try client.assertion(changed))
        #expect(answer.status == 401)
        #expect(answer.error == "invalid_client")
        #expect(answer.field("www-authenticate") != nil)
    }

    @Test(
        "AS-097 its audience is the issuer identifier as a single string, and nothing else",
        arguments: [
            ([.string(AuthorizationHarness.issuer)], 401),
            (.string(AuthorizationHarness.issuer + "/oauth2/token"), 401),
            (.string(AuthorizationHarness.issuer + "/oauth2/par"), 401),
            (.string(AuthorizationHarness.issuer + "/"), 401),
            ([.string(AuthorizationHarness.issuer), "https://other.example"], 401),
            ("https://other.example", 401),
            (.string(AuthorizationHarness.issuer), 200),
        ] as [(JSON, Int)])
    func audience(value: JSON, expected: Int) async throws {
        #expect(await harness.token(assertion: try client.assertion(["aud": value])).status == expected)
    }

    @Test(
        "a client that cannot name the issuer may be allowed the token endpoint, and then lists of nothing else",
        arguments: [
            (.string(AuthorizationHarness.issuer + "/oauth2/token"), 200), (.string(AuthorizationHarness.issuer), 200),
            ([.string(AuthorizationHarness.issuer), .string(AuthorizationHarness.issuer + "/oauth2/token")], 200),
            ([.string(AuthorizationHarness.issuer), "https://other.example"], 401), ([], 401), ([1], 401),
            ("https://other.example/oauth2/token", 401), (.string(AuthorizationHarness.issuer + "/oauth2/par"), 401),
        ] as [(JSON, Int)])
    func tokenEndpoint(value: JSON, expected: Int) async throws {
        let legacy = try KeyedClient("legacy")
        try await harness.register(legacy) { $0.takesEndpointAudience = true }
        #expect(await harness.token(assertion: try legacy.assertion(["aud": value])).status == expected)
    }

    @Test("AS-097 under FAPI 2.0 nobody is allowed the token endpoint, whatever the record says")
    func tokenEndpointInProfile() async throws {
        let harness = try AuthorizationHarness.registering(.fapi2)
        try await harness.register(client) { $0.takesEndpointAudience = true }
        let assertion = try client.assertion(["aud": .string(AuthorizationHarness.issuer + "/oauth2/token")])
        let answer = await harness.token(assertion: assertion, fields: [("dpop", try client.proof())])
        #expect(answer.error == "invalid_client")
    }

    @Test(
        "AS-098 an end in the past, an end more than five minutes ahead, and a beginning more than a minute ahead are refused; eight seconds are not",
        arguments: [
            ("exp", -300, 401), ("exp", 0, 401), ("exp", 1, 200), ("exp", 300, 200), ("exp", 308, 200),
            ("exp", 361, 401), ("exp", 3_600, 401),
            ("iat", 8, 200), ("iat", 61, 401), ("nbf", 8, 200), ("nbf", 61, 401), ("nbf", -300, 200),
        ])
    func times(claim: String, offset: Int64, expected: Int) async throws {
        let answer = await harness.token(assertion: try client.assertion([claim: .integer(newYear2026 + offset)]))
        #expect(answer.status == expected)
    }

    @Test(
        "AS-098 numbers that no clock shows are refused, not added to",
        arguments: [.integer(.max), .integer(.min), 1e300, -1e300] as [JSON])
    func extremes(value: JSON) async throws {
        for claim in ["exp", "iat", "nbf"] where !(claim != "exp" && (value.int ?? 0) < 0) {
            #expect(await harness.token(assertion: try client.assertion([claim: value])).status == 401)
        }
    }

    @Test("AS-006 an assertion beside a secret is refused")
    func both() async throws {
        let answer = await harness.token(assertion: try client.assertion(), "&client_secret=x&client_id=shop")
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test("an assertion type that nobody knows is refused, and so is another client_id")
    func odd() async throws {
        let assertion = try client.assertion()
        let saml = await harness.send(
            "POST", "/oauth2/token",
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Asaml2-bearer&client_assertion="
                + assertion)
        #expect(saml.error == "invalid_client")
        #expect(await harness.token(assertion: assertion, "&client_id=other").error == "invalid_request")
    }
}
