import Crypto
import Foundation
import Octets
import SwiftASN1
import X509

/// What the gateway needs to know of an X.509 certificate (RFC 5280), read once from its DER octets.
///
/// Reading verifies nothing: whether an authority vouches for the certificate is TLS's answer, and what it is good for
/// is `PeerIdentity`'s.
package struct CertificateFacts: Sendable, Equatable {
    /// The last common name of the subject; only ever shown, never trusted.
    package let subjectCommonName: String?
    /// The subject, to be compared; nil: it has none that can be read.
    package let subject: SubjectName?
    /// DNS names of the subject alternative name extension, as they stand there.
    package let dnsNames: [String]
    /// URIs of the subject alternative name extension, as they stand there.
    package let uris: [String]
    /// IP addresses of the subject alternative name extension, in text.
    package let ipAddresses: [String]
    /// E-mail addresses of the subject alternative name extension, as they stand there.
    package let emailAddresses: [String]
    /// Seconds since 1970.
    package let notBefore: Int64
    /// Seconds since 1970.
    package let notAfter: Int64
    /// SHA-256 over the DER octets: `x5t#S256` (RFC 8705 §3.1) before its base64url.
    package let sha256: [UInt8]
    /// SHA-256 over the subject's public key info, which stays when a certificate is renewed for the same key.
    package let publicKeySHA256: [UInt8]
    /// The subject's public key info in DER (RFC 5280 §4.1.2.7).
    package let publicKeyInfo: [UInt8]
    /// Basic constraints say that it may issue certificates.
    package let isCA: Bool

    /// Throws when the octets are not one certificate, or one whose key or extensions cannot be understood: a caller
    /// that needs an identity has none then.
    package init(der: [UInt8]) throws(CertificateUnreadable) {
        do {
            try self.init(Certificate(derEncoded: der), der: der)
        } catch {
            throw CertificateUnreadable(reason: "\(error)")
        }
    }

    init(_ certificate: Certificate, der: [UInt8]) throws {
        var dnsNames: [String] = []
        var uris: [String] = []
        var ipAddresses: [String] = []
        var emailAddresses: [String] = []
        for name in try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames() {
            switch name {
            case .dnsName(let name): dnsNames.append(name)
            case .uniformResourceIdentifier(let uri): uris.append(uri)
            case .ipAddress(let octets): ipAddresses.append(IPAddressText.text(Array(octets.bytes)) ?? "invalid")
            case .rfc822Name(let address): emailAddresses.append(address)
            default: break
            }
        }
        self.emailAddresses = emailAddresses
        subject = SubjectName(certificate.subject)
        self.dnsNames = dnsNames
        self.uris = uris
        self.ipAddresses = ipAddresses
        subjectCommonName = certificate.subject.lastCommonName
        notBefore = Int64(certificate.notValidBefore.timeIntervalSince1970)
        notAfter = Int64(certificate.notValidAfter.timeIntervalSince1970)
        sha256 = Array(SHA256.hash(data: der))
        publicKeyInfo = Array(try certificate.publicKey.serializeAsPEM().derBytes)
        // In spite of its name only the key's own octets.
        publicKeySHA256 = Array(SHA256.hash(data: Array(certificate.publicKey.subjectPublicKeyInfoBytes)))
        if case .isCertificateAuthority = try certificate.extensions.basicConstraints {
            isCA = true
        } else {
            isCA = false
        }
    }

    /// Whether a text is an IP address.
    package static func isIPAddress(_ text: String) -> Bool { IPAddressText.octets(text) != nil }

    /// Whether an IP address in text is among those of the subject alternative name extension, in whatever spelling.
    package func hasIPAddress(_ text: String) -> Bool {
        guard let octets = IPAddressText.octets(text), let canonical = IPAddressText.text(octets) else { return false }
        return ipAddresses.contains(canonical)
    }

    /// Whether it is the certificate's time (RFC 5280 §4.1.2.5): both ends belong to it.
    /// - Parameter now: seconds since 1970.
    package func isValid(at now: Int64) -> Bool { notBefore <= now && now <= notAfter }

    /// The SPIFFE ID: the URI, when there is exactly one and its scheme is `spiffe` (X.509-SVID §2).
    package var spiffeID: String? {
        guard uris.count == 1, let uri = uris.first, uri.utf8.starts(with: "spiffe://".utf8) else { return nil }
        return uri
    }

    /// One name for records and upstreams: the SPIFFE ID, else `dns:` with the first DNS name, else `cn:` with the
    /// common name, else `sha256:` with the fingerprint. The prefixes keep a common name from posing as a SPIFFE ID.
    package var identity: String {
        if let spiffeID { return spiffeID }
        if let name = dnsNames.first { return "dns:\(name)" }
        if let subjectCommonName { return "cn:\(subjectCommonName)" }
        return "sha256:" + Hex.text(of: sha256)
    }
}

/// Octets that are no certificate, or none that can be understood.
package struct CertificateUnreadable: Error, Sendable, CustomStringConvertible {
    /// What the parser says; for logs, not for deciding.
    package let reason: String
    package var description: String { "not a certificate that can be read: \(reason)" }
}

extension DistinguishedName {
    var lastCommonName: String? {
        for name in reversed() {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                return String(attribute.value)
            }
        }
        return nil
    }

    /// The organization of the first organization name in it.
    var organization: String? {
        for name in self {
            for attribute in name where attribute.type == .RDNAttributeType.organizationName {
                return String(attribute.value)
            }
        }
        return nil
    }
}
