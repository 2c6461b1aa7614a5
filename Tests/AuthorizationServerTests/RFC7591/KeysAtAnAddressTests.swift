import Crypto
import JOSE
import JSON
import Policy
import Synchronization
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

/// Keys at addresses, as a test says, and how often who asked for them.
private final class KeyShelf: ClientKeySource {
    struct Question: Equatable {
        let url: String
        let missed: Bool
    }
    private struct State {
        var answers: [ClientKeySet?]
        var questions: [Question] = []
    }
    private let state: Mutex<State>

    /// - Parameter answers: one for each question; the last one for all that follow. nil: none can be had.
    init(_ answers: (JSON, ClientKeySet.Standing)?...) throws {
        state = Mutex(
            State(answers: try answers.map { answer in try answer.map { ClientKeySet(try JWKSet($0.0), $0.1) } }))
    }

    var questions: [Question] { state.withLock { $0.questions } }

    func keys(at url: String, missed: Bool) async -> ClientKeySet? {
        state.withLock { state in
            state.questions.append(Question(url: url, missed: missed))
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers.first ?? nil
        }
    }
}

@Suite("RFC 7591: clients whose keys are at an address (jwks_uri)")
struct KeysAtAnAddressTests {
    private static let address = "https://keys.example/shop"
    private let client: KeyedClient
    private let other: KeyedClient

    init() throws {
        client = try KeyedClient()
        other = try KeyedClient()
    }

    private func answer(
        _ shelf: KeyShelf?, _ method: ClientAuthenticationMethod = .privateKeyJWT, certificate: [UInt8]? = nil
    ) async throws -> Answer {
        let harness = try AuthorizationHarness(keySource: shelf)
        try await harness.register(client, method) { client in
            client.keySet = nil
            client.keySetURL = Self.address
        }
        guard certificate == nil else {
            return await harness.send(
                "POST", "/oauth2/token", "grant_type=client_credentials&client_id=shop", certificate: certificate)
        }
        return await harness.token(assertion: try client.assertion())
    }

    @Test("keys that are remembered are enough, and nothing is looked up")
    func remembered() async throws {
        let shelf = try KeyShelf((client.keySet, .remembered))
        #expect(try await answer(shelf).status == 200)
        #expect(shelf.questions == [.init(url: Self.address, missed: false)])
    }

    @Test("a client that has changed its key is known after one more look at its address")
    func rotated() async throws {
        let shelf = try KeyShelf((other.keySet, .remembered), (client.keySet, .fetched))
        #expect(try await answer(shelf).status == 200)
        #expect(shelf.questions.map(\.missed) == [false, true])
    }

    @Test("a key that is not among those at the address is invalid_client, after as few looks as there need be")
    func stranger() async throws {
        let fresh = try KeyShelf((other.keySet, .fetched))
        #expect(try await answer(fresh).error == "invalid_client")
        #expect(fresh.questions.count == 1)
        let looked = try KeyShelf((other.keySet, .remembered), (other.keySet, .fetched))
        #expect(try await answer(looked).error == "invalid_client")
        // The last look was a moment ago: the source gives what it has.
        let cooling = try KeyShelf((other.keySet, .remembered), (other.keySet, .remembered))
        #expect(try await answer(cooling).status == 401)
        #expect(cooling.questions.map(\.missed) == [false, true])
    }

    @Test("an address that cannot be read is 503, not invalid_client: nobody knows who that is")
    func unavailable() async throws {
        for shelf in [
            try KeyShelf(nil), try KeyShelf((other.keySet, .kept)), try KeyShelf((other.keySet, .remembered), nil), nil,
        ] {
            let answer = try await answer(shelf)
            #expect(answer.status == 503)
            #expect(answer.error == "temporarily_unavailable")
            #expect(answer.field("retry-after") != nil)
        }
    }

    @Test("keys that could not be fetched anew still count")
    func kept() async throws {
        let shelf = try KeyShelf((client.keySet, .kept))
        #expect(try await answer(shelf).status == 200)
        #expect(shelf.questions.count == 1)
    }

