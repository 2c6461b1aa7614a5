import Foundation
import GatewayTesting
import JSON
import Testing

/// Tokens and keys are made with OpenSSL, by nothing that the program itself uses.
@Suite("portcullis jose")
struct JOSECommandTests {
    private struct Result {
        var status: Int32
        var report: JSONObject
    }

    private func jose(_ arguments: [String], _ token: String, in folder: TemporaryFolder) async throws -> Result {
        let run = try await Portcullis.run(["jose"] + arguments, in: folder, input: token)
        #expect(run.errors == "")
        return Result(status: run.status, report: try #require(try JSON.parse(Array(run.output.utf8)).object))
    }

    private func folder(_ issuer: TestIssuer) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try issuer.writeKeys(to: folder, as: "keys.json")
        for key in issuer.keys {
            try folder.write(key.jwk.serialized(), to: "\(key.algorithm.rawValue).jwk")
            try folder.write(key.publicPEM, to: "\(key.algorithm.rawValue).pem")
        }
        return folder
    }

    @Test(
        "verify says that a signature holds, by a key set, a key or PEM",
        arguments: [TestAlgorithm.rs256, .ps256, .es256, .es384, .edDSA])
    func good(algorithm: TestAlgorithm) async throws {
        let issuer = try TestIssuer.partner()
        let folder = try folder(issuer)
        let token = try issuer.token(algorithm)
        for file in ["keys.json", "\(algorithm.rawValue).jwk", "\(algorithm.rawValue).pem"] {
            let result = try await jose(["verify", "--key", file], token + "\n", in: folder)
            #expect(result.status == 0, "\(file): \(result.report)")
            #expect(result.report["valid"] == true && result.report["checked"] == "signature")
            #expect(result.report["algorithm"]?.string == algorithm.rawValue)
            #expect(result.report["claims"]?.object?["sub"] == "alice")
        }
    }

    @Test("verify says why a token is not good, and ends with 1")
    func bad() async throws {
        let issuer = try TestIssuer.partner()
        let folder = try folder(issuer)
        let token = try issuer.token(.es256)
        var spoiled = try issuer.draft(.es256)
        spoiled.changeSignature = { $0.map { ~$0 } }
        let cases: [(String, [String], String)] = [
            (try spoiled.signed(), ["--key", "keys.json"], "bad_signature"),
            (token, ["--key", "RS256.pem"], "no_key"),
            (token, ["--key", "keys.json", "--alg", "RS256", "--alg", "PS256"], "unsupported_algorithm"),
            (token + "\n\n", ["--key", "keys.json"], "bad_base64url"),
            (" " + token, ["--key", "keys.json"], "bad_base64url"),
            ("", ["--key", "keys.json"], "not_compact"),
            (String(repeating: "a", count: 20_000), ["--key", "keys.json"], "token_too_large"),
        ]
        for (token, arguments, code) in cases {
            let result = try await jose(["verify"] + arguments, token, in: folder)
            #expect(result.status == 1, "\(code)")
            #expect(result.report["valid"] == false && result.report["code"]?.string == code, "\(result.report)")
            #expect(result.report["claims"] == nil)
        }
    }

    @Test("verify --payload any checks signatures that are on no claims, as those of others (RFC 8037 A.4)")
    func anyPayload() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, to: "key.jwk")
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let good = try await jose(
            ["verify", "--key", "key.jwk", "--payload", "any"], "\(token).\(signature)", in: folder)
        #expect(good.status == 0 && good.report["valid"] == true)
        #expect(good.report["payload"] == "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
        #expect(good.report["claims"] == nil)
        for (text, code) in [
            ("\(token).A\(signature.dropFirst())", "bad_signature"),
            ("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZQ.\(signature)", "bad_signature"),
            ("eyJhbGciOiJFZERTQSJ9..\(signature)", "bad_signature"),
            ("eyJhbGciOiJub25lIn0.RXhhbXBsZQ.", "unsupported_algorithm"),
        ] {
            let bad = try await jose(["verify", "--key", "key.jwk", "--payload", "any"], text, in: folder)
            #expect(bad.status == 1 && bad.report["code"]?.string == code, "\(bad.report)")
        }
        // As a token it is none.
        let claims = try await jose(["verify", "--key", "key.jwk"], "\(token).\(signature)", in: folder)
        #expect(claims.status == 1 && claims.report["code"] == "claims_not_json")
    }

    @Test("verify uses no key that requests would not: private, short, symmetric, or none at all")
    func badKeys() async throws {
        let issuer = try TestIssuer.partner()
        let folder = try folder(issuer)
        try folder.write(#"{"kty":"oct","k":"AAAA"}"#, to: "oct.json")
        try folder.write(#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}"#, to: "private.json")
        try folder.write("hello", to: "text")
        try folder.write(#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, to: "set.json")
        let small = try TestSigningKey(.rs256, kid: "small", rsaBits: 1_024)
        try folder.write(small.publicPEM, to: "small.pem")
        let token = try issuer.token(.es256)
        for (file, code) in [
            ("oct.json", "symmetric_key"), ("private.json", "private_key"), ("text", "bad_pem"), ("set.json", "no_key"),
            ("small.pem", "rsa_too_small"),
        ] {
            let result = try await jose(["verify", "--key", file], token, in: folder)
            #expect(result.status == 1 && result.report["code"]?.string == code, "\(file): \(result.report)")
        }
        let set = try await jose(["verify", "--key", "set.json"], token, in: folder)
        #expect(set.report["keys_skipped"]?.array?.first?.object?["code"] == "symmetric_key")
        let missing = try await Portcullis.run(["jose", "verify", "--key", "none.json"], in: folder, input: token)
        #expect(missing.status == 1 && missing.errors.contains("none.json") && missing.output == "")
    }

    @Test("inspect shows what a token says, whoever signed it, and says that nothing is verified")
    func inspect() async throws {
        let folder = try TemporaryFolder()
        var draft = try TestIssuer.partner().draft(.es256)
        draft.changeSignature = { _ in [1, 2, 3] }
        let result = try await jose(["inspect"], try draft.signed(), in: folder)
        #expect(result.status == 0)
        #expect(result.report["verified"] == false)
        #expect(result.report["notice"]?.string?.contains("nothing here is verified") == true)
        #expect(result.report["header"]?.object?["alg"] == "ES256")
        #expect(result.report["claims"]?.object?["sub"] == "alice")
        let bad = try await jose(["inspect"], "opaque", in: folder)
        #expect(bad.status == 1 && bad.report["code"] == "not_compact" && bad.report["verified"] == false)
    }
}
