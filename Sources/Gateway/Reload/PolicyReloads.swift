import DataPlane
import Logging
import Policy
import PolicyFile
import Synchronization

/// Reads `routes.yaml` and everything that it names anew, and brings it into force when all of it is right.
final class PolicyReloads: Sendable {
    private let policyPath: String
    private let builder: SnapshotBuilder
    private let current: CurrentPolicy
    private let listeners: Listeners
    private let status: ReloadStatus
    private let logger: Logger
    private let turns = Turns()

    init(
        policyPath: String, builder: SnapshotBuilder, current: CurrentPolicy, listeners: Listeners,
        status: ReloadStatus, logger: Logger
    ) {
        self.policyPath = policyPath
        self.builder = builder
        self.current = current
        self.listeners = listeners
        self.status = status
        self.logger = logger
    }

    /// A bad file changes nothing and says why, in the log and in health. Reloads that are asked for at the same time
    /// come one after the other, so that what was read last is in force.
    /// - Returns: whether the new policy is in force.
    func reload() async -> Bool { await turns.take { await reloadNow() } ?? false }

    private func reloadNow() async -> Bool {
        guard let old = current.inForce else { return false }
        var watch = FileWatch(paths: [policyPath] + old.policy.filesNamed)
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: policyPath)
        guard let policy = reading.policy else {
            let errors = reading.findings.filter { $0.severity == .error }.map(\.description)
            return refuse(errors.joined(separator: "\n"), watching: watch)
        }
        watch.add(policy.filesNamed)
        let fixed = policy.needingRestart(from: old.policy)
        guard fixed.isEmpty else {
            let reasons = fixed.map { $0.text(in: policyPath, reading.places) }
            return refuse(reasons.joined(separator: "\n"), watching: watch)
        }
        do {
            let new = try builder.build(policy, after: old.snapshot)
            let tls = try listeners.prepareTLS(of: policy)
            try await current.replace(with: new)
            status.succeeded(watching: watch)
            listeners.replaceTLS(with: tls)
            builder.adopt(new)
            // What came in while the snapshot was made belongs to the older one.
            await current.publishKeys(of: nil)
            for finding in reading.findings { logger.warning("\(finding.description)") }
            logger.info("policy in force", metadata: ["policy": "\(policy.hash)", "routes": "\(policy.routes.count)"])
            return true
        } catch {
            return refuse(Self.placed("\(error)", policy.certificateFiles), watching: watch)
        }
    }

    /// With the place at which the policy names the file that it is about, as far as there is one.
    private static func placed(_ reason: String, _ files: [CertificateFile]) -> String {
        files.first { reason.hasPrefix($0.path + ":") }.map { "\($0.place): error: \(reason)" } ?? reason
    }

    private func refuse(_ reason: String, watching watch: FileWatch) -> Bool {
        status.failed(reason, watching: watch)
        logger.error("reload refused; the policy stays as it was", metadata: ["reason": "\(reason)"])
        return false
    }
}

/// How the reloads went, and the state of the files by which a change is noticed.
final class ReloadStatus: Sendable {
    private struct State {
        var watch: FileWatch
        var count = 0
        var error: String?
    }
    private let state: Mutex<State>

    init(watching watch: FileWatch) { state = Mutex(State(watch: watch)) }

    /// Reloads that took effect.
    var count: Int { state.withLock { $0.count } }
    /// Why the newest file is not in force; nil: it is.
    var error: String? { state.withLock { $0.error } }
    /// Whether a file that the policy was made from is another now.
    var filesChanged: Bool { !state.withLock { $0.watch }.changed().isEmpty }

    func succeeded(watching watch: FileWatch) {
        state.withLock { $0 = State(watch: watch, count: $0.count + 1, error: nil) }
    }

    func failed(_ reason: String, watching watch: FileWatch) {
        state.withLock { $0 = State(watch: watch, count: $0.count, error: reason) }
    }
}
