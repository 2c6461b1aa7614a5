import Foundation
package import JSON

/// A gateway for one test: a folder of its own with policy, certificates and keys, a port that the kernel picked, and
/// the audit records that it writes. Stop it at the end of the test.
package final class TestGateway: Sendable {
    static let auditFile = "audit.jsonl"
    static let policyFile = "routes.yaml"

    package let folder: TemporaryFolder
    package let certificates: TestCertificates
    /// The process, or the server inside this one.
    package let running: any RunningGateway
    /// Of its first listener.
    package var port: Int { running.ports.first ?? 0 }
    /// `https://localhost:PORT`
    package var url: String { "https://localhost:\(port)" }

    /// Writes the files and starts a gateway.
    /// - Parameters:
    ///   - runner: nil: in this process, or as the program where `PORTCULLIS_TEST_PROGRAM` is set.
    ///   - listeners: how many the policy has.
    ///   - prepare: changes files before the start.
    package static func start(
        _ policy: TestPolicy, certificates: TestCertificates, runner: (any GatewayRunner)? = nil, listeners: Int = 1,
        prepare: (TemporaryFolder) throws -> Void = { _ in }
    ) async throws -> TestGateway {
        try await start(
            policyText: policy.text, issuers: policy.issuers, certificates: certificates, runner: runner,
            listeners: listeners,
            prepare: prepare)
    }

    /// The same from the text of a `routes.yaml`, whose paths begin in the gateway's folder.
    package static func start(
        policyText: String, issuers: [TestIssuer] = [], certificates: TestCertificates,
        runner: (any GatewayRunner)? = nil,
        listeners: Int = 1, prepare: (TemporaryFolder) throws -> Void = { _ in }
    ) async throws -> TestGateway {
        let folder = try TemporaryFolder("portcullis-gateway")
        try certificates.write(to: folder)
        for issuer in issuers { try issuer.writeKeys(to: folder, as: "certs/\(issuer.name).jwks.json") }
        let path = try folder.write(policyText, to: policyFile)
        try prepare(folder)
        let running = try await (runner ?? TestGateway.runnerDefault()).start(policyPath: path, listeners: listeners)
        return TestGateway(folder: folder, certificates: certificates, running: running)
    }

    /// In this process, or, where `PORTCULLIS_TEST_PROGRAM` is set, as the program: the same tests, over a process
    /// boundary.
    private static func runnerDefault() throws -> any GatewayRunner {
        let asProgram = ProcessInfo.processInfo.environment["PORTCULLIS_TEST_PROGRAM"] != nil
        return asProgram ? try ProgramRunner.built() : InProcessRunner()
    }

    private init(folder: TemporaryFolder, certificates: TestCertificates, running: any RunningGateway) {
        self.folder = folder
        self.certificates = certificates
        self.running = running
    }

    // MARK: Clients

    /// A client on libcurl that trusts the gateway's authority, and no other.
    package func client(certificate: TestCertificate? = nil, port other: Int? = nil) throws -> CurlClient {
        try CurlClient(
            CurlSettings(authorities: certificates.authority.pem, certificate: certificate, port: other ?? port))
    }

    /// A client that sends any octets.
    package func rawClient(_ change: (inout RawClientSettings) -> Void = { _ in }) async throws -> RawTLSClient {
        var settings = RawClientSettings(tls: TLSSettings(authorities: certificates.authority.pem))
        change(&settings)
        return try await RawTLSClient.connect(port: port, settings)
    }

    // MARK: Life

    /// Puts another policy in place of the one that stands there, in one step. It takes effect with `reload`.
    package func write(policy text: String) throws { try folder.write(text, to: Self.policyFile) }

    /// Makes it read its files again; whether it liked them shows later.
    package func reload() async throws { try await running.reload() }

    /// Drains it and waits for its end.
    package func stop() async throws { try await running.stop() }

    // MARK: Audit

    /// The audit records written so far, in their order.
    package func auditRecords() throws -> [JSONObject] {
        guard folder.exists(Self.auditFile) else { return [] }
        // What stands behind the last line feed is still being written.
        let lines = try folder.read(Self.auditFile).split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        return try lines.map { line in
            guard let record = try JSON.parse(Array(line)).object else { throw MessageError.truncated }
            return record
        }
    }

    /// Waits until there are so many audit records, and gives them all.
    package func auditRecords(atLeast count: Int) async throws -> [JSONObject] {
        try await eventually("\(count) audit records") {
            let records = try self.auditRecords()
            return records.count >= count ? records : nil
        }
    }

    /// Waits for the one audit record that has this value.
    package func auditRecord(where name: String, is value: JSON) async throws -> JSONObject {
        try await eventually("an audit record with \(name) \(value)") {
            try self.auditRecords().first { $0[name] == value }
        }
    }

    /// Waits for the record of an answer, which has its `X-Request-Id`.
    package func auditRecord(of answer: CurlResponse) async throws -> JSONObject {
        try await auditRecord(of: answer.fields)
    }

    /// The same for an answer that a raw client has read.
    package func auditRecord(of answer: RawAnswer) async throws -> JSONObject {
        try await auditRecord(of: answer.fields)
    }

    private func auditRecord(of fields: [HeaderField]) async throws -> JSONObject {
        guard let id = fields.value("x-request-id") else { throw DeadlinePassed("an X-Request-Id in \(fields)") }
        return try await eventually("the audit record of request \(id)") {
            try self.auditRecords().first { $0["request_id"] == .string(id) && $0["change"] == nil }
        }
    }

    /// Waits for the record of a change that an answer made.
    package func changeRecord(of answer: CurlResponse) async throws -> JSONObject {
        guard let id = answer.fields.value("x-request-id") else {
            throw DeadlinePassed("an X-Request-Id in \(answer.fields)")
        }
        return try await eventually("the record of a change by request \(id)") {
            try self.auditRecords().first { $0["request_id"] == .string(id) && $0["change"] != nil }
        }
    }
}
