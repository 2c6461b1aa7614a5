import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 6749 §2.3: clients show who they are")
struct ClientAuthenticationTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    private func post(_ id: String, _ secret: String) async -> Answer {
        await harness.post("grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)")
    }

    @Test("the secret is taken from the Authorization header and from the body")
    func both() async {
        #expect(await harness.token().status == 200)
        #expect(await post("shop", "s3cret").status == 200)
    }

    @Test(
        "AS-006 two ways of authenticating in one request are refused",
        arguments: [
            "&client_secret=s3cret", "&client_id=shop&client_secret=s3cret", "&client_assertion=x",
            "&client_assertion_type=x",
        ])
    func twoMethods(_ parameters: String) async {
        let answer = await harness.token(parameters)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test("AS-006 the client_id may stand in the body, too, when it is the same")
    func clientIDInBody() async {
        #expect(await harness.token("&client_id=shop").status == 200)
        #expect(await harness.token("&client_id=other").error == "invalid_request")
    }

    @Test("AS-006 an assertion and a secret in the body are refused")
    func assertionAndSecret() async {
        let answer = await harness.post(
            "grant_type=client_credentials&client_id=shop&client_secret=s3cret&client_assertion=x")
        #expect(answer.error == "invalid_request")
    }

    @Test(
        "AS-007 id and secret are form-decoded after base64",
        arguments: [
            ("a:b", "a:b"), ("a:b", "a%3Ab"), ("100%", "100%25"), ("a+b", "a%2Bb"), ("a b", "a+b"), ("a b", "a%20b"),
            ("ü", "%C3%BC"), ("ü", "ü"),
            (String(repeating: "x", count: 500), String(repeating: "x", count: 500)),
        ])
    func formDecoding(secret: String, sent: String) async throws {
        try await harness.register("odd", secret: secret)
        #expect(await harness.token(id: "odd", secret: sent).status == 200)
    }

    @Test("AS-007 a long secret counts to its last octet")
    func longSecret() async throws {
        let secret = String(repeating: "x", count: 500)
        try await harness.register("odd", secret: secret)
        #expect(await harness.token(id: "odd", secret: secret + "y").status == 401)
        #expect(await harness.token(id: "odd", secret: String(secret.dropLast())).status == 401)
    }

    @Test(
        "AS-008 whatever is wrong with the Authorization header is 401 invalid_client with a challenge",
        arguments: [
            "Basic", "Basic ", "Basic !!!!", "Basic c2hvcA==", "Basic c2hvcDpzM2NyZXQ", "Basic c2hvcDpzM2NyZXR=",
            "Basic Og==", "Basic c2hvcDo=",
            "Bearer abc", "Negotiate x", "c2hvcDpzM2NyZXQ=", "Basic c2hv-_==", "Basic JTox", "Basic JXp6OnM=",
            "Basic /zpz",
        ])
    func badHeader(_ header: String) async {
        let answer = await harness.post("grant_type=client_credentials", authorization: header)
        #expect(answer.status == 401)
        #expect(answer.error == "invalid_client")
        #expect(answer.field("www-authenticate") == #"Basic realm="https://login.example.com", charset="UTF-8""#)
    }

    @Test("the scheme is case-insensitive")
    func scheme() async {
        #expect(
            await harness.post("grant_type=client_credentials", authorization: "bAsIc " + base64("shop:s3cret")).status
                == 200)
    }

    @Test("AS-008 failed authentication is 401 invalid_client, also for credentials in the body or none at all")
    func failures() async {
        let none = await harness.post("grant_type=client_credentials")
        let idOnly = await harness.post("grant_type=client_credentials&client_id=shop")
        let secretOnly = await harness.post("grant_type=client_credentials&client_secret=s3cret")
        for answer in [
            none, idOnly, secretOnly, await post("shop", "wrong"), await post("nobody", "s3cret"),
            await harness.token(secret: "wrong"),
        ] {
            #expect(answer.status == 401)
            #expect(answer.error == "invalid_client")
            #expect(answer.field("www-authenticate") != nil)
            #expect(answer.field("cache-control") == "no-store")
        }
    }

    @Test("two Authorization headers are refused")
    func twoHeaders() async {
        let header = basic("shop", "s3cret")
        let answer = await Answer(
            harness.server.answer(
                .init(
                    method: "POST", path: "/oauth2/token",
                    fields: [
                        ("content-type", "application/x-www-form-urlencoded"), ("authorization", header),
                        ("authorization", header),
                    ],
                    body: Array("grant_type=client_credentials".utf8)), now: newYear2026, random: harness.random))
        #expect(answer.error == "invalid_request")
    }

    @Test("AS-014 a client without a secret is refused, whatever it sends")
    func publicClient() async throws {
        try await harness.register("public", secret: nil)
        #expect(await harness.token(id: "public").status == 401)
        #expect(await post("public", "").status == 401)
        #expect(await harness.post("grant_type=client_credentials&client_id=public").status == 401)
    }

    @Test("a client may use only its own methods")
    func methods() async throws {
        try await harness.register("basic-only", methods: [.clientSecretBasic])
        #expect(await harness.token(id: "basic-only").status == 200)
        #expect(await post("basic-only", "s3cret").status == 401)
    }

    @Test("two secrets may be active at a time")
    func twoSecrets() async throws {
        _ = try await harness.store.insert(
            RegisteredClient(
                id: "two", name: "", grants: [.clientCredentials], authenticationMethods: [.clientSecretBasic],
                scopes: ["a"],
                secrets: ["new", "old"].map {
                    StoredSecret(mac: harness.pepper.mac(of: $0, clientID: "two"), createdAt: 0)
                }, createdAt: 0),
            now: newYear2026)
        #expect(await harness.token(id: "two", secret: "new").status == 200)
        #expect(await harness.token(id: "two", secret: "old").status == 200)
        #expect(await harness.token(id: "two", secret: "older").status == 401)
    }

    @Test("a removed client gets no token a second later, a new secret works at once")
    func removed() async throws {
        #expect(await harness.token().status == 200)
        _ = try await harness.administration.removeClient("shop", now: newYear2026)
        #expect(await harness.token(now: newYear2026 + 2).status == 401)
        try await harness.register(secret: "another")
        #expect(await harness.token(secret: "another", now: newYear2026 + 2).status == 200)
    }

    @Test(
        "a client that has just authenticated is not looked up again, and a clock that goes back does not prolong that")
    func remembered() async {
        for _ in 0..<10 { #expect(await harness.token().status == 200) }
        #expect(harness.store.reads == 1)
        #expect(await harness.token(now: newYear2026 - 50).status == 200)
        #expect(harness.store.reads == 2)
    }

    @Test("a store that cannot answer is 503 with Retry-After, never invalid_client")
    func storeFails() async {
        harness.store.fail(true)
        let answer = await harness.token()
        #expect(answer.status == 503)
        #expect(answer.error == "temporarily_unavailable")
        #expect(answer.field("retry-after") != nil)
        harness.store.fail(false)
        #expect(await harness.token().status == 200)
    }
}
