package import JSON
import Synchronization

/// An issuer that publishes its keys over the network, with real TLS: metadata and a key set that behave, are slow,
/// dead, or lie as a test says. It signs tokens with keys of its own, which it can rotate.
package final class FakeIssuer: Sendable {
    /// One of the documents that it serves.
    package enum Document: Sendable, CaseIterable {
        /// Where RFC 8414 §3.1 has the metadata.
        case metadata
        /// Where OpenID Connect Discovery has it.
        case openIDMetadata
        case keys
        /// Where it is asked about tokens (RFC 7662).
        case introspection
    }

    /// What answers at its address.
    package let server: TestUpstream
    /// As the gateway's policy must have it.
    package let identifier: String
    /// In the tokens that it makes.
    package let audience = "https://api.example.com"
    /// What its own name and place is, as others reach it: `https://localhost:PORT`.
    package let origin: String
    private let path: String
    private let published: Mutex<[TestSigningKey]>
    private let signing: Mutex<TestSigningKey>

    /// - Parameters:
    ///   - certificates: its certificate is that of `orders` (localhost), vouched for by the authority of upstreams.
    ///   - certificate: another one.
    ///   - identifier: one that does not say where it can be reached.
    ///   - demandsCertificate: whoever asks must show a certificate that the upstreams' authority vouches for.
    package static func start(
        _ certificates: TestCertificates, certificate: TestCertificate? = nil, identifier: String? = nil,
        kid: String = "first",
        demandsCertificate: Bool = false
    ) throws -> FakeIssuer {
        var tls = TLSSettings(certificate: certificate ?? certificates.orders)
        if demandsCertificate {
            tls.authorities = certificates.upstreamAuthority.pem
            tls.demandsCertificate = true
        }
        let server = try TestUpstream.start(UpstreamManner(tls: tls), otherwise: .answer(404, "no such thing\n"))
        let issuer = FakeIssuer(server, identifier: identifier, key: try TestSigningKey(.es256, kid: kid))
        try issuer.behave()
        return issuer
    }

    private init(_ server: TestUpstream, identifier: String?, key: TestSigningKey) {
        self.server = server
        origin = "https://localhost:\(server.port)"
        path = "/realms/shop"
        self.identifier = identifier ?? origin + path
        published = Mutex([key])
        signing = Mutex(key)
    }

    // MARK: What it serves

    /// Where the document lies on its origin.
    package func path(of document: Document) -> String {
        switch document {
        case .metadata: "/.well-known/oauth-authorization-server" + path
        case .openIDMetadata: path + "/.well-known/openid-configuration"
        case .keys: path + "/jwks"
        case .introspection: path + "/introspect"
        }
    }

    /// How often a document was asked for.
    package func fetches(of document: Document) -> Int {
        let path = path(of: document)
        return server.requests.count { $0.path == path }
    }

    /// Serves everything as it should be.
    /// - Parameter lifetime: seconds in `Cache-Control`; nil: it does not say.
    package func behave(lifetime: Int? = nil) throws {
        let metadata = try metadata().serialized()
        for document in [Document.metadata, .openIDMetadata] { serve(document, metadata) }
        try publish(published.withLock { $0 }, lifetime: lifetime)
        say(facts())
    }

    /// The metadata (RFC 8414 §2), perhaps with lies in it.
    package func metadata(issuer: String? = nil, keySet: String? = nil) throws -> JSON {
        [
            "issuer": .string(issuer ?? identifier), "token_endpoint": .string(origin + path + "/token"),
            "jwks_uri": .string(keySet ?? origin + self.path(of: .keys)), "response_types_supported": ["code"],
            "introspection_endpoint": .string(origin + self.path(of: .introspection)),
        ]
    }

    /// Serves the document as JSON from now on.
    package func serve(_ document: Document, _ octets: [UInt8], status: Int = 200, fields: [HeaderField] = []) {
        let text = String(decoding: octets, as: UTF8.self)
        script(document, .answer(status, fields: [HeaderField("Content-Type", "application/json")] + fields, text))
    }

    /// From now on a document is asked for in vain, slowly, or however the script says.
    package func script(_ document: Document, _ script: UpstreamScript) {
        server.script([script], for: path(of: document))
    }

    /// Connections to it end before any answer, whatever is asked for.
    package func die() { for document in Document.allCases { script(document, .closeBeforeAnswer) } }

    /// Publishes these keys, and others that a test adds.
    package func publish(_ keys: [TestSigningKey], adding others: [JSON] = [], lifetime: Int? = nil) throws {
        published.withLock { $0 = keys }
        let set: JSON = ["keys": .array(try keys.map { try $0.jwk } + others)]
        serve(.keys, set.serialized(), fields: lifetime.map { [HeaderField("Cache-Control", "max-age=\($0)")] } ?? [])
    }

    // MARK: What it signs

    package var key: TestSigningKey { signing.withLock { $0 } }

    /// From now on it signs with another key.
    package func sign(with key: TestSigningKey) { signing.withLock { $0 = key } }

    /// A good access token (RFC 9068), with whatever is wrong with it added.
    package func token(
        signedWith key: TestSigningKey? = nil, header: JSONObject = [:], adding claims: JSONObject = [:],
        scope: String = "orders:read"
    ) throws -> String {
        try draft(signedWith: key, header: header, adding: claims, scope: scope).signed()
    }

    /// A token that is good as it is, for a test to spoil before it is signed.
    package func draft(
        signedWith key: TestSigningKey? = nil, header: JSONObject = [:], adding claims: JSONObject = [:],
        scope: String = "orders:read"
    ) throws -> TokenDraft {
        let key = key ?? self.key
        let base = try TestIssuer("kit", identifier: identifier, audience: audience, algorithms: [])
        return try base.draft(key: key, scope: scope, header: header, adding: claims)
    }
}
