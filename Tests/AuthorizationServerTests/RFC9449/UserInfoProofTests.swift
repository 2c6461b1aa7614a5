import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 9449 §7.1, §9: what userinfo says to those who come without the right proof")
struct UserInfoProofTests {
    private static let address = AuthorizationHarness.issuer + "/oauth2/userinfo"
    private let flow: CodeFlowHarness
    private let key: KeyedClient
    private let token: String

    init() async throws {
        flow = try await CodeFlowHarness()
        key = try KeyedClient()
        let code = try await flow.code([("scope", "openid")])
        let form = "grant_type=authorization_code&code=\(code)&code_verifier=\(CodeFlowHarness.verifier)"
        let answer = await flow.base.send("/oauth2/token", form, fields: [("dpop", try key.proof())])
        token = try #require(answer.body["access_token"]?.string)
    }

    private func proof(_ changes: [String: JSON?] = [:]) throws -> String {
        var claims: [String: JSON?] = [
            "jti": "u-1", "htm": "GET", "htu": .string(Self.address), "ath": .string(SecretDigest.text(of: token)),
        ]
        for (name, value) in changes { claims[name] = value }
        return try key.proof(claims)
    }

    private func ask(_ authorization: String?, proof: String? = nil, on server: AuthorizationServer? = nil) async
        -> Answer
    {
        var fields: [ServiceRequest.Field] = []
        if let authorization { fields.append(("authorization", authorization)) }
        if let proof { fields.append(("dpop", proof)) }
        let request = ServiceRequest(method: "GET", path: "/oauth2/userinfo", host: "login.example.com", fields: fields)
        return await Answer((server ?? flow.base.server).answer(request, now: newYear2026, random: .system))
    }

    @Test("a right proof is answered")
    func good() async throws {
        #expect(await ask("DPoP \(token)", proof: try proof()).status == 200)
    }

    @Test("AS-109 without a token both schemes are offered, with the algorithms of proofs and no error code")
    func nothing() async throws {
        let answer = await ask(nil)
        #expect(answer.status == 401)
        let challenges = try #require(answer.fields["www-authenticate"])
        #expect(challenges.count == 2)
        #expect(challenges[0] == "Bearer realm=\"\(AuthorizationHarness.issuer)\"")
        #expect(challenges[1].hasPrefix("DPoP realm=\"\(AuthorizationHarness.issuer)\", algs=\"RS256 "))
    }

    @Test("AS-109 a bound token as a bearer token, or without a proof, is invalid_token, and the scheme is named")
    func unproved() async throws {
        let bearer = await ask("Bearer \(token)")
        #expect(bearer.status == 401)
        #expect(bearer.fields["www-authenticate"]?[0].contains("error=\"invalid_token\"") == true)
        #expect(bearer.fields["www-authenticate"]?[1].hasPrefix("DPoP realm=") == true)
        let bare = await ask("DPoP \(token)")
        #expect(bare.fields["www-authenticate"]?.count == 1)
        #expect(bare.field("www-authenticate")?.contains("error=\"invalid_token\"") == true)
    }

    @Test(
        "a proof that does not fit is 401 invalid_dpop_proof with a DPoP challenge, never 400",
        arguments: [
            ["htm": "POST"], ["htu": "https://login.example.com/oauth2/token"], ["ath": "x"], ["iat": 1],
            ["jti": nil],
        ] as [[String: JSON?]])
    func bad(changes: [String: JSON?]) async throws {
        let answer = await ask("DPoP \(token)", proof: try proof(changes))
        #expect(answer.status == 401)
        #expect(answer.error == "invalid_dpop_proof")
        let challenge = try #require(answer.field("www-authenticate"))
        #expect(challenge.hasPrefix("DPoP "))
        #expect(challenge.contains("error=\"invalid_dpop_proof\""))
        #expect(challenge.contains("algs=\"RS256 "))
    }

    @Test("AS-110 where nonces are demanded, 401 use_dpop_nonce gives the one to use")
    func nonces() async throws {
        let demanding = try AuthorizationHarness { $0.dpopNonce = true }
        var user = StoredUser(id: "ada", name: "ada", createdAt: newYear2026)
        user.displayName = "Ada"
        #expect(try await demanding.store.commit([.insert(user.record)], now: newYear2026))
        let token = try demanding.accessToken(scopes: ["openid"]) {
            $0.binding = SenderBinding()
            $0.binding?.keyThumbprint = thumbprint
        }
        func proof(_ id: String, nonce: String?) throws -> String {
            try key.proof([
                "jti": .string(id), "htm": "GET", "htu": .string(Self.address),
                "ath": .string(SecretDigest.text(of: token)), "nonce": nonce.map { .string($0) },
            ])
        }
        let first = await ask("DPoP \(token)", proof: try proof("n-1", nonce: nil), on: demanding.server)
        #expect(first.status == 401)
        #expect(first.field("www-authenticate")?.contains("error=\"use_dpop_nonce\"") == true)
        let nonce = try #require(first.field("dpop-nonce"))
        let second = await ask("DPoP \(token)", proof: try proof("n-2", nonce: nonce), on: demanding.server)
        #expect(second.status == 200)
    }

    private var thumbprint: String? { key.key.kid }
}
