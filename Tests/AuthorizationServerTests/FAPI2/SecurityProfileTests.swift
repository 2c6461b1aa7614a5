import JOSE
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("FAPI 2.0: the profile as the token endpoint and registration keep it")
struct SecurityProfileTests {
    let harness: AuthorizationHarness
    let client: KeyedClient

    init() async throws {
        harness = try .registering(.fapi2)
        client = try KeyedClient()
    }

    @Test("AS-134 the metadata names what the profile has, and nothing else")
    func metadata() async throws {
        let body = await harness.get("/.well-known/oauth-authorization-server").body
        #expect(
            body["token_endpoint_auth_methods_supported"] == [
                "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth",
            ])
        #expect(body["token_endpoint_auth_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"])
        #expect(body["dpop_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"])
        // Wherever it names algorithms, it names none that the profile does not have.
        for (name, value) in body.members where name.hasSuffix("_alg_values_supported") {
            let names = try #require(value.array).compactMap(\.string)
            #expect(!names.isEmpty && names.allSatisfy(["PS256", "ES256", "EdDSA", "Ed25519"].contains), "\(name)")
        }
        for endpoint in ["revocation", "introspection"] {
            #expect(
                body["\(endpoint)_endpoint_auth_methods_supported"] == [
                    "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth",
                ])
        }
    }

    @Test("AS-136 a secret does not count, even if it is registered and right")
    func secrets() async throws {
        try await harness.register()
        #expect(await harness.token().error == "invalid_client")
        #expect(
            await harness.post("grant_type=client_credentials&client_id=shop&client_secret=s3cret").error
                == "invalid_client")
    }

    @Test("401 asks for no secret: there is no challenge for what nobody may send")
    func challenge() async throws {
        let answer = await harness.token()
        #expect(answer.status == 401)
        #expect(answer.field("www-authenticate") == nil)
    }

    @Test(
        "FAPI 2.0 §5.3.2.2: a pushed request names its redirect URI, though the client has only one",
        arguments: [true, false])
    func redirectURI(isNamed: Bool) async throws {
        try await harness.register(client) {
            $0.grants = [.authorizationCode]
            $0.redirectURIs = ["https://a.example/cb"]
        }
        let form =
            "response_type=code&code_challenge=\(CodeFlowHarness.challenge)&code_challenge_method=S256"
            + "&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion="
            + (try client.assertion()) + (isNamed ? "&redirect_uri=https%3A%2F%2Fa.example%2Fcb" : "")
        let answer = await harness.send("/oauth2/par", form, as: nil)
        #expect(answer.status == (isNamed ? 201 : 400))
        #expect(answer.error == (isNamed ? nil : "invalid_request"))
    }

    @Test("AS-135 no token that is bound to nothing is issued")
    func unbound() async throws {
        try await harness.register(client)
        let answer = await harness.token(assertion: try client.assertion())
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
        let bound = await harness.token(
            assertion: try client.assertion(["jti": "a-2"]), fields: [("dpop", try client.proof())])
        #expect(bound.body["token_type"]?.string == "DPoP")
    }

    @Test("AS-135 a public client is refused, at the token endpoint and at registration")
    func publicClients() async throws {
        try await harness.register(client, .none)
        #expect(
            await harness.send(
                "POST", "/oauth2/token", "grant_type=client_credentials&client_id=shop",
                fields: [("dpop", try client.proof())]
            ).error
                == "invalid_client")
        let asked: JSON = [
            "token_endpoint_auth_method": "none", "redirect_uris": ["https://a.example/cb"],
            "dpop_bound_access_tokens": true,
        ]
        #expect(await harness.registration("POST", asked).error == "invalid_client_metadata")
    }

    @Test("AS-136 at registration only assertions and certificates are methods, and tokens must be bound")
    func registration() async throws {
        func status(_ changed: [String: JSON?]) async -> Int {
            await harness.registration("POST", machine(changed)).status
        }
        let keys: JSON = client.keySet
        #expect(await status([:]) == 400)
        #expect(
            await status(["token_endpoint_auth_method": "client_secret_basic", "dpop_bound_access_tokens": true]) == 400
        )
        #expect(await status(["token_endpoint_auth_method": "private_key_jwt", "jwks": keys]) == 400)
        #expect(
            await status([
                "token_endpoint_auth_method": "private_key_jwt", "jwks": keys, "dpop_bound_access_tokens": true,
            ]) == 201)
    }

    @Test(
        "AS-100 an assertion and a proof by RS256 are refused, though the key would do", arguments: Algorithm.allCases)
    func algorithms(algorithm: Algorithm) async throws {
        let isAllowed = [.ps256, .es256, .edDSA].contains(algorithm)
        let signer = try KeyedClient("shop", algorithm)
        try await harness.register(signer)
        let prover = try KeyedClient()
        let assertion = await harness.token(assertion: try signer.assertion(), fields: [("dpop", try prover.proof())])
        #expect(assertion.error == (isAllowed ? nil : "invalid_client"))
        let other = try KeyedClient("other")
        try await harness.register(other)
        let proof = await harness.token(
            assertion: try other.assertion(), fields: [("dpop", try signer.proof(["jti": "p-9"]))])
        #expect(proof.error == (isAllowed ? nil : "invalid_dpop_proof"))
    }

    @Test("AS-140 a token's header names a key by kid alone, and no address")
    func headers() async throws {
        try await harness.register(client)
        let answer = await harness.token(assertion: try client.assertion(), fields: [("dpop", try client.proof())])
        let token = try #require(answer.body["access_token"]?.string)
        let header = try CompactJWS(Array(token.utf8)).header
        #expect(Set(header.members.names) == ["alg", "kid", "typ"])
    }
}