    @Test("a self-signed certificate is compared with the keys at the address, too")
    func certificate() async throws {
        let maker = try TestCertificateMaker()
        let mine = P256.Signing.PrivateKey()
        let key = try VerificationKey(subjectPublicKeyInfo: Array(mine.publicKey.derRepresentation)).jwk
        let certificate = try maker.der(keyPEM: mine.pemRepresentation)
        let shelf = try KeyShelf((["keys": [key]], .remembered))
        #expect(try await answer(shelf, .selfSignedTLSClientAuth, certificate: certificate).status == 200)
        #expect(
            try await answer(
                try KeyShelf((client.keySet, .fetched)), .selfSignedTLSClientAuth, certificate: certificate
            ).error == "invalid_client")
        #expect(try await answer(try KeyShelf(nil), .selfSignedTLSClientAuth, certificate: certificate).status == 503)
    }

    @Test("a signed authorization request (RFC 9101) is verified with the keys at the address")
    func requestObject() async throws {
        for (keys, isGood) in [(client.keySet, true), (other.keySet, false)] {
            let shelf = try KeyShelf((keys, .fetched))
            let flow = try await CodeFlowHarness(keySource: shelf) { $0.keySetURL = Self.address }
            let object = try client.key.sign(
                header: ["typ": "oauth-authz-req+jwt"],
                claims: [
                    "iss": "shop", "aud": .string(AuthorizationHarness.issuer), "exp": .integer(newYear2026 + 300),
                    "nbf": .integer(newYear2026), "client_id": "shop",
                    "response_type": "code", "redirect_uri": .string(CodeFlowHarness.redirectURI),
                    "scope": "orders:read",
                    "state": "signed",
                    "code_challenge": .string(CodeFlowHarness.challenge), "code_challenge_method": "S256",
                ])
            let answer = await flow.send("/oauth2/authorize", query: "client_id=shop&request=\(object)")
            #expect((answer.redirect["code"] != nil) == isGood)
            #expect(answer.isPage != isGood)
            #expect(shelf.questions.count == 1)
        }
        let flow = try await CodeFlowHarness(keySource: try KeyShelf(nil)) { $0.keySetURL = Self.address }
        #expect(
            await flow.send("/oauth2/authorize", query: "client_id=shop&request=\(try client.assertion())").status
                == 503)
    }

    // MARK: Registration

    private func registration(_ url: String, hosts: [String], shelf: KeyShelf?) async throws -> Answer {
        let harness = try AuthorizationHarness.registering(jwksHosts: hosts, keySource: shelf)
        return await harness.registration(
            "POST", machine(["token_endpoint_auth_method": "private_key_jwt", "jwks_uri": .string(url)]))
    }

    @Test(
        "a client registers the address of its keys, on a host that the operator has named, and is known by what is there"
    )
    func registers() async throws {
        let shelf = try KeyShelf((client.keySet, .fetched))
        let harness = try AuthorizationHarness.registering(jwksHosts: ["keys.example"], keySource: shelf)
        let answer = await harness.registration(
            "POST",
            machine([
                "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": .string(Self.address),
                "scope": "orders:read",
            ]))
        #expect(answer.status == 201)
        #expect(answer.body["jwks_uri"]?.string == Self.address)
        #expect(answer.body["jwks"] == nil)
        let id = try #require(answer.body["client_id"]?.string)
        #expect(
            await harness.token(assertion: try client.assertion(["iss": .string(id), "sub": .string(id)])).status == 200
        )
        #expect(shelf.questions.map(\.url) == [Self.address])
    }

    @Test(
        "an address that nobody has named a host for, that is not https or says more than a place is invalid_client_metadata",
        arguments: [
            "https://other.example/keys", "http://keys.example/shop", "https://keys.example.evil.example/",
            "https://user@keys.example/",
            "https://keys.example@evil.example/", "https://keys.example/#a", "https://keys.example\\@evil.example/",
            "https://evil.example/keys.example",
            "https://169.254.169.254/latest", "https://[fd00:ec2::254]/", "file:///etc/passwd", "keys.example",
            "https://keys.example:x/", "",
        ])
    func refusedAddresses(url: String) async throws {
        let answer = try await registration(url, hosts: ["keys.example"], shelf: try KeyShelf(nil))
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_client_metadata")
    }

    @Test("without a host that is named no address is taken, and none where nothing is fetched")
    func off() async throws {
        #expect(try await registration(Self.address, hosts: [], shelf: try KeyShelf(nil)).status == 400)
        #expect(try await registration(Self.address, hosts: ["keys.example"], shelf: nil).status == 400)
        #expect(
            try await registration("https://KEYS.example/shop", hosts: ["keys.example"], shelf: try KeyShelf(nil))
                .status == 201)
    }

    @Test(
        "an operator names any https address, and nothing else",
        arguments: [("https://10.0.0.7:8443/jwks", true), ("http://10.0.0.7/jwks", false)])
    func operators(url: String, isGood: Bool) throws {
        let metadata: JSONObject = [
            "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": .string(url),
        ]
        let client = try? ClientMetadata(profile: .standard).client(metadata, id: "shop", now: newYear2026)
        #expect(client?.keySetURL == (isGood ? url : nil))
    }
}
