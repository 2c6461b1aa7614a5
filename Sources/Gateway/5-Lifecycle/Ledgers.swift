import Admission
import Audit
import Synchronization

/// What survives a reload, shared by all event loops.
final class Ledgers: Sendable {
    let audit: AuditLog
    let limits: LimitLedger
    let badTokens: BadTokenBrake?
    let proofs: ProofLedger
    let health = HealthLedger()
    let keys: KeyLedger
    let verdicts: VerdictLedger
    let revocations = RevocationLedger()
    let tokenDigestKey: SecretDigestKey
    let counters = Counters()

    init(
        audit: AuditLog, limits: LimitLedger, badTokens: BadTokenBrake?, proofs: ProofLedger,
        tokenDigestKey: SecretDigestKey, keys: KeyLedger, verdicts: VerdictLedger
    ) {
        self.audit = audit
        self.limits = limits
        self.badTokens = badTokens
        self.proofs = proofs
        self.tokenDigestKey = tokenDigestKey
        self.keys = keys
        self.verdicts = verdicts
    }
}

/// Counts of what leaves no record of its own.
final class Counters: Sendable {
    private let failedHandshakes = Atomic<Int>(0)
    private let unaudited = Atomic<Int>(0)
    private let draining = Atomic<Bool>(false)

    func handshakeFailed() { failedHandshakes.add(1, ordering: .relaxed) }
    /// A request was refused because its record could not be kept.
    func refusedUnaudited() { unaudited.add(1, ordering: .relaxed) }
    func beginDraining() { draining.store(true, ordering: .relaxed) }

    var handshakeFailures: Int { failedHandshakes.load(ordering: .relaxed) }
    var unauditedRefusals: Int { unaudited.load(ordering: .relaxed) }
    var isDraining: Bool { draining.load(ordering: .relaxed) }
}
