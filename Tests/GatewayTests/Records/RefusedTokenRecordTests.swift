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
                if let expected = refused.expected { #expect(record["expected"]?.string == expected) }
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
