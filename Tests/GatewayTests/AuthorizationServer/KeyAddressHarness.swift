import Foundation
import GatewayTesting
import JSON
import Testing

/// A host at which clients publish their keys, over TLS.
struct KeyHost: Sendable {
    let server: TestUpstream

    /// - Parameter address: a name or an IP address for its certificate, which the authority of upstreams vouches for.
    static func start(_ address: String = "localhost") throws -> KeyHost {
        let certificates = try TestCertificates.shared()
        let isName = address.contains { $0.isLetter }
        let request = TestCertificateRequest(
            "keys", dnsNames: isName ? [address] : [], addresses: isName ? [] : [address], purpose: .server)
        let tls = TLSSettings(certificate: try certificates.upstreamAuthority.issue(request))
        return KeyHost(server: try TestUpstream.start(UpstreamManner(tls: tls), otherwise: .answer(404)))
    }

    func url(_ path: String, host: String = "localhost") -> String { "https://\(host):\(server.port)\(path)" }

    func publish(_ keys: [TestSigningKey], at path: String) throws {
        let set: JSON = ["keys": .array(try keys.map { try $0.jwk })]
        let fields = [HeaderField("Content-Type", "application/jwk-set+json")]
        server.script([.answer(fields: fields, String(decoding: set.serialized(), as: UTF8.self))], for: path)
    }

    func fetches(of path: String) -> Int { server.requests.count { $0.path == path } }
}

/// A gateway whose authorization server has clients with keys at addresses.
struct KeyAddressHarness: Sendable {
    static let registrationToken = "initial-access-token-of-32-octets"
    let base: GatewayHarness
    let host: KeyHost
    /// Of the authorization server.
    let issuer: String

    static func run<Value: Sendable>(_ body: (KeyAddressHarness) async throws -> Value) async throws -> Value {
        let host = try KeyHost.start()
        let settings = [
            "client_keys: {authorities: certs/upstream-ca.pem}",
            "registration: {initial_access_token: {file: token}, scopes: [\"orders:read\"], jwks_hosts: [localhost]}",
        ]
        return try await GatewayHarness.runOwnIssuer(
            server: settings, prepare: { try $0.write(registrationToken, to: "token", permissions: 0o600) }
        ) { base, issuer in try await body(KeyAddressHarness(base: base, host: host, issuer: issuer)) }
    }

    /// Registers a client as an operator does.
    func add(_ id: String, keysAt url: String) async throws {
        let run = try await Portcullis.run(
            [
                "client", "add", id, "--auth-method", "private_key_jwt", "--jwks-uri", url, "--scope", "orders:read",
                "--json",
            ], in: base.gateway.folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try JSON.parse(Array(run.output.utf8)).object?["jwks_uri"]?.string == url)
    }

    /// A token request by a client that signs with this key.
    func token(_ id: String, _ key: TestSigningKey) async throws -> CurlResponse {
        let now = Int64(Date().timeIntervalSince1970)
        let claims: JSONObject = [
            "iss": .string(id), "sub": .string(id), "aud": .string(issuer), "iat": .integer(now),
            "exp": .integer(now + 60),
            "jti": .string(UUID().uuidString),
        ]
        let header: JSONObject = ["alg": .string(key.algorithm.rawValue), "typ": "JWT", "kid": .string(key.kid)]
        let assertion = try TokenDraft(header: header, claims: claims, signer: .key(key)).signed()
        var request = base.request(
            "/oauth2/token", method: "POST", fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        request.body = .text(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=\(assertion)"
        )
        return try await base.client().send(request)
    }

    func register(_ metadata: JSON) async throws -> CurlResponse {
        var request = base.request(
            "/oauth2/register", method: "POST", token: Self.registrationToken,
            fields: [HeaderField("Content-Type", "application/json")])
        request.body = .text(String(decoding: metadata.serialized(), as: UTF8.self))
        return try await base.client().send(request)
    }
}

extension CurlResponse {
    var members: JSONObject { (try? JSON.parse(body))?.object ?? [:] }
    /// The word of an OAuth error.
    var oauthError: String? { members["error"]?.string }
}
