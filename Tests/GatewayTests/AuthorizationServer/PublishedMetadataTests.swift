import Foundation
import GatewayTesting
import JSON
import Testing

/// A client for each authentication method, and requests that authenticate by it.
private struct Clients {
    private let http: CurlClient
    private let harness: GatewayHarness
    private let issuer: String
    private let key: TestSigningKey
    private let secret: String

    init(_ harness: GatewayHarness, _ issuer: String) async throws {
        self.harness = harness
        self.issuer = issuer
        http = try harness.gateway.client(certificate: TestCertificates.shared().client)
        key = try TestSigningKey(.es256, kid: "k1")
        try harness.gateway.folder.write(
            JSON.object(["keys": [try key.jwk]]).serialized(pretty: true), to: "client.jwks.json")
        let scope = ["--scope", "orders:read"]
        secret = try #require(
            try await Self.add(harness, ["secret", "--json"] + scope).flatMap {
                try JSON.parse(Array($0.utf8)).object?["client_secret"]?.string
            })
        _ = try await Self.add(
            harness, ["signer", "--auth-method", "private_key_jwt", "--jwks", "client.jwks.json"] + scope)
        _ = try await Self.add(harness, ["certified", "--certificate-uri", "spiffe://example.org/client"] + scope)
        _ = try await Self.add(
            harness,
            ["app", "--public", "--grant", "authorization_code", "--redirect-uri", "https://app.example/cb"] + scope)
    }

    private static func add(_ harness: GatewayHarness, _ words: [String]) async throws -> String? {
        let run = try await Portcullis.run(["client", "add"] + words, in: harness.gateway.folder)
        #expect(run.status == 0, "\(run.errors)")
        return run.output
    }

    private func send(_ path: String, _ form: String, _ fields: [HeaderField] = []) async throws -> CurlResponse {
        var request = harness.request(
            path, method: "POST",
            fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")] + fields)
        request.body = .text(form)
        return try await http.send(request)
    }

    /// By this method; nil: there is no client for it here.
    func authenticated(_ method: String, _ path: String, _ form: String) async throws -> CurlResponse? {
        switch method {
        case "client_secret_basic":
            let credential = Data("secret:\(secret)".utf8).base64EncodedString()
            return try await send(path, form, [HeaderField("Authorization", "Basic " + credential)])
        case "client_secret_post":
            return try await send(path, form + "&client_id=secret&client_secret=\(secret)")
        case "private_key_jwt":
            let now = Int64(Date().timeIntervalSince1970)
            let assertion = try TokenDraft(
                header: ["alg": "ES256", "kid": "k1"],
                claims: [
                    "iss": "signer", "sub": "signer", "aud": .string(issuer), "jti": .string(UUID().uuidString),
                    "exp": .integer(now + 60),
                ], signer: .key(key)
            ).signed()
            let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            return try await send(path, form + "&client_assertion_type=\(type)&client_assertion=\(assertion)")
        case "tls_client_auth": return try await send(path, form + "&client_id=certified")
        case "none": return try await send(path, form + "&client_id=app")
        default: return nil
        }
    }
}

/// What the metadata offers (RFC 8414), asked for from a gateway that runs.
@Suite("what the metadata of a running gateway offers", .tags(.timed))
struct PublishedMetadataTests {
    @Test(
        "every authentication method that an endpoint is said to take, it takes",
        arguments: [
            ("client_authorities: certs/client-ca.pem", ["tls_client_auth", "self_signed_tls_client_auth"]),
            ("unverified_client_certificates: true", ["self_signed_tls_client_auth"]), ("", []),
        ])
    func methods(listener: String, byCertificate: [String]) async throws {
        try await GatewayHarness.runOwnIssuer(
            edit: { $0.replacingOccurrences(of: "client_authorities: certs/client-ca.pem", with: listener) }
        ) { harness, issuer in
            let test = try await Clients(harness, issuer)
            let answer = try await harness.answer("/.well-known/oauth-authorization-server")
            let metadata = try #require(try JSON.parse(answer.body).object)
            for (endpoint, path, form) in [
                ("token", "/oauth2/token", "grant_type=client_credentials"),
                ("revocation", "/oauth2/revoke", "token=x"), ("introspection", "/oauth2/introspect", "token=x"),
            ] {
                let offered = try #require(metadata["\(endpoint)_endpoint_auth_methods_supported"]?.array).compactMap(
                    \.string)
                #expect(offered.contains("private_key_jwt") && offered.contains("client_secret_basic"))
                for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
                    #expect(offered.contains(method) == byCertificate.contains(method), "\(endpoint) \(method)")
                }
                for method in offered {
                    // Self-signed certificates: `CertificateAuthenticationTests`.
                    guard let answer = try await test.authenticated(method, path, form) else { continue }
                    // A public client cannot use client_credentials, but it is known.
                    let isKnown =
                        method == "none" && endpoint == "token"
                        ? answer.text.contains("unauthorized_client") : answer.status == 200
                    #expect(isKnown, "\(endpoint) \(method): \(answer.status) \(answer.text)")
                }
                for method in ["tls_client_auth", "none"] where !offered.contains(method) {
                    #expect(try await test.authenticated(method, path, form)?.status == 401, "\(endpoint) \(method)")
                }
            }
            #expect((metadata["tls_client_certificate_bound_access_tokens"] == true) == !byCertificate.isEmpty)
            for (name, value) in metadata.members where name.hasSuffix("_endpoint") || name == "jwks_uri" {
                let path = try #require(value.string).dropFirst(issuer.utf8.count)
                #expect(try await harness.answer(String(path)).status != 404, "\(name)")
            }
        }
    }
}
