import Foundation
import Policy
import Testing

@testable import PolicyFile

@Suite("Secrets in routes.yaml")
struct SecrecyTests {
    /// A private key instead of each value of the reference, one after the other.
    @Test("a private key that stands in the file is refused wherever it stands, and never shown")
    func pasted() throws {
        let lines = try Places.text("routes.yaml").components(separatedBy: "\n")
        var tried = 0
        for (index, line) in lines.enumerated() {
            guard let colon = line.range(of: ": "), !line.contains("# "), !line.contains("{") else { continue }
            var changed = lines
            changed[index] =
                line[..<colon.upperBound] + "\"-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----\""
            let reading = Sample.read(changed.joined(separator: "\n"))
            #expect(reading.policy == nil, "\(line)")
            #expect(reading.findings.contains { $0.code == .inlineSecret && $0.position.line == index + 1 }, "\(line)")
            let output =
                FindingReport.text(reading.findings)
                + String(decoding: FindingReport.json(reading.findings), as: UTF8.self)
            #expect(!output.contains("hunter2"))
            tried += 1
        }
        #expect(tried > 50)
    }

    @Test(
        "what stands where the name of a secret should stand is not shown",
        arguments: [
            "hunter2hunter2", "\"hunter2 hunter2\"", "{value: hunter2hunter2}", "[hunter2hunter2]",
            "{env: hunter2-hunter2}", "{env: [hunter2hunter2]}",
        ])
    func notShown(_ value: String) {
        let reading = Sample.read(Sample.top + Sample.routes + "audit: {token_key: \(value)}\n")
        #expect(reading.policy == nil)
        #expect(!FindingReport.text(reading.findings).contains("hunter2"))
    }

    @Test("a secret is named by its file, against the policy's folder, or by a variable")
    func sources() {
        let file = Sample.read(
            Sample.top + Sample.routes + "audit: {token_key: {file: secrets/audit}}\n",
            path: "/etc/portcullis/routes.yaml")
        #expect(file.policy?.audit.tokenKey == .file("/etc/portcullis/secrets/audit"))
        let variable = Sample.read(Sample.top + Sample.routes + "audit: {token_key: {env: PORTCULLIS_AUDIT_KEY}}\n")
        #expect(variable.policy?.audit.tokenKey == .environment("PORTCULLIS_AUDIT_KEY"))
    }
}
