import JSON
import Policy

extension ClientCertificate {
    /// The certificate names this identity: as its only URI SAN (SPIFFE X.509-SVID §2), or among its DNS SANs,
    /// exactly; a client cannot be "any host below a domain", so wildcards in a client certificate match nothing.
    func has(_ identity: UpstreamIdentity) -> Bool {
        switch identity {
        case .spiffe(let id): uris.count == 1 && uris[0].hasSameOctets(as: id)
        case .dns(let name):
            !name.contains("*") && dnsNames.contains { $0.hasSameOctets(as: name.lowercased()) }
        }
    }
}
