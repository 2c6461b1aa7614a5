import Octets
package import Policy

/// What came of reading a `routes.yaml`.
package struct PolicyReading: Sendable {
    /// nil when there is an error among the findings.
    package var policy: Policy?
    /// All of them, by place.
    package var findings: [Finding]
    /// Where keys stand, by their path as in `bounds.head_max` or `listeners[0].address`: for what is found out later. Without
    /// those of routes, and three levels deep.
    package var places: [String: SourcePosition] = [:]

    init(policy: Policy?, findings: [Finding]) {
        self.policy = policy
        self.findings = findings
    }
}

/// Reads `routes.yaml`: octets in, a checked `Policy` and all findings out.
///
/// Text, document, sections, checks between sections, files: each step notes what it finds and goes on, so that one run
/// shows everything. Pure but for the port.
package struct PolicyReader {
    /// A policy of 10,000 routes has about 2 MiB of JSON elsewhere; in this YAML a mebibyte is some 5,000 routes.
    package static let fileBytesMax = 1_048_576

    private let files: any PolicyFiles
    private let obtainable: ObtainableScopes?

    /// - Parameter obtainable: what clients may obtain; nil: not known, and nothing is said of it.
    package init(files: any PolicyFiles, obtainable: ObtainableScopes? = nil) {
        self.files = files
        self.obtainable = obtainable
    }

    /// Reads the file at the path; its name in findings is the path as given.
    package func read(fileAt path: String) -> PolicyReading {
        switch files.read(path, bytesMax: Self.fileBytesMax) {
        case .success(let bytes): return read(bytes, path: path)
        case .failure(let failure):
            let findings = FindingCollector(file: path)
            switch failure.reason {
            case .missing: findings.error(.fileUnreadable, at: .start, "there is no such file")
            case .unreadable: findings.error(.fileUnreadable, at: .start, "the file cannot be read: no permission")
            case .tooLarge: findings.error(.fileTooLarge, at: .start, DocumentText.tooLargeMessage)
            }
            return PolicyReading(policy: nil, findings: findings.sorted)
        }
    }

    /// Reads octets as if they stood at the path, against whose folder the paths inside are resolved.
    package func read(_ bytes: [UInt8], path: String) -> PolicyReading {
        let findings = FindingCollector(file: path)
        let context = ReadingContext(findings: findings, files: files, folder: FilePath.folder(of: path))
        let document = DocumentParser(findings: findings).parse(bytes)
        let draft = document.flatMap { PolicyDraft(reading: $0, context) }
        draft?.check()
        if let draft, let obtainable {
            ObtainableScopeCheck(draft: draft, obtainable: obtainable).run()
            ProofKeyCheck(draft: draft, clients: obtainable.clientsWithoutPKCE).run()
        }
        guard let draft, !findings.hasErrors, let policy = draft.policy(hash: fingerprint(of: bytes)) else {
            return PolicyReading(policy: nil, findings: findings.sorted)
        }
        PublishedNameCheck(draft: draft, policy: policy).run()
        var reading = PolicyReading(policy: policy, findings: findings.sorted)
        document?.addPlaces(to: &reading.places, below: "", depth: 3)
        return reading
    }

    private func fingerprint(of bytes: [UInt8]) -> String {
        Hex.text(of: files.sha256(bytes).prefix(8))
    }
}
