import GatewayTesting
import JSON
import Testing

@Suite("TLS towards clients")
struct TLSTests {
    @Test(
        "RS-127 is 1.2 or 1.3, or as the listener says",
        arguments: [
            (TLSVersionChoice.tls10, TLSVersionChoice.tls11, false, nil), (.tls12, .tls12, false, "TLSv1.2"),
            (.tls12, .tls13, false, "TLSv1.3"),
            (.tls12, .tls12, true, nil), (.tls13, .tls13, true, "TLSv1.3"),
        ] as [(TLSVersionChoice, TLSVersionChoice, Bool, String?)])
    func versions(minimum: TLSVersionChoice, maximum: TLSVersionChoice, only13: Bool, expected: String?) async throws {
        try await DataPlaneHarness.run(edit: {
            only13 ? $0.replacing("client_authorities:", with: "minimum_version: 1.3\n      client_authorities:") : $0
        }) { harness in
            let connect = {
                try await harness.gateway.rawClient {
                    $0.tls?.minimum = minimum
                    $0.tls?.maximum = maximum
                }
            }
            guard let expected else {
                await #expect(throws: (any Error).self) { try await connect() }
                return
            }
            let client = try await connect()
            #expect(client.facts?.version == expected)
            try await client.write(Ask.get())
            #expect(try await client.readAnswer().status == 200)
            #expect(
                try await harness.gateway.auditRecords(atLeast: 1)[0]["tls_version"]
                    == .string(String(expected.dropFirst(4))))
        }
    }

    @Test(
        "RS-127 exchanges keys over X25519 and P-256, and refuses what lacks forward secrecy",
        arguments: [
            ("X25519", nil, true), ("P-256", nil, true), ("P-521", nil, false), (nil, "AES128-GCM-SHA256", false),
            (nil, "ECDHE-ECDSA-AES128-SHA", false),
            (nil, "ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ] as [(String?, String?, Bool)])
    func suites(groups: String?, ciphers: String?, accepted: Bool) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try? await harness.gateway.rawClient {
                $0.tls?.groups = groups
                $0.tls?.ciphers = ciphers
                if ciphers != nil { $0.tls?.maximum = .tls12 }
            }
            #expect((client != nil) == accepted)
        }
    }

    /// A second certificate, for `b.example.com` and names below `wild.example.com`; a route for it that needs a client
    /// certificate.
    private func run(_ body: (DataPlaneHarness) async throws -> Void) async throws {
        let second = try TestCertificates.shared().authority.issue(
            .init("second", dnsNames: ["b.example.com", "*.wild.example.com"], purpose: .server))
        try await DataPlaneHarness.run(
            change: {
                $0.routes = """
                    - id: guarded
                      match: {hosts: [b.example.com], path: "/{rest...}"}
                      require: {client_certificate: {identities: ["spiffe://example.org/client"]}}
                      upstream: orders
                    - id: open
                      match: {hosts: [localhost, api.example.com, x.wild.example.com], path: "/{rest...}"}
                      public: true
                      upstream: orders
                    """
            },
            edit: {
                $0.replacing(
                    "certs/gateway.key}]", with: "certs/gateway.key}, {chain: certs/second.pem, key: certs/second.key}]"
                )
            },
            prepare: {
                try $0.write(second.chain, to: "certs/second.pem")
                try $0.write(second.key, to: "certs/second.key", permissions: 0o600)
            }, body)
    }

    @Test(
        "shows the certificate for the name that is asked for",
        arguments: [
            ("localhost", "gateway"), ("b.example.com", "second"), ("B.Example.COM", "second"),
            ("x.wild.example.com", "second"), ("x.y.wild.example.com", "gateway"),
            ("unknown.example.com", "gateway"), (nil, "gateway"),
        ] as [(String?, String)])
    func serverNames(name: String?, expected: String) async throws {
        try await run { harness in
            for pieces in [nil, 20] {
                let client = try await harness.gateway.rawClient {
                    $0.serverName = name
                    $0.segmentOctets = pieces
                    $0.helloRecordOctets = pieces
                }
                #expect(client.facts?.peer?.commonName == expected)
            }
        }
    }

    @Test(
        "requests for a protected host over a connection for another are misdirected",
        arguments: [
            ("localhost", "b.example.com", 421), (nil, "b.example.com", 403), ("b.example.com", "b.example.com", 403),
            ("localhost", "api.example.com", 200), ("localhost", "localhost", 200),
        ] as [(String?, String, Int)])
    func misdirected(name: String?, host: String, status: Int) async throws {
        try await run { harness in
            let client = try await harness.gateway.rawClient { $0.serverName = name }
            try await client.write("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(try await client.readAnswer().status == status)
        }
    }

    enum Shown: CaseIterable, Sendable { case nothing, right, other, expired, notYetValid, foreign }

    @Test(
        "asks for a client certificate; a route demands it, and a bad one ends the handshake",
        arguments: Shown.allCases, [TLSVersionChoice.tls12, .tls13])
    func clientCertificates(shown: Shown, version: TLSVersionChoice) async throws {
        try await run { harness in
            let all = harness.gateway.certificates
            let certificate: TestCertificate? =
                switch shown {
                case .nothing: nil
                case .right: all.client
                case .other:
                    try all.clientAuthority.issue(
                        .init("other", uris: ["spiffe://example.org/other"], purpose: .client))
                case .expired: all.expiredClient
                case .notYetValid: all.notYetValidClient
                case .foreign: all.foreignClient
                }
            var answers: [String: Int] = [:]
            for host in ["b.example.com", "localhost"] {
                do {
                    let client = try await harness.gateway.rawClient {
                        $0.serverName = host
                        $0.tls?.certificate = certificate
                        $0.tls?.maximum = version
                    }
                    try await client.write("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                    answers[host] = try await client.readAnswer().status
                } catch {}
            }
            switch shown {
            case .right: #expect(answers == ["b.example.com": 200, "localhost": 200])
            case .nothing, .other: #expect(answers == ["b.example.com": 403, "localhost": 200])
            case .expired, .notYetValid, .foreign: #expect(answers == [:])
            }
        }
    }

    @Test(
        "RS-086 that is resumed keeps the client's certificate, and the lack of one",
        arguments: [TLSVersionChoice.tls12, .tls13], [true, false])
    func resumption(version: TLSVersionChoice, shows: Bool) async throws {
        try await run { harness in
            var session: TLSSession?
            for round in 0..<3 {
                let client = try await harness.gateway.rawClient {
                    $0.serverName = "b.example.com"
                    $0.tls?.maximum = version
                    // A certificate is shown in the first handshake only.
                    if round == 0, shows { $0.tls?.certificate = harness.gateway.certificates.client }
                    $0.session = session
                }
                try await client.write("GET /\(round) HTTP/1.1\r\nHost: b.example.com\r\n\r\n")
                #expect(try await client.readAnswer().status == (shows ? 200 : 403))
                if round > 0 { #expect(client.facts?.isResumed == true) }
                session = await client.session
                await client.close()
            }
            let records = try await harness.gateway.auditRecords(atLeast: 3)
            #expect(records.map { $0["server_name"]?.string } == Array(repeating: "b.example.com", count: 3))
            #expect(
                records.map { $0["client_certificate"]?.string }
                    == Array(repeating: shows ? "spiffe://example.org/client" : nil, count: 3))
        }
    }

    @Test("a session of one name does not open another", arguments: [TLSVersionChoice.tls12, .tls13])
    func sessionOfAnother(version: TLSVersionChoice) async throws {
        try await run { harness in
            let first = try await harness.gateway.rawClient {
                $0.serverName = "b.example.com"
                $0.tls?.maximum = version
                $0.tls?.certificate = harness.gateway.certificates.client
            }
            try await first.write("GET / HTTP/1.1\r\nHost: b.example.com\r\n\r\n")
            #expect(try await first.readAnswer().status == 200)
            let session = await first.session
            let second = try await harness.gateway.rawClient {
                $0.serverName = "localhost"
                $0.tls?.maximum = version
                $0.session = session
            }
            try await second.write("GET / HTTP/1.1\r\nHost: b.example.com\r\n\r\n")
            #expect(try await second.readAnswer().status == 421)
        }
    }

    @Test(
        "is not begun by garbage",
        arguments: [
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{16}\u{3}\u{1}", "SSH-2.0-x\r\n",
            String(repeating: "\u{0}", count: 40_000),
        ])
    func garbage(octets: String) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.gateway.rawClient { $0 = .plaintext }
            try? await client.write(octets)
            await client.cutOff()
            // What comes back, if anything, is a TLS alert: no answer of HTTP.
            let answers = (try? await client.readToEnd())?.0 ?? []
            #expect(answers.isEmpty)
            #expect(harness.upstream.requests.isEmpty)
            #expect(try await harness.gateway.client().get("\(harness.gateway.url)/").status == 200)
        }
    }

    @Test("that breaks in the middle ends the request", arguments: [false, true])
    func garbageWithin(midBody: Bool) async throws {
        try await DataPlaneHarness.run(change: { $0.bounds.append("body_gathered_max: 0B") }) { harness in
            let client = try await harness.sending(
                midBody ? Ask.head("POST", "/", ["Content-Length: 100000"]) + "begun" : "GET / HT")
            if midBody { _ = try await harness.upstream.request("begun") { $0.bodyCount == 5 } }
            try await client.writeBelowTLS(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            let ended = try? await client.readToEnd()
            #expect(ended?.answers.isEmpty ?? true)
            try await harness.upstreamIsLeft()
        }
    }
}
