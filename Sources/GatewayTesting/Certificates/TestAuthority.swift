import COpenSSL

/// A certificate authority that signs whatever a test asks for, made with OpenSSL: the gateway reads its certificates
/// with another implementation.
package final class TestAuthority: @unchecked Sendable {
    // Not changed after `init`; OpenSSL reads keys and certificates from any thread.
    private let certificate: OpaquePointer
    private let key: OpaquePointer
    private let commonName: String
    /// The authority's own certificate, as PEM text.
    package let pem: String
    /// The authority's key, as PEM text.
    package let keyPEM: String

    /// Makes a P-256 key and a certificate for it, valid for 60 days if nothing else is said.
    package init(_ commonName: String, validFrom: Int = -3_600, validUntil: Int = 60 * 86_400) throws {
        key = try require(kit_generate_ec("P-256"), "P-256 key")
        self.commonName = commonName
        do {
            certificate = try Self.certificate(
                TestCertificateRequest(commonName, validFrom: validFrom, validUntil: validUntil), key: key)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        pem = try PEM.text(certificate: certificate)
        keyPEM = try PEM.text(privateKey: key)
    }

    private static func certificate(_ request: TestCertificateRequest, key: OpaquePointer) throws(OpenSSLFailure)
        -> OpaquePointer
    {
        try CertificateWriter.write(
            request, key: key, issuer: nil, issuerKey: key,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
    }

    /// Another certificate of the same name and key, as PEM text: what stood there before a renewal, or will after it.
    package func otherPEM(validFrom: Int, validUntil: Int) throws -> String {
        let other = try Self.certificate(
            TestCertificateRequest(commonName, validFrom: validFrom, validUntil: validUntil), key: key)
        defer { X509_free(other) }
        return try PEM.text(certificate: other)
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// A certificate with a new P-256 key.
    package func issue(_ request: TestCertificateRequest) throws -> TestCertificate {
        let leafKey = try require(kit_generate_ec("P-256"), "P-256 key")
        defer { EVP_PKEY_free(leafKey) }
        let names =
            request.dnsNames.map { "DNS:\($0)" } + request.addresses.map { "IP:\($0)" }
            + request.uris.map { "URI:\($0)" }
        let usage =
            switch request.purpose {
            case .server: "serverAuth"
            case .client: "clientAuth"
            case .both: "serverAuth,clientAuth"
            }
        var extensions = [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
            (NID_ext_key_usage, usage), (NID_authority_key_identifier, "keyid"),
        ]
        if !names.isEmpty { extensions.append((NID_subject_alt_name, names.joined(separator: ","))) }
        let leaf = try CertificateWriter.write(
            request, key: leafKey, issuer: certificate, issuerKey: key, extensions: extensions)
        defer { X509_free(leaf) }
        return TestCertificate(chain: try PEM.text(certificate: leaf), key: try PEM.text(privateKey: leafKey))
    }
}

/// Puts a certificate together and signs it.
private enum CertificateWriter {
    /// - Parameter issuer: nil: the certificate is its own issuer.
    static func write(
        _ request: TestCertificateRequest, key: OpaquePointer, issuer: OpaquePointer?, issuerKey: OpaquePointer,
        extensions: [(Int32, String)]
    ) throws(OpenSSLFailure) -> OpaquePointer {
        let certificate = try require(X509_new(), "X509_new")
        do throws(OpenSSLFailure) {
            try require(X509_set_version(certificate, 2), "version")
            try require(
                ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), .random(in: 1...(1 << 62))), "serial number"
            )
            _ = X509_gmtime_adj(X509_getm_notBefore(certificate), request.validFrom)
            _ = X509_gmtime_adj(X509_getm_notAfter(certificate), request.validUntil)
            try require(X509_set_pubkey(certificate, key), "public key")
            let subject = X509_get_subject_name(certificate)
            try require(
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8_TYPE, request.commonName, -1, -1, 0), "subject")
            try require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer ?? certificate)), "issuer")
            var context = X509V3_CTX()
            kit_x509v3_set_context(&context, issuer ?? certificate, certificate)
            for (kind, value) in extensions {
                let one = try require(X509V3_EXT_conf_nid(nil, &context, kind, value), "extension \(value)")
                defer { X509_EXTENSION_free(one) }
                try require(X509_add_ext(certificate, one, -1), "extension \(value)")
            }
            try require(X509_sign(certificate, issuerKey, EVP_sha256()), "signature")
            return certificate
        } catch {
            X509_free(certificate)
            throw error
        }
    }

    private static let MBSTRING_UTF8_TYPE: Int32 = 0x1000
}
