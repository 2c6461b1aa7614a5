import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("records of tokens that were refused")
struct RefusedTokenRecordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var code: String
        var isVerified: Bool
        var found: String?
        var expected: String?
        var spoil: @Sendable (inout TokenDraft) -> Void
        var testDescription: String { code }
    }

    private static let thumbprint = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    static let cases: [Case] = [
        Case(code: "expired_token", isVerified: true, found: "exp 1000", expected: nil) { $0.claims["exp"] = 1000 },
        Case(code: "not_yet_valid", isVerified: true, found: "nbf 99999999999", expected: nil) {
            $0.claims["nbf"] = 99_999_999_999
        },
        Case(
            code: "wrong_audience", isVerified: true, found: "https://other.example urn:x",
            expected: "https://api.example.com"
        ) { $0.claims["aud"] = ["https://other.example", "urn:x"] },
        Case(code: "wrong_certificate", isVerified: true, found: "none", expected: thumbprint) {
            $0.claims["cnf"] = ["x5t#S256": .string(thumbprint)]
        },
        Case(code: "missing_proof", isVerified: true, found: "none", expected: thumbprint) {
            $0.claims["cnf"] = ["jkt": .string(thumbprint)]
        },
        Case(code: "wrong_type", isVerified: false, found: "JWT", expected: "at+jwt") { $0.header["typ"] = "JWT" },
        Case(code: "malformed_claims", isVerified: true, found: "exp: absent", expected: "exp: seconds since 1970") {
            $0.claims["exp"] = nil
        },
        Case(
            code: "malformed_claims", isVerified: true, found: #"exp: "soon""#, expected: "exp: seconds since 1970"
        ) { $0.claims["exp"] = "soon" },
        Case(code: "malformed_claims", isVerified: true, found: "jti: absent", expected: "jti: present") {
            $0.claims["jti"] = nil
        },
        Case(
            code: "malformed_claims", isVerified: true, found: "aud: absent",
            expected: "aud: a text, or a list of texts"
        ) {
            $0.claims["aud"] = nil
        },
        Case(
            code: "malformed_claims", isVerified: true, found: "scope: 7", expected: "scope: a text"
        ) { $0.claims["scope"] = 7 },
        Case(code: "malformed_claims", isVerified: true, found: "cnf: 1", expected: "cnf: an object") {
            $0.claims["cnf"] = 1
        },
        Case(
            code: "malformed_claims", isVerified: true, found: #"cnf.jkt: "x""#,
            expected: "cnf.jkt: a SHA-256 in base64url"
        ) {
            $0.claims["cnf"] = ["jkt": "x"]
        },
        Case(code: "unknown_confirmation", isVerified: true, found: "cnf: foo", expected: "cnf: x5t#S256 jkt") {
            $0.claims["cnf"] = ["foo": "x"]
        },
        Case(code: "unknown_key", isVerified: false, found: "kid: a\"\u{1}\nb", expected: nil) {
            $0.header["kid"] = "a\"\u{1}\nb"
        },
        Case(
            code: "wrong_issuer", isVerified: false, found: "https://evil.example",
            expected: "https://login.partner.example"
        ) { $0.claims["iss"] = "https://evil.example" },
        Case(code: "bad_signature", isVerified: false, found: nil, expected: nil) {
            $0.signer = .octets(Array(repeating: 7, count: 64))
        },
        Case(code: "malformed_token", isVerified: false, found: nil, expected: nil) { $0.changeToken = { _ in "a.b" } },
    ]

    @Test(
        "have its hash always, whose it is where its issuer vouches for it, and what was found and expected",
        arguments: cases)
    func record(refused: Case) async throws {
        try await GatewayHarness.run { harness in
            var draft = try harness.issuer.draft(.es256)
            refused.spoil(&draft)
            let token = try draft.signed()
            for _ in 0..<2 {
                let answer = try await harness.answer("/orders/1", token: token)
                #expect(answer.status == 401 && answer.code == refused.code)
                let record = try await harness.record(of: answer)
                #expect(record["token"]?.string?.utf8.count == 32)
                #expect(record["token_verified"]?.string == (refused.isVerified ? "yes" : "no"))
                #expect(record["subject"]?.string == (refused.isVerified ? "alice" : nil))
                #expect(record["client_id"]?.string == (refused.isVerified ? "shop" : nil))
                #expect(record["issuer"]?.string == (refused.isVerified ? "partner" : nil))
                #expect(record["found"]?.string == refused.found)
                let isJWT = refused.code != "malformed_token"
                #expect(
                    record["issuer_claimed"]?.string
                        == (refused.isVerified || !isJWT ? nil : draft.claims["iss"]?.string))
                if let expected = refused.expected { #expect(record["expected"]?.string == expected) }
            }
        }
    }

    /// What is changed in a good token, its code, and what was found and expected.
    static let byClaims: [(change: JSONObject, code: String, found: String, expected: String)] = [
        (["token_use": "id"], "wrong_type", "token_use: id", "token_use: access"),
        (["token_use": .null], "wrong_type", "token_use: absent", "token_use: access"),
        (["level": "1"], "wrong_type", #"level: "1""#, "level: 1"),
        (["at_hash": "x"], "wrong_type", "at_hash: present", "at_hash: absent"),
        (["aud": "https://elsewhere.example"], "wrong_audience", "aud: https://elsewhere.example", "aud: shop"),
        (["client_id": "another"], "wrong_audience", "client_id: another", "client_id: shop"),
        (["client_id": .null], "malformed_claims", "client_id: absent", "client_id: a text, or a list of texts"),
        (["tenant": "acme"], "claim_mismatch", "tenant: acme", "tenant: globex initech"),
        (["groups": ["guests"]], "claim_mismatch", #"groups: ["guests"]"#, "groups: with staff"),
    ]

    @Test("name the claim that failed, of an issuer whose entry compares claims, and of a route", arguments: byClaims)
    func claims(change: JSONObject, code: String, found: String, expected: String) async throws {
        let routes = """
            - id: orders.read
              match: {path: "/orders/{rest...}"}
              require: {issuers: [partner], claims: {tenant: {one_of: [globex, initech]}, groups: {contains: staff}}}
              upstream: orders
            """
        let edit = { (text: String) in
            text.replacingOccurrences(
                of: "    audience: https://api.example.com",
                with: """
                        audience: shop
                        audience_claim: client_id
                        claims: {token_use: {equals: access}, level: {equals: 1}}
                        types: [absent]
                    """)
        }
        try await GatewayHarness.run(routes: routes, edit: edit) { harness in
            var draft = try harness.issuer.draft(.es256)
            draft.header["typ"] = nil
            let good: JSONObject = [
                "aud": .null, "token_use": "access", "level": 1, "tenant": "globex", "groups": ["staff"],
            ]
            for (name, value) in good.members + change.members { draft.claims[name] = value.isNull ? nil : value }
            let answer = try await harness.answer("/orders/1", token: try draft.signed())
            #expect(answer.code == code)
            let record = try await harness.record(of: answer)
            #expect(record["token_verified"]?.string == (code == "claim_mismatch" ? nil : "yes"))
            #expect(record["subject"] == "alice" && record["issuer"] == "partner")
            #expect(record["client_id"]?.string == draft.claims["client_id"]?.string)
            #expect(record["found"]?.string == found)
            #expect(record["expected"]?.string == expected)
            #expect(record["issuer_claimed"] == nil)
        }
    }

    /// What is bent in a good proof, its code, and how found and expected begin.
    static let proofs: [(bend: @Sendable (inout TokenDraft) -> Void, code: String, found: String, expected: String)] = [
        ({ $0.claims["htm"] = "POST" }, "wrong_proof_target", "htm: POST htu: https://", "htm: GET htu: https://"),
        (
            { $0.claims["htu"] = "https://me:secret@other.example/a?token=secret" }, "wrong_proof_target",
            "htm: GET htu: https://***@other.example/a", "htm: GET htu: https://"
        ),
        ({ $0.claims["iat"] = 1000 }, "stale_proof", "iat 1000", "within 60 s of "),
    ]

    @Test("say what was wrong with their proofs, without secrets")
    func proofs() async throws {
        try await GatewayHarness.run { harness in
            let client = try ProvingClient()
            let token = try client.token(of: harness.issuer)
            for refused in Self.proofs {
                let fields = try client.fields(
                    "GET", harness.gateway.url + "/orders/1", token: token, bend: refused.bend)
                let answer = try await harness.answer("/orders/1", fields: fields)
                #expect(answer.code == refused.code)
                let record = try await harness.record(of: answer)
                #expect(record["token_verified"] == "yes" && record["subject"] == "alice")
                #expect(record["found"]?.string?.hasPrefix(refused.found) == true)
                #expect(record["expected"]?.string?.hasPrefix(refused.expected) == true)
                #expect(record["found"]?.string?.contains("secret") == false)
            }
        }
    }

    @Test("are of the token that was sent, not of the one before it, and none is there without a token")
    func others() async throws {
        try await GatewayHarness.run { harness in
            let expired = try harness.issuer.token(.es256, adding: ["exp": 1000])
            _ = try await harness.answer("/orders/1", token: expired)
            var draft = try harness.issuer.draft(.es256, subject: "mallory")
            draft.signer = .octets(Array(repeating: 7, count: 64))
            let forged = try await harness.record(of: try await harness.answer("/orders/1", token: try draft.signed()))
            #expect(forged["subject"] == nil && forged["token_verified"] == "no")
            let none = try await harness.record(of: try await harness.answer("/orders/1"))
            #expect(none["token"] == nil && none["token_verified"] == nil)
            let good = try harness.issuer.token(.es256)
            let allowed = try await harness.record(of: try await harness.answer("/orders/1", token: good))
            #expect(allowed["token_verified"] == nil && allowed["found"] == nil && allowed["subject"] == "alice")
        }
    }
}

/// Which tokens an issuer is asked about.
@Suite("records of tokens that were refused after their issuer was asked", .tags(.timed))
struct IntrospectedTokenRecordTests {
    /// What the issuer answers when it is asked about its own signed token, the code, and what was found and expected.
    static let byIntrospection: [(answer: JSONObject?, code: String, found: String?, expected: String?)] = [
        (["active": false], "inactive_token", nil, nil), (nil, "introspection_unavailable", nil, nil),
        (["active": true, "sub": "mallory"], "introspection_mismatch", "sub: mallory", "sub: alice"),
        (["active": true, "sub": 7], "malformed_claims", "sub: 7", "sub: a text"),
        (
            ["active": true, "token_type": "refresh_token"], "wrong_type", "token_type: refresh_token",
            "token_type: bearer dpop access_token"
        ),
        (["active": true, "exp": 1000], "expired_token", "exp 1000", nil),
    ]

    @Test("say whose they are where the signature holds, whatever the issuer answers when it is asked")
    func introspected() async throws {
        try await IntrospectionHarness.run(
            tokens: "jwt_and_introspection", asking: { _ in [IntrospectionHarness.secret] },
            lines: ["authorities: certs/upstream-ca.pem", "algorithms: [ES256]"]
        ) { harness async throws in
            for (number, refused) in Self.byIntrospection.enumerated() {
                if let answer = refused.answer {
                    harness.issuer.say(answer)
                } else {
                    harness.issuer.script(.introspection, .answer(500))
                }
                let answer = try await harness.answer(try harness.issuer.token(adding: ["jti": "\(number)"]))
                #expect(answer.code == refused.code)
                let record = try await harness.base.record(of: answer)
                #expect(record["token_verified"] == "yes" && record["issuer"] == "as", "\(refused.code)")
                #expect(record["subject"] == "alice" && record["client_id"] == "shop", "\(refused.code)")
                #expect(record["token"]?.string?.utf8.count == 32)
                #expect(record["found"]?.string == refused.found)
                if let expected = refused.expected { #expect(record["expected"]?.string == expected) }
            }
        }
    }

    @Test("say whose an opaque one is that the issuer calls active, and name the issuer of one that it calls another's")
    func opaque() async throws {
        try await IntrospectionHarness.run { harness async throws in
            harness.issuer.say(harness.issuer.facts(["iss": "https://foreign.example"]))
            let foreign = try await harness.answer("t1")
            #expect(foreign.code == "wrong_issuer")
            var record = try await harness.base.record(of: foreign)
            #expect(record["token_verified"] == "no" && record["subject"] == nil)
            #expect(record["found"] == "https://foreign.example")
            #expect(record["expected"]?.string == harness.issuer.identifier)
            harness.issuer.say(harness.issuer.facts(["cnf": ["foo": "x"]]))
            let bound = try await harness.answer("t2")
            #expect(bound.code == "unknown_confirmation")
            record = try await harness.base.record(of: bound)
            #expect(record["token_verified"] == "yes" && record["subject"] == "user-1" && record["found"] == "cnf: foo")
        }
    }
}
