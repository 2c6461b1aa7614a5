import Admission
import Audit
import DataPlane
import Foundation
import Policy
import Synchronization

extension GatewayServer {
    static var coreCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

    static func ledgers(for policy: Policy) throws -> Ledgers {
        let settings = policy.audit
        let sink: AuditSink =
            switch settings.sink {
            case .standardOutput: .standardOutput
            case .file(let path, let rotateBytes, let keep): .file(path: path, rotateBytes: rotateBytes, keep: keep)
            }
        if case .file(let path, _, _) = sink { try makeFolder(of: path) }
        let audit = try AuditLog(
            sink: sink, whenFull: settings.whenFull == .refuse ? .refuse : .dropAndCount,
            queueBytesMax: settings.queueBytesMax)
        return Ledgers(
            audit: audit, limits: LimitLedger(keysMax: policy.bounds.limitKeysMax, seed: randomSeed()),
            badTokens: BadTokenBrake(perMinuteMax: policy.bounds.badTokensPerMinuteMax, seed: randomSeed()),
            proofs: ProofLedger(
                proofsMax: policy.bounds.dpopProofsMax, seed: randomSeed(), nonceKey: randomOctets(32)),
            tokenDigestKey: try settings.tokenKey.map {
                try SecretDigestKey(octets: SecretReader.read($0, octetsMin: AuditSettings.tokenKeyOctetsMin))
            }
                ?? SecretDigestKey())
    }

    package static func makeFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        guard !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) else { return }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private static func randomOctets(_ count: Int) -> [UInt8] {
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &system) }
    }

    private static func randomSeed() -> (UInt64, UInt64) {
        var system = SystemRandomNumberGenerator()
        return (system.next(), system.next())
    }
}

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

    /// A secret that people have written: without a line feed at its end.
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

/// What the health service asks: the server, once it is there.
final class HealthSource: Sendable {
    private struct Reference: Sendable { weak var server: GatewayServer? }
    private let reference = Mutex(Reference())

    func attach(_ server: GatewayServer) { reference.withLock { $0.server = server } }

    func report() -> HealthReport {
        guard let server = reference.withLock({ $0.server }) else {
            return HealthReport(
                policyHash: "", reloadError: nil, reloads: 0, insecurities: [], auditState: "starting",
                auditHealthy: false, auditDropped: 0, endpoints: [], issuers: [], introspection: [],
                issuersWithoutKeys: [], connections: 0,
                draining: false)
        }
        return server.healthReport()
    }
}
