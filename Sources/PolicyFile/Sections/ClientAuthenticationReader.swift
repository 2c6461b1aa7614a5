import JOSE
import Policy

/// How the gateway shows an issuer who it is: `method`, and the keys that belong to it.
struct ClientAuthenticationReader {
    let context: ReadingContext
    let files: FileChecks

    private enum Method: String, CaseIterable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        case privateKeyJWT = "private_key_jwt"
        case tlsClientCertificate = "tls_client_auth"

        /// The keys that belong to it.
        var keys: [String] {
            switch self {
            case .secretBasic, .secretPost: ["client_secret"]
            case .privateKeyJWT: ["key", "algorithm", "kid", "assertion_audience"]
            case .tlsClientCertificate: ["certificate"]
            }
        }
    }

    /// nil: something is wrong, and noted.
    /// - Parameter needsCertificate: there is no other certificate that `tls_client_auth` could show.
    func read(
        _ reader: MappingReader, needsCertificate: Bool
    ) -> (authentication: Introspection.ClientAuthentication, certificate: CertificateFiles?)? {
        let method = reader.value("method", ValueKind<Method>.word, default: .secretBasic)
        let secret = SecretReader(context: context).read(reader, "client_secret", octetsMin: 1)
        let key = reader.value("key", .path)
        let algorithm = reader.value("algorithm", .algorithm)
        let kid = reader.value("kid", .text)
        let audience = reader.value("assertion_audience", .text)
        var certificate: CertificateFiles?
        if let node = reader.node("certificate") {
            certificate = CertificateFilesReader(context: context, files: files).read(
                node, name: "\"certificate\" in \(reader.name)")
        }
        for other in ["client_secret", "key", "algorithm", "kid", "assertion_audience", "certificate"]
        where !method.keys.contains(other) && reader.has(other) {
            let right = Method.allCases.first { $0.keys.contains(other) }?.rawValue ?? ""
            reader.error(
                .contradiction, at: other,
                "\(reader.name) has \"\(other)\", which is not for \(method.rawValue); write method: \(right)")
        }
        switch method {
        case .secretBasic, .secretPost:
            reader.require("client_secret", "write client_secret: {file: PATH} or {env: NAME}, or another method")
            guard let secret else { return nil }
            return (method == .secretBasic ? .secretBasic(secret) : .secretPost(secret), nil)
        case .privateKeyJWT:
            reader.require("key", "name the PEM file of the private key that signs who asks (RFC 7523)")
            guard let key else { return nil }
            files.check(signingKey: key)
            check(algorithm, of: key, reader)
            let path = context.path(key.value)
            return (
                .privateKeyJWT(key: path, algorithm: algorithm?.value, kid: kid?.value, audience: audience?.value), nil
            )
        case .tlsClientCertificate:
            if !reader.has("certificate"), needsCertificate {
                reader.require(
                    "certificate", "write certificate: {chain: PATH, key: PATH}, here or in the issuer's entry")
                return nil
            }
            return (.tlsClientCertificate, certificate)
        }
    }

    /// The key must be able to sign by it.
    private func check(_ algorithm: Located<Algorithm>?, of key: Located<String>, _ reader: MappingReader) {
        guard let algorithm, case .success(let octets) = context.files.read(context.path(key.value), bytesMax: 65_536)
        else { return }
        let pem = String(decoding: octets, as: UTF8.self)
        guard (try? SigningKey(pem: pem)) != nil, (try? SigningKey(pem: pem, algorithm: algorithm.value)) == nil else {
            return
        }
        context.findings.error(
            .badValue, at: algorithm.position,
            "\"algorithm\" in \(reader.name): the key \(Shown.value(key.value)) cannot sign by \(algorithm.value.rawValue)"
        )
    }
}
