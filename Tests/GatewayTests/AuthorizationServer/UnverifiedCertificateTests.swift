import Foundation
import GatewayTesting
import JSON
import Testing

/// A listener that asks for certificates and verifies none: registered keys alone say who a client is (RFC 8705 §2.2), and
/// what needs an authority's word is refused there.
@Suite("clients whose certificates nobody vouches for", .tags(.timed))
struct UnverifiedCertificateTests {
    private static let listener = """
              unverified_client_certificates: true
          - address: 127.0.0.2:0
            tls:
              certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]
              client_authorities: certs/client-ca.pem

        """
    private static let routes = """
        - id: vouched
          match: {path: "/vouched"}
          require: {issuers: [local], scopes: ["orders:read"], client_certificate: true}
          upstream: orders
        \(GatewayHarness.ownRoutes)
        """

    /// The key of a certificate on P-256, read from its octets.
    private static func jwk(of certificate: TestCertificate) throws -> JSON {
        let point: [UInt8] = [
            0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
        ]
        let der = try certificate.der
        let start =
            try #require((0..<der.count - 78).first { Array(der[$0..<$0 + point.count]) == point }) + point.count
        func text(_ range: Range<Int>) -> JSON {
            .string(
                Data(der[range]).base64EncodedString().replacingOccurrences(of: "+", with: "-")
                    .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: ""))
        }
        return ["kty": "EC", "crv": "P-256", "x": text(start..<start + 32), "y": text(start + 32..<start + 64)]
    }

    private func run(_ body: (GatewayHarness, TestCertificates) async throws -> Void) async throws {
        let certificates = try TestCertificates.shared()
        try await GatewayHarness.runOwnIssuer(
            routes: Self.routes,
            edit: {
                $0.replacingOccurrences(of: "      client_authorities: certs/client-ca.pem\n", with: Self.listener)
            }
        ) { harness, _ in
            try harness.gateway.folder.write(
                JSON.object(["keys": [try Self.jwk(of: certificates.foreignClient)]]).serialized(), to: "own.jwks.json")
            for words in [
                [
                    "own", "--auth-method", "self_signed_tls_client_auth", "--jwks", "own.jwks.json",
                    "--bind-certificate",
                ],
                ["named", "--certificate-uri", "spiffe://example.org/client"],
            ] {
                let run = try await Portcullis.run(
                    ["client", "add"] + words + ["--scope", "orders:read"], in: harness.gateway.folder)
                #expect(run.status == 0, "\(run.errors)")
            }
            try await body(harness, certificates)
        }
    }

    private func token(_ harness: GatewayHarness, _ client: String, _ certificate: TestCertificate?) async throws
        -> CurlResponse
    {
        var request = harness.request(
            "/oauth2/token", method: "POST",
            fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        request.body = .text("grant_type=client_credentials&client_id=\(client)")
        return try await harness.gateway.client(certificate: certificate).send(request)
    }

    @Test(
        "AS-104 a registered key suffices, whoever signed the certificate; tokens are good with that certificate only")
    func registered() async throws {
        try await run { harness, certificates in
            let answer = try await token(harness, "own", certificates.foreignClient)
            let text = try JSON.parse(answer.body).object?["access_token"]?.string
            let bound = try #require(text, "\(answer.text)")
            for (certificate, status) in [
                (certificates.foreignClient, 200), (certificates.client, 401), (nil, 401),
            ] as [(TestCertificate?, Int)] {
                let called = try await harness.gateway.client(certificate: certificate).send(
                    harness.request("/orders/1", token: bound))
                #expect(called.status == status, "\(called.text)")
            }
            #expect(try await token(harness, "own", certificates.client).status == 401)
            #expect(try await token(harness, "own", nil).status == 401)
            let metadata = try JSON.parse(
                await harness.answer("/.well-known/oauth-authorization-server").body
            ).object
            #expect(metadata?["tls_client_certificate_bound_access_tokens"] == true)
        }
    }

    @Test("an expired certificate is none, although its key is registered")
    func expired() async throws {
        try await run { harness, certificates in
            try harness.gateway.folder.write(
                JSON.object(["keys": [try Self.jwk(of: certificates.expiredClient)]]).serialized(), to: "old.jwks.json")
            let run = try await Portcullis.run(
                [
                    "client", "add", "old", "--auth-method", "self_signed_tls_client_auth", "--jwks", "old.jwks.json",
                    "--scope", "orders:read",
                ], in: harness.gateway.folder)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try await token(harness, "old", certificates.expiredClient).status == 401)
        }
    }

    @Test("Attack: a name in a certificate that nobody has verified is nobody's name")
    func unverifiedNames() async throws {
        try await run { harness, certificates in
            // The certificate has the registered name, and even the right authority has signed it: here nobody looks.
            for certificate in [certificates.client, certificates.foreignClient] {
                #expect(try await token(harness, "named", certificate).status == 401)
            }
            let answer = try await token(harness, "own", certificates.foreignClient)
            let bound = try #require(try JSON.parse(answer.body).object?["access_token"]?.string)
            let called = try await harness.gateway.client(certificate: certificates.foreignClient).send(
                harness.request("/vouched", token: bound))
            #expect(called.status == 403 && called.text.contains("certificate_required"), "\(called.text)")
            let records = try await harness.gateway.auditRecords(atLeast: 1)
            #expect(records.allSatisfy { $0["client_certificate"] == nil })
        }
    }
}
