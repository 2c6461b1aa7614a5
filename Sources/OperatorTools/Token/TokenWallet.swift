import Crypto
import Foundation
import Glibc
import JOSE
package import JSON
import Octets

/// Tokens that a user at a terminal has obtained, kept between commands: one file for each issuer, client, scope and
/// resource, with mode 0600 in a folder with mode 0700.
package struct TokenWallet: Sendable {
    /// Seconds that a token must still be valid to be worth giving out.
    private static let leastSeconds: Int64 = 30
    private let path: String

    /// - Parameters:
    ///   - folder: nil: `portcullis` in `$XDG_STATE_HOME`, or in `~/.local/state`.
    ///   - names: everything that makes one token another than the next.
    package init(folder: String? = nil, names: [String?]) {
        let name = names.map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: "|")
        let digest = Base64URL.encode(Array(SHA256.hash(data: Array(name.utf8)).prefix(16)))
        path = (folder ?? Self.standardFolder) + "/token-\(digest).json"
    }

    private static var standardFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (state ?? NSHomeDirectory() + "/.local/state") + "/portcullis"
    }

    /// The response that was kept, if its access token is valid for a while yet; and its refresh token, however old it
    /// is.
    package func find(unixSeconds: Int64) -> (response: JSON?, refreshToken: String?) {
        guard let data = FileManager.default.contents(atPath: path), let kept = (try? JSON.parse(Array(data)))?.object,
            let response = kept["response"], let obtainedAt = kept["obtained_at"]?.int
        else { return (nil, nil) }
        let lifetime = response.object?["expires_in"]?.int ?? 0
        let isFresh =
            obtainedAt <= unixSeconds && obtainedAt &+ min(lifetime, 1 << 32) &- unixSeconds >= Self.leastSeconds
        return (isFresh ? response : nil, response.object?["refresh_token"]?.string)
    }

    /// Written beside and moved into place, so that there is never half a file.
    package func keep(_ response: JSON, unixSeconds: Int64) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let octets = JSON.object(["obtained_at": .integer(unixSeconds), "response": response]).serialized()
        let beside = path + ".\(getpid())"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw TokenFailure("\(beside): cannot be written") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(octets))
        try handle.close()
        guard rename(beside, path) == 0 else { throw TokenFailure("\(path): cannot be written") }
    }

    /// Removes what was kept. Not an error if there is nothing.
    package func forget() { unlink(path) }
}
