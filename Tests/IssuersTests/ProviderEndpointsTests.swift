import HTTP
import JSON
import Testing

@testable import Issuers

@Suite("where users log in, by an issuer's metadata")
struct ProviderEndpointsTests {
    private static let complete: JSONObject = [
        "issuer": .string(RingHarness.identifier), "jwks_uri": .string(RingHarness.keySetPlace.description),
        "authorization_endpoint": "https://login.example/authorize", "token_endpoint": "https://login.example/token",
        "userinfo_endpoint": "https://login.example/userinfo", "authorization_response_iss_parameter_supported": true,
    ]

    /// A ring that has read the metadata with what is changed in it, and then its keys.
    private func read(_ changes: JSONObject = [:], hosts: [String] = []) throws -> RingHarness {
        var document = Self.complete
        for (name, value) in changes.members { document[name] = value.isNull ? Optional<JSON>.none : value }
        var harness = RingHarness.discovering(hosts: hosts)
        harness.wake()
        #expect(harness.ring.provider == nil)
        harness.finish(.success(OutgoingAnswer(status: 200, body: JSON.object(document).serialized())))
        harness.bring([try PublishedKey("a")])
        return harness
    }

    @Test("they are those that the metadata names")
    func endpoints() throws {
        let provider = try #require(try read().ring.provider?.get())
        #expect(provider.authorization.description == "https://login.example/authorize")
        #expect(provider.token.description == "https://login.example/token")
        #expect(provider.userInfo?.description == "https://login.example/userinfo")
        #expect(provider.sendsIssuer)
        let less = try #require(
            try read(["userinfo_endpoint": .null, "authorization_response_iss_parameter_supported": .null]).ring
                .provider?.get())
        #expect(less.userInfo == nil)
        #expect(!less.sendsIssuer)
    }

    @Test(
        "what is missing, or lies where no operator has named, is none; and says nothing against the keys",
        arguments: [
            (["authorization_endpoint": .null], .missingAuthorization),
            (["authorization_endpoint": "/authorize"], .forbiddenAuthorization),
            (["authorization_endpoint": "https://evil.example/authorize"], .forbiddenAuthorization),
            (["authorization_endpoint": "javascript:alert(1)"], .forbiddenAuthorization),
            (["authorization_endpoint": "http://login.example/authorize"], .forbiddenAuthorization),
            (["token_endpoint": .null], .missingToken),
            (["token_endpoint": "https://evil.example/token"], .forbiddenToken),
            (["token_endpoint": "http://login.example/token"], .forbiddenToken),
            (["token_endpoint": 17], .missingToken),
        ] as [(JSONObject, ProviderEndpointsFault)])
    func unusable(changes: JSONObject, fault: ProviderEndpointsFault) throws {
        let harness = try read(changes)
        #expect(harness.ring.provider == .failure(fault))
        #expect(harness.kids == ["a"])
        #expect(harness.status.failure == nil)
    }

    @Test("hosts that an operator has named count, and a userinfo endpoint elsewhere is none")
    func hosts() throws {
        let changes: JSONObject = [
            "token_endpoint": "https://tokens.example/token", "userinfo_endpoint": "https://elsewhere.example/userinfo",
        ]
        let provider = try #require(try read(changes, hosts: ["tokens.example"]).ring.provider?.get())
        #expect(provider.token.host == "tokens.example")
        #expect(provider.userInfo == nil)
    }
}
