/// How a test upstream treats every connection, before any request.
package struct UpstreamManner: Sendable {
    /// What happens when a connection is accepted.
    package enum Opening: Sendable {
        /// Completes the handshake and serves.
        case normal
        /// Sends octets in the clear before the handshake (nginx CVE-2026-1642).
        case plaintextFirst([UInt8])
        /// Sends octets in place of a handshake, and closes.
        case garbage([UInt8])
        /// Accepts, and closes at once.
        case close
        /// Accepts, and never says anything.
        case hang
        /// Completes the handshake, and closes.
        case closeAfterHandshake
    }

    /// nil: plain HTTP.
    package var tls: TLSSettings?
    /// Of every connection.
    package var opening = Opening.normal

    /// Takes no octet of a record of TLS from the socket before it needs one, and leaves Nagle's algorithm on (a small write
    /// waits until what was sent before is acknowledged), as most services do.
    package var isOrdinary = false

    /// Shows `certificate`, demands a certificate that `clientAuthorities` (PEM) vouch for, TLS 1.2 and 1.3.
    package static func mutualTLS(_ certificate: TestCertificate, clientAuthorities: String) -> UpstreamManner {
        var settings = TLSSettings(certificate: certificate, authorities: clientAuthorities)
        settings.demandsCertificate = true
        return UpstreamManner(tls: settings)
    }

    /// The service `orders`, as it should be.
    package static func orders(_ certificates: TestCertificates) -> UpstreamManner {
        .mutualTLS(certificates.orders, clientAuthorities: certificates.upstreamAuthority.pem)
    }

    /// Plain HTTP.
    package static let plaintext = UpstreamManner(tls: nil)

    package init(tls: TLSSettings?) { self.tls = tls }

    /// The same with another opening.
    package func opening(_ opening: Opening) -> UpstreamManner {
        var manner = self
        manner.opening = opening
        return manner
    }
}
