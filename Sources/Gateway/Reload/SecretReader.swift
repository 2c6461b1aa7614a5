import Foundation
import Policy

/// Secrets come from files and the environment, and from nowhere else.
enum SecretReader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ source: SecretSource, octetsMin: Int) throws -> [UInt8] {
        let octets = try read(source)
        guard octets.count >= octetsMin else {
            throw Failure(
                description:
                    "\(name(of: source)): the secret has \(octets.count) octets; it needs \(octetsMin) at least")
        }
        return octets
    }

    /// A secret that operators have written: without a line feed at its end.
    static func text(_ source: SecretSource) throws -> String {
        let octets = try read(source)
        let text = String(validating: octets.last == 0x0A ? octets.dropLast() : octets[...], as: UTF8.self)
        guard let text, !text.isEmpty, !text.utf8.contains(0) else {
            throw Failure(description: "\(name(of: source)): the secret is no text")
        }
        return text
    }

    private static func name(of source: SecretSource) -> String {
        switch source {
        case .file(let path): path
        case .environment(let name): "the environment variable \(name)"
        }
    }

    private static func read(_ source: SecretSource) throws -> [UInt8] {
        switch source {
        case .file(let path):
            guard case .success(let octets) = DiskPolicyFiles().read(path, bytesMax: 65_536), !octets.isEmpty else {
                throw Failure(description: "\(path): the secret cannot be read, or the file is empty")
            }
            return octets
        case .environment(let name):
            guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
                throw Failure(description: "the environment variable \(name), which holds a secret, is not set")
            }
            return Array(value.utf8)
        }
    }
}
