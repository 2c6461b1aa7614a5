/// What is known about the other end of a connection before a request says anything.
package struct PeerFacts: Sendable {
    package let address: ClientAddress
    /// Verified by the listener's authorities. nil: no such certificate was shown, or the connection has no TLS.
    package let certificate: ClientCertificate?
    /// SHA-256 of the certificate whose key the client holds, whether or not somebody vouches for it: all that tokens are
    /// bound to (RFC 8705 §3). nil: it showed none.
    package let heldThumbprint: Digest256?
    /// The connection has TLS: the scheme of the URLs that it serves is https.
    package let isTLS: Bool

    /// - Parameter held: of a certificate that nobody vouches for; that of `certificate` counts by itself.
    package init(
        address: ClientAddress, certificate: ClientCertificate? = nil, held: Digest256? = nil, isTLS: Bool = true
    ) {
        heldThumbprint = certificate?.thumbprint ?? held
        self.address = address
        self.certificate = certificate
        self.isTLS = isTLS
    }
}

extension PeerFacts {
    /// Of what came over no connection: no certificate, and an address that is nobody's.
    package static let nobody = PeerFacts(address: .unknown)
}

/// A client certificate that the TLS handshake has verified: made once for each connection.
package final class ClientCertificate: Sendable {
    /// For records: the single SPIFFE ID, else the first DNS name, else the common name.
    package let identity: String
    /// URI SANs.
    package let uris: [String]
    /// DNS SANs, lower-case.
    package let dnsNames: [String]
    /// SHA-256 of the DER: `x5t#S256` (RFC 8705 §3.1).
    package let thumbprint: Digest256

    /// DNS names may be in any case; they are compared in lower case.
    package init(identity: String, uris: [String], dnsNames: [String], thumbprint: Digest256) {
        self.identity = identity
        self.uris = uris
        self.dnsNames = dnsNames.map { $0.lowercased() }
        self.thumbprint = thumbprint
    }
}

/// A client's IP address as a key: an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address that it
/// stands for.
package struct ClientAddress: Sendable, Hashable {
    let high: UInt64
    let low: UInt64
    let isIPv6: Bool

    /// A socket that has no IP address: all such count as one client.
    package static let unknown = ClientAddress(high: 0, low: 0, isIPv6: false)

    /// - Parameter octets: four (IPv4) or sixteen (IPv6), in network order; nil for any other number.
    package init?(octets: some Collection<UInt8>) {
        let words = octets.reduce(into: (high: UInt64(0), low: UInt64(0))) { words, octet in
            words.high = words.high << 8 | words.low >> 56
            words.low = words.low << 8 | UInt64(octet)
        }
        switch octets.count {
        case 4: self.init(high: 0, low: words.low, isIPv6: false)
        case 16 where words.high == 0 && words.low >> 32 == 0xFFFF:
            self.init(high: 0, low: words.low & 0xFFFF_FFFF, isIPv6: false)
        case 16: self.init(high: words.high, low: words.low, isIPv6: true)
        default: return nil
        }
    }

    private init(high: UInt64, low: UInt64, isIPv6: Bool) {
        self.high = high
        self.low = low
        self.isIPv6 = isIPv6
    }

    /// What limits count by: an IPv4 address, or an IPv6 network of 64 bits, since a single host has as many
    /// addresses in its own network as it likes.
    package var counted: UInt64 { isIPv6 ? high : low | 1 << 63 }
}
