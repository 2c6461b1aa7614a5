import Foundation
import Policy
import Testing

@testable import PolicyFile

/// The top-level `routes.yaml` is the format's reference: it must load, and show every key and every default.
@Suite("The reference routes.yaml")
struct ReferenceTests {
    private func reading() throws -> PolicyReading {
        PolicyReader(files: StubPolicyFiles()).read(try Places.bytes("routes.yaml"), path: "routes.yaml")
    }

    @Test("it loads without findings")
    func loads() throws {
        let reading = try reading()
        #expect(reading.findings.map(\.description) == [])
        let policy = try #require(reading.policy)
        #expect(policy.routes.count == 26)
        #expect(policy.insecurities == [])
    }

    @Test("the defaults that it writes are the defaults")
    func defaults() throws {
        let policy = try #require(try reading().policy)
        #expect(policy.timeouts == Timeouts())
        #expect(policy.bounds == Bounds())
        #expect(policy.listeners[0].connectionsMax == Listener.connectionsMaxDefault)
        #expect(policy.listeners[0].connectionsPerAddressMax == Listener.connectionsPerAddressMaxDefault)
        // `payments` says nothing where `orders` writes the default.
        #expect(policy.upstreams[0].balancing == policy.upstreams[1].balancing)
        #expect(policy.upstreams[0].connectionsPerWorkerMax == policy.upstreams[1].connectionsPerWorkerMax)
        #expect(policy.upstreams[0].ejectAfterFailures == policy.upstreams[1].ejectAfterFailures)
        #expect(policy.upstreams[0].ejectionTime == policy.upstreams[1].ejectionTime)
        #expect(policy.upstreams[0].retry == policy.upstreams[1].retry)
        #expect(policy.upstreams[0].headers == policy.upstreams[1].headers)
        #expect(policy.upstreams[0].tls?.minimumVersion == policy.upstreams[1].tls?.minimumVersion)
        let withoutAudit = try Places.text("routes.yaml").components(separatedBy: "\naudit:\n")[0]
        let standard = try #require(Sample.read(withoutAudit).policy?.audit)
        #expect(policy.audit.whenFull == standard.whenFull)
        #expect(policy.audit.queueBytesMax == standard.queueBytesMax)
        #expect(policy.audit.unmatchedPerMinuteMax == standard.unmatchedPerMinuteMax)
    }

    /// Rows of the tables in docs/routes.md begin "| `key` |"; keys of the reference stand at a line's begin, perhaps
    /// commented out, or between braces.
    @Test("it and docs/routes.md explain the same keys, and those are the keys that exist")
    func keys() throws {
        let documented = Set(
            try Places.text("docs/routes.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
                .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) })
        let reference = try Places.text("routes.yaml")
        for key in documented {
            let isThere = [" \(key): ", " \(key):\n", "{\(key): ", "\n\(key): ", "\n\(key):\n"].contains(
                where: reference.contains)
            #expect(isThere, "\(key)")
        }
        // What the reader knows is what it does not call unknown.
        let known = try #require(Self.knownKeys())
        #expect(known.subtracting(documented) == [])
        #expect(documented.subtracting(known) == [])
    }

    /// Every key that this module's sources ask for.
    private static func knownKeys() -> Set<String>? {
        let folder = Places.root.appendingPathComponent("Sources/PolicyFile").resolvingSymlinksInPath()
        guard let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else {
            return nil
        }
        var keys: Set<String> = []
        let calls =
            /(?:value|list|flag|items|nested|read|node|accept)\(\s*(?:reader, |root, |upstream, |of: node, |\n\s+)?"([a-z_]+)"|^\s+\("([a-z_]+)", \\\./
            .anchorsMatchLineEndings()
        for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/Checks/") {
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
            for match in text.matches(of: calls) { (match.1 ?? match.2).map { _ = keys.insert(String($0)) } }
        }
        return keys
    }

    @Test("every code of a finding is explained in docs/findings.md, and no other")
    func codes() throws {
        let text = try Places.text("docs/findings.md")
        let section = try #require(text.components(separatedBy: "\n## Codes of findings\n").last)
        let explained = Set(section.matches(of: /`([a-z0-9_]+)`:/.anchorsMatchLineEndings()).map { String($0.1) })
        #expect(explained == Set(FindingCode.allCases.map(\.rawValue)))
    }
}
