import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 9449 and RFC 8705: codes and refresh tokens that are bound to what the client holds")
struct BoundFlowTests {
    let flow: CodeFlowHarness
    let key: KeyedClient
    let maker: TestCertificateMaker

    init() async throws {
        key = try KeyedClient()
        maker = try TestCertificateMaker()
        flow = try await CodeFlowHarness { client in
            client.authenticationMethods = [.none]
            client.secrets = []
        }
    }

    private func ask(_ parameters: [(String, String)], proof: String? = nil, certificate: [UInt8]? = nil) async
        -> Answer
    {
        let form = (parameters + [("client_id", "shop")]).map { "\($0.0)=\(PercentEncoding.encoded($0.1))" }.joined(
            separator: "&")
        return await flow.base.send(
            "POST", "/oauth2/token", form, fields: proof.map { [("dpop", $0)] } ?? [], certificate: certificate)
    }

    private func redeem(_ code: String, proof: String? = nil, certificate: [UInt8]? = nil) async -> Answer {
        await ask(
            [("grant_type", "authorization_code"), ("code", code), ("code_verifier", CodeFlowHarness.verifier)],
            proof: proof,
            certificate: certificate)
    }

    private func refresh(_ token: String, proof: String? = nil, certificate: [UInt8]? = nil) async -> Answer {
        await ask([("grant_type", "refresh_token"), ("refresh_token", token)], proof: proof, certificate: certificate)
    }

    @Test(
        "AS-108 a public client's refresh token is bound to its key: without it, or with another, it is invalid_grant")
    func refreshKey() async throws {
        let first = await redeem(try await flow.code(), proof: try key.proof())
        #expect(first.body["token_type"]?.string == "DPoP")
        let token = try #require(first.body["refresh_token"]?.string)
        #expect(await refresh(token).error == "invalid_grant")
        #expect(await refresh(token, proof: try KeyedClient().proof(["jti": "p-2"])).error == "invalid_grant")
        #expect(await refresh(token, proof: try key.proof(["jti": "p-3"])).status == 200)
    }

    @Test("AS-106 a public client's refresh token is bound to its certificate, where it is configured so")
    func refreshCertificate() async throws {
        let flow = try await CodeFlowHarness { client in
            client.authenticationMethods = [.none]
            client.secrets = []
            client.bindsToCertificate = true
        }
        let bound = BoundFlowTests(flow: flow, key: key, maker: maker)
        let certificate = try maker.der()
        let first = await bound.redeem(try await flow.code(), certificate: certificate)
        let token = try #require(first.body["refresh_token"]?.string)
        #expect(await bound.refresh(token).error == "invalid_request")
        #expect(await bound.refresh(token, certificate: try maker.der("other")).error == "invalid_grant")
        #expect(await bound.refresh(token, certificate: certificate).status == 200)
    }

    private init(flow: CodeFlowHarness, key: KeyedClient, maker: TestCertificateMaker) {
        self.flow = flow
        self.key = key
        self.maker = maker
    }

    @Test("AS-111 a code that was asked for with dpop_jkt is redeemed with that key only")
    func codeKey() async throws {
        let changes: [(String, String?)] = [("dpop_jkt", key.key.kid)]
        #expect(await redeem(try await flow.code(changes)).error == "invalid_grant")
        #expect(
            await redeem(try await flow.code(changes), proof: try KeyedClient().proof(["jti": "p-2"])).error
                == "invalid_grant")
        #expect(await redeem(try await flow.code(changes), proof: try key.proof(["jti": "p-3"])).status == 200)
    }

    @Test("AS-112 a pushed request binds its code by a proof, by dpop_jkt, or by both if they are the same")
    func pushed() async throws {
        func push(_ named: String?, _ jti: String) async throws -> Answer {
            await flow.base.send(
                "POST", "/oauth2/par", CodeFlowHarness.query([("dpop_jkt", named)]),
                fields: [
                    (
                        "dpop",
                        try key.proof([
                            "htu": .string(AuthorizationHarness.issuer + "/oauth2/par"), "jti": .string(jti),
                        ])
                    )
                ])
        }
        #expect(try await push(try KeyedClient().key.kid, "p-1").status == 400)
        #expect(try await push(key.key.kid, "p-2").status == 201)
        let reference = try #require(try await push(nil, "p-3").body["request_uri"]?.string)
        let answer = await flow.send(
            "/oauth2/authorize", query: "client_id=shop&request_uri=" + PercentEncoding.encoded(reference))
        let code = try #require(answer.redirect["code"])
        #expect(await redeem(code, proof: try KeyedClient().proof(["jti": "p-4"])).error == "invalid_grant")
        let again = await flow.send("/oauth2/authorize", query: CodeFlowHarness.query([("dpop_jkt", key.key.kid)]))
        #expect(await redeem(try #require(again.redirect["code"]), proof: try key.proof(["jti": "p-5"])).status == 200)
        // A proof that was made for the token endpoint is none here.
        let wrong = await flow.base.send(
            "POST", "/oauth2/par", CodeFlowHarness.query(), fields: [("dpop", try key.proof(["jti": "p-6"]))])
        #expect(wrong.error == "invalid_dpop_proof")
    }

    @Test("AS-110 the answer to a pushed request brings the next nonce, once the one that came is not the newest")
    func pushedNonce() async throws {
        let harness = try AuthorizationHarness { $0.dpopNonce = true }
        try await harness.register(key, .none) { client in
            client.grants = [.authorizationCode]
            client.redirectURIs = [CodeFlowHarness.redirectURI]
        }
        func push(_ nonce: String?, _ jti: String, at now: Int64 = newYear2026) async throws -> Answer {
            let proof = try key.proof(
                [
                    "htu": .string(AuthorizationHarness.issuer + "/oauth2/par"), "jti": .string(jti),
                    "nonce": nonce.map { .string($0) },
                ], now: now)
            return await harness.send(
                "POST", "/oauth2/par", CodeFlowHarness.query(), fields: [("dpop", proof)], now: now)
        }
        let nonce = try #require(try await push(nil, "p-1").field("dpop-nonce"))
        let same = try await push(nonce, "p-2")
        #expect(same.status == 201)
        #expect(same.field("dpop-nonce") == nil)
        let later = try await push(nonce, "p-3", at: newYear2026 + 300)
        #expect(later.status == 201)
        #expect(later.fields["dpop-nonce"]?.count == 1)
        #expect(later.field("dpop-nonce") != nonce)
    }

    @Test("AS-137 with the FAPI 2.0 profile a plain authorization request is refused")
    func pushedOnly() async throws {
        let harness = try AuthorizationHarness { $0.profile = .fapi2 }
        try await harness.register(key) { client in
            client.grants = [.authorizationCode]
            client.redirectURIs = [CodeFlowHarness.redirectURI]
        }
        let answer = await harness.send("GET", "/oauth2/authorize", query: CodeFlowHarness.query())
        #expect(answer.field("location")?.contains("code=") != true)
        let known = await harness.get("/.well-known/oauth-authorization-server")
        #expect(known.body["require_pushed_authorization_requests"] == true)
    }
}
