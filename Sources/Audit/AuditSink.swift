import Glibc

/// Where records go.
package enum AuditSink: Sendable, Equatable {
    case standardOutput
    /// A file, appended to, mode 0600. Before it would exceed `rotateBytes` it becomes `path.1`, that one `path.2`, up
    /// to `keep` of them.
    case file(path: String, rotateBytes: Int, keep: Int)
}

/// The sink cannot be opened.
package struct AuditSinkError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Why the sink did not take what it was given.
struct SinkFailure: Error {
    let number: Int32
    var text: String { String(cString: strerror(number)) }
}

/// The open end of a sink; used by the writer's thread only.
struct OpenSink: ~Copyable {
    private let sink: AuditSink
    private var file: OpenFile

    init(_ sink: AuditSink) throws(AuditSinkError) {
        self.sink = sink
        switch sink {
        case .standardOutput:
            file = OpenFile(standardOutput: 1)
        case .file(let path, _, _):
            do throws(SinkFailure) {
                file = try OpenFile(path)
            } catch {
                throw AuditSinkError(description: "\(path): cannot be opened for audit records: \(error.text)")
            }
        }
    }

    /// How long a batch waits for another process that writes to the file: many times what a record takes. Then it goes
    /// on without: a process that was stopped in the middle must not hold up the gateway.
    private static let lockMilliseconds = 1_000
    private var isShared = false

    /// Before a batch: nobody else who keeps to the lock writes until `end`. Rotates first if that is due.
    mutating func begin(before count: Int) {
        isShared = true
        _ = file.lock(within: Self.lockMilliseconds)
        rotateIfDue(before: count)
    }

    mutating func end() {
        isShared = false
        file.unlock()
    }

    /// Octets taken, at least one.
    mutating func write(_ octets: ArraySlice<UInt8>) -> Result<Int, SinkFailure> { file.write(octets) }

    /// Takes back the last octets that were written. False: that cannot be done here.
    mutating func takeBack(_ count: Int) -> Bool { file.takeBack(count) }

    /// Opens what the path leads to now. False: the old file goes on, because the path cannot be opened or there is
    /// none.
    @discardableResult
    mutating func reopen() -> Bool {
        guard case .file(let path, _, _) = sink, let opened = try? OpenFile(path) else { return false }
        file = opened
        if isShared { _ = file.lock(within: Self.lockMilliseconds) }
        return true
    }

    /// Called between batches, which are whole records. A rotation that fails leaves the file as it is: it grows, and
    /// nothing is lost.
    mutating func rotateIfDue(before count: Int) {
        guard case .file(let path, let rotateBytes, let keep) = sink, file.isRegular, file.size > 0,
            rotateBytes > 0, file.size + count > rotateBytes
        else { return }
        // Moved away by somebody else, or by a rotation that could not open the new file: there is nothing to rename.
        guard file.isStill(at: path) else {
            reopen()
            return
        }
        if keep > 0 {
            guard Self.shift(path, keep: keep), rename(path, "\(path).1") == 0 else { return }
        } else {
            guard unlink(path) == 0 else { return }
        }
        reopen()
    }

    /// Makes room for `path.1`. False: one of them cannot be moved, and so must not be written over either.
    private static func shift(_ path: String, keep: Int) -> Bool {
        for number in stride(from: keep - 1, through: 1, by: -1) {
            guard rename("\(path).\(number)", "\(path).\(number + 1)") == 0 || errno == ENOENT else { return false }
        }
        return true
    }
}
