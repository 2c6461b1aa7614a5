internal import Glibc

/// Where records go.
package enum AuditSink: Sendable, Equatable {
    case standardOutput
    /// A file, appended to, mode 0600; at `rotateBytes` it becomes `path.1`, that one `path.2`, up to `keep` of them.
    case file(path: String, rotateBytes: Int, keep: Int)
}

/// The sink cannot be opened.
package struct AuditSinkError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The open end of a sink; used by the writer's thread only.
struct OpenSink: ~Copyable {
    private let sink: AuditSink
    private var descriptor: Int32
    private var size: Int

    init(_ sink: AuditSink) throws(AuditSinkError) {
        self.sink = sink
        switch sink {
        case .standardOutput:
            descriptor = 1
            size = 0
        case .file(let path, _, _):
            (descriptor, size) = try Self.openFile(path)
        }
    }

    deinit {
        if descriptor > 2 { Glibc.close(descriptor) }
    }

    /// Octets taken, or the error number.
    mutating func write(_ octets: ArraySlice<UInt8>) -> Result<Int, SinkFailure> {
        let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { return .failure(SinkFailure(number: errno)) }
        size += count
        return .success(count)
    }

    /// Called between records. A rotation that fails leaves the file as it is: it grows, and nothing is lost.
    mutating func rotateIfDue() {
        guard case .file(let path, let rotateBytes, let keep) = sink, rotateBytes > 0, size >= rotateBytes else { return }
        if keep > 0 {
            for number in stride(from: keep - 1, through: 1, by: -1) { rename("\(path).\(number)", "\(path).\(number + 1)") }
            guard rename(path, "\(path).1") == 0 else { return }
        } else if unlink(path) != 0 {
            return
        }
        reopen()
    }

    /// The new file first: when it cannot be opened, the old one goes on.
    mutating func reopen() {
        guard case .file(let path, _, _) = sink, let opened = try? Self.openFile(path) else { return }
        Glibc.close(descriptor)
        (descriptor, size) = opened
    }

    private static func openFile(_ path: String) throws(AuditSinkError) -> (Int32, Int) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw AuditSinkError(description: "\(path): cannot be opened for audit records: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        let size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
        return (descriptor, size)
    }
}

struct SinkFailure: Error {
    let number: Int32
    var text: String { String(cString: strerror(number)) }
}
