package import Foundation

/// A folder of its own for one test, removed with everything in it when the last reference to it goes.
package final class TemporaryFolder: Sendable {
    package let url: URL

    /// Below the system's folder for temporary files, readable by this user only.
    package init(_ purpose: String = "portcullis-test") throws {
        url = FileManager.default.temporaryDirectory.appending(
            path: "\(purpose)-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The path of something inside, whether it exists or not.
    package func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file in one step, with the folders above it.
    @discardableResult
    package func write(_ octets: [UInt8], to name: String, permissions: Int = 0o644) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(octets).write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file.path)
        return file.path
    }

    @discardableResult
    package func write(_ text: String, to name: String, permissions: Int = 0o644) throws -> String {
        try write(Array(text.utf8), to: name, permissions: permissions)
    }

    /// The octets of a file inside.
    package func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url.appending(path: name))) }

    /// Whether there is anything of this name.
    package func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}
