import GatewayTesting
import JSON
import Testing

@testable import DataPlane
@testable import Transport

/// There is no request, so no record: the log and health have them.
@Suite("TLS handshakes of clients that fail")
struct FailedHandshakeTests {
    typealias Change = @Sendable (inout TLSSettings, TestCertificates) -> Void

    static let cases: [(reason: String, change: Change)] = [
        ("certificate_expired", { $0.certificate = $1.expiredClient }),
        ("certificate_not_yet_valid", { $0.certificate = $1.notYetValidClient }),
        ("certificate_unknown_authority", { $0.certificate = $1.foreignClient }),
        (
            "tls_version",
            { settings, _ in
                settings.minimum = .tls10
                settings.maximum = .tls11
            }
        ),
        (
            "no_shared_cipher",
            { settings, _ in
                settings.ciphers = "AES128-GCM-SHA256"
                settings.maximum = .tls12
            }
        ),
        ("no_application_protocol", { settings, _ in settings.protocols = ["h3"] }),
        ("refused_by_client", { settings, certificates in settings.authorities = certificates.foreignAuthority.pem }),
    ]

    @Test("are counted in health by their reason")
    func counted() async throws {
        try await GatewayHarness.run { harness in
            for (reason, change) in Self.cases {
                let client = try? await harness.gateway.rawClient { settings in
                    var tls = settings.tls ?? TLSSettings()
                    change(&tls, harness.gateway.certificates)
                    settings.tls = tls
                }
                // With TLS 1.3 the client's end learns of it only when it reads.
                _ = try? await client?.write("GET /open/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try? await client?.readAnswer()
                await client?.reset()
                let counts = try await harness.healthReport()["failed_handshakes"]?.object ?? [:]
                #expect(counts[reason]?.int ?? 0 >= 1, "\(reason): \(counts)")
            }
            let plain = try await harness.gateway.rawClient { $0.tls = nil }
            try await plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try? await plain.readAnswer()
            #expect(try await harness.healthReport()["failed_handshakes"]?.object?["not_tls"]?.int == 1)
            #expect(try await harness.answer("/open/1").status == 200)
        }
    }

    @Test("have a line in the log: the first of an address and reason in a minute, a hundred in all")
    func lines() {
        let minute: Int64 = 60_000_000_000
        let lines = Lines()
        let failed = FailedHandshakes { lines.add($0) }
        for _ in 0..<1_000 { failed.failed(.certificateExpired, from: "192.0.2.1", now: 0) }
        failed.failed(.version, from: "192.0.2.1", now: 1)
        // Nothing was wrong.
        failed.failed(.closed, from: "192.0.2.2", now: 1)
        #expect(lines.all.map(\.reason) == [.certificateExpired, .version])
        #expect(lines.all.map(\.untold) == [0, 999])
        for host in 0..<1_000 { failed.failed(.notTLS, from: "10.0.\(host / 250).\(host % 250)", now: 2) }
        #expect(lines.all.count == 100)
        // Addresses of one IPv6 network are one sender.
        for host in 1...9 { failed.failed(.malformed, from: "2001:db8::\(host)", now: minute + 1) }
        #expect(lines.all.count == 101)
        #expect(lines.all.last == FailedHandshakes.Note(address: "2001:db8::1", reason: .malformed, untold: 902))
        #expect(failed.counts.map(\.count) == [1_000, 1, 1_000, 9, 1])
    }

    private final class Lines: @unchecked Sendable {
        var all: [FailedHandshakes.Note] = []
        func add(_ note: FailedHandshakes.Note) { all.append(note) }
    }
}
