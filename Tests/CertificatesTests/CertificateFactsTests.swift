import Foundation
import Testing

@testable import Certificates

@Suite("What a certificate says")
struct CertificateFactsTests {
    private let authority: DevelopmentAuthority
    private let validity = CertificateValidity(notBefore: newYear2026, notAfter: newYear2026 + 86_400)

    init() throws {
        authority = try .create(commonName: "test CA", validity: CertificateValidity.days(10, from: newYear2026))
    }

    private func facts(_ issued: IssuedCertificate) throws -> CertificateFacts {
        try CertificateFacts(der: PEMFile(text: issued.certificatePEM).blocks[0].der)
    }

    @Test("names, addresses, times and fingerprints are read")
    func names() throws {
        let facts = try facts(
            authority.issueServer(
                commonName: "orders", dnsNames: ["a.example", "b.example"], ipAddresses: ["127.0.0.1", "::1"],
                uris: ["spiffe://example.org/orders"], validity: validity))
        #expect(facts.subjectCommonName == "orders")
        #expect(facts.dnsNames == ["a.example", "b.example"])
        #expect(facts.ipAddresses == ["127.0.0.1", "::1"])
        #expect(facts.uris == ["spiffe://example.org/orders"])
        #expect(facts.notBefore == newYear2026)
        #expect(facts.notAfter == newYear2026 + 86_400)
        #expect(facts.sha256.count == 32)
        #expect(!facts.isCA)
    }

    @Test("the same key under a new certificate keeps its public key fingerprint")
    func publicKeyFingerprint() throws {
        let first = try authority.issueClient(spiffe: "spiffe://example.org/x", validity: validity)
        let second = try authority.issueClient(
            spiffe: "spiffe://example.org/x", validity: validity, keyPEM: first.keyPEM)
        #expect(try facts(first).publicKeySHA256 == facts(second).publicKeySHA256)
        #expect(try facts(first).sha256 != facts(second).sha256)
    }

    @Test("the identity is the SPIFFE ID, else the first DNS name, else the common name, each marked as what it is")
    func identity() throws {
        #expect(
            try facts(authority.issueClient(spiffe: "spiffe://example.org/x", validity: validity)).identity
                == "spiffe://example.org/x")
        #expect(
            try facts(authority.issueServer(dnsNames: ["a.example", "b.example"], validity: validity)).identity
                == "dns:a.example")
        #expect(
            try facts(authority.issueClient(commonName: "spiffe://example.org/admin", spiffe: nil, validity: validity))
                .identity
                == "cn:spiffe://example.org/admin")
    }

    @Test("a certificate with two URIs has no SPIFFE ID")
    func twoURIs() throws {
        let facts = try facts(
            authority.issueServer(
                dnsNames: ["a.example"], uris: ["spiffe://example.org/x", "spiffe://example.org/y"], validity: validity)
        )
        #expect(facts.spiffeID == nil)
        #expect(facts.identity == "dns:a.example")
        #expect(!PeerIdentity.spiffe("spiffe://example.org/x").matches(facts))
    }

    @Test(
        "octets that are no certificate are an error, not a trap",
        arguments: [[], [0x30], [0x30, 0x82, 0xFF, 0xFF], Array(repeating: 0x30, count: 5_000)])
    func garbage(_ octets: [UInt8]) {
        #expect(throws: CertificateUnreadable.self) { try CertificateFacts(der: octets) }
    }

    @Test("a certificate cut short anywhere, or with octets behind it, is an error")
    func truncated() throws {
        let der = try PEMFile(
            text: authority.issueClient(spiffe: "spiffe://example.org/x", validity: validity).certificatePEM
        ).blocks[0].der
        for length in 0..<der.count {
            #expect(throws: CertificateUnreadable.self) { try CertificateFacts(der: Array(der.prefix(length))) }
        }
        #expect(throws: CertificateUnreadable.self) { try CertificateFacts(der: der + [0]) }
    }

    @Test("a certificate with any octet altered is an error or facts, never a trap")
    func altered() throws {
        let der = try PEMFile(
            text: authority.issueServer(dnsNames: ["a.example"], ipAddresses: ["::1"], validity: validity)
                .certificatePEM
        ).blocks[0].der
        for index in der.indices {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var altered = der
                altered[index] ^= flip
                _ = try? CertificateFacts(der: altered).identity
            }
        }
    }
}

@Suite("Whom a peer must be")
struct PeerIdentityTests {
    private static func facts(dns: [String] = [], uris: [String] = [], commonName: String = "x") throws
        -> CertificateFacts
    {
        let authority = try DevelopmentAuthority.create(commonName: "CA", validity: .days(10, from: newYear2026))
        let issued = try authority.issueServer(
            commonName: commonName, dnsNames: dns, uris: uris, validity: .days(1, from: newYear2026))
        return try CertificateFacts(der: PEMFile(text: issued.certificatePEM).blocks[0].der)
    }

    @Test(
        "a SPIFFE ID must be the only URI, octet for octet",
        arguments: [
            (["spiffe://example.org/orders"], true),
            (["spiffe://example.org/orders/"], false),
            (["spiffe://EXAMPLE.org/orders"], false),
            (["spiffe://example.org/orders", "https://example.org"], false),
            ([], false),
        ])
    func spiffe(uris: [String], matches: Bool) throws {
        #expect(
            PeerIdentity.spiffe("spiffe://example.org/orders").matches(try Self.facts(dns: ["orders"], uris: uris))
                == matches)
    }

    @Test(
        "a DNS name must be one of the names, or fit a wildcard of one label",
        arguments: [
            ("orders.internal", "orders.internal", true),
            ("ORDERS.internal", "orders.INTERNAL", true),
            ("orders.internal.", "orders.internal", true),
            ("orders.internal", "*.internal", false),
            ("orders.example.com", "*.example.com", true),
            ("a.orders.example.com", "*.example.com", false),
            ("example.com", "*.example.com", false),
            ("orders.example.com", "o*.example.com", false),
            ("orders.example.com", "orders.*.com", false),
            ("orders.example.com", "*", false),
            ("*.example.com", "*.example.com", false),
            ("orders.example.com", "orders.example.com.evil.test", false),
            ("orders.example.com", "xorders.example.com", false),
            ("127.0.0.1", "127.0.0.1", false),
            ("a..example.com", "a..example.com", false),
            ("", "", false),
        ])
    func dns(wanted: String, presented: String, matches: Bool) throws {
        #expect(PeerIdentity.dns(wanted).matches(try Self.facts(dns: [presented])) == matches)
    }

    @Test("a common name never counts")
    func commonName() throws {
        #expect(
            !PeerIdentity.dns("orders.internal").matches(try Self.facts(dns: ["other"], commonName: "orders.internal")))
    }
}
