import Foundation
import GatewayTesting
import JSON
import Testing

/// What records say when a good token is in the wrong hands, or was taken back: whose it is, and what its sender showed.
@Suite("records of tokens that were stolen or revoked")
struct StolenTokenTests {
    struct Theft: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: String
        /// What the token is bound to.
        var binding: @Sendable (Owner) throws -> JSONObject
        /// What the one that it was issued to shows, and what the thief does.
        var honest: @Sendable (Owner, GatewayHarness, String) async throws -> CurlResponse
        var thief: @Sendable (Owner, GatewayHarness, String) async throws -> CurlResponse
        var found: @Sendable (Owner) throws -> String
        var expected: @Sendable (Owner) throws -> String
    }

    /// Two parties, each with a key and a certificate of its own.
    struct Owner: Sendable {
        let key: ProvingClient
        let otherKey: ProvingClient
        let certificate: TestCertificate
        let otherCertificate: TestCertificate

        init() throws {
            let certificates = try TestCertificates.shared()
            (key, otherKey) = (try ProvingClient(), try ProvingClient())
            certificate = certificates.client
            otherCertificate = try certificates.clientAuthority.issue(
                TestCertificateRequest("mallory", uris: ["spiffe://example.org/mallory"], purpose: .client))
        }

        static func thumbprint(_ certificate: TestCertificate) throws -> String {
            Base64URLText.encode(ProvingClient.sha256(try certificate.der))
        }
    }

    private static func proved(_ key: ProvingClient, _ harness: GatewayHarness, _ token: String) async throws
        -> CurlResponse
    {
        let fields = try key.fields("GET", harness.gateway.url + "/orders/1", token: token)
        return try await harness.answer("/orders/1", fields: fields)
    }

    private static func shown(_ certificate: TestCertificate?, _ harness: GatewayHarness, _ token: String) async throws
        -> CurlResponse
    {
        try await harness.gateway.client(certificate: certificate).send(harness.request("/orders/1", token: token))
    }

    static let thefts = [
        Theft(
            testDescription: "another key", code: "wrong_proof_key",
            binding: { ["jkt": .string(try $0.key.thumbprint)] }, honest: { try await proved($0.key, $1, $2) },
            thief: { try await proved($0.otherKey, $1, $2) }, found: { try $0.otherKey.thumbprint },
            expected: { try $0.key.thumbprint }),
        Theft(
            testDescription: "no proof", code: "missing_proof", binding: { ["jkt": .string(try $0.key.thumbprint)] },
            honest: { try await proved($0.key, $1, $2) }, thief: { try await $1.answer("/orders/1", token: $2) },
            found: { _ in "none" }, expected: { try $0.key.thumbprint }),
        Theft(
            testDescription: "another certificate", code: "wrong_certificate",
            binding: { ["x5t#S256": .string(try Owner.thumbprint($0.certificate))] },
            honest: { try await shown($0.certificate, $1, $2) },
            thief: { try await shown($0.otherCertificate, $1, $2) },
            found: { try Owner.thumbprint($0.otherCertificate) }, expected: { try Owner.thumbprint($0.certificate) }),
        Theft(
            testDescription: "no certificate", code: "wrong_certificate",
            binding: { ["x5t#S256": .string(try Owner.thumbprint($0.certificate))] },
            honest: { try await shown($0.certificate, $1, $2) }, thief: { try await shown(nil, $1, $2) },
            found: { _ in "none" }, expected: { try Owner.thumbprint($0.certificate) }),
    ]

    @Test(
        "stolen: whose it is, its hash, and the thumbprints that its sender showed and should have shown",
        arguments: thefts, [true, false])
    func stolen(theft: Theft, isKnown: Bool) async throws {
        let owner = try Owner()
        try await GatewayHarness.run { harness in
            let token = try harness.issuer.token(.es256, adding: ["cnf": .object(try theft.binding(owner))])
            var hash: JSON?
            if isKnown {
                let served = try await theft.honest(owner, harness, token)
                #expect(served.status == 200)
                hash = try await harness.record(of: served)["token"]
            }
            let refused = try await theft.thief(owner, harness, token)
            #expect(refused.status == 401 && refused.code == theft.code)
            let record = try await harness.record(of: refused)
            #expect(record["token_verified"] == "yes")
            #expect(record["issuer"] == "partner" && record["subject"] == "alice" && record["client_id"] == "shop")
            #expect(record["found"] == .string(try theft.found(owner)))
            #expect(record["expected"] == .string(try theft.expected(owner)))
            #expect(record["token"]?.string?.utf8.count == 32)
            if isKnown { #expect(record["token"] == hash) }
        }
    }

    @Test("revoked: whose it was, and the hash under which it was served before")
    func revoked() async throws {
        try await GatewayHarness.runOwnIssuer { harness, _ in
            let run = try await Portcullis.run(
                ["client", "add", "billing", "--scope", "orders:read", "--json"], in: harness.gateway.folder)
            let secret = try #require(try JSON.parse(Array(run.output.utf8)).object?["client_secret"]?.string)
            let form = HeaderField("Content-Type", "application/x-www-form-urlencoded")
            let basic = "Basic " + Data("billing:\(secret)".utf8).base64EncodedString()
            let post = { (path: String, body: String) async throws -> CurlResponse in
                var request = harness.request(
                    path, method: "POST", fields: [form, HeaderField("Authorization", basic)])
                request.body = .text(body)
                return try await harness.client().send(request)
            }
            let answer = try await post("/oauth2/token", "grant_type=client_credentials")
            let token = try #require(try JSON.parse(answer.body).object?["access_token"]?.string, "\(answer.text)")
            let served = try await harness.answer("/orders/1", token: token)
            #expect(served.status == 200)
            #expect(try await post("/oauth2/revoke", "token=\(token)").status == 200)
            let refused = try await eventually("the token to be refused") { () async throws -> CurlResponse? in
                let answer = try await harness.answer("/orders/1", token: token)
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 401 && refused.code == "revoked_token")
            let record = try await harness.record(of: refused)
            #expect(record["token_verified"] == "yes")
            #expect(record["issuer"] == "local" && record["subject"] == "billing" && record["client_id"] == "billing")
            #expect(record["found"] == nil && record["expected"] == nil)
            let before = try await harness.record(of: served)
            #expect(record["token"]?.string?.utf8.count == 32 && record["token"] == before["token"])
        }
    }
}
