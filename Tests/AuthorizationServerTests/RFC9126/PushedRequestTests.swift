import HTTP
import JSON
import Octets
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("RFC 9126: pushed authorization requests")
struct PushedRequestTests {
    private func push(
        _ flow: CodeFlowHarness, _ changes: [(String, String?)] = [], more: String = "", id: String = "shop",
        secret: String = "s3cret"
    ) async -> Answer {
        await flow.send(
            "/oauth2/par", form: CodeFlowHarness.query([("client_id", id)] + changes) + more, cookies: [:],
            authorization: basic(id, secret))
    }

    private func authorize(
        _ flow: CodeFlowHarness, _ reference: String, id: String = "shop", more: String = "",
        cookies: [String: String]? = nil,
        now: Int64? = nil
    )
        async -> Answer
    {
        await flow.send(
            "/oauth2/authorize", query: "client_id=\(id)&request_uri=\(PercentEncoding.encoded(reference))" + more,
            cookies: cookies, now: now)
    }

    @Test("AS-115 the answer is 201 with an unguessable request_uri of five minutes, that nobody keeps")
    func pushed() async throws {
        let flow = try await CodeFlowHarness()
        let answer = await push(flow)
        #expect(answer.status == 201)
        #expect(answer.body["request_uri"]?.string?.hasPrefix("urn:ietf:params:oauth:request_uri:") == true)
        #expect(answer.body["request_uri"]?.string?.utf8.count == 34 + 43)
        #expect(answer.body["expires_in"]?.int == 300)
        #expect(answer.field("cache-control") == "no-store")
        #expect(await push(flow).body["request_uri"] != answer.body["request_uri"])
    }

    @Test("AS-113 the client shows who it is, as at the token endpoint")
    func authentication() async throws {
        let flow = try await CodeFlowHarness()
        #expect(await push(flow, secret: "wrong").status == 401)
        #expect(await push(flow, secret: "wrong").error == "invalid_client")
        #expect(await flow.send("/oauth2/par", form: CodeFlowHarness.query(), cookies: [:]).status == 401)
        #expect(await push(flow, more: "&client_secret=s3cret").error == "invalid_request")
        #expect(await push(flow, [("client_id", "other")]).error == "invalid_request")
        let inBody = await flow.send(
            "/oauth2/par", form: CodeFlowHarness.query() + "&client_secret=s3cret", cookies: [:])
        #expect(inBody.status == 201)
        for record in try await flow.base.store.records(RecordQuery(.pushedRequest), most: 10) {
            #expect(!String(decoding: JSON.object(record.body).serialized(), as: UTF8.self).contains("s3cret"))
        }
    }

    @Test("AS-114 a request_uri cannot be pushed")
    func nested() async throws {
        #expect(await push(try await CodeFlowHarness(), [("request_uri", "urn:x")]).error == "invalid_request")
    }

    @Test(
        "a request that would be refused later is refused when it is pushed",
        arguments: [
            ("redirect_uri", "https://evil.example", "invalid_request"), ("scope", "unknown", "invalid_scope"),
            ("code_challenge", nil, "invalid_request"),
            ("response_type", "token", "unsupported_response_type"),
            ("code_challenge_method", "plain", "invalid_request"),
        ] as [(String, String?, String)])
    func judged(name: String, value: String?, error: String) async throws {
        let answer = await push(try await CodeFlowHarness(), [(name, value)])
        #expect(answer.status == 400)
        #expect(answer.error == error)
    }

    @Test("AS-116 a request_uri is its client's only, and for its time only")
    func bound() async throws {
        let flow = try await CodeFlowHarness()
        try await flow.register("other")
        let reference = try #require(await push(flow).body["request_uri"]?.string)
        for answer in [
            await authorize(flow, reference, id: "other"), await authorize(flow, reference, now: newYear2026 + 300),
            await authorize(flow, reference + "x"),
            await authorize(flow, "https://evil.example/request.jwt"),
        ] {
            #expect(answer.isPage)
            #expect(answer.response.facts.error == "invalid_request_uri")
        }
        #expect(await authorize(flow, reference, now: newYear2026 + 299).redirect["code"] != nil)
    }

    @Test("AS-117 other methods than POST are refused", arguments: ["GET", "PUT", "DELETE"])
    func methods(_ method: String) async throws {
        let answer = await (try await CodeFlowHarness()).base.get("/oauth2/par", method: method)
        #expect(answer.status == 405)
        #expect(answer.field("allow") == "POST")
    }

    @Test("AS-118 it counts once, when the request is answered and not when a page is loaded")
    func once() async throws {
        let flow = try await CodeFlowHarness()
        let reference = try #require(await push(flow).body["request_uri"]?.string)
        #expect(await authorize(flow, reference, cookies: [:]).target == "/oauth2/login")
        #expect(await authorize(flow, reference, cookies: [:]).target == "/oauth2/login")
        #expect(await authorize(flow, reference).redirect["code"] != nil)
        #expect(await authorize(flow, reference).isPage)
    }

    @Test("AS-118 of two browsers that come with the same request_uri at once, one is answered")
    func race() async throws {
        let flow = try await CodeFlowHarness()
        let reference = try #require(await push(flow).body["request_uri"]?.string)
        let codes = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { await authorize(flow, reference).redirect["code"] } }
            return await group.reduce(into: [String]()) { if let code = $1 { $0.append(code) } }
        }
        #expect(codes.count == 1)
    }

    @Test("AS-119 a client that has to push is refused otherwise")
    func required() async throws {
        let flow = try await CodeFlowHarness { $0.requiresPushedRequests = true }
        let answer = await flow.authorize()
        #expect(answer.redirect["error"] == "invalid_request")
        #expect(answer.redirect["code"] == nil)
        let reference = try #require(await push(flow).body["request_uri"]?.string)
        #expect(await authorize(flow, reference).redirect["code"] != nil)
    }

    @Test("AS-120 what stands beside a request_uri counts for nothing")
    func injection() async throws {
        let flow = try await CodeFlowHarness()
        let reference = try #require(
            await push(flow, [("scope", "openid orders:read"), ("nonce", "mine")]).body["request_uri"]?.string)
        let more =
            "&state=injected&nonce=injected&scope=orders:write&redirect_uri=https://evil.example&code_challenge=x&response_type=token&prompt=none"
        let answer = await authorize(flow, reference, more: more)
        #expect(answer.target == CodeFlowHarness.redirectURI)
        #expect(answer.redirect["state"] == "xyz")
        let tokens = await flow.redeem(try #require(answer.redirect["code"]))
        #expect(tokens.body["scope"]?.string == "openid orders:read")
        #expect(try await flow.claims(tokens, "id_token")["nonce"]?.string == "mine")
    }

    @Test("AS-112 dpop_jkt is kept with what was pushed: another key cannot redeem the code")
    func key() async throws {
        let flow = try await CodeFlowHarness()
        let thumbprint = String(repeating: "A", count: 43)
        let reference = try #require(await push(flow, [("dpop_jkt", thumbprint)]).body["request_uri"]?.string)
        let code = try #require(await authorize(flow, reference).redirect["code"])
        #expect(await flow.redeem(code).error == "invalid_grant")
    }
}
