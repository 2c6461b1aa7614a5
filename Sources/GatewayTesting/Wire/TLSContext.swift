import COpenSSL

/// Versions of TLS that one side offers.
package enum TLSVersionChoice: Sendable {
    case tls10, tls11, tls12, tls13
    var number: Int32 {
        switch self {
        case .tls10: TLS1_VERSION
        case .tls11: TLS1_1_VERSION
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

/// What a side of TLS shows, trusts and offers.
package struct TLSSettings: Sendable {
    /// Chain and key to show.
    package var certificate: TestCertificate?
    /// Certificates (PEM) of the authorities that may vouch for the other side; nil: whatever it shows is taken.
    package var authorities: String?
    /// The oldest version that it speaks.
    package var minimum = TLSVersionChoice.tls12
    /// The newest version that it speaks.
    package var maximum = TLSVersionChoice.tls13
    /// Key exchange groups in OpenSSL's list syntax, `X25519:P-256`; nil: OpenSSL's own choice.
    package var groups: String?
    /// Cipher suites of TLS 1.2 in OpenSSL's list syntax; nil: OpenSSL's own choice.
    package var ciphers: String?
    /// The protocols that a client offers (ALPN); nil: it does not speak of them.
    package var protocols: [String]?
    /// A server asks for a client certificate and ends the handshake without one.
    package var demandsCertificate = false

    package init(certificate: TestCertificate? = nil, authorities: String? = nil) {
        self.certificate = certificate
        self.authorities = authorities
    }
}

/// An OpenSSL context; not changed after it was made, so any thread may use it.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let isServer: Bool

    init(server isServer: Bool, _ settings: TLSSettings) throws(OpenSSLFailure) {
        pointer = try require(SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()), "SSL_CTX_new")
        self.isServer = isServer
        try require(kit_ssl_ctx_set_versions(pointer, settings.minimum.number, settings.maximum.number), "TLS versions")
        // TLS 1.0 and 1.1 exist in OpenSSL 3 at security level 0 only.
        if settings.minimum.number < TLS1_2_VERSION { SSL_CTX_set_security_level(pointer, 0) }
        if let groups = settings.groups { try require(kit_ssl_ctx_set_groups(pointer, groups), "groups \(groups)") }
        if let ciphers = settings.ciphers {
            try require(SSL_CTX_set_cipher_list(pointer, ciphers), "ciphers \(ciphers)")
        }
        if let protocols = settings.protocols {
            let wire = protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
            // It returns 0 for success.
            try require(SSL_CTX_set_alpn_protos(pointer, wire, UInt32(wire.count)) == 0 ? 1 : 0, "ALPN")
        }
        if let certificate = settings.certificate { try show(certificate) }
        if let authorities = settings.authorities { try trust(authorities) }
        let mode =
            settings.demandsCertificate
            ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            : settings.authorities == nil || isServer ? SSL_VERIFY_NONE : SSL_VERIFY_PEER
        SSL_CTX_set_verify(pointer, mode, nil)
        // Without a name for its sessions a server that verifies clients refuses all resumption.
        if isServer { try require(SSL_CTX_set_session_id_context(pointer, "kit", 3), "session context") }
    }

    deinit { SSL_CTX_free(pointer) }

    private func show(_ certificate: TestCertificate) throws(OpenSSLFailure) {
        let chain = try PEM.certificates(certificate.chain)
        defer { for one in chain { X509_free(one) } }
        guard let leaf = chain.first else { throw OpenSSLFailure("no certificate in the chain") }
        try require(SSL_CTX_use_certificate(pointer, leaf), "certificate")
        for intermediate in chain.dropFirst() {
            try require(
                SSL_CTX_ctrl(pointer, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(intermediate)) > 0 ? 1 : 0,
                "chain")
        }
        let key = try PEM.privateKey(certificate.key)
        defer { EVP_PKEY_free(key) }
        try require(SSL_CTX_use_PrivateKey(pointer, key), "key")
    }

    private func trust(_ authorities: String) throws(OpenSSLFailure) {
        let store = SSL_CTX_get_cert_store(pointer)
        for authority in try PEM.certificates(authorities) {
            defer { X509_free(authority) }
            try require(X509_STORE_add_cert(store, authority), "authority")
            if isServer { SSL_CTX_add_client_CA(pointer, authority) }
        }
    }
}
