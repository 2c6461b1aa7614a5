import Foundation
import Policy
import Testing

@testable import PolicyFile

@Suite("Reading a policy")
struct ReadingTests {
    @Test("paths are resolved against the folder of routes.yaml")
    func folders() throws {
        let text = Sample.top + Sample.routes
        let chain = { (path: String) in
            Sample.read(text, path: path).policy?.listeners.first?.tls?.certificates.first?.chain
        }
        #expect(chain("routes.yaml") == "certs/gateway.pem")
        #expect(chain("./routes.yaml") == "./certs/gateway.pem")
        #expect(chain("/etc/portcullis/routes.yaml") == "/etc/portcullis/certs/gateway.pem")
        #expect(chain("/routes.yaml") == "/certs/gateway.pem")
    }

    @Test("the policy is named by the hash of the file's octets")
    func hash() {
        #expect(Sample.read(Sample.top + Sample.routes).policy?.hash == "0a1b2c3d4e5f7081")
    }

    @Test(
        "a file that is not there is a finding",
        arguments: [
            (PolicyFileFailure.Reason.missing, "there is no such file"),
            (.unreadable, "the file cannot be read: no permission"),
            (.tooLarge, "the file is larger than 1 MiB; nothing was read"),
        ])
    func missing(_ reason: PolicyFileFailure.Reason, _ message: String) {
        let reading = PolicyReader(files: FailingFiles(reason: reason)).read(fileAt: "etc/routes.yaml")
        #expect(reading.policy == nil)
        #expect(reading.findings.map(\.description) == ["etc/routes.yaml:1:1: error: \(message)"])
    }

    @Test("findings come in JSON for editors and CI")
    func json() throws {
        let reading = Sample.read(Sample.top + Sample.routes + "colour: \"\\u00e9\"\n")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(FindingReport.json(reading.findings))) as? [String: Any])
        #expect(object["errors"] as? Int == 1)
        #expect(object["warnings"] as? Int == 0)
        let finding = try #require((object["findings"] as? [[String: Any]])?.first)
        #expect(finding["file"] as? String == "routes.yaml")
        #expect(finding["line"] as? Int == 11)
        #expect(finding["column"] as? Int == 1)
        #expect(finding["severity"] as? String == "error")
        #expect(finding["code"] as? String == "unknown_key")
        #expect(finding["message"] as? String == "unknown key \"colour\" in the file")
        let nothing = try #require(
            try JSONSerialization.jsonObject(with: Data(FindingReport.json([]))) as? [String: Any])
        #expect((nothing["findings"] as? [Any])?.isEmpty == true)
    }

    @Test("findings are text, one a line, by place")
    func text() {
        let reading = Sample.read("version: 1\nlisteners: []\nroutes: []\ncolour: blue\n")
        #expect(
            FindingReport.text(reading.findings) == """
                routes.yaml:2:1: error: "listeners" is empty; the gateway must listen somewhere
                routes.yaml:3:1: error: "routes" is empty; nothing is let through without one
                routes.yaml:4:1: error: unknown key "colour" in the file

                """)
    }

    @Test("a thousand findings are enough")
    func bounded() {
        let text = Sample.top + Sample.routes + (0..<3_000).map { "k\($0): 1\n" }.joined()
        let reading = Sample.read(text)
        #expect(reading.policy == nil)
        #expect(reading.findings.count == 1_000)
    }
}

private struct FailingFiles: PolicyFiles {
    var reason: PolicyFileFailure.Reason

    func status(of path: String) -> PolicyFileStatus { .missing }
    func read(_ path: String, bytesMax: Int) -> Result<[UInt8], PolicyFileFailure> {
        .failure(PolicyFileFailure(reason))
    }
    func keyPairFindings(chain: String, key: String) -> [PolicyFileFinding] { [] }
    func authorityFindings(path: String) -> [PolicyFileFinding] { [] }
    func sha256(_ bytes: [UInt8]) -> [UInt8] { [] }
    var descriptorsMax: Int? { nil }
    var processors: Int { 2 }
}
