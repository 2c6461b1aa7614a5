import JOSE
import JSON
import Octets
import Policy
import Synchronization
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("OpenID Connect Registration §2: id_token_signed_response_alg")
struct IDTokenAlgorithmTests {
    private static let scope: [(String, String?)] = [("scope", "openid")]

    private static func signed(_ answer: Answer, _ member: String) throws -> CompactJWS {
        try CompactJWS(Array(#require(answer.body[member]?.string).utf8))
    }

    /// The keys of a server that has one for the client's ID tokens, too.
    private static func ring(of flow: CodeFlowHarness, with key: SigningKey, signsFrom: Int64 = newYear2026) throws
        -> SigningKeyRing
    {
        try #require(
            SigningKeyRing(
                [
                    DatedSigningKey(key: flow.base.key, signsFrom: newYear2026 - 100),
                    DatedSigningKey(key: key, signsFrom: signsFrom, isForClients: true),
                ], preference: [.es256]))
    }

    @Test(
        "an ID token is signed as its client is registered, with at_hash of that algorithm, and the access token as always",
        arguments: [(Algorithm.rs256, 16), (.es384, 24)])
    func signs(algorithm: Algorithm, hashOctets: Int) async throws {
        let flow = try await CodeFlowHarness { $0.idTokenAlgorithm = algorithm }
        let key = try SigningKey.generate(algorithm)
        flow.base.keys.replace(with: try Self.ring(of: flow, with: key))
        let answer = try await flow.tokens(Self.scope)
        let idToken = try Self.signed(answer, "id_token")
        #expect(idToken.header.alg == algorithm.rawValue)
        let set = try JWKSet.parse(await flow.base.get("/oauth2/jwks").octets)
        let claims = try idToken.verified(by: set, allowing: [algorithm]).payload
        #expect(claims["at_hash"]?.string.flatMap { Base64URL.decode($0) }?.count == hashOctets)
        #expect(try Self.signed(answer, "access_token").header.alg == "ES256")
        let refreshed = await flow.refresh(try #require(answer.body["refresh_token"]?.string))
        #expect(try Self.signed(refreshed, "id_token").header.alg == algorithm.rawValue)
        // As id_token_hint it is good, too.
        let hint = try #require(answer.body["id_token"]?.string)
        #expect(await flow.authorize([("prompt", "none"), ("id_token_hint", hint)]).redirect["code"] != nil)
    }

    @Test(
        "without a key that signs yet the client is told so, gets no token signed otherwise, and can use its code when there is one"
    )
    func missing() async throws {
        let flow = try await CodeFlowHarness { $0.idTokenAlgorithm = .rs256 }
        let key = try SigningKey.generate(.rs256)
        let code = try await flow.code(Self.scope)
        for ring in [nil, try Self.ring(of: flow, with: key, signsFrom: newYear2026 + 60)] {
            if let ring { flow.base.keys.replace(with: ring) }
            let refused = await flow.redeem(code)
            #expect(refused.status == 503)
            #expect(refused.body["error"] == "temporarily_unavailable")
            #expect(refused.body["error_description"]?.string?.contains("id_token_signed_response_alg") == true)
            #expect(refused.body["id_token"] == nil && refused.body["access_token"] == nil)
        }
        // Without an ID token there is nothing to wait for.
        #expect(await flow.redeem(try await flow.code()).status == 200)
        flow.base.keys.replace(with: try Self.ring(of: flow, with: key))
        #expect(await flow.redeem(code).status == 200)
    }

    @Test("a client of before the profile, which does not allow its algorithm, is told so")
    func profile() throws {
        var client = RegisteredClient(
            id: "a", name: "", grants: [], authenticationMethods: [.none], scopes: [], secrets: [], createdAt: 0)
        client.idTokenAlgorithm = .rs256
        let key = try SigningKey.generate(.rs256)
        let ring = try #require(SigningKeyRing([DatedSigningKey(key: key, signsFrom: 0)]))
        func mint(_ profile: SecurityProfile) -> IDTokenMint {
            IDTokenMint(issuer: AuthorizationHarness.issuer, keys: SigningKeys(ring), profile: profile)
        }
        #expect(try mint(.standard).key(for: client, now: 1).kid == key.kid)
        #expect(throws: OAuthError.idTokenAlgorithmRefused) { try mint(.fapi2).key(for: client, now: 1) }
    }

    @Test(
        "registration takes what the server signs by, and RS256 where the profile allows it",
        arguments: [
            (SecurityProfile.standard, "RS256", true), (.standard, "ES256", true), (.standard, "ES384", false),
            (.standard, "none", false), (.standard, "HS256", false), (.standard, "rs256", false),
            (.fapi2, "RS256", false), (.fapi2, "ES256", true),
        ])
    func registration(profile: SecurityProfile, algorithm: String, isGood: Bool) async throws {
        let asked = Mutex<[Algorithm]>([])
        let harness = try AuthorizationHarness(registrationToken: registrationToken) {
            $0.profile = profile
            $0.registration = RegistrationSettings(
                initialAccessToken: .environment("X"), scopes: ["orders:read", "openid"])
        } makeKey: { algorithm in
            asked.withLock { $0.append(algorithm) }
        }
        let answer = await harness.registration(
            "POST",
            machine([
                "id_token_signed_response_alg": .string(algorithm), "token_endpoint_auth_method": "private_key_jwt",
                "dpop_bound_access_tokens": true, "jwks": try KeyedClient().keySet,
            ]))
        #expect(answer.status == (isGood ? 201 : 400), "\(answer.body)")
        #expect(asked.withLock { $0 } == (isGood ? Algorithm(named: algorithm).map { [$0] } : []))
        guard isGood else {
            #expect(answer.body["error"] == "invalid_client_metadata")
            return
        }
        #expect(answer.body["id_token_signed_response_alg"]?.string == algorithm)
        let client = try await harness.store.client(id: #require(answer.body["client_id"]?.string))
        #expect(client?.idTokenAlgorithm == Algorithm(named: algorithm))
    }

    @Test("who does not say is told what ID tokens are signed by, and does not have to keep to it")
    func echoed() async throws {
        let harness = try AuthorizationHarness(registrationToken: registrationToken) {
            $0.registration = RegistrationSettings(initialAccessToken: .environment("X"), scopes: ["openid", "x"])
        }
        let plain = await harness.registration("POST", machine(["scope": "x"]))
        #expect(plain.body["id_token_signed_response_alg"] == nil)
        let made = await harness.registration("POST", machine(["scope": "openid"]))
        #expect(made.body["id_token_signed_response_alg"] == "ES256")
        let id = try #require(made.body["client_id"]?.string)
        let again = await harness.registration(
            "PUT", machine(["client_id": .string(id), "scope": "openid", "id_token_signed_response_alg": "ES256"]),
            token: made.body["registration_access_token"]?.string, query: "client_id=\(id)")
        #expect(again.status == 200)
        #expect(try await harness.store.client(id: id)?.idTokenAlgorithm == nil)
    }

    @Test(
        "the metadata lists RS256, which every OpenID provider has, unless the profile does not allow it",
        arguments: [(SecurityProfile.standard, ["ES256", "RS256"]), (.fapi2, ["ES256"])])
    func metadata(profile: SecurityProfile, algorithms: [String]) async throws {
        let body = await (try AuthorizationHarness { $0.profile = profile }).get("/.well-known/openid-configuration")
            .body
        #expect(body.strings("id_token_signing_alg_values_supported") == algorithms)
    }

    @Test("a key that only clients asked for signs no access token while there is another")
    func preference() throws {
        let first = try SigningKey.generate(.es256)
        let later = try SigningKey.generate(.rs256)
        // What is preferred is announced only.
        let ring = try #require(
            SigningKeyRing(
                [
                    DatedSigningKey(key: first, signsFrom: 0),
                    DatedSigningKey(key: later, signsFrom: 1, isForClients: true),
                ], preference: [.ps256]))
        #expect(ring.current(now: 10)?.kid == first.kid)
        #expect(ring.current(.rs256, now: 10)?.kid == later.kid)
    }
}
