import Admission
import Audit
import DataPlane
import Policy
import Transport

/// Gathers what health says from everything that has a part in it.
struct HealthReporter: Sendable {
    let current: CurrentPolicy
    let ledgers: Ledgers
    let listeners: Listeners
    let reloads: ReloadStatus
    /// nil: there is no built-in authorization server.
    let revocations: RevocationReader?
    /// nil: there is no built-in authorization server.
    let authorization: EmbeddedAuthorizationServer?
    let faults: ResourceFaults

    func report() -> HealthReport {
        guard let inForce = current.inForce else { return .starting }
        let policy = inForce.policy
        let audit = ledgers.audit.health
        let now = Clock.monotonicNanoseconds()
        let unixNanoseconds = Clock.wallNanoseconds()
        return HealthReport(
            policyHash: policy.hash, reloadError: reloads.error, reloads: reloads.count,
            insecurities: policy.insecurities, auditState: audit.failure ?? "ok",
            auditHealthy: audit.failure == nil || policy.audit.whenFull == .dropAndCount,
            auditDropped: audit.dropped, auditCounted: audit.counted, auditAlarms: audit.alarms,
            auditAlarm: audit.alarm,
            endpoints: inForce.snapshot.upstreams.flatMap { upstream in
                upstream.health.map {
                    HealthReport.Endpoint(
                        upstream: upstream.upstream.name, endpoint: $0.endpoint.description,
                        ejected: $0.isEjected(now: now), ejectionWithheld: $0.ejectionIsWithheld)
                }
            },
            issuers: inForce.keyFetchers.compactMap { fetcher in
                fetcher.map {
                    HealthReport.IssuerState(name: $0.name, $0.status(now: now), unixNanoseconds: unixNanoseconds)
                }
            },
            introspection: inForce.introspection.compactMap { place in
                place.map { HealthReport.IntrospectionState($0.client, now: now, unixNanoseconds: unixNanoseconds) }
            },
            issuersWithoutKeys: inForce.snapshot.issuers.namesWithoutKeys,
            certificates: inForce.certificates.alarms(now: unixNanoseconds / 1_000_000_000).map {
                HealthReport.CertificateState($0.entry, $0.alarm)
            },
            revocations: revocations.map { .init($0.status) }, mail: authorization?.mail?.counts,
            droppedRequests: authorization?.droppedRequests ?? 0,
            damagedRecordAnswers: authorization?.damagedRecordAnswers ?? 0,
            undeliveredLogouts: authorization?.logouts.status.undelivered ?? 0,
            connections: listeners.openConnections,
            refusedConnections: ledgers.counters.refusedConnections,
            failedHandshakes: ledgers.handshakes.counts.map { .init(reason: $0.reason.rawValue, count: $0.count) },
            leftOutFields: ledgers.counters.leftOutFields,
            leftOutCookies: ledgers.counters.leftOutCookies, signatures: ledgers.signatures.status(now: now),
            resources: faults.status(now: now),
            draining: ledgers.counters.isDraining)
    }
}

extension HealthReport {
    /// Before the first policy is in force.
    fileprivate static var starting: HealthReport {
        HealthReport(
            policyHash: "", reloadError: nil, reloads: 0, insecurities: [], auditState: "starting",
            auditHealthy: false, auditDropped: 0, auditCounted: 0, auditAlarms: 0, auditAlarm: nil, endpoints: [],
            issuers: [],
            introspection: [],
            issuersWithoutKeys: [], certificates: [], connections: 0, refusedConnections: 0, leftOutFields: 0,
            draining: false)
    }
}
