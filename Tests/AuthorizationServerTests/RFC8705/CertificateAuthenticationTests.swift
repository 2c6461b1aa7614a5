import Certificates
import Crypto
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 8705: clients with certificates, and tokens that are bound to them")
struct CertificateAuthenticationTests {
    let harness: AuthorizationHarness
    let maker: TestCertificateMaker
    let client: KeyedClient

    init() async throws {
        harness = try AuthorizationHarness { $0.mtlsOrigin = try? HTTPSIdentifier("https://mtls.example.com:8444") }
        maker = try TestCertificateMaker()
        client = try KeyedClient()
    }

    private func ask(_ certificate: [UInt8]?, id: String? = "shop", host: String = "login.example.com") async -> Answer
    {
        await harness.send(
            "POST", "/oauth2/token", "grant_type=client_credentials" + (id.map { "&client_id=\($0)" } ?? ""),
            certificate: certificate, host: host)
    }

    @Test(
        "AS-102 the certificate has exactly the one field that is registered",
        arguments: [
            (.dns("shop.example"), 200), (.dns("SHOP.example"), 200), (.dns("other.example"), 401),
            (.dns("billing"), 401),
            (.dns("a.wild.example"), 401), (.uri("spiffe://example.org/shop"), 200),
            (.uri("spiffe://example.org/Shop"), 401),
            (.ip("192.0.2.7"), 200), (.ip("192.0.2.8"), 401), (.ip("2001:DB8::7"), 200),
            (.email("a@shop.example"), 401),
            (.subject("CN=billing,O=Portcullis development"), 200),
            (.subject("cn=billing, o=Portcullis development"), 200),
            (.subject("2.5.4.3=billing,O=Portcullis\\20development"), 200), (.subject("CN=billing"), 401),
            (.subject("CN=Billing,O=Portcullis development"), 401),
            (.subject("O=Portcullis development,CN=billing"), 401),
            (.subject("CN=billing,O=Portcullis development,C=DE"), 401),
            (.subject("CN=billing+O=Portcullis development"), 401),
        ] as [(ClientCertificateName, Int)])
    func names(name: ClientCertificateName, expected: Int) async throws {
        try await harness.register(client, .tlsClientAuth) {
            $0.certificateName = name
            $0.keySet = nil
        }
        let certificate = try maker.der(
            dns: ["shop.example", "*.wild.example"], ip: ["192.0.2.7", "2001:db8::7"],
            uri: ["spiffe://example.org/shop"])
        #expect(await ask(certificate).status == expected)
    }

    @Test("AS-102 client_id must be there, and so must the certificate")
    func required() async throws {
        try await harness.register(client, .tlsClientAuth) { $0.certificateName = .dns("shop.example") }
        let certificate = try maker.der(dns: ["shop.example"])
        #expect(await ask(certificate).status == 200)
        #expect(await ask(certificate, id: nil).error == "invalid_client")
        #expect(await ask(nil).error == "invalid_client")
        #expect(await ask([1, 2, 3]).error == "invalid_client")
        #expect(await ask(certificate, id: "nobody").octets == (await ask(nil)).octets)
    }

    @Test("AS-104 a certificate counts whose key is registered, and no other")
    func selfSigned() async throws {
        let pem = P256.Signing.PrivateKey()
        let keyed = try VerificationKey(subjectPublicKeyInfo: Array(pem.publicKey.derRepresentation))
        try await harness.register(client, .selfSignedTLSClientAuth) { $0.keySet = ["keys": [keyed.jwk]] }
        #expect(await ask(try maker.der(dns: ["any.example"], keyPEM: pem.pemRepresentation)).status == 200)
        let other = await ask(try maker.der(dns: ["any.example"]))
        #expect(other.status == 401)
        #expect(other.error == "invalid_client")
    }

    @Test("AS-105 the addresses for clients with certificates are published, and a request there is answered")
    func aliases() async throws {
        let aliases = await harness.get("/.well-known/oauth-authorization-server").body["mtls_endpoint_aliases"]?.object
        let paths = [
            "token": "token", "pushed_authorization_request": "par", "userinfo": "userinfo", "revocation": "revoke",
            "introspection": "introspect",
            "device_authorization": "device_authorization",
        ]
        for (name, path) in paths {
            #expect(aliases?["\(name)_endpoint"]?.string == "https://mtls.example.com:8444/oauth2/\(path)")
        }
        try await harness.register(client, .tlsClientAuth) { $0.certificateName = .dns("shop.example") }
        #expect(await ask(try maker.der(dns: ["shop.example"]), host: "mtls.example.com").status == 200)
    }

    @Test("AS-106 a token of a client that is configured so is bound to its certificate, and without one there is none")
    func binding() async throws {
        try await harness.register(client) { $0.bindsToCertificate = true }
        let certificate = try maker.der()
        let answer = await harness.token(assertion: try client.assertion(), certificate: certificate)
        #expect(answer.body["token_type"]?.string == "Bearer")
        let thumbprint = Base64URL.encode(Array(SHA256.hash(data: certificate)))
        #expect(try await harness.claims(of: answer)["cnf"] == ["x5t#S256": .string(thumbprint)])
        let without = await harness.token(assertion: try client.assertion(["jti": "a-2"]))
        #expect(without.status == 400)
        #expect(without.error == "invalid_request")
    }

    @Test("a certificate that a client shows without being configured for it binds nothing")
    func unasked() async throws {
        try await harness.register(client)
        let answer = await harness.token(assertion: try client.assertion(), certificate: try maker.der())
        #expect(try await harness.claims(of: answer)["cnf"] == nil)
    }

    @Test(
        "a distinguished name that is none is none",
        arguments: ["", "CN", "CN=", "=x", "XX=1", "CN=a,", "CN=a\\", "CN=#0401", "CN=\"a\"", "CN=a;O=b", "CN=a\\zz"])
    func malformed(text: String) { #expect(SubjectName(text) == nil) }

    @Test(
        "a distinguished name as it is written is the same when it is read",
        arguments: [
            "CN=billing,O=Example,C=DE", "CN=a+OU=b,DC=example", "CN=Acme\\, Inc.", "CN=\\ a\\ ", "CN=\\#x", "CN=a=b",
            "CN=\\22a\\22", "CN=Zoë", "2.5.4.99=x", "CN=a\\0Ab", "CN=\\\\",
        ])
    func written(text: String) throws {
        let name = try #require(SubjectName(text))
        #expect(SubjectName(name.text) == name, "\(name.text)")
    }
}
