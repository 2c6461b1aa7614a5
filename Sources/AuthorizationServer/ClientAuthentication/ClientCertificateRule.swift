import AuthorizationRecords
import Certificates
import JOSE
import Octets

/// Whether a client's certificate shows that it is who it says (RFC 8705 §2). TLS has settled before that the client
/// holds the certificate's key. For names in it the listener's `client_authorities` have to vouch, too.
struct ClientCertificateRule {
    let facts: CertificateFacts

    /// nil: it cannot be read, so it shows nothing.
    init?(_ der: [UInt8]) {
        guard let facts = try? CertificateFacts(der: der) else { return nil }
        self.facts = facts
    }

    /// `x5t#S256` (RFC 8705 §3.1).
    var thumbprint: String { Base64URL.encode(facts.sha256) }

    /// The one field that was registered is there, exactly (RFC 8705 §2.1.2). No wildcard, and no common name for a DNS
    /// name.
    func has(_ name: ClientCertificateName) -> Bool {
        switch name {
        case .subject(let text):
            guard let wanted = SubjectName(text), let subject = facts.subject else { return false }
            return wanted == subject
        case .dns(let text): return facts.dnsNames.contains { $0.lowercased() == text.lowercased() }
        case .uri(let text): return facts.uris.contains { $0.hasSameOctets(as: text) }
        case .ip(let text): return facts.hasIPAddress(text)
        case .email(let text): return facts.emailAddresses.contains { $0.hasSameOctets(as: text) }
        }
    }

    /// Its key is one of these (RFC 8705 §2.2).
    func hasKey(of keys: JWKSet) -> Bool {
        guard let key = try? VerificationKey(subjectPublicKeyInfo: facts.publicKeyInfo) else { return false }
        let thumbprint = Thumbprint.octets(key)
        return keys.keys.contains { Thumbprint.octets($0) == thumbprint }
    }
}

extension String {
    fileprivate func hasSameOctets(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
