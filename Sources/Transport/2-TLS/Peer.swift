package import Certificates

/// What is known of the client's end of a connection once it is open (for TLS: after the handshake). Immutable.
package final class Peer: Sendable {
    /// IP address in text, without port or brackets; IPv4-mapped IPv6 addresses as IPv4.
    package let address: String
    /// The client's.
    package let port: Int
    /// nil: the connection has no TLS.
    package let tls: TLSFacts?
    /// The port that the client connected to.
    package let localPort: Int
    /// Of the listener that took the connection, as it was opened with.
    package let listenerHost: String
    /// `ListenerSettings.tag` of that listener.
    package let listenerTag: Int?

    init(
        address: String, port: Int, localPort: Int, listenerHost: String, listenerTag: Int? = nil, tls: TLSFacts?
    ) {
        self.listenerTag = listenerTag
        self.address = address
        self.port = port
        self.localPort = localPort
        self.listenerHost = listenerHost
        self.tls = tls
    }

    /// What the handshake has settled.
    package struct TLSFacts: Sendable {
        /// `1.2` or `1.3`.
        package let version: String
        /// The name that the client asked for, lower-cased (RFC 6066 §3).
        package let serverName: String?
        /// Which of the listener's certificates was shown.
        package let certificateIndex: Int
        /// The client's certificate, verified against the listener's client authorities; nil: it showed none.
        package let clientCertificate: CertificateFacts?
        /// A certificate of which the client has the key, and for which nobody vouches: the listener verifies none. nil: it
        /// showed none, or that one is verified.
        package let unverifiedCertificate: CertificateFacts?
        /// Whichever of the two it is, as it was sent; nil: it showed none.
        package let clientCertificateDER: [UInt8]?
        /// nil: no certificate was shown.
        let trust: ClientTrust?

        /// Whether the certificate, verified or not, counts at this time. It does not outlive its validity, whatever remembers it: an open
        /// connection, or a session ticket, which TLS renews without looking at dates; nor the authorities that the
        /// listener trusts. False where none was shown.
        package func certificateCounts(unixSeconds: Int64) -> Bool {
            guard let held = clientCertificate ?? unverifiedCertificate else { return false }
            return held.notBefore <= unixSeconds && unixSeconds <= held.notAfter
                && trust?.isWithdrawn != true
        }
    }
}
