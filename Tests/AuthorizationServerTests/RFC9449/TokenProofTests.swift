import JOSE
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 9449: tokens that are bound to a key")
struct TokenProofTests {
    let client: KeyedClient
    let harness: AuthorizationHarness

    init() async throws {
        client = try KeyedClient()
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    private func ask(_ proofs: [String], on harness: AuthorizationHarness? = nil, now: Int64 = newYear2026) async
        -> Answer
    {
        await (harness ?? self.harness).send(
            "POST", "/oauth2/token", "grant_type=client_credentials",
            fields: [("authorization", basic("shop", "s3cret"))] + proofs.map { ("dpop", $0) }, now: now)
    }

    @Test("AS-107 a valid proof makes the token one of type DPoP, bound to the key", arguments: Algorithm.allCases)
    func valid(algorithm: Algorithm) async throws {
        let client = try KeyedClient("shop", algorithm)
        let answer = await ask([try client.proof()])
        #expect(answer.status == 200)
        #expect(answer.body["token_type"]?.string == "DPoP")
        #expect(try await harness.claims(of: answer)["cnf"] == ["jkt": .string(client.key.kid)])
        #expect(answer.field("dpop-nonce") == nil)
    }

    @Test(
        "AS-107 an invalid proof is 400 invalid_dpop_proof",
        arguments: [
            ([:], ["htm": "GET"]), ([:], ["htu": "https://login.example.com/oauth2/par"]),
            ([:], ["htu": "https://evil.example/oauth2/token"]),
            ([:], ["htu": "http://login.example.com/oauth2/token"]), ([:], ["jti": nil]), ([:], ["htm": nil]),
            ([:], ["htu": nil]), ([:], ["iat": nil]),
            ([:], ["iat": .integer(newYear2026 - 61)]), ([:], ["iat": .integer(newYear2026 + 61)]),
            ([:], ["iat": .integer(.max)]), ([:], ["exp": .integer(newYear2026)]),
            ([:], ["exp": .integer(newYear2026 - 30)]), ([:], ["exp": "soon"]), ([:], ["exp": true]),
            ([:], ["nbf": .integer(newYear2026 + 11)]), ([:], ["nbf": "now"]),
            (["typ": "JWT"], [:]), (["typ": nil], [:]), (["jwk": nil], [:]),
            (["jwk": ["kty": "oct", "k": "AAAA"]], [:]),
        ] as [([String: JSON?], [String: JSON?])])
    func invalid(header: [String: JSON?], claims: [String: JSON?]) async throws {
        let answer = await ask([try client.proof(header: header, claims)])
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_dpop_proof")
    }

    @Test("AS-107 a proof that ends later, or has begun, counts; also one from a clock that is a little ahead")
    func ownTimes() async throws {
        let claims: [String: JSON] = ["exp": .integer(newYear2026 + 1), "nbf": .integer(newYear2026 + 10)]
        #expect(await ask([try client.proof(claims)]).status == 200)
    }

    @Test("AS-107 two proofs, an empty one, and one signed by another key are invalid")
    func several() async throws {
        let other = try KeyedClient()
        let forged = try client.proof(header: ["jwk": other.key.publicJWK])
        for proofs in [[try client.proof(), try client.proof(["jti": "p-2"])], [""], ["x.y.z"], [forged]] {
            #expect(await ask(proofs).error == "invalid_dpop_proof")
        }
    }

    @Test("AS-107 a proof counts once; under another jti, or by another key, it is another")
    func replay() async throws {
        let proof = try client.proof()
        #expect(await ask([proof]).status == 200)
        #expect(await ask([proof]).error == "invalid_dpop_proof")
        #expect(await ask([proof], now: newYear2026 + 60).error == "invalid_dpop_proof")
        #expect(await ask([try client.proof(["jti": "p-2"])]).status == 200)
        #expect(await ask([try KeyedClient().proof()]).status == 200)
        harness.store.fail(true)
        // Both the client and the proof need the store.
        #expect(await ask([try client.proof(["jti": "p-3"])]).status == 503)
    }

    @Test("AS-109 a client whose tokens are bound to a key gets none without a proof")
    func demanded() async throws {
        let keyed = try KeyedClient("bound")
        try await harness.register(keyed) { $0.bindsToKey = true }
        let answer = await harness.token(assertion: try keyed.assertion())
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_dpop_proof")
        let proved = await harness.token(
            assertion: try keyed.assertion(["jti": "a-2"]), fields: [("dpop", try keyed.proof())])
        #expect(proved.body["token_type"]?.string == "DPoP")
    }

    @Test("AS-110 where a nonce is demanded the answer is 400 use_dpop_nonce with one nonce, and that one counts")
    func nonces() async throws {
        let harness = try AuthorizationHarness { $0.dpopNonce = true }
        try await harness.register()
        let first = await ask([try client.proof()], on: harness)
        #expect(first.status == 400)
        #expect(first.error == "use_dpop_nonce")
        let given = try #require(first.fields["dpop-nonce"])
        #expect(given.count == 1)
        let nonce = try #require(given.first)
        #expect(await ask([try client.proof(["nonce": "guess"])], on: harness).error == "use_dpop_nonce")
        let good = await ask([try client.proof(["nonce": .string(nonce)])], on: harness)
        #expect(good.status == 200)
        #expect(good.field("dpop-nonce") == nil)
        // In the next period it counts still, and the answer brings the new one.
        let later = newYear2026 + 300
        let next = await ask(
            [try client.proof(["nonce": .string(nonce), "jti": "p-2"], now: later)], on: harness, now: later)
        #expect(next.status == 200)
        #expect(next.fields["dpop-nonce"]?.count == 1)
        #expect(next.field("dpop-nonce") != nonce)
        let last = newYear2026 + 600
        #expect(
            await ask([try client.proof(["nonce": .string(nonce), "jti": "p-3"], now: last)], on: harness, now: last)
                .error == "use_dpop_nonce")
    }

    @Test("a proof does not stand in for client authentication, and a failed one of that is told first")
    func authentication() async throws {
        let answer = await harness.send(
            "POST", "/oauth2/token", "grant_type=client_credentials&client_id=shop",
            fields: [("dpop", try client.proof())])
        #expect(answer.error == "invalid_client")
    }
}
