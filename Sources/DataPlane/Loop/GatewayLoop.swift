package import Admission
import Audit
import HTTP
import Policy
package import Transport

/// The gateway on one event loop: the snapshot in force, and what each loop keeps for itself.
package final class GatewayLoop: ExchangeDelegateFactory {
    let transport: TransportLoop
    let ledgers: Ledgers
    let journal: AuditJournal
    private(set) var snapshot: Snapshot
    private(set) var authenticator: Authenticator
    private(set) var balancers: [Balancer] = []
    private var pools: [[UpstreamPool]] = []
    private var poolsByKey: [PoolKey: UpstreamPool] = [:]
    /// Requests that wait for something from outside.
    let inquiries: PendingRequests
    var random = FastRandom()
    /// Of the requests that have ended here, and those that have not.
    var counts = RequestCounts()
    /// Of their tokens.
    var tokenCounts = TokenCounts()
    /// Of those that limits refused.
    var limitCounts = LimitCounts()
    /// TLS handshakes of clients: their version, how often. One or two of them.
    private var handshakes: [(version: String, count: Int)] = []
    private let lag: LoopLag
    /// What tells how the gateway is, by the tag of its listener.
    private let monitors: [any LocalService]
    /// Used for answers that the gateway writes itself.
    var answerFields = FieldList()

    private struct PoolKey: Hashable {
        let endpoint: Endpoint
        let tls: String
        let connectionsMax: Int
        let requestsPerClientMax: Int?
        let tunnelsPerClientMax: Int?
    }

    /// To be called on the loop.
    /// - Parameter waitMax: nanoseconds that a request waits for something from outside, at most.
    package init(
        transport: TransportLoop, snapshot: Snapshot, ledgers: Ledgers, waitMax: Int64,
        monitors: [any LocalService] = []
    ) {
        self.monitors = monitors
        let (signatures, index) = (ledgers.signatures, transport.index)
        inquiries = PendingRequests(
            waitMax: waitMax, onAbandonedSignature: { signatures.abandon($0, loop: index) })
        self.transport = transport
        self.snapshot = snapshot
        self.ledgers = ledgers
        journal = ledgers.audit.journal()
        authenticator = Self.authenticator(for: snapshot, ledgers)
        lag = LoopLag(transport)
        let journal = self.journal
        transport.onPause = { journal.handOver() }
        adopt(snapshot)
    }

    /// False: too many requests of this address were refused.
    package func acceptsConnection(from address: String, now: Int64) -> Bool {
        guard let limiter = ledgers.refusals, limiter.secondsToWait(ClientAddress(text: address), now: now) != nil
        else {
            return true
        }
        if ledgers.counters.refusedConnection(now: now) { ledgers.onRefusedAddress(address) }
        return false
    }

    /// What a new connection contributes to its requests.
    package func connectionOpened(_ peer: Peer) -> any ConnectionDelegate {
        if let version = peer.tls?.version { countHandshake(version) }
        guard let tag = peer.listenerTag else { return ConnectionFacts(peer, on: self) }
        return MonitoringConnection(monitors.indices.contains(tag) ? monitors[tag] : nil)
    }

    private func countHandshake(_ version: String) {
        for index in handshakes.indices where handshakes[index].version == version {
            handshakes[index].count &+= 1
            return
        }
        handshakes.append((version, 1))
    }

    /// A copy of what the loop has counted, and how its connections are.
    package var figures: LoopFigures {
        LoopFigures(
            counts, tokenCounts, limitCounts, tokensRemembered: authenticator.cachedTokens,
            handshakes: Dictionary(handshakes.map { ($0.version, $0.count) }) { $1 },
            pools: pools.map { $0.map { LoopFigures.Pool($0) } }, lag: lag.histogram)
    }

    /// Leaves no record: there was no request.
    package func connectionFailed(from address: String, reason: HandshakeFailure, now: Int64) {
        ledgers.handshakes.failed(reason, from: address, now: now)
    }

    /// The pool of connections to an endpoint of an upstream of the snapshot in force.
    func pool(upstream: Int, endpoint: Int) -> UpstreamPool? {
        guard upstream < pools.count, endpoint < pools[upstream].count else { return nil }
        return pools[upstream][endpoint]
    }

    /// One step: from the next request on, everything goes by the new policy. Requests on their way keep theirs.
    package func swap(to new: Snapshot) {
        let cacheChanged = new.policy.bounds.tokenCacheEntriesMax != snapshot.policy.bounds.tokenCacheEntriesMax
        snapshot = new
        if cacheChanged { authenticator = Self.authenticator(for: new, ledgers) }
        adopt(new)
        inquiries.answeredAll()
    }

    /// Keys were fetched, or could not be: they are in force from the next request on, and who waited for them is
    /// judged.
    /// - Parameter issuer: its name; nil: it may concern any of them.
    package func adoptKeys(of new: Snapshot, issuer: String?) {
        if new.generation == snapshot.generation, new.keysRevision > snapshot.keysRevision { snapshot = new }
        if let issuer { inquiries.answered(.keys(issuer)) } else { inquiries.answeredAll() }
    }

    /// Revocations, in force from the next request on.
    package func adopt(_ revocations: RevocationSet) {
        if revocations.generation > authenticator.revocations.generation { authenticator.revocations = revocations }
    }

    private func adopt(_ snapshot: Snapshot) {
        transport.timeouts = snapshot.policy.timeouts.transport
        transport.timeouts.upstreamRequestsMax = snapshot.policy.bounds.upstreamRequestsMax
        counts.makeRoom(for: ledgers.routeNames.all.count)
        tokenCounts.makeRoom(for: ledgers.issuerNames.all.count)
        transport.gatheredBytesMax = snapshot.policy.bounds.bodyGatheredBytesMax
        balancers = snapshot.upstreams.map { upstream in
            Balancer(upstream.upstream, health: upstream.health, seed: random.next())
        }
        var kept: [PoolKey: UpstreamPool] = [:]
        pools = snapshot.upstreams.map { upstream in
            upstream.upstream.endpoints.map { endpoint in
                let key = PoolKey(
                    endpoint: endpoint, tls: upstream.tlsFingerprint,
                    connectionsMax: upstream.upstream.connectionsPerWorkerMax,
                    requestsPerClientMax: upstream.upstream.requestsPerClientBound,
                    tunnelsPerClientMax: upstream.upstream.tunnelsPerClientBound)
                let pool =
                    kept[key] ?? poolsByKey[key]
                    ?? UpstreamPool(
                        loop: transport, host: endpoint.host, port: endpoint.port, tls: upstream.tls,
                        connectionsMax: upstream.upstream.connectionsPerWorkerMax,
                        streamsPerClientMax: key.requestsPerClientMax,
                        tunnelsPerClientMax: key.tunnelsPerClientMax)
                kept[key] = pool
                return pool
            }
        }
        for (key, pool) in poolsByKey where kept[key] == nil { pool.close() }
        poolsByKey = kept
    }

    private static func authenticator(for snapshot: Snapshot, _ ledgers: Ledgers) -> Authenticator {
        let key = ledgers.tokenDigestKey
        return Authenticator(
            cacheEntriesMax: snapshot.policy.bounds.tokenCacheEntriesMax, limiter: ledgers.badTokens,
            proofs: ledgers.proofs, revocations: ledgers.revocations.current,
            companion: { facts in PrincipalTexts(facts, key: key) })
    }
}

/// What records say of a verified token, made once for each, and what was signed for services in its place.
final class PrincipalTexts: Sendable {
    let record: AuditFragment
    let upstreamTokens = UpstreamTokens()

    init(_ facts: borrowing TokenFacts, key: SecretDigestKey) {
        let facts = copy facts
        record = AuditFragment { record in
            record.add(.issuer, AuditText(facts.issuerName))
            if let subject = facts.subject { record.add(.subject, AuditText(subject)) }
            if let client = facts.clientID { record.add(.clientID, AuditText(client)) }
            record.add(.scopesHeld, AuditText(facts.scope))
            record.add(.token, key.digest(facts.tokenDigest.octets))
        }
    }
}
