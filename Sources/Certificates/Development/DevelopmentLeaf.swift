/// One certificate that `portcullis certs init` makes: its file names and what stands in it.
struct DevelopmentLeaf: Sendable {
    enum Use: Sendable, Equatable { case server, client }
    /// `name.pem` and `name.key`.
    var name: String
    var use: Use
    var dnsNames: [String] = []
    var ipAddresses: [String] = []
    var uris: [String] = []

    /// Whether a certificate still says all that it should.
    func isCovered(by facts: CertificateFacts) -> Bool {
        Set(dnsNames).isSubset(of: facts.dnsNames) && Set(uris) == Set(facts.uris)
            && Set(ipAddresses.compactMap(IPAddressText.octets)).isSubset(
                of: facts.ipAddresses.compactMap(IPAddressText.octets))
    }

    func issue(by authority: DevelopmentAuthority, validity: CertificateValidity, keyPEM: String?) throws
        -> IssuedCertificate
    {
        switch use {
        case .server:
            try authority.issueServer(
                commonName: name, dnsNames: dnsNames, ipAddresses: ipAddresses, uris: uris, validity: validity,
                keyPEM: keyPEM)
        case .client:
            try authority.issueClient(commonName: name, spiffe: uris.first, validity: validity, keyPEM: keyPEM)
        }
    }
}

/// An authority that `portcullis certs init` makes, and all that it vouches for.
///
/// There are three that know nothing of each other: what lets a client in must not open an upstream, and what a
/// developer's browser trusts must not vouch for either.
struct DevelopmentHierarchy: Sendable {
    /// `name.pem` and `name.key`.
    var name: String
    var commonName: String
    /// Empty: not constrained.
    var permittedDNSNames: [String] = []
    var leaves: [DevelopmentLeaf]

    static func all(hostNames: [String], ipAddresses: [String], services: [String]) -> [DevelopmentHierarchy] {
        let here = ["127.0.0.1", "::1"]
        // Those of the sample policy; and others where they run on this machine, and where a network of containers knows them by name.
        let samples = ["orders", "payments"]
        var seen: Set<String> = []
        let leaves = (samples + services).filter { seen.insert($0).inserted }.map { name in
            DevelopmentLeaf(
                name: name, use: .server, dnsNames: samples.contains(name) ? ["localhost"] : ["localhost", name],
                ipAddresses: here, uris: ["spiffe://example.org/\(name)"])
        }
        return [
            DevelopmentHierarchy(
                name: "ca", commonName: "Portcullis development CA for the gateway", permittedDNSNames: hostNames,
                leaves: [DevelopmentLeaf(name: "gateway", use: .server, dnsNames: hostNames, ipAddresses: ipAddresses)]),
            DevelopmentHierarchy(
                name: "client-ca", commonName: "Portcullis development CA for clients",
                leaves: [DevelopmentLeaf(name: "client", use: .client, uris: ["spiffe://example.org/client"])]),
            DevelopmentHierarchy(
                name: "upstream-ca", commonName: "Portcullis development CA for upstreams",
                leaves: leaves + [
                    DevelopmentLeaf(name: "gateway-client", use: .client, uris: ["spiffe://example.org/gateway"])
                ]),
        ]
    }
}
