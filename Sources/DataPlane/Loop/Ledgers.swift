package import Admission
package import Audit
import Synchronization

/// What survives a reload, shared by all event loops.
package final class Ledgers: Sendable {
    /// Where every record goes.
    package let audit: AuditLog
    /// The buckets of all rate limits.
    package let limits: LimitLedger
    let badTokens: AddressLimiter?
    /// Of refused requests.
    let refusals: AddressLimiter?
    let onRefusedAddress: @Sendable (String) -> Void
    /// Of clients.
    package let handshakes: FailedHandshakes
    let proofs: ProofLedger
    /// Of the endpoints of all upstreams.
    package let health = HealthLedger()
    /// What the built-in authorization server has taken back.
    package let revocations = RevocationLedger()
    /// Those that take long.
    package let signatures: SignatureChecks
    let tokenDigestKey: SecretDigestKey
    /// Under which routes are counted.
    package let routeNames = CountedNames()
    /// And issuers.
    package let issuerNames = CountedNames()
    /// Of what leaves no record.
    package let counters = Counters()

    /// - Parameters:
    ///   - badTokens: nil: nobody is slowed down for bad tokens.
    ///   - refusals: nil: nobody is slowed down for requests that are refused.
    ///   - onRefusedAddress: called once a minute at most, with an address whose connections are refused.
    package init(
        audit: AuditLog, limits: LimitLedger, badTokens: AddressLimiter?, refusals: AddressLimiter?,
        onRefusedAddress: @escaping @Sendable (String) -> Void, handshakes: FailedHandshakes, proofs: ProofLedger,
        signatures: SignatureChecks, tokenDigestKey: SecretDigestKey
    ) {
        self.audit = audit
        self.limits = limits
        self.badTokens = badTokens
        self.refusals = refusals
        self.onRefusedAddress = onRefusedAddress
        self.handshakes = handshakes
        self.proofs = proofs
        self.signatures = signatures
        self.tokenDigestKey = tokenDigestKey
    }
}

/// How far the gateway's life has come, as health tells it.
package final class Counters: Sendable {
    private let draining = Atomic<Bool>(false)
    private let refused = Atomic<Int>(0)
    private let notedAt = Atomic<Int64>(.min)
    private static let noteNanoseconds: Int64 = 60_000_000_000

    /// A connection was refused, because too many requests of its address were refused before. True: it is time to say so
    /// in the log, once a minute.
    package func refusedConnection(now: Int64) -> Bool {
        refused.wrappingAdd(1, ordering: .relaxed)
        let last = notedAt.load(ordering: .relaxed)
        guard last == .min || now &- last >= Self.noteNanoseconds else { return false }
        return notedAt.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
    }

    /// Since the start.
    package var refusedConnections: Int { refused.load(ordering: .relaxed) }

    private let fieldsLeftOut = Atomic<Int>(0)

    /// Fields of a request were not passed on, because their names have other characters than letters, digits and `-`.
    func leftOut(fields: Int) { fieldsLeftOut.wrappingAdd(fields, ordering: .relaxed) }

    /// Since the start.
    package var leftOutFields: Int { fieldsLeftOut.load(ordering: .relaxed) }

    private let cookiesLeftOut = Atomic<Int>(0)

    /// A service tried to set or to remove a cookie of the authorization server's.
    func leftOutCookie() { cookiesLeftOut.wrappingAdd(1, ordering: .relaxed) }

    /// Since the start.
    package var leftOutCookies: Int { cookiesLeftOut.load(ordering: .relaxed) }

    /// From here on the gateway takes no new connections.
    package func beginDraining() { draining.store(true, ordering: .relaxed) }

    /// The gateway is going down.
    package var isDraining: Bool { draining.load(ordering: .relaxed) }
}
