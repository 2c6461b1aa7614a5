import HTTP
import JOSE
import JSON
import Policy
import Testing

@testable import Admission

@Suite("What an introspection endpoint answers")
struct AnswerTests {
    private func read(_ reply: OutgoingAnswer, _ issuer: Issuer = asked(), keys: IssuerKeys? = nil) throws -> String {
        let reader = try #require(IntrospectionAnswerReader(issuer))
        do throws(IntrospectionFailure) {
            switch try reader.read(reply, about: digest("t"), keys: keys, unixSeconds: 1_100) {
            case .active: return "active"
            case .inactive: return "inactive"
            }
        } catch { return error.word }
    }

    @Test(
        "RS-072 only the boolean true is active",
        arguments: [
            ("{\"active\":true}", "active"), ("{\"active\":false}", "inactive"), ("{}", "inactive"),
            ("{\"active\":\"true\"}", "inactive"), ("{\"active\":1}", "inactive"), ("{\"active\":null}", "inactive"),
            ("{\"active\":[true]}", "inactive"), ("{\"active\":{\"active\":true}}", "inactive"),
            ("{\"Active\":true}", "inactive"),
            // No answer at all.
            ("{\"active\":true,\"active\":false}", "not_json"), ("[true]", "not_json"), ("true", "not_json"),
            ("", "not_json"),
            ("{\"active\":true}}", "not_json"), ("{\"active\":True}", "not_json"),
        ])
    func active(body: String, expected: String) throws {
        #expect(try read(OutgoingAnswer(status: 200, body: Array(body.utf8))) == expected)
    }

    @Test(
        "RS-076 whatever else the endpoint answers is no word about the token",
        arguments: [
            (401, "unauthorized"), (403, "unauthorized"), (400, "refused_request"), (404, "refused_request"),
            (408, "bad_status"),
            (429, "bad_status"), (500, "bad_status"), (503, "bad_status"), (302, "redirected"), (204, "bad_status"),
            (201, "bad_status"),
        ])
    func statuses(status: Int, expected: String) throws {
        #expect(try read(OutgoingAnswer(status: status, body: Array("{\"active\":true}".utf8))) == expected)
    }

