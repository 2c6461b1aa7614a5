package import Admission
package import Audit
import Synchronization

/// What survives a reload, shared by all event loops.
package final class Ledgers: Sendable {
    /// Where every record goes.
    package let audit: AuditLog
    let limits: LimitLedger
    let badTokens: BadTokenLimiter?
    let proofs: ProofLedger
    /// Of the endpoints of all upstreams.
    package let health = HealthLedger()
    /// What the built-in authorization server has taken back.
    package let revocations = RevocationLedger()
    let tokenDigestKey: SecretDigestKey
    /// Of what leaves no record.
    package let counters = Counters()

    /// - Parameter badTokens: nil: nobody is slowed down for bad tokens.
    package init(
        audit: AuditLog, limits: LimitLedger, badTokens: BadTokenLimiter?, proofs: ProofLedger,
        tokenDigestKey: SecretDigestKey
    ) {
        self.audit = audit
        self.limits = limits
        self.badTokens = badTokens
        self.proofs = proofs
        self.tokenDigestKey = tokenDigestKey
    }
}

/// How far the gateway's life has come, as health tells it.
package final class Counters: Sendable {
    private let draining = Atomic<Bool>(false)

    /// From here on the gateway takes no new connections.
    package func beginDraining() { draining.store(true, ordering: .relaxed) }

    /// The gateway is going down.
    package var isDraining: Bool { draining.load(ordering: .relaxed) }
}
