import GatewayTesting
import Testing

@Suite("the kit's raw client and server")
struct RawClientTests {
    private let certificates: TestCertificates
    private let upstream: TestUpstream
    private var settings: RawClientSettings {
        RawClientSettings(
            tls: TLSSettings(certificate: certificates.gatewayClient, authorities: certificates.upstreamAuthority.pem))
    }

    init() throws {
        certificates = try TestCertificates()
        upstream = try TestUpstream.start(.orders(certificates))
    }

    @Test("a request in pieces of one octet is a request")
    func pieces() async throws {
        let client = try await RawTLSClient.connect(port: upstream.port, settings)
        try await client.write(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8).map { [$0] })
        #expect(try await client.readAnswer().text == "hello\n")
        try await client.write("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await client.closeWriting()
        let (answers, ending) = try await client.readToEnd(methods: ["HEAD"])
        #expect(answers.map(\.status) == [200])
        #expect(answers.first?.body == [])
        #expect(ending == .closed)
    }

    @Test("what TLS agreed on can be seen and chosen")
    func negotiation() async throws {
        var settings = settings
        settings.tls?.groups = "P-256"
        settings.tls?.maximum = .tls12
        let old = try await RawTLSClient.connect(port: upstream.port, settings)
        #expect(old.facts?.version == "TLSv1.2")
        settings.tls?.maximum = .tls13
        settings.segmentOctets = 7
        settings.helloRecordOctets = 40
        let new = try await RawTLSClient.connect(port: upstream.port, settings)
        #expect(new.facts?.version == "TLSv1.3")
        #expect(new.facts?.group == "secp256r1")
        #expect(new.facts?.peer?.dnsNames == ["localhost"])
    }

    @Test("the alert that ends a handshake can be told", arguments: [nil, TLSVersionChoice.tls12, .tls13])
    func alerts(version: TLSVersionChoice?) async throws {
        // With TLS 1.3 the client's part of the handshake is over before the server has judged its certificate.
        var settings = settings
        settings.tls?.certificate = version == nil ? nil : certificates.foreignClient
        if let version { settings.tls?.maximum = version }
        var alert: UInt8?
        do {
            let client = try await RawTLSClient.connect(port: upstream.port, settings)
            _ = await #expect(throws: TLSFailure.self) { try await client.readAnswer() }
            alert = await client.alertReceived
        } catch let failure as TLSFailure {
            alert = failure.alertReceived
        }
        // certificate_required, unknown_ca
        #expect(alert == (version == nil ? 116 : 48))
    }

    @Test("garbage before TLS breaks the handshake")
    func garbage() async throws {
        var settings = settings
        settings.octetsBeforeHandshake = Array("GET / HTTP/1.1\r\n\r\n".utf8)
        await #expect(throws: (any Error).self) { try await RawTLSClient.connect(port: upstream.port, settings) }
        try await eventually("a failed handshake") { upstream.failures.isEmpty == false }
    }

    @Test("a connection that is broken off, cut off or closed is told apart")
    func endings() async throws {
        let head = UpstreamScript.head(200, [HeaderField("Content-Length", "5")])
        for (step, expected) in [(UpstreamStep.reset, ConnectionEnding.reset), (.cutOff, .cutOff), (.close, .closed)] {
            upstream.script([.steps(.write(head), .waitForGate("go"), step)], for: "/")
            let client = try await RawTLSClient.connect(port: upstream.port, settings)
            try await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            upstream.open(gate: "go")
            let (answers, ending) = try await client.readToEnd()
            if let answer = answers.first { #expect(!answer.isComplete) }
            #expect(ending == expected)
        }
    }

    @Test("a client that breaks off in the middle of a body is seen")
    func clientResets() async throws {
        let client = try await RawTLSClient.connect(port: upstream.port, settings)
        try await client.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        _ = try await upstream.request("half a body") { $0.bodyCount == 4 }
        await client.reset()
        try await eventually("the end of the connection") { upstream.connectionsOpen == 0 }
        #expect(upstream.requests.first?.isComplete == false)
        #expect(upstream.failures.count == 1)
    }

    @Test("an answer that comes late keeps nobody waiting for ever")
    func timeout() async throws {
        upstream.script([.hang], for: "/")
        var settings = settings
        settings.timeout = .milliseconds(300)
        let client = try await RawTLSClient.connect(port: upstream.port, settings)
        try await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await #expect(throws: WireError.timeout("a head")) { try await client.readAnswer() }
    }

    @Test("without TLS the same octets go in the clear")
    func plaintext() async throws {
        let upstream = try TestUpstream.start(.plaintext, otherwise: .reflect)
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        let request = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try await client.write(request)
        #expect(try await client.readAnswer().text == request)
    }
}
