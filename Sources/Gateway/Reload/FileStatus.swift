import CoreFoundation
import Glibc
import Policy
import PolicyFile

/// What the file system says of a path. In a file of its own because Foundation's modules declare `stat` as well.
enum FileStatus {
    static func of(_ path: String) -> PolicyFileStatus {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        if status.st_mode & S_IFMT == S_IFDIR { return .folder }
        guard access(path, R_OK) == 0 else { return .unreadable }
        return .file(permissions: UInt16(truncatingIfNeeded: status.st_mode & 0o7777))
    }
}
