import AuthorizationRecords
import Certificates
import JOSE
import Octets
import Synchronization

/// Whether a client's certificate shows that it is who it says (RFC 8705 §2). TLS has settled before that the client
/// holds the certificate's key. For names in it the listener's `client_authorities` have to vouch, too.
struct ClientCertificateRule: Sendable {
    let facts: CertificateFacts
    /// Of its key, as registered ones are compared; nil: it is none that could be registered.
    private let keyThumbprint: [UInt8]?

    /// nil: it cannot be read, so it shows nothing.
    init?(_ der: [UInt8]) {
        guard let facts = try? CertificateFacts(der: der) else { return nil }
        self.facts = facts
        keyThumbprint = (try? VerificationKey(subjectPublicKeyInfo: facts.publicKeyInfo)).map(Thumbprint.octets)
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
        guard let keyThumbprint else { return false }
        return keys.keys.contains { Thumbprint.octets($0) == keyThumbprint }
    }
}

/// What certificates say, read once for as long as they are used: clients send the same one with each connection. What a
/// certificate says never changes, so nothing has to be taken back here.
final class ClientCertificates: Sendable {
    /// Certificates remembered at most; some 2 KB each.
    static let rememberedMax = 1_024

    private let remembered = Mutex<[[UInt8]: ClientCertificateRule]>([:])

    /// nil: it cannot be read, so it shows nothing.
    /// - Parameter der: the certificate as the client sent it.
    func rule(_ der: [UInt8]) -> ClientCertificateRule? {
        if let known = remembered.withLock({ $0[der] }) { return known }
        guard let rule = ClientCertificateRule(der) else { return nil }
        remembered.withLock { remembered in
            if remembered.count >= Self.rememberedMax { remembered = [:] }
            remembered[der] = rule
        }
        return rule
    }
}

extension String {
    fileprivate func hasSameOctets(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
