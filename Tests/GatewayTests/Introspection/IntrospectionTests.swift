import Foundation
import GatewayTesting
import HTTP
import JSON
import Testing

@Suite("issuers that are asked about tokens", .tags(.timed))
struct IntrospectionTests {
    @Test("RS-071 an opaque token counts when its issuer says so; it is asked by POST, with the client's credentials")
    func opaque() async throws {
        try await IntrospectionHarness.run { harness async throws in
            let answer = try await harness.answer("opaque-token_1")
            #expect(answer.status == 200)
            let request = try await harness.base.upstream.requests(atLeast: 1)[0]
            #expect(request.value("x-auth-subject") == "user-1")
            #expect(request.value("x-auth-client-id") == "client-1")
            #expect(request.value("authorization") == nil)
            let question = try #require(harness.issuer.questions.first)
            #expect(question.method == "POST")
            #expect(!question.target.contains("opaque"))
            let form = try FormFields(question.body)
            #expect(form.values("token") == ["opaque-token_1"])
            #expect(form.values("token_type_hint") == ["access_token"])
            // RFC 6749 §2.3.1: encoded as in a form first.
            let pair = Data("gateway:s3cret%2Bwith%2Fodd%3Doctets".utf8).base64EncodedString()
            #expect(question.value("authorization") == "Basic \(pair)")
            #expect(question.value("accept") == "application/json")
            let record = try await harness.base.record(of: answer)
            #expect(record["issuer"] == "as")
            #expect(record["subject"] == "user-1")
            let log = try String(decoding: harness.base.gateway.folder.read("audit.jsonl"), as: UTF8.self)
            #expect(!log.contains("opaque-token_1"))
            let state = try await harness.state()
            #expect(state["breaker"] == "closed")
            #expect(state["known_active"] == 1)
            #expect(state["last_success"] != .null)
        }
    }

