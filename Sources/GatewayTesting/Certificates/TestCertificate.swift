import COpenSSL

/// A certificate chain and its key, as PEM text; made anew for each test run, kept nowhere.
package struct TestCertificate: Sendable {
    /// Leaf first.
    package let chain: String
    /// The private key, unencrypted.
    package let key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }

    /// The leaf itself (DER).
    package var der: [UInt8] {
        get throws {
            let all = try PEM.certificates(chain)
            for other in all.dropFirst() { X509_free(other) }
            return PeerCertificate(taking: all[0]).der
        }
    }
}

/// What a certificate is to say, right or wrong.
package struct TestCertificateRequest: Sendable {
    /// For which side of a connection it may be used (extended key usage).
    package enum Purpose: Sendable { case server, client, both }

    /// `CN` of the subject.
    package var commonName: String
    /// DNS names of the subject alternative name.
    package var dnsNames: [String] = []
    /// IP addresses of the subject alternative name.
    package var addresses: [String] = []
    /// URI names of the subject alternative name, such as SPIFFE IDs.
    package var uris: [String] = []
    /// A certificate for one side only is refused on the other.
    package var purpose = Purpose.both
    /// From now on, in seconds; negative: in the past.
    package var validFrom: Int = -3_600
    /// From now on, in seconds; negative: it has expired.
    package var validUntil: Int = 30 * 86_400

    package init(
        _ commonName: String, dnsNames: [String] = [], addresses: [String] = [], uris: [String] = [],
        purpose: Purpose = .both, validFrom: Int = -3_600, validUntil: Int = 30 * 86_400
    ) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.addresses = addresses
        self.uris = uris
        self.purpose = purpose
        self.validFrom = validFrom
        self.validUntil = validUntil
    }
}
