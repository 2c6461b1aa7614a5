import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("require_pkce: false, for confidential clients that use nonce")
struct ProofKeyWaiverTests {
    private static let withoutPKCE: [(String, String?)] = [
        ("code_challenge", nil), ("code_challenge_method", nil), ("scope", "openid"), ("nonce", "n-1"),
    ]

    private func flow(_ change: (inout RegisteredClient) -> Void = { _ in }) async throws -> CodeFlowHarness {
        try await CodeFlowHarness {
            $0.requiresProofKey = false
            change(&$0)
        }
    }

    @Test("its code is redeemed without a verifier, and a verifier that nobody asked for is refused (RFC 9700 §4.8.2)")
    func waived() async throws {
        let flow = try await flow()
        let tokens = await flow.redeem(try await flow.code(Self.withoutPKCE), verifier: nil)
        #expect(try await flow.claims(tokens, "id_token")["nonce"]?.string == "n-1")
        #expect(await flow.redeem(try await flow.code(Self.withoutPKCE)).error == "invalid_grant")
        // With a challenge it is as for everybody.
        #expect(await flow.redeem(try await flow.code(), verifier: nil).error == "invalid_grant")
        #expect(await flow.redeem(try await flow.code()).status == 200)
    }

    @Test(
        "a request with neither a challenge nor a nonce of OpenID Connect is refused",
        arguments: [[("nonce", nil)], [("scope", "orders:read")], [("code_challenge_method", "S256")]]
            as [[(String, String?)]])
    func neither(changes: [(String, String?)]) async throws {
        let answer = await (try await flow()).authorize(Self.withoutPKCE + changes)
        #expect(answer.redirect["error"] == "invalid_request")
    }

    @Test("for all others PKCE stays a must, also for a public client whose record says otherwise")
    func others() async throws {
        let usual = try await CodeFlowHarness()
        #expect(await usual.authorize(Self.withoutPKCE).redirect["error"] == "invalid_request")
        let open = try await flow {
            $0.authenticationMethods = [.none]
            $0.secrets = []
        }
        #expect(await open.authorize(Self.withoutPKCE).redirect["error"] == "invalid_request")
    }

    @Test(
        "registration: only for confidential clients, and not under FAPI 2.0",
        arguments: [
            (SecurityProfile.standard, "client_secret_basic", true), (.standard, "none", false),
            (.fapi2, "private_key_jwt", false),
        ])
    func registration(profile: SecurityProfile, method: String, isGood: Bool) throws {
        let metadata: JSONObject = [
            "token_endpoint_auth_method": .string(method), "redirect_uris": ["https://a.example/cb"],
            "require_pkce": false,
            "dpop_bound_access_tokens": true, "jwks": try KeyedClient().keySet,
        ]
        let client = try? ClientMetadata(profile: profile).client(metadata, id: "a", now: newYear2026)
        #expect((client != nil) == isGood)
        #expect(client?.metadataDocument["require_pkce"] == (isGood ? false : nil))
        if let client { #expect(RegisteredClient(client.record)?.requiresProofKey == false) }
    }
}
