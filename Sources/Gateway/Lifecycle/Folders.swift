import Foundation

extension GatewayServer {
    /// Makes the folder of a file that is about to be written, for this user only.
    package static func makeFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        guard !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            // Foundation does not always say why; the system does.
            errno = 0
            let code = mkdir(folder, 0o700) == 0 ? 0 : errno
            guard code != 0 else { return }
            throw MissingFolder(path: path, reason: String(cString: strerror(code)))
        }
    }
}

/// A file cannot be written where the policy says, because its folder is not there and cannot be made.
struct MissingFolder: Error, Equatable, CustomStringConvertible {
    /// Of the file.
    let path: String
    /// As the system has it.
    let reason: String

    var description: String {
        "the folder of \(path) is not there and cannot be made: \(reason); make it, or name another file in routes.yaml"
    }
}
