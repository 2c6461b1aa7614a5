import Octets

/// Whom a certificate must name, and whether it does.
///
/// It judges names only. That an authority vouches for the certificate, and that it is valid now, has been settled by
/// TLS before anybody asks here.
package enum PeerIdentity: Sendable, Equatable, Hashable {
    /// Exactly one URI SAN, octet for octet this SPIFFE ID (X.509-SVID §2, §5.2).
    case spiffe(String)
    /// A DNS SAN that is this name, or a wildcard for its left-most label (RFC 9525 §6.3).
    case dns(String)

    /// Whether the certificate carries this identity. The common name never counts (RFC 9525 §2).
    package func matches(_ facts: CertificateFacts) -> Bool {
        switch self {
        case .spiffe(let id):
            return facts.uris.count == 1 && facts.uris.allSatisfy { $0.utf8.elementsEqual(id.utf8) }
        case .dns(let name):
            guard let wanted = DNSLabels(name, wildcard: false) else { return false }
            return facts.dnsNames.contains { DNSLabels($0, wildcard: true)?.matches(wanted) ?? false }
        }
    }

    /// As `routes.yaml` writes it: `spiffe://example.org/orders`, `dns:orders.internal`.
    package var description: String {
        switch self {
        case .spiffe(let id): id
        case .dns(let name): "dns:\(name)"
        }
    }
}

/// A DNS name, split and folded: letters compare without regard to case, in ASCII only.
private struct DNSLabels {
    /// Left to right; the first is `*` in a wildcard.
    let labels: [[UInt8]]

    /// nil for a name that no host can have: empty labels, other octets than letters, digits, `-` and `_`, an address,
    /// more than 253 octets, or a `*` that is not the whole left-most label before at least two more.
    init?(_ name: String, wildcard: Bool) {
        var octets = name.utf8.map(ASCII.lowercased)
        if octets.last == UInt8(ascii: ".") { octets.removeLast() }
        guard !octets.isEmpty, octets.count <= 253, IPAddressText.octets(name) == nil else { return nil }
        labels = octets.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        for (index, label) in labels.enumerated() {
            if wildcard, index == 0, label == [UInt8(ascii: "*")], labels.count >= 3 { continue }
            guard (1...63).contains(label.count), label.allSatisfy(Self.isOfHostName) else { return nil }
        }
    }

    func matches(_ name: DNSLabels) -> Bool {
        guard labels.count == name.labels.count else { return false }
        guard labels.first == [UInt8(ascii: "*")] else { return labels == name.labels }
        return labels.dropFirst() == name.labels.dropFirst()
    }

    private static func isOfHostName(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
