import Crypto
import JOSE
import JSON
import Octets
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Attack: forged, stolen and borrowed client assertions")
struct ClientAssertionAttackTests {
    let harness: AuthorizationHarness
    let client: KeyedClient

    init() async throws {
        harness = try AuthorizationHarness()
        client = try KeyedClient()
        try await harness.register(client)
    }

    @Test("AS-099 an assertion counts once, as long as it lives")
    func replay() async throws {
        let assertion = try client.assertion(["exp": .integer(newYear2026 + 300)])
        #expect(await harness.token(assertion: assertion).status == 200)
        for now in [newYear2026, newYear2026 + 299] {
            let again = await harness.token(assertion: assertion, now: now)
            #expect(again.status == 401)
            #expect(again.error == "invalid_client")
        }
        // Another of the same client is not affected, nor is the same jti of another client.
        #expect(await harness.token(assertion: try client.assertion(["jti": "a-2"])).status == 200)
        let other = try KeyedClient("other")
        try await harness.register(other)
        #expect(await harness.token(assertion: try other.assertion()).status == 200)
    }

    @Test("AS-099 an assertion that was used stays used when its client is removed and registered again")
    func replayAfterRemoval() async throws {
        let assertion = try client.assertion()
        #expect(await harness.token(assertion: assertion).status == 200)
        let registered = try #require(try await harness.store.client(id: "shop"))
        #expect(try await harness.store.remove(registered, now: newYear2026) { newYear2026 })
        // The revocation of all that was made in that second is over.
        let later = newYear2026 + 10
        try await harness.register(client)
        #expect(await harness.token(assertion: assertion, now: later).error == "invalid_client")
        #expect(await harness.token(assertion: try client.assertion(["jti": "new"]), now: later).status == 200)
    }

    @Test("AS-099 ten requests with one assertion at once: one gets a token")
    func race() async throws {
        let assertion = try client.assertion()
        let tokens = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<10 { group.addTask { await harness.token(assertion: assertion).status } }
            return await group.reduce(into: 0) { count, status in count += status == 200 ? 1 : 0 }
        }
        #expect(tokens == 1)
    }

    @Test("AS-100 an HMAC with the public key as its secret is no signature", arguments: ["HS256", "none"])
    func confusion(algorithm: String) async throws {
        let header: JSON = ["alg": .string(algorithm), "kid": .string(client.key.kid)]
        let claims: JSON = [
            "iss": "shop", "sub": "shop", "aud": .string(AuthorizationHarness.issuer),
            "exp": .integer(newYear2026 + 60), "jti": "x",
        ]
        let input = Base64URL.encode(header.serialized()) + "." + Base64URL.encode(claims.serialized())
        for secret in [client.key.publicJWK.serialized(), client.keySet.serialized()] {
            let code = HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: SymmetricKey(data: secret))
            let signature = algorithm == "none" ? "" : Base64URL.encode(Array(code))
            #expect(await harness.token(assertion: input + "." + signature).error == "invalid_client")
        }
    }

    @Test("an assertion by another client's key, and one of a client that does not exist, are answered alike")
    func stranger() async throws {
        let thief = try KeyedClient("shop")
        let unknown = try KeyedClient("nobody")
        let one = await harness.token(assertion: try thief.assertion())
        let other = await harness.token(assertion: try unknown.assertion())
        #expect(one.status == 401)
        #expect(one.octets == other.octets)
    }

    @Test("a key in the assertion's own header vouches for nothing")
    func embeddedKey() async throws {
        let thief = try KeyedClient("shop")
        #expect(await harness.token(assertion: try thief.assertion(header: ["jwk": thief.key.publicJWK])).status == 401)
    }

    @Test("an access token and a proof of possession are no assertions")
    func typeConfusion() async throws {
        for type in ["at+jwt", "dpop+jwt", "logout+jwt"] as [JSON] {
            #expect(await harness.token(assertion: try client.assertion(header: ["typ": type])).status == 401)
        }
        for type in ["JWT", "client-authentication+jwt"] as [JSON] {
            #expect(
                await harness.token(assertion: try client.assertion(header: ["typ": type], ["jti": type])).status == 200
            )
        }
    }

    @Test("a client that is registered for assertions gets nothing by a secret or by its name alone")
    func otherMethods() async throws {
        #expect(await harness.token(id: "shop", secret: "s3cret").status == 401)
        #expect(
            await harness.send("POST", "/oauth2/token", "grant_type=client_credentials&client_id=shop").status == 401)
    }

    @Test("without the store nobody can say whether an assertion was used: 503")
    func storeDown() async throws {
        let assertion = try client.assertion()
        harness.store.fail(true)
        #expect(await harness.token(assertion: assertion).status == 503)
        harness.store.fail(false)
        #expect(await harness.token(assertion: assertion).status == 200)
    }
}
