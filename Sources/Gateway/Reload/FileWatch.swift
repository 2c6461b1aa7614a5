import CoreFoundation
import Glibc

/// The state of the files that a policy was made from, so that a change can be noticed by looking again.
///
/// Looking (device, inode, size, time of change) also sees what a file event would miss: a mounted secret whose folder
/// is exchanged by renaming a symbolic link.
struct FileWatch: Sendable, Equatable {
    private struct Mark: Sendable, Equatable {
        var device: UInt64 = 0
        var inode: UInt64 = 0
        var size: Int64 = 0
        var seconds: Int = 0
        var nanoseconds: Int = 0
    }

    private var marks: [String: Mark] = [:]

    /// To be taken before the files are read: what changes while they are read is then seen as a change.
    init(paths: [String]) { add(paths) }

    mutating func add(_ paths: [String]) {
        for path in paths where marks[path] == nil { marks[path] = Self.mark(path) }
    }

    /// The files whose state is another now.
    func changed() -> [String] {
        marks.filter { Self.mark($0.key) != $0.value }.map(\.key).sorted()
    }

    private static func mark(_ path: String) -> Mark {
        var status = stat()
        guard stat(path, &status) == 0 else { return Mark() }
        return Mark(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
