import COpenSSL

/// Why TLS ended.
package struct TLSFailure: Error, CustomStringConvertible {
    /// The alert that the other side sent (RFC 8446 §6.2), such as 42 bad_certificate, 116 certificate_required.
    package let alertReceived: UInt8?
    /// The alert that this side sent.
    package let alertSent: UInt8?
    /// OpenSSL's words.
    package let reason: String
    package var description: String {
        let alerts = [alertReceived.map { "received alert \($0)" }, alertSent.map { "sent alert \($0)" }].compactMap {
            $0
        }
        return ([reason] + alerts).joined(separator: ", ")
    }
}

/// One side of a TLS connection without a socket: OpenSSL between two memory BIOs, so that the kit decides how records
/// travel. Used by one thread at a time.
final class TLSEngine: @unchecked Sendable {
    enum Progress { case done, needsInput, ended }

    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private(set) var alertReceived: UInt8?
    private(set) var alertSent: UInt8?
    /// The other side has said that it will send no more (close_notify).
    private(set) var peerClosed = false

    init(_ context: TLSContext, serverName: String?, resuming session: TLSSession? = nil) throws(OpenSSLFailure) {
        let ssl = try require(SSL_new(context.pointer), "SSL_new")
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw OpenSSLFailure("BIO_new")
        }
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
        SSL_set_bio(ssl, incoming, outgoing)
        if context.isServer { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
        if let serverName { try require(kit_ssl_set_server_name(ssl, serverName), "SNI \(serverName)") }
        if let session { try require(SSL_set_session(ssl, session.pointer), "session") }
        SSL_set_msg_callback(ssl) { isWritten, _, contentType, octets, count, _, argument in
            // Alert records have two octets: level and description (RFC 8446 §6).
            guard contentType == SSL3_RT_ALERT, count == 2, let octets, let argument else { return }
            let description = octets.load(fromByteOffset: 1, as: UInt8.self)
            let engine = Unmanaged<TLSEngine>.fromOpaque(argument).takeUnretainedValue()
            guard description != 0 else { return }  // close_notify
            if isWritten != 0 { engine.alertSent = description } else { engine.alertReceived = description }
        }
        kit_ssl_set_message_argument(ssl, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { SSL_free(ssl) }

    /// The session as it stands now.
    var session: TLSSession? { SSL_get1_session(ssl).map(TLSSession.init(taking:)) }

    // MARK: Records

    /// Hands over octets from the socket.
    func receive(_ octets: [UInt8]) {
        _ = octets.withUnsafeBytes { BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
    }

    /// Takes the records that are to be sent.
    func recordsToSend() -> [UInt8] {
        let count = kit_bio_pending(outgoing)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(Int(BIO_read(outgoing, buffer.baseAddress, Int32(count))), 0)
        }
    }

    // MARK: Octets inside

    func handshake() throws(TLSFailure) -> Progress {
        ERR_clear_error()
        return try judge(SSL_do_handshake(ssl), "handshake failed")
    }

    /// Octets that the other side sent, as far as their records are there.
    func read(max: Int) throws(TLSFailure) -> ([UInt8], Progress) {
        ERR_clear_error()
        var result: Int32 = 0
        let octets = [UInt8](unsafeUninitializedCapacity: max) { buffer, filled in
            result = SSL_read(ssl, buffer.baseAddress, Int32(max))
            filled = Swift.max(Int(result), 0)
        }
        return (octets, try judge(result, "read failed"))
    }

    func write(_ octets: [UInt8]) throws(TLSFailure) {
        guard !octets.isEmpty else { return }
        ERR_clear_error()
        let result = octets.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
        _ = try judge(result, "write failed")
    }

    /// Says that this side will send no more (close_notify).
    func closeWriting() { _ = SSL_shutdown(ssl) }

    private func judge(_ result: Int32, _ what: String) throws(TLSFailure) -> Progress {
        if result > 0 { return .done }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsInput
        case SSL_ERROR_ZERO_RETURN:
            peerClosed = true
            return .ended
        default: throw failure(OpenSSLFailure(what).description)
        }
    }

    func failure(_ reason: String) -> TLSFailure {
        TLSFailure(alertReceived: alertReceived, alertSent: alertSent, reason: reason)
    }

    /// What was agreed on; after the handshake.
    var facts: TLSFacts {
        TLSFacts(
            version: String(cString: SSL_get_version(ssl)),
            cipher: SSL_get_cipher_name(ssl),
            group: kit_ssl_group_name(ssl).map { String(cString: $0) },
            isResumed: SSL_session_reused(ssl) == 1,
            serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
            peer: kit_ssl_peer_certificate(ssl).map(PeerCertificate.init(taking:)))
    }

    private func SSL_get_cipher_name(_ ssl: OpaquePointer) -> String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }
}

/// A session that a client can resume on another connection.
package final class TLSSession: @unchecked Sendable {
    // Not changed after it was taken; OpenSSL counts its users.
    fileprivate let pointer: OpaquePointer
    fileprivate init(taking pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }
}

/// What the two sides of a TLS connection agreed on.
package struct TLSFacts: Sendable {
    /// `TLSv1.3`
    package let version: String
    /// In OpenSSL's spelling.
    package let cipher: String
    /// The key exchange group in OpenSSL's spelling, such as `x25519` or `secp256r1`; nil without one.
    package let group: String?
    package let isResumed: Bool
    /// The name that the client asked for (SNI).
    package let serverName: String?
    /// The certificate that the other side showed.
    package let peer: PeerCertificate?
}
