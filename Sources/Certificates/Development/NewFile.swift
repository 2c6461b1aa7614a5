import Foundation
import Glibc

/// Files that appear whole or not at all, with their final mode from the first moment.
enum NewFile {
    /// For keys: nobody but the owner.
    static let privateMode: mode_t = 0o600
    static let publicMode: mode_t = 0o644

    /// Writes to a temporary name in the same folder (`O_CREAT|O_EXCL`), syncs, and moves it to its name. Without
    /// `replacing`, a file that is there already is never touched and the call throws.
    static func write(_ text: String, to path: String, mode: mode_t, replacing: Bool) throws(NewFileError) {
        let temporary = path + ".new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw NewFileError(path: path, doing: "create", code: errno) }
        var isOpen = true
        defer {
            if isOpen { close(descriptor) }
            unlink(temporary)
        }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw NewFileError(path: path, doing: "write", code: written == 0 ? EIO : errno) }
            rest = rest.dropFirst(written)
        }
        // The umask may have taken bits from a public file, never added one.
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
            throw NewFileError(path: path, doing: "write", code: errno)
        }
        isOpen = false
        guard close(descriptor) == 0 else { throw NewFileError(path: path, doing: "write", code: errno) }
        let moved = replacing ? rename(temporary, path) : link(temporary, path)
        guard moved == 0 else { throw NewFileError(path: path, doing: "create", code: errno) }
    }
}

/// A file that could not be written, and why.
package struct NewFileError: Error, Sendable, CustomStringConvertible {
    let path: String
    let doing: String
    let code: Int32
    package var description: String { "cannot \(doing) \(path): \(String(cString: strerror(code)))" }
}
