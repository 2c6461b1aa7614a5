import Admission
import Audit
import DataPlane
import Foundation
import Logging
import Policy
import Transport

extension Ledgers {
    /// Opens the audit log, and makes the ledgers as large as the policy says.
    convenience init(_ policy: Policy, logger: Logger) throws {
        let settings = policy.audit
        let sink: AuditSink =
            switch settings.sink {
            case .standardOutput: .standardOutput
            case .file(let path, let rotateBytes, let keep): .file(path: path, rotateBytes: rotateBytes, keep: keep)
            }
        if case .file(let path, _, _) = sink { try GatewayServer.makeFolder(of: path) }
        let instance = settings.instance.map { AuditText($0) }
        let audit = try AuditLog(
            sink: sink, whenFull: settings.whenFull == .refuse ? .refuse : .dropAndCount,
            queueBytesMax: settings.queueBytesMax,
            retention: AuditRetention(
                keepSeconds: Int(settings.keepFor?.components.seconds ?? 0), bytesMax: settings.diskBytesMax,
                unmatchedKeep: settings.unmatchedKeep),
            unmatchedPerMinuteMax: settings.unmatchedPerMinuteMax, instance: instance,
            onNotice: { notice in logger.log(level: notice.level, "\(notice.text)") })
        let badTokens = AddressLimiter(perMinuteMax: policy.bounds.badTokensPerMinuteMax, seed: Self.randomSeed())
        self.init(
            audit: audit, limits: LimitLedger(keysMax: policy.bounds.limitKeysMax, seed: Self.randomSeed()),
            badTokens: badTokens,
            refusals: AddressLimiter(perMinuteMax: policy.bounds.refusedPerMinuteMax, seed: Self.randomSeed()),
            onRefusedAddress: { address in
                logger.warning(
                    """
                    \(address) sent more requests that were refused than bounds.refused_per_minute_max allows \
                    (\(policy.bounds.refusedPerMinuteMax)); its new connections are refused until some of them are forgiven
                    """)
            },
            handshakes: FailedHandshakes { note in
                logger.warning(
                    "a client's TLS handshake failed; of each address and reason only the first in a minute is told",
                    metadata: [
                        "client_address": "\(note.address)", "reason": "\(note.reason.rawValue)",
                        "untold": "\(note.untold)",
                    ])
            },
            proofs: ProofLedger(
                proofsMax: policy.bounds.dpopProofsMax, seed: Self.randomSeed(), nonceKey: Self.randomOctets(32)),
            signatures: SignatureChecks(
                // Half of the cores, so that there is always time for everything else.
                threadsMax: (policy.workers ?? ProcessInfo.processInfo.activeProcessorCount) / 2, limiter: badTokens,
                seed: Self.randomSeed(),
                onRefused: { status in
                    logger.warning(
                        "signatures cannot be checked in time, and their requests are answered with 503",
                        metadata: [
                            "waiting": "\(status.waiting)", "longest_wait_ms": "\(status.longestWaitMilliseconds)",
                            "refused_since_start": "\(status.refused)",
                        ])
                }),
            tokenDigestKey: try settings.tokenKey.map {
                try SecretDigestKey(octets: SecretReader.read($0, octetsMin: AuditSettings.tokenKeyOctetsMin))
            }
                ?? SecretDigestKey())
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

extension AuditNotice {
    fileprivate var level: Logger.Level {
        switch self {
        case .removed, .truncated, .outputRemoved, .failing: .error
        case .movedAway, .historyCut: .warning
        case .recovered: .notice
        }
    }
}
