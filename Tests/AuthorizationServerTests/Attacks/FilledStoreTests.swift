import HTTP
import JSON
import Octets
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// Somebody who has nothing but an address sends requests without end, to fill the disk of the server.
@Suite("Attack: filling the store before anybody has logged in")
struct FilledStoreTests {
    /// What anybody can have stored.
    enum Way: String, CaseIterable, Sendable {
        case authorize = "authorization requests"
        case par = "pushed requests of a public client"
        case device = "device codes of a public client"

        var kinds: [RecordKind] {
            switch self {
            case .authorize: [.interaction]
            case .par: [.pushedRequest]
            case .device: [.deviceCode, .userCode]
            }
        }
    }

    private func flow() async throws -> CodeFlowHarness {
        let flow = try await CodeFlowHarness(isLoggedIn: false)
        try await flow.register("app") { client in
            client.authenticationMethods = [.none]
            client.secrets = []
            client.grants = [.authorizationCode, .deviceCode]
        }
        return flow
    }

    private func send(_ way: Way, _ flow: CodeFlowHarness, from address: String) async -> Answer {
        let query = CodeFlowHarness.query([("client_id", "app")])
        var request: ServiceRequest
        switch way {
        case .authorize:
            request = ServiceRequest(method: "GET", path: "/oauth2/authorize", query: query, host: "login.example.com")
        case .par, .device:
            let body = way == .par ? query : "client_id=app&scope=orders:read"
            request = ServiceRequest(
                method: "POST", path: way == .par ? "/oauth2/par" : "/oauth2/device_authorization",
                host: "login.example.com", fields: [("content-type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8))
        }
        request.clientAddress = address
        return await Answer(flow.base.server.answer(request, now: flow.now, random: .system))
    }

    @Test("what one address has stored stays within its share, and pushes out nobody else's", arguments: Way.allCases)
    func oneAddress(way: Way) async throws {
        let flow = try await flow()
        let theirs = await send(way, flow, from: "198.51.100.7")
        for number in 0..<(PendingRequests.perAddress + 50) {
            #expect(await send(way, flow, from: "2001:db8:1:2::\(String(number, radix: 16))").status < 400)
        }
        for kind in way.kinds { #expect(flow.base.store.count(kind) == PendingRequests.perAddress + 1) }
        switch way {
        case .authorize:
            let id = try #require(theirs.redirect["interaction"])
            #expect(try await flow.base.store.record(.interaction, RandomText.interaction.key(of: id)) != nil)
        case .par:
            let reference = try #require(theirs.body["request_uri"]?.string)
            let next = await flow.send(
                "/oauth2/authorize", query: "client_id=app&request_uri=" + PercentEncoding.encoded(reference))
            #expect(next.target == "/oauth2/login")
        case .device:
            let code = try #require(theirs.body["device_code"]?.string)
            let poll = await flow.asPublic(
                [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code)], id: "app")
            #expect(poll.error == "authorization_pending")
        }
    }

    @Test("a client that has authenticated is counted as itself, not by the address that others have, too")
    func authenticated() async throws {
        let flow = try await flow()
        for _ in 0..<(PendingRequests.perAddress + 10) {
            let answer = await flow.send(
                "/oauth2/par", form: CodeFlowHarness.query(), cookies: [:], authorization: basic("shop", "s3cret"))
            #expect(answer.status == 201)
        }
        #expect(flow.base.store.count(.pushedRequest) == PendingRequests.perAddress + 10)
    }

    @Test("each authorization request of a user who is logged in counts for the user, however many codes come of them")
    func codes() async throws {
        let flow = try await CodeFlowHarness()
        for _ in 0..<(PendingRequests.perUser + 5) { _ = try await flow.code() }
        // A sixteenth goes at once.
        let least = PendingRequests.perUser - PendingRequests.perUser / 16
        #expect((least...PendingRequests.perUser).contains(flow.base.store.count(.authorizationCode)))
    }

    // MARK: How much each may say

    /// A parameter, how long it may be, and the error of one that is longer.
    static let bounds: [(name: String, most: Int)] = [
        ("state", 4_096), ("nonce", 512), ("login_hint", 512), ("ui_locales", 2_048), ("id_token_hint", 8_192),
        ("claims", 4_096), ("display", 2_048), ("nobody_knows_it", 2_048),
    ]

    @Test(
        "a parameter of its full length is taken, and a longer one is invalid_request, said to the client",
        arguments: bounds)
    func parameters(name: String, most: Int) async throws {
        let flow = try await CodeFlowHarness()
        // Only what is JSON is looked at further.
        let good =
            name == "claims"
            ? "{\"s\":\"" + String(repeating: "s", count: most - 8) + "\"}" : String(repeating: "s", count: most)
        let answer = await flow.authorize([(name, good)])
        // What is no ID token is refused for that.
        #expect((answer.redirect["code"] != nil) == (name != "id_token_hint"))
        if name == "state" { #expect(answer.redirect["state"] == good) }
        let refused = await flow.authorize([(name, good + "s")])
        #expect(refused.target == CodeFlowHarness.redirectURI)
        #expect(refused.redirect["error"] == "invalid_request")
        // One that is too long is not sent on.
        #expect(refused.redirect["state"] == (name == "state" ? nil : "xyz"))
        let pushed = await flow.send(
            "/oauth2/par", form: CodeFlowHarness.query([(name, good + "s")]), cookies: [:],
            authorization: basic("shop", "s3cret"))
        #expect(pushed.status == 400 && pushed.error == "invalid_request")
        #expect(flow.base.store.count(.pushedRequest) == 0)
    }

    @Test("where an answer may not go to the client, what is too long is said on a page", arguments: [2_049, 60_000])
    func redirectURI(count: Int) async throws {
        let flow = try await CodeFlowHarness()
        let long = "https://shop.example.com/" + String(repeating: "a", count: count - 25)
        let answer = await flow.authorize([("redirect_uri", long)])
        #expect(answer.isPage && answer.status == 400)
    }

    @Test("many parameters, names without end, and many that are long each are refused")
    func whole() async throws {
        let flow = try await CodeFlowHarness()
        let many = (0..<64).map { ("p\($0)", "x") as (String, String?) }
        #expect(await flow.authorize(many).redirect["error"] == "invalid_request")
        #expect(
            await flow.authorize([(String(repeating: "n", count: 129), "x")]).redirect["error"] == "invalid_request")
        // Octets that take six each where they are stored.
        let escaped = String(repeating: "\u{1}", count: 4_000)
        #expect(await flow.authorize([("state", escaped)]).redirect["error"] == "invalid_request")
        let long = (0..<12).map { ("p\($0)", String(repeating: "x", count: 2_000)) as (String, String?) }
        let pushed = await flow.send(
            "/oauth2/par", form: CodeFlowHarness.query(long), cookies: [:], authorization: basic("shop", "s3cret"))
        #expect(pushed.error == "invalid_request")
        #expect(flow.base.store.count(.pushedRequest) == 0)
    }

    @Test("a device's request keeps to the same bounds")
    func device() async throws {
        let flow = try await flow()
        let long = String(repeating: "orders:read ", count: 400)
        let answer = await flow.send(
            "/oauth2/device_authorization", form: "client_id=app&scope=" + PercentEncoding.encoded(long), cookies: [:])
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
        #expect(flow.base.store.count(.deviceCode) == 0)
    }

    // MARK: Proofs

    @Test(
        "a proof beside a made-up code or token leaves nothing in the store",
        arguments: [
            [("grant_type", "authorization_code"), ("code", "made-up"), ("code_verifier", CodeFlowHarness.verifier)],
            [("grant_type", "refresh_token"), ("refresh_token", "made-up")],
            [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", "made-up")],
            [("grant_type", "client_credentials")], [("grant_type", "password")],
        ] as [[(String, String)]])
    func proofs(form: [(String, String)]) async throws {
        let flow = try await flow()
        let key = try KeyedClient("app")
        let body = (form + [("client_id", "app")]).map { "\($0.0)=\(PercentEncoding.encoded($0.1))" }
            .joined(separator: "&")
        for number in 0..<3 {
            let proof = try key.proof(["jti": .string("p-\(number)")])
            let answer = await flow.base.send("POST", "/oauth2/token", body, fields: [("dpop", proof)])
            #expect(answer.status == 400)
        }
        #expect(flow.base.store.count(.replay) == 0)
    }

    @Test("a proof that came with a good code counts once, whatever code comes with it the second time")
    func usedProof() async throws {
        let flow = try await CodeFlowHarness { client in
            client.authenticationMethods = [.none]
            client.secrets = []
        }
        let proof = try KeyedClient().proof()
        func redeem(_ code: String) async -> Answer {
            let body =
                "grant_type=authorization_code&client_id=shop&code=\(code)&code_verifier=\(CodeFlowHarness.verifier)"
            return await flow.base.send("POST", "/oauth2/token", body, fields: [("dpop", proof)])
        }
        // What it could not have been used for does not use it up, and says nothing of it.
        #expect(await redeem("made-up").error == "invalid_grant")
        let (first, second) = (try await flow.code(), try await flow.code())
        #expect(await redeem(first).status == 200)
        #expect(await redeem("made-up").error == "invalid_grant")
        #expect(await redeem(second).error == "invalid_dpop_proof")
    }
}
