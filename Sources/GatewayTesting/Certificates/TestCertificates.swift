/// The certificates of one test: the names and identities of `portcullis certs init`, and for each a wrong one besides.
package struct TestCertificates: Sendable {
    /// Vouches for `gateway`; what a client must trust.
    package let authority: TestAuthority
    /// Vouches for clients of the gateway.
    package let clientAuthority: TestAuthority
    /// Vouches for upstreams, and for the gateway towards them.
    package let upstreamAuthority: TestAuthority
    /// Nobody trusts it.
    package let foreignAuthority: TestAuthority

    /// The gateway's: localhost, api.example.com, 127.0.0.1, ::1.
    package let gateway: TestCertificate
    /// A client's: spiffe://example.org/client.
    package let client: TestCertificate
    /// The client's, which was valid until a while ago.
    package let expiredClient: TestCertificate
    /// The client's, which will be valid in a while.
    package let notYetValidClient: TestCertificate
    /// The right identity, vouched for by nobody.
    package let foreignClient: TestCertificate
    /// The gateway's towards upstreams: spiffe://example.org/gateway.
    package let gatewayClient: TestCertificate
    /// spiffe://example.org/orders, localhost.
    package let orders: TestCertificate
    /// spiffe://example.org/payments, localhost: the wrong identity for an upstream that should be orders.
    package let payments: TestCertificate
    /// The identity of orders, and that of payments too: ambiguous.
    package let twoIdentities: TestCertificate
    /// The DNS name only, no identity.
    package let withoutIdentity: TestCertificate
    /// The service's, which was valid until a while ago.
    package let expiredOrders: TestCertificate
    /// The right identity, vouched for by nobody.
    package let foreignOrders: TestCertificate

    /// Makes all of them; EC keys, so that it takes some milliseconds.
    package init() throws {
        authority = try TestAuthority("Test authority")
        clientAuthority = try TestAuthority("Test client authority")
        upstreamAuthority = try TestAuthority("Test upstream authority")
        foreignAuthority = try TestAuthority("Test foreign authority")
        gateway = try authority.issue(
            .init(
                "gateway", dnsNames: ["localhost", "api.example.com"], addresses: ["127.0.0.1", "::1"], purpose: .server
            ))
        let clientRequest = TestCertificateRequest("client", uris: ["spiffe://example.org/client"], purpose: .client)
        client = try clientAuthority.issue(clientRequest)
        expiredClient = try clientAuthority.issue(clientRequest.valid(from: -7_200, until: -3_600))
        notYetValidClient = try clientAuthority.issue(clientRequest.valid(from: 3_600, until: 7_200))
        foreignClient = try foreignAuthority.issue(clientRequest)
        gatewayClient = try upstreamAuthority.issue(
            .init("gateway", uris: ["spiffe://example.org/gateway"], purpose: .client))
        let ordersRequest = Self.service("orders")
        orders = try upstreamAuthority.issue(ordersRequest)
        payments = try upstreamAuthority.issue(Self.service("payments"))
        var twice = ordersRequest
        twice.uris.append("spiffe://example.org/payments")
        twoIdentities = try upstreamAuthority.issue(twice)
        var nameless = ordersRequest
        nameless.uris = []
        withoutIdentity = try upstreamAuthority.issue(nameless)
        expiredOrders = try upstreamAuthority.issue(ordersRequest.valid(from: -7_200, until: -3_600))
        foreignOrders = try foreignAuthority.issue(ordersRequest)
    }

    /// A set made once for all tests that do not need one of their own.
    package static func shared() throws -> TestCertificates { try common.get() }
    private static let common = Result { try TestCertificates() }

    private static func service(_ name: String) -> TestCertificateRequest {
        TestCertificateRequest(
            name, dnsNames: ["localhost"], addresses: ["127.0.0.1"], uris: ["spiffe://example.org/\(name)"],
            purpose: .server)
    }

    /// Writes what a gateway's `routes.yaml` names into `certs/`, under the names of `portcullis certs init`.
    package func write(to folder: TemporaryFolder) throws {
        for (name, authority) in [
            ("ca", authority), ("client-ca", clientAuthority), ("upstream-ca", upstreamAuthority),
        ] {
            try folder.write(authority.pem, to: "certs/\(name).pem")
        }
        for (name, certificate) in [
            ("gateway", gateway), ("client", client), ("gateway-client", gatewayClient), ("orders", orders),
            ("payments", payments),
        ] {
            try folder.write(certificate.chain, to: "certs/\(name).pem")
            try folder.write(certificate.key, to: "certs/\(name).key", permissions: 0o600)
        }
    }
}

extension TestCertificateRequest {
    fileprivate func valid(from: Int, until: Int) -> TestCertificateRequest {
        var request = self
        request.validFrom = from
        request.validUntil = until
        return request
    }
}
