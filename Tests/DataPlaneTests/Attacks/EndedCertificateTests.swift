import GatewayTesting
import JSON
import Testing

/// Everything that remembers a client certificate, played against every way in which it ends.
@Suite("a client certificate that has ended does not go on authenticating", .tags(.timed))
struct EndedCertificateTests {
    private static let request = TestCertificateRequest(
        "client", uris: ["spiffe://example.org/client"], purpose: .client)

    private static let routes = """
        - id: guarded
          match: {path: "/guarded"}
          require: {client_certificate: {identities: ["spiffe://example.org/client"]}}
          upstream: orders
        - id: bound
          match: {path: "/bound"}
          require: {issuers: [partner], scopes: ["orders:read"]}
          upstream: orders
        - id: open
          match: {path: "/{rest...}"}
          public: true
          upstream: orders
        """

    private func ask(_ client: RawTLSClient, _ path: String, _ token: String) async throws -> Int {
        try await client.write(Ask.get(path, fields: "Authorization: Bearer \(token)"))
        return try await client.readAnswer().status
    }

    /// What each of the memories says, in their order: connections that are open, one for each route, and a ticket.
    private func play(
        _ version: TLSVersionChoice, _ request: TestCertificateRequest,
        after end: (DataPlaneHarness, TestCertificate) async throws -> Void,
        ticketIsTaken: Bool
    ) async throws {
        try await DataPlaneHarness.run(change: { $0.routes = Self.routes }) { harness in
            let certificate = try harness.gateway.certificates.clientAuthority.issue(request)
            let digest = ProvingClient.sha256(try certificate.der)
            let token = try TestIssuer.partner().token(
                .es256, adding: ["cnf": ["x5t#S256": .string(Base64URLText.encode(digest))]])
            func connect(_ shown: TestCertificate?, _ session: TLSSession? = nil) async throws -> RawTLSClient {
                try await harness.gateway.rawClient {
                    $0.tls?.certificate = shown
                    $0.tls?.maximum = version
                    $0.session = session
                }
            }
            let (guarded, bound) = (try await connect(certificate), try await connect(certificate))
            #expect(try await ask(guarded, "/guarded", token) == 200)
            #expect(try await ask(bound, "/bound", token) == 200)
            let session = await guarded.session
            let resumed = try await connect(nil, session)
            #expect(try await ask(resumed, "/guarded", token) == 200)
            #expect(resumed.facts?.isResumed == true)
            let renewed = await resumed.session

            try await end(harness, certificate)
            try await eventually("the certificate to end on an open connection") {
                try await ask(guarded, "/guarded", token) == 403
            }
            #expect(try await guarded.readToEnd().ending == .closed)
            #expect(try await ask(bound, "/bound", token) == 401)
            // What needs no certificate goes on.
            #expect(try await ask(resumed, "/", token) == 200)
            #expect(try await ask(resumed, "/bound", token) == 401)

            // The ticket, and the one that a resumed connection was given.
            for (number, ticket) in [session, renewed].enumerated() {
                let again = try await connect(nil, ticket)
                #expect(again.facts?.isResumed == (ticketIsTaken && number == 0))
                #expect(try await ask(again, "/guarded", token) == 403)
            }
            // A client that has another certificate by now shows it: no ticket stands in its way.
            if ticketIsTaken {
                let fresh = try await connect(harness.gateway.certificates.client, session)
                #expect(fresh.facts?.isResumed == false)
                #expect(try await ask(fresh, "/guarded", token) == 200)
            }
            for code in ["certificate_required", "wrong_certificate"] {
                _ = try await harness.gateway.auditRecord(where: "code", is: .string(code))
            }
        }
    }

    @Test("because it has expired", arguments: [TLSVersionChoice.tls12, .tls13])
    func expiry(version: TLSVersionChoice) async throws {
        var request = Self.request
        request.validUntil = 5
        try await play(version, request, after: { _, _ in }, ticketIsTaken: true)
    }

    @Test(
        "because its authority was taken from the bundle; to add one to it ends nothing",
        arguments: [TLSVersionChoice.tls12, .tls13])
    func authority(version: TLSVersionChoice) async throws {
        let other = try TestAuthority("Other authority").pem
        try await play(
            version, Self.request,
            after: { harness, certificate in
                let gateway = harness.gateway
                let client = try await gateway.rawClient { $0.tls?.certificate = certificate }
                try await client.write(Ask.get("/guarded"))
                #expect(try await client.readAnswer().status == 200)
                try gateway.folder.write(gateway.certificates.clientAuthority.pem + other, to: "certs/client-ca.pem")
                try await gateway.reload()
                try await client.write(Ask.get("/guarded"))
                #expect(try await client.readAnswer().status == 200)
                try gateway.folder.write(other, to: "certs/client-ca.pem")
                try await gateway.reload()
            }, ticketIsTaken: false)
    }
}
