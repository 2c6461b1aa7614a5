/// The audit file of a gateway that may be running, for a process beside it that has a change to record: the command
/// line.
package enum AuditFile {
    /// How long the gateway may be in the middle of writing. Longer: the disk takes nothing.
    private static let lockMilliseconds = 5_000
    /// How often the file is looked for again when the gateway rotates it in between. Each time a whole file was
    /// filled, so the disk takes what is written: only a machine that leaves this process no time comes to the end of
    /// it.
    private static let attemptsMax = 1_000

    /// Whether a record could be appended; asked before something is changed. Makes the file where there is none.
    package static func check(_ path: String) throws(AuditSinkError) {
        _ = try opened(path)
    }

    /// Appends a record, whole and on a line of its own, to the file that is at the path when it is written.
    package static func append(_ record: ChangeRecord, to path: String) throws(AuditSinkError) {
        for _ in 0..<attemptsMax {
            var file = try opened(path)
            guard file.lock(within: lockMilliseconds) else { throw failure(path, "another process holds it") }
            defer { file.unlock() }
            guard file.isStill(at: path) else { continue }
            var offset = 0
            while offset < record.octets.count {
                switch file.write(record.octets[offset...]) {
                case .success(let count): offset += count
                case .failure(let reason):
                    _ = file.takeBack(offset)
                    throw failure(path, reason.text)
                }
            }
            return
        }
        throw failure(path, "it was replaced \(attemptsMax) times in a row")
    }

    private static func opened(_ path: String) throws(AuditSinkError) -> OpenFile {
        do throws(SinkFailure) { return try OpenFile(path) } catch { throw failure(path, error.text) }
    }

    private static func failure(_ path: String, _ reason: String) -> AuditSinkError {
        AuditSinkError(description: "\(path): no audit record can be written: \(reason)")
    }
}
