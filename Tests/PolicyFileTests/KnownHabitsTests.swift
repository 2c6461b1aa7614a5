import Testing

@testable import PolicyFile

@Suite("keys of other gateways")
struct KnownHabitsTests {
    @Test(
        "who writes them is told what they are called here, however they are spelt",
        arguments: [
            ("rate-limiting", "limits: [per_client]"), ("Strip_Path", "forwarded as they are"),
            ("plugins", "require, limits"),
            ("health_check", "ejection"), ("services", "upstreams"), ("access_log", "audit"),
        ])
    func told(key: String, hint: String) throws {
        let text = """
            version: 1
            listeners: [{address: "127.0.0.1:8443", insecure_plaintext: true}]
            routes:
              - {id: a, match: {path: /a}, public: true, local: health, "\(key)": {}}
            audit: {file: {path: audit.jsonl}}
            """
        let reading = PolicyReader(files: StubPolicyFiles()).read(Array(text.utf8), path: "routes.yaml")
        let findings = reading.findings.map(\.description)
        #expect(findings.contains { $0.contains("unknown key \"\(key)\"") && $0.contains(hint) }, "\(findings)")
    }
}
