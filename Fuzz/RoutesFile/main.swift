import Policy

#if canImport(PolicyFile)
    import PolicyFile
#endif

/// Reads the input as a `routes.yaml`.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let reading = read(octets)
    let hasErrors = reading.findings.contains { $0.severity == .error }
    precondition((reading.policy == nil) == hasErrors, "a policy with errors, or neither a policy nor an error")
    let lines = octets.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }.count
    for finding in reading.findings { check(finding, lines: lines) }
    precondition(
        zip(reading.findings, reading.findings.dropFirst()).allSatisfy { !($1.position < $0.position) },
        "findings are not in the order of their places")
    // A mark in front, as some editors write it, changes neither what the file means nor where things stand.
    if !octets.starts(with: [0xEF, 0xBB, 0xBF]) {
        let again = read([0xEF, 0xBB, 0xBF] + octets)
        precondition(again.findings == reading.findings, "a byte order mark changes the findings")
        precondition(again.policy?.summary == reading.policy?.summary, "a byte order mark changes the policy")
    }
    return 0
}

func read(_ octets: [UInt8]) -> PolicyReading { PolicyReader(files: Files()).read(octets, path: "etc/routes.yaml") }

/// What an operator is shown: one line, at a place in the file, that quotes nothing secret.
func check(_ finding: Finding, lines: Int) {
    precondition((1...lines + 1).contains(finding.position.line) && finding.position.column >= 1, "no such place")
    precondition(!finding.message.isEmpty)
    for scalar in finding.message.unicodeScalars {
        precondition(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value), "a message with control characters")
        precondition(!(0xE000...0xF8FF).contains(scalar.value), "a message with a disguised character")
        precondition(!(0x202A...0x202E).contains(scalar.value), "a message that changes its direction")
    }
    precondition(!finding.message.contains("-----BEGIN "), "a message quotes a key")
}

/// Files of which some are missing, decided by their names; those that are there hold an empty key set.
struct Files: PolicyFiles {
    func status(of path: String) -> PolicyFileStatus {
        path.contains("no") ? .missing : path.hasSuffix("/") ? .folder : .file(permissions: 0o600)
    }
    func read(_ path: String, bytesMax: Int) -> Result<[UInt8], PolicyFileFailure> {
        path.contains("no") ? .failure(PolicyFileFailure(.missing)) : .success(Array(#"{"keys": []}"#.utf8))
    }
    func keyPairFindings(chain: String, key: String) -> [PolicyFileFinding] { [] }
    func authorityFindings(path: String) -> [PolicyFileFinding] { [] }
    func sha256(_ bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: 7, count: 32) }
    var descriptorsMax: Int? { 4_096 }
    var processors: Int { 2 }
}
