import CoreFoundation
import Foundation
import Glibc

/// The file of the database, before SQLite opens it: there, and ours alone.
///
/// It is never opened here once it exists: closing a file drops the locks that SQLite in the same process has on it.
enum DatabaseFile {
    static let mode: mode_t = 0o600
    /// In the header of every file of ours (`PRAGMA application_id`): "PCUL".
    static let applicationID: Int32 = 0x5043_554C

    /// Makes the file with its final mode, and its folder, when they are missing. SQLite gives the mode of the file to
    /// its `-wal` and `-shm`, so that nothing is ever readable for others, not for a moment.
    static func prepare(_ path: String, creating: Bool) throws(StorageError) {
        var status = stat()
        if stat(path, &status) != 0 {
            guard errno == ENOENT else { throw StorageError(path, "cannot be opened: \(reason(errno))") }
            guard creating else { throw StorageError(path, "does not exist; \(whoMakesIt)") }
            try create(path)
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StorageError(path, "is not a file") }
        guard access(path, R_OK | W_OK) == 0 else { throw StorageError(path, "cannot be opened: \(reason(errno))") }
        guard status.st_mode & 0o077 == 0 else {
            let octal = String(status.st_mode & 0o777, radix: 8)
            throw StorageError(
                path,
                "holds the keys that tokens are signed with and has mode 0\(octal): others may open it; chmod 600 it")
        }
    }

    /// The end of a message that there is none.
    static let whoMakesIt =
        "it is made when the gateway starts, or by \"portcullis client add\" or \"portcullis user add\""

    /// Runs `body` while no other process does the same for a database in this folder: two that start at once must not
    /// both give birth to it.
    static func whileAlone<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw StorageError(path, "cannot be opened: \(reason(errno))") }
        defer { close(folder) }
        while flock(folder, LOCK_EX) != 0 {
            guard errno == EINTR else { throw StorageError(path, "cannot be locked: \(reason(errno))") }
        }
        return try body()
    }

    /// Which file it is, whatever its name leads to later.
    struct Identity: Sendable, Equatable {
        let device: dev_t
        let inode: ino_t
    }

    /// nil: the name leads nowhere.
    static func identity(of path: String) -> Identity? {
        var status = stat()
        return stat(path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }

    private static func create(_ path: String) throws(StorageError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StorageError(path, "cannot be made: its folder cannot be made")
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        // Another process was faster: then the file is there, with the same mode.
        if descriptor < 0, errno == EEXIST { return }
        guard descriptor >= 0 else { throw StorageError(path, "cannot be made: \(reason(errno))") }
        close(descriptor)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// Why the database cannot be used. The gateway does not start then: it would rather issue no token than one signed
/// with a key that nobody knows tomorrow.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    /// The file, or the database as a URL without its password.
    package let path: String
    /// A sentence without the file's name in front.
    package let message: String
    package var description: String { "database \(path) \(message)" }

    package init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}
