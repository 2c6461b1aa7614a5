import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("time, which nobody edits, makes no policy invalid")
struct CertificateTimeTests {
    /// A second host, a second upstream, and what has run out beside what has not.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What is written over the good files.
        var spoil: @Sendable (TestCertificates, TemporaryFolder) throws -> Void
        var file: String
        var alarm = "expired"
        /// A path that fails meanwhile; nil: none.
        var failing: String?
    }

    private static func old(_ request: TestCertificateRequest, from: Int = -7_200, until: Int = -3_600)
        -> TestCertificateRequest
    {
        var request = request
        (request.validFrom, request.validUntil) = (from, until)
        return request
    }

    private static func write(_ certificate: TestCertificate, _ name: String, to folder: TemporaryFolder) throws {
        try folder.write(certificate.chain, to: "certs/\(name).pem")
        try folder.write(certificate.key, to: "certs/\(name).key", permissions: 0o600)
    }

    private static let host = TestCertificateRequest("other", dnsNames: ["other.example"], purpose: .server)
    private static let identity = TestCertificateRequest(
        "gateway", uris: ["spiffe://example.org/gateway"], purpose: .client)

    static let cases = [
        Case(
            testDescription: "the certificate of one host has expired",
            spoil: { try write($0.authority.issue(old(host)), "other", to: $1) }, file: "other.pem"),
        Case(
            testDescription: "the certificate of one host is not valid yet",
            spoil: { try write($0.authority.issue(old(host, from: 3_600, until: 7_200)), "other", to: $1) },
            file: "other.pem", alarm: "not_yet_valid"),
        Case(
            testDescription: "the client certificate towards one upstream has expired",
            spoil: { try write($0.upstreamAuthority.issue(old(identity)), "second", to: $1) }, file: "second.pem",
            failing: "/second/"),
        Case(
            testDescription: "all authorities of one upstream have expired",
            spoil: { try $1.write(expiredAuthority().pem, to: "certs/second-ca.pem") }, file: "second-ca.pem",
            failing: "/second/"),
        Case(
            testDescription: "one authority of several has expired",
            spoil: { try $1.write(expiredAuthority().pem + $0.upstreamAuthority.pem, to: "certs/second-ca.pem") },
            file: "second-ca.pem"),
        Case(
            testDescription: "an authority has expired whose renewal, of the same name and key, stands behind it",
            spoil: {
                try $1.write(
                    $0.upstreamAuthority.otherPEM(validFrom: -7_200, validUntil: -3_600) + $0.upstreamAuthority.pem,
                    to: "certs/second-ca.pem")
            }, file: "second-ca.pem"),
        Case(
            testDescription: "the authorities of client certificates have expired",
            spoil: { try $1.write(expiredAuthority().pem, to: "certs/client-ca.pem") }, file: "client-ca.pem"),
    ]

    private static func expiredAuthority() throws -> TestAuthority {
        try TestAuthority("Old authority", validFrom: -7_200, validUntil: -3_600)
    }

    private static let routes =
        GatewayHarness.routes + """

            - id: second
              match: {path: "/second/{rest...}"}
              public: true
              upstream: second
            """

    private static func edit(_ text: String) -> String {
        text.replacingOccurrences(
            of: "[{chain: certs/gateway.pem, key: certs/gateway.key}]",
            with: "[{chain: certs/gateway.pem, key: certs/gateway.key}, {chain: certs/other.pem, key: certs/other.key}]"
        ).replacingOccurrences(
            of: "\nroutes:",
            with: """

                  second:
                    endpoints: [\(text.split(separator: "endpoints: [").last?.split(separator: "]").first ?? "")]
                    tls:
                      authorities: certs/second-ca.pem
                      certificate: {chain: certs/second.pem, key: certs/second.key}
                      identity: spiffe://example.org/orders
                routes:
                """)
    }

    private static func writeGood(_ certificates: TestCertificates, to folder: TemporaryFolder) throws {
        try write(certificates.authority.issue(host), "other", to: folder)
        try write(certificates.upstreamAuthority.issue(identity), "second", to: folder)
        try folder.write(certificates.upstreamAuthority.pem, to: "certs/second-ca.pem")
        try folder.write(certificates.clientAuthority.pem, to: "certs/client-ca.pem")
    }

    /// Places of alarms are told apart by their file.
    private func alarms(_ report: JSONObject) -> [String] {
        (report["certificates"]?.array ?? []).compactMap(\.object).map { state in
            let file = (state["file"]?.string ?? "").split(separator: "/").last.map(String.init) ?? ""
            return "\(file) \(state["alarm"]?.string ?? "")"
        }
    }

    @Test("at the start: only what needs it fails, and health says so", arguments: cases)
    func start(_ kind: Case) async throws {
        let certificates = try TestCertificates.shared()
        try await GatewayHarness.run(
            routes: Self.routes, edit: Self.edit,
            prepare: {
                try Self.writeGood(certificates, to: $0)
                try kind.spoil(certificates, $0)
            }
        ) { harness in
            try await served(harness, kind)
            // The renewal is taken up by the reload.
            try Self.writeGood(certificates, to: harness.gateway.folder)
            try await harness.gateway.reload()
            try await well(harness, reloads: 1)
        }
    }

    @Test("at a reload: it is in force, and so is its renewal", arguments: cases)
    func reload(_ kind: Case) async throws {
        let certificates = try TestCertificates.shared()
        try await GatewayHarness.run(
            routes: Self.routes, edit: Self.edit, prepare: { try Self.writeGood(certificates, to: $0) }
        ) { harness in
            try await well(harness, reloads: 0)
            try kind.spoil(certificates, harness.gateway.folder)
            try await harness.gateway.reload()
            try await eventually("the reload") { try await harness.healthReport()["reloads"] == 1 }
            try await served(harness, kind)
            try Self.writeGood(certificates, to: harness.gateway.folder)
            try await harness.gateway.reload()
            try await well(harness, reloads: 2)
        }
    }

    private func served(_ harness: GatewayHarness, _ kind: Case) async throws {
        let report = try await harness.healthReport()
        #expect(report["status"] == "degraded")
        #expect(report["reload_error"] == .null)
        #expect(alarms(report) == ["\(kind.file) \(kind.alarm)"])
        let place = report["certificates"]?.array?.first?.object?["place"]?.string
        #expect(place?.contains("routes.yaml:") == true)
        #expect(try await harness.answer("/open/").status == 200)
        #expect(try await harness.answer("/second/").status == (kind.failing == "/second/" ? 502 : 200))
    }

    private func well(_ harness: GatewayHarness, reloads: Int64) async throws {
        let report = try await eventually("reload \(reloads)") { () -> JSONObject? in
            let report = try await harness.healthReport()
            return report["reloads"]?.int == reloads ? report : nil
        }
        #expect(report["status"] == "ok")
        #expect(report["certificates"] == [])
        #expect(try await harness.answer("/open/").status == 200)
        try await eventually("the upstream to be tried again") { try await harness.answer("/second/").status == 200 }
    }
}