    @Test("what issuers say of tokens, and that one does not answer, is counted")
    func introspection() async throws {
        try await IntrospectionHarness.run(edit: MetricsTests.edit) { harness async throws in
            #expect(try await harness.answer("a").status == 200)
            #expect(try await harness.answer("a").status == 200)
            harness.issuer.say(["active": false])
            #expect(try await harness.answer("b").status == 401)
            harness.issuer.die()
            #expect(try await harness.answer("c").status == 503)
            let told = try await MetricsTests.ask(harness.base, "/metrics")
            func value(_ family: String, _ labels: String) -> String? {
                told.value("portcullis_introspection_\(family){issuer=\"as\"\(labels)}")
            }
            #expect(value("answers_total", #",answer="active""#) == "1", "\(told.text)")
            #expect(value("answers_total", #",answer="inactive""#) == "1")
            #expect(value("waiting", "") == "0")
            #expect(told.text.contains("portcullis_introspection_failures_total{issuer=\"as\",reason=\""))
            #expect(
                told.value(#"portcullis_tokens_refused_total{issuer="",code="introspection_unavailable"}"#) == "1")
        }
    }

    @Test(
        "RS-071 the gateway shows who it is as its entry says",
        arguments: ["client_secret_post", "private_key_jwt", "tls_client_auth"])
    func methods(method: String) async throws {
        let extra =
            switch method {
            case "private_key_jwt": "key: certs/assertion.key, kid: gateway-1"
            case "tls_client_auth": "certificate: {chain: certs/gateway-client.pem, key: certs/gateway-client.key}"
            default: IntrospectionHarness.secret
            }
        try await IntrospectionHarness.run(
            asking: { ["url: \($0.origin)\($0.path(of: .introspection))", "method: \(method)", extra] },
            make: { try FakeIssuer.start($0, demandsCertificate: method == "tls_client_auth") },
            prepare: { folder in
                let certificates = try TestCertificates.shared()
                try folder.write(certificates.gatewayClient.key, to: "certs/assertion.key", permissions: 0o600)
            }
        ) { harness async throws in
            #expect(try await harness.answer("t").status == 200)
            let question = try #require(harness.issuer.questions.first)
            let form = try FormFields(question.body)
            #expect(question.value("authorization") == nil)
            #expect(form.values("client_id") == ["gateway"])
            switch method {
            case "private_key_jwt":
                #expect(
                    form.values("client_assertion_type") == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])
                let parts = try #require(form.values("client_assertion").first).split(separator: ".")
                let header = try #require(try Self.members(parts[0]))
                let claims = try #require(try Self.members(parts[1]))
                #expect(header["kid"] == "gateway-1")
                #expect(claims["iss"] == "gateway")
                #expect(claims["sub"] == "gateway")
                #expect(claims["aud"]?.string == harness.issuer.identifier)
                #expect(claims["jti"] != nil)
            case "tls_client_auth": #expect(question.peer != nil)
            default: #expect(form.values("client_secret") == ["s3cret+with/odd=octets"])
            }
        }
    }

    private static func members(_ part: Substring) throws -> JSONObject? {
        var text = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        return try Data(base64Encoded: text).map { try JSON.parse(Array($0)).object } ?? nil
    }

    @Test("RS-072 a token that is not active is 401, and for ten seconds nobody asks again")
    func inactive() async throws {
        try await IntrospectionHarness.run { harness async throws in
            harness.issuer.say(["active": false])
            for _ in 0..<3 {
                let answer = try await harness.answer("bad")
                #expect(answer.status == 401)
                #expect(answer.code == "inactive_token")
                #expect(answer.value("www-authenticate")?.contains("error=\"invalid_token\"") == true)
            }
            #expect(harness.issuer.questions.count == 1)
            #expect(harness.base.upstream.requests.isEmpty)
            harness.issuer.say(["active": "true"])
            #expect(try await harness.answer("text").code == "inactive_token")
        }
    }

    @Test("RS-074 one token on two routes: asked about once, judged by each route's own policy every time")
    func twoRoutes() async throws {
        try await IntrospectionHarness.run { harness async throws in
            for _ in 0..<3 {
                #expect(try await harness.answer("t").status == 200)
                #expect(try await harness.answer("t", path: "/admin/1").code == "insufficient_scope")
            }
            #expect(harness.issuer.questions.count == 1)
        }
    }

    @Test("RS-075 aud, iss, exp, cnf of the answer are judged", arguments: ["aud", "iss", "exp", "cnf"])
    func claims(name: String) async throws {
        let (value, expected): (JSON, String) =
            switch name {
            case "aud": ("https://other.example", "wrong_audience")
            case "iss": ("https://other.example", "wrong_issuer")
            case "exp": (1_000, "expired_token")
            default: (["x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"], "wrong_certificate")
            }
        try await IntrospectionHarness.run { harness async throws in
            harness.issuer.say(harness.issuer.facts([name: value]))
            let answer = try await harness.answer("t")
            #expect(answer.status == 401)
            #expect(answer.code == expected)
        }
    }

    @Test("a JWT of an issuer that signs and is asked needs both in its favour")
    func both() async throws {
        try await IntrospectionHarness.run(
            tokens: "jwt_and_introspection", asking: { _ in [IntrospectionHarness.secret] },
            lines: ["authorities: certs/upstream-ca.pem", "algorithms: [ES256]"]
        ) { harness async throws in
            harness.issuer.say(["active": true])
            #expect(try await harness.answer(try harness.issuer.token()).status == 200)
            let stranger = try TestSigningKey(.es256, kid: harness.issuer.key.kid)
            #expect(try await harness.answer(try harness.issuer.token(signedWith: stranger)).code == "bad_signature")
            #expect(harness.issuer.questions.count == 1)
            harness.issuer.say(["active": false])
            #expect(
                try await harness.answer(try harness.issuer.token(adding: ["jti": "taken back"])).code
                    == "inactive_token")
        }
    }

    @Test("where the endpoint is can be found by discovery, and a request waits for that too")
    func discovery() async throws {
        try await IntrospectionHarness.run(asking: { _ in [IntrospectionHarness.secret] }) { harness async throws in
            #expect(try await harness.answer("t").status == 200)
            // Nothing of it is verified here, so no keys are fetched.
            #expect(harness.issuer.fetches(of: .keys) == 0)
            #expect(
                try await harness.state()["endpoint"]?.string == harness.issuer.origin
                    + harness.issuer.path(of: .introspection))
        }
    }

    @Test("RS-079 a signed answer counts when it is the issuer's, to this gateway, and of its own type")
    func signed() async throws {
        try await IntrospectionHarness.run(
            asking: { _ in [IntrospectionHarness.secret, "jwt_response: true"] },
            lines: ["authorities: certs/upstream-ca.pem", "algorithms: [ES256]"]
        ) { harness async throws in
            let issuer = harness.issuer
            try issuer.saySigned(issuer.facts(), to: "gateway")
            try await eventually("the keys") { try await harness.answer("t").status == 200 }
            #expect(issuer.questions.last?.value("accept") == "application/token-introspection+jwt")
            try issuer.saySigned(issuer.facts(), to: "somebody")
            #expect(try await harness.answer("u").code == "introspection_unavailable")
            try issuer.saySigned(issuer.facts(), to: "gateway", type: "at+jwt")
            #expect(try await harness.answer("v").code == "introspection_unavailable")
            issuer.say(issuer.facts())
            #expect(try await harness.answer("w").code == "introspection_unavailable")
            #expect(try await harness.state()["failure"] == "wrong_content_type")
            try issuer.saySigned(["active": false], to: "gateway")
            #expect(try await harness.answer("x").code == "inactive_token")
        }
    }

    @Test("what an issuer has said survives a reload")
    func reload() async throws {
        try await IntrospectionHarness.run { harness async throws in
            #expect(try await harness.answer("t").status == 200)
            let text = try String(decoding: harness.base.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.base.gateway.write(policy: text.replacingOccurrences(of: "id: open", with: "id: opened"))
            try await harness.base.gateway.reload()
            try await eventually("the reload") { try await harness.base.healthReport()["reloads"] == 1 }
            harness.issuer.die()
            #expect(try await harness.answer("t").status == 200)
            #expect(harness.issuer.questions.count == 1)
        }
    }

    @Test("with caches and without, the same requests have the same answers", arguments: [true, false])
    func sameAnswers(cached: Bool) async throws {
        try await IntrospectionHarness.run(
            asking: {
                ["url: \($0.origin)\($0.path(of: .introspection))", IntrospectionHarness.secret]
                    + (cached ? [] : ["active_lifetime: 0s", "inactive_lifetime: 0s"])
            },
            bounds: ["bad_tokens_per_minute_max: 0"] + (cached ? [] : ["token_cache_entries_max: 0"])
        ) { harness async throws in
            var codes: [String] = []
            let sayings: [JSONObject] = [
                harness.issuer.facts(), ["active": false], harness.issuer.facts(["aud": "x"]),
                harness.issuer.facts(["scope": "other"]),
            ]
            for round in 0..<3 {
                for (index, saying) in sayings.enumerated() {
                    harness.issuer.say(saying)
                    for path in ["/orders/\(round)", "/admin/\(round)"] {
                        let answer = try await harness.answer("t\(index)", path: path)
                        codes.append(answer.code ?? "\(answer.status)")
                    }
                }
            }
            let one = [
                "200", "insufficient_scope", "inactive_token", "inactive_token", "wrong_audience", "wrong_audience",
                "insufficient_scope", "insufficient_scope",
            ]
            #expect(codes == one + one + one)
            #expect(harness.issuer.questions.count == (cached ? 4 : 24))
        }
    }
}
