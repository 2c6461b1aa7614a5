import Policy

/// Gathers the findings of one reading, so that an operator sees all of them in one run.
///
/// Bounded: a file of a mebibyte can hold a hundred thousand mistakes, and nobody reads more than a thousand.
final class FindingCollector {
    static let findingsMax = 1_000

    let file: String
    private var findings: [Finding] = []
    private(set) var errorCount = 0

    init(file: String) {
        self.file = file
    }

    var hasErrors: Bool { errorCount > 0 }

    func error(_ code: FindingCode, at position: SourcePosition, _ message: String) {
        add(Finding(file: file, position: position, severity: .error, code: code, message: message))
    }

    func warning(_ code: FindingCode, at position: SourcePosition, _ message: String) {
        add(Finding(file: file, position: position, severity: .warning, code: code, message: message))
    }

    /// What a message quotes is escaped where it is quoted; here for the one that forgot.
    func add(_ finding: Finding) {
        var finding = finding
        finding.message = Shown.line(finding.message)
        if finding.severity == .error { errorCount += 1 }
        if findings.count < Self.findingsMax, !findings.contains(finding) { findings.append(finding) }
    }

    /// By place, those of other files last; at one place in the order in which they were found.
    var sorted: [Finding] {
        findings.enumerated()
            .sorted { one, other in
                let (left, right) = (one.element, other.element)
                guard left.file == right.file else {
                    return left.file == file || right.file != file && left.file < right.file
                }
                return (left.position, one.offset) < (right.position, other.offset)
            }
            .map(\.element)
    }
}
