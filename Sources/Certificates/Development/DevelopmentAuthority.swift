import Crypto
import Foundation
import SwiftASN1
import X509

/// A certificate authority for development and tests: P-256, made in a millisecond, trusted by nobody until its
/// certificate is handed to them.
package struct DevelopmentAuthority: Sendable {
    /// Organization in every name; tells certificates that were made here from an operator's own.
    static let organization = "Portcullis development"
    /// Days for which an authority is valid.
    package static let authorityDays = 365
    /// Days for which what it issues is valid.
    package static let leafDays = 90

    let certificate: Certificate
    private let key: P256.Signing.PrivateKey
    /// One block, with the line break at its end.
    package var certificatePEM: String { PEMText.certificate(certificate) }
    /// PKCS #8, unencrypted.
    package var keyPEM: String { PEMText.key(key) }

    /// A new authority that may issue leaf certificates only (path length 0).
    ///
    /// `permittedDNSNames`, when not empty, are the only host names that clients believe it (critical name constraints,
    /// RFC 5280 §4.2.1.10): whoever steals the key of an authority that a developer's browser trusts cannot pose as the
    /// rest of the web. IP addresses are not constrained, because BoringSSL refuses chains with such constraints.
    /// `keyPEM` has the authority made for a key that exists.
    package static func create(
        commonName: String, validity: CertificateValidity, permittedDNSNames: [String] = [], keyPEM: String? = nil
    ) throws -> DevelopmentAuthority {
        let key = try keyPEM.map { try P256.Signing.PrivateKey(pemRepresentation: $0) } ?? P256.Signing.PrivateKey()
        let name = try Self.name(commonName)
        let publicKey = Certificate.PublicKey(key.publicKey)
        let constraints = NameConstraints(permittedDNSDomains: permittedDNSNames)
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: publicKey)
            if !permittedDNSNames.isEmpty { Critical(constraints) }
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: .positiveRandom(), publicKey: publicKey, notValidBefore: validity.notBeforeDate,
            notValidAfter: validity.notAfterDate, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(key))
        return DevelopmentAuthority(certificate: certificate, key: key)
    }

    /// An authority that was made before. Throws when the key is not P-256 or not that of the certificate.
    package init(certificatePEM: String, keyPEM: String) throws {
        let certificate = try Certificate(pemEncoded: certificatePEM)
        let key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw CertificateUnreadable(reason: "the authority's key is not that of its certificate")
        }
        self.init(certificate: certificate, key: key)
    }

    private init(certificate: Certificate, key: P256.Signing.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// A certificate for a TLS server; at least one name of any kind.
    package func issueServer(
        commonName: String = "server", dnsNames: [String] = [], ipAddresses: [String] = [], uris: [String] = [],
        validity: CertificateValidity, keyPEM: String? = nil
    ) throws -> IssuedCertificate {
        let addresses = try ipAddresses.map { text in
            guard let octets = IPAddressText.octets(text) else {
                throw CertificateUnreadable(reason: "\(text) is not an IP address")
            }
            return GeneralName.ipAddress(ASN1OctetString(contentBytes: octets[...]))
        }
        return try issue(
            commonName, names: dnsNames.map { .dnsName($0) } + addresses + uris.map { .uniformResourceIdentifier($0) },
            usage: .serverAuth, validity: validity, keyPEM: keyPEM)
    }

    /// A certificate for a TLS client with this SPIFFE ID; nil: with a common name only.
    package func issueClient(
        commonName: String = "client", spiffe: String?, validity: CertificateValidity, keyPEM: String? = nil
    ) throws -> IssuedCertificate {
        try issue(
            commonName, names: spiffe.map { [.uniformResourceIdentifier($0)] } ?? [], usage: .clientAuth,
            validity: validity,
            keyPEM: keyPEM)
    }

    /// Whether this authority's key has signed the certificate.
    static func hasIssued(_ leaf: Certificate, by authority: Certificate) -> Bool {
        leaf.issuer == authority.subject && authority.publicKey.isValidSignature(leaf.signature, for: leaf)
    }

    private func issue(
        _ commonName: String, names: [GeneralName], usage: ExtendedKeyUsage.Usage, validity: CertificateValidity,
        keyPEM: String?
    ) throws -> IssuedCertificate {
        let leafKey = try keyPEM.map { try P256.Signing.PrivateKey(pemRepresentation: $0) } ?? P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(leafKey.publicKey)
        let authorityKeyIdentifier = try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([usage])
            SubjectKeyIdentifier(hash: publicKey)
            AuthorityKeyIdentifier(keyIdentifier: authorityKeyIdentifier)
            if !names.isEmpty { SubjectAlternativeNames(names) }
        }
        let leaf = try Certificate(
            version: .v3, serialNumber: .positiveRandom(), publicKey: publicKey, notValidBefore: validity.notBeforeDate,
            notValidAfter: validity.notAfterDate, issuer: certificate.subject, subject: Self.name(commonName),
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: Certificate.PrivateKey(key))
        return IssuedCertificate(certificatePEM: PEMText.certificate(leaf), keyPEM: PEMText.key(leafKey))
    }

    private static func name(_ commonName: String) throws -> DistinguishedName {
        try DistinguishedName {
            OrganizationName(organization)
            CommonName(commonName)
        }
    }
}

/// A leaf certificate and its key, as PEM.
package struct IssuedCertificate: Sendable {
    /// One block: the issuer is not part of it.
    package let certificatePEM: String
    /// PKCS #8, unencrypted.
    package let keyPEM: String
}

/// From when until when a certificate is valid, in seconds since 1970.
package struct CertificateValidity: Sendable, Equatable {
    /// Its first second.
    package var notBefore: Int64
    /// Its last second.
    package var notAfter: Int64

    package init(notBefore: Int64, notAfter: Int64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// From an hour ago, for clocks that lag, until so many days ahead.
    package static func days(_ days: Int, from now: Int64) -> CertificateValidity {
        CertificateValidity(notBefore: now - 3_600, notAfter: now + Int64(days) * 86_400)
    }

    var notBeforeDate: Date { Date(timeIntervalSince1970: TimeInterval(notBefore)) }
    var notAfterDate: Date { Date(timeIntervalSince1970: TimeInterval(notAfter)) }
}

/// How keys and certificates are written.
enum PEMText {
    static func certificate(_ certificate: Certificate) -> String {
        // Serialising what was just made or parsed cannot fail; an empty text is refused by every reader.
        ((try? certificate.serializeAsPEM().pemString) ?? "") + "\n"
    }

    static func key(_ key: P256.Signing.PrivateKey) -> String { key.pemRepresentation + "\n" }
}

extension Certificate.SerialNumber {
    /// 127 random bits behind a zero bit and with a one in front: positive, never zero, 16 octets (RFC 5280 §4.1.2.2).
    static func positiveRandom() -> Certificate.SerialNumber {
        var generator = SystemRandomNumberGenerator()
        var octets = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        octets[0] = octets[0] & 0x7F | 0x40
        return Certificate.SerialNumber(bytes: octets)
    }
}