    @Test(
        "an answer of another media type, or one that is too large, is none",
        arguments: ["text/html", "application/jwt", "application/jsonx", "", "application/token-introspection+jwt"])
    func mediaTypes(type: String) throws {
        let body = Array("{\"active\":true}".utf8)
        #expect(try read(OutgoingAnswer(status: 200, contentType: type, body: body)) == "wrong_content_type")
        #expect(
            try read(OutgoingAnswer(status: 200, contentType: "Application/JSON; charset=utf-8", body: body))
                == "active")
        let long = Array("{\"active\":true,\"x\":\"\(String(repeating: "x", count: 65_536))\"}".utf8)
        #expect(try read(OutgoingAnswer(status: 200, body: long)) == "too_large")
    }

    // MARK: Signed answers (RFC 9701)

    private static let signer = TestIssuer()
    private static var entry: Issuer {
        asked {
            $0.introspection?.jwtResponse = true
            $0.algorithms = [.es256]
        }
    }

    private static func jwt(
        header: [String: JSON?] = [:], claims: [String: JSON?] = [:], by issuer: TestIssuer = signer
    ) throws -> OutgoingAnswer {
        var header = header
        if header["typ"] == nil { header["typ"] = .some("token-introspection+jwt") }
        var members: [String: JSON?] = [
            "aud": "gateway", "iat": 1_100, "token_introspection": .object(answer()), "exp": nil, "sub": nil,
            "client_id": nil, "jti": nil, "scope": nil,
        ]
        for (name, value) in claims { members[name] = .some(value) }
        let token = try issuer.token(header: header, claims: members)
        return OutgoingAnswer(
            status: 200, contentType: "application/token-introspection+jwt", body: Array(token.utf8))
    }

    @Test("RS-079 a signed answer of the issuer for this gateway counts, and only what token_introspection says")
    func signed() throws {
        #expect(IntrospectionAnswerReader(Self.entry)?.mediaType == "application/token-introspection+jwt")
        #expect(try read(try Self.jwt(), Self.entry, keys: try Self.signer.keys()) == "active")
        let outside = try Self.jwt(claims: ["active": true, "token_introspection": ["active": false]])
        #expect(try read(outside, Self.entry, keys: try Self.signer.keys()) == "inactive")
        #expect(
            try read(try Self.jwt(claims: ["aud": ["other", "gateway"]]), Self.entry, keys: try Self.signer.keys())
                == "active")
    }

    @Test("RS-079 one with times of its own counts between them, give or take what clocks differ")
    func signedWithTimes() throws {
        let answer = try Self.jwt(claims: ["exp": 1_086, "nbf": 1_115])
        #expect(try read(answer, Self.entry, keys: try Self.signer.keys()) == "active")
    }

    private struct Defect: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var header: [String: JSON?] = [:]
        var claims: [String: JSON?] = [:]
        let expected: String
    }

    private static let defects: [Defect] = [
        Defect(testDescription: "typ JWT", header: ["typ": "JWT"], expected: "foreign_response_jwt"),
        Defect(testDescription: "typ at+jwt", header: ["typ": "at+jwt"], expected: "foreign_response_jwt"),
        Defect(testDescription: "no typ", header: ["typ": nil], expected: "foreign_response_jwt"),
        Defect(
            testDescription: "another iss", claims: ["iss": "https://evil.example"], expected: "foreign_response_jwt"),
        Defect(testDescription: "no iss", claims: ["iss": nil], expected: "foreign_response_jwt"),
        Defect(testDescription: "another aud", claims: ["aud": "other"], expected: "foreign_response_jwt"),
        Defect(testDescription: "no aud", claims: ["aud": nil], expected: "foreign_response_jwt"),
        Defect(testDescription: "no iat", claims: ["iat": nil], expected: "foreign_response_jwt"),
        Defect(testDescription: "iat ahead", claims: ["iat": 1_116], expected: "foreign_response_jwt"),
        Defect(testDescription: "iat long ago", claims: ["iat": 1_024], expected: "foreign_response_jwt"),
        Defect(testDescription: "iat as text", claims: ["iat": "1100"], expected: "foreign_response_jwt"),
        Defect(testDescription: "over", claims: ["exp": 1_085], expected: "foreign_response_jwt"),
        Defect(testDescription: "exp as text", claims: ["exp": "1200"], expected: "foreign_response_jwt"),
        Defect(testDescription: "to come", claims: ["nbf": 1_116], expected: "foreign_response_jwt"),
        Defect(testDescription: "nbf as text", claims: ["nbf": "1000"], expected: "foreign_response_jwt"),
        Defect(
            testDescription: "nothing about the token", claims: ["token_introspection": nil],
            expected: "malformed_response_jwt"),
        Defect(
            testDescription: "a text about the token", claims: ["token_introspection": "x"],
            expected: "malformed_response_jwt"),
        Defect(testDescription: "another kid", header: ["kid": "k9"], expected: "unknown_response_key"),
        Defect(testDescription: "another algorithm", header: ["alg": "ES384"], expected: "foreign_response_jwt"),
    ]

    @Test("RS-079 a signed answer with a defect is none", arguments: defects)
    private func defective(defect: Defect) throws {
        let reply = try Self.jwt(header: defect.header, claims: defect.claims)
        #expect(try read(reply, Self.entry, keys: try Self.signer.keys()) == defect.expected)
    }

    @Test("RS-079 an answer signed by somebody else, unsigned, or before there are keys, is none")
    func signatures() throws {
        let keys = try Self.signer.keys()
        #expect(try read(try Self.jwt(by: TestIssuer()), Self.entry, keys: keys) == "bad_response_signature")
        #expect(try read(try Self.jwt(), Self.entry) == "unknown_response_key")
        #expect(try read(reply(answer()), Self.entry, keys: keys) == "wrong_content_type")
        var plain = reply(answer())
        plain.contentType = "application/token-introspection+jwt"
        #expect(try read(plain, Self.entry, keys: keys) == "malformed_response_jwt")
    }

    @Test("RS-079 RS-080 a signed answer never counts as an access token", arguments: [["at+jwt"], ["jwt"], [""]])
    func neverAToken(types: [String]) throws {
        let reply = try Self.jwt(claims: [
            "aud": ["https://api.example.com", "gateway"], "exp": 1_600, "sub": "user-1", "client_id": "client-1",
            "jti": "t",
        ])
        let harness = try AuthenticationHarness(Self.signer, entry: Self.signer.entry(types: types))
        #expect(try harness.outcome(reply.body.text) == "wrong_type")
        // Nor under a type that the issuer's entry allows.
        let token = try Self.signer.token(
            header: ["typ": types[0].isEmpty ? nil : .some(.string(types[0]))],
            claims: ["token_introspection": .object(answer())])
        #expect(try harness.outcome(token) == (types == ["at+jwt"] ? "ok" : "wrong_type"))
    }
}
