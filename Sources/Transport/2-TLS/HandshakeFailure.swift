import Certificates
import NIOSSL

/// Why the TLS handshake of a client failed. A closed list; `rawValue` stands in the log and in health.
package enum HandshakeFailure: String, Sendable, CaseIterable {
    // The client's certificate
    case certificateExpired = "certificate_expired"
    case certificateNotYetValid = "certificate_not_yet_valid"
    /// None of the listener's `client_authorities` has signed it.
    case certificateUnknownAuthority = "certificate_unknown_authority"

    /// The client has no version of TLS that the listener takes.
    case version = "tls_version"
    /// No cipher suite, group or signature algorithm that both know.
    case noSharedCipher = "no_shared_cipher"
    case noApplicationProtocol = "no_application_protocol"
    /// The client broke off with an alert: it does not take the gateway's certificate, say.
    case refusedByClient = "refused_by_client"
    /// Plain HTTP, or whatever else.
    case notTLS = "not_tls"
    /// Anything else that is wrong with what the client sent.
    case malformed = "malformed"
    /// It was not finished in `TransportTimeouts.tlsHandshake`.
    case timeout
    /// The client was gone before anything was wrong, as port scanners and load balancers are.
    case closed

    /// - Parameter certificate: what the client showed, as far as it came to that.
    init(_ error: any Error, certificate: @autoclosure () -> CertificateFacts?, unixSeconds: Int64) {
        if case NIOSSLError.handshakeFailed(.sslError(let errors)) = error, errors == [.eofDuringHandshake] {
            self = .closed
            return
        }
        guard error is NIOSSLError || error is BoringSSLError else {
            self = .closed
            return
        }
        // Names of BoringSSL's reasons, which NIOSSL has no type for.
        let text = "\(error)"
        func has(_ names: String...) -> Bool { names.contains { text.contains(":" + $0) } }
        if has("CERTIFICATE_VERIFY_FAILED") {
            guard let certificate = certificate() else {
                self = .certificateUnknownAuthority
                return
            }
            if certificate.notAfter < unixSeconds {
                self = .certificateExpired
            } else if certificate.notBefore > unixSeconds {
                self = .certificateNotYetValid
            } else {
                self = .certificateUnknownAuthority
            }
        } else if has("UNSUPPORTED_PROTOCOL", "INAPPROPRIATE_FALLBACK") {
            self = .version
        } else if has("NO_SHARED_CIPHER", "NO_SHARED_GROUP", "NO_COMMON_SIGNATURE_ALGORITHMS", "WRONG_CURVE") {
            self = .noSharedCipher
        } else if has("NO_APPLICATION_PROTOCOL") {
            self = .noApplicationProtocol
        } else if has("TLSV1_ALERT", "SSLV3_ALERT", "TLSV13_ALERT", "BAD_PACKET_LENGTH") {
            // An alert in the clear, from a client that has no keys of TLS 1.3 yet, is too short to be decrypted.
            self = .refusedByClient
        } else if has("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER") {
            self = .notTLS
        } else {
            self = .malformed
        }
    }
}
