import Admission
import Audit
import DataPlane
import JOSE
package import Logging
import Policy
package import PolicyFile
import Synchronization
import Transport

/// A running gateway: listeners, event loops, the snapshot in force, and what survives a reload.
package final class GatewayServer: Sendable {
    /// What a listener listens on.
    package struct Address: Sendable, Equatable {
        package var host: String
        package var port: Int
    }

    /// Why a gateway did not start. The findings say what and where.
    package struct StartFailure: Error, Sendable, CustomStringConvertible {
        package var findings: [Finding]
        package var reason: String
        package var description: String {
            (findings.map(\.description) + (reason.isEmpty ? [] : [reason])).joined(separator: "\n")
        }
    }

    let policyPath: String
    let logger: Logger
    let transport: Transport<GatewayLoop>
    let ledgers: Ledgers
    private let keyLedger: KeyLedger
    private let verdictLedger: VerdictLedger
    let authorization: EmbeddedAuthorizationServer?
    private let revocations: RevocationKeeper?
    private let state: Mutex<State>
    /// The reload that was asked for last.
    private let reloading = Mutex<Task<Bool, Never>?>(nil)
    private let storeKeeping = Mutex<Task<Void, Never>?>(nil)

    private struct State {
        var inForce: PolicyInForce
        var listeners: [ListenerHandle] = []
        var watch: FileWatch
        var reloads = 0
        var reloadError: String?
        var stopped = false
    }

    /// Reads and checks the policy, opens the audit log and the authorization server's store, and then the listeners:
    /// either all of it, or nothing and the reasons.
    /// - Parameter waitMax: how long a request waits for something from outside (keys, what an issuer says), at most.
    package static func start(policyPath: String, logger: Logger, waitMax: Duration = .seconds(1)) async throws
        -> GatewayServer
    {
        let watch = FileWatch(paths: [policyPath])
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: policyPath)
        guard let policy = reading.policy else {
            throw StartFailure(
                findings: reading.findings, reason: "\(policyPath): not started, because of the errors above")
        }
        for finding in reading.findings { logger.warning("\(finding.description)") }
        for insecurity in policy.insecurities {
            logger.warning("insecure setting in force", metadata: ["setting": "\(insecurity)"])
        }
        do {
            let server = try await GatewayServer(
                policy: policy, policyPath: policyPath, watch: watch, waitMax: waitMax, logger: logger)
            server.keepKeys()
            server.keepRevocations()
            try await server.open(policy)
            server.keepStore()
            return server
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw StartFailure(findings: [], reason: "\(error)")
        }
    }

    private init(policy: Policy, policyPath: String, watch: FileWatch, waitMax: Duration, logger: Logger) async throws {
        var watch = watch
        watch.add(policy.filesNamed)
        self.policyPath = policyPath
        self.logger = logger
        let ledgers = try Self.ledgers(for: policy)
        self.ledgers = ledgers
        keyLedger = KeyLedger(logger: logger)
        verdictLedger = VerdictLedger(logger: logger)
        authorization =
            if let settings = policy.authorizationServer {
                try await EmbeddedAuthorizationServer(settings, policy: policy, logger: logger)
            } else { nil }
        revocations = authorization.map { RevocationKeeper(store: $0.database.store, logger: logger) }
        // Before there is a loop that could let a token in.
        if let revocations { ledgers.revocations.replace(with: try await revocations.load()) }
        let health = HealthSource()
        let builder = SnapshotBuilder(
            ledgers: ledgers, keyLedger: keyLedger, verdictLedger: verdictLedger,
            services: Self.localServices(authorization, health, ledgers), embeddedKeys: authorization?.issuerKeys)
        let first = try builder.build(policy, after: nil)
        transport = try await Transport(
            loops: policy.workers ?? Self.coreCount, timeouts: policy.timeouts.transport,
            delegates: { loop in
                GatewayLoop(
                    transport: loop, snapshot: first.snapshot, ledgers: ledgers, waitMax: waitMax.nanoseconds)
            })
        state = Mutex(State(inForce: first, watch: watch))
        services = Self.localServices(authorization, health, ledgers)
        health.attach(self)
        authorization?.federation?.attach { [weak self] in self?.state.withLock { $0.inForce } }
        authorization?.provider?.attach { [weak self] in self?.state.withLock { $0.inForce } }
    }

    private let services: [LocalServiceName: any LocalService]

    private static func localServices(
        _ authorization: EmbeddedAuthorizationServer?, _ health: HealthSource, _ ledgers: Ledgers
    ) -> [LocalServiceName: any LocalService] {
        var services: [LocalServiceName: any LocalService] = [.health: HealthService(report: { health.report() })]
        if let authorization {
            services[.authorizationServer] = authorization
            // Without the setting there is no route that leads there.
            services[.admin] = AdminService(authorization, audit: ledgers.audit)
        }
        return services
    }

    private func open(_ policy: Policy) async throws {
        for listener in policy.listeners {
            do {
                let handle = try await transport.listen(listener.settings(policy.bounds))
                state.withLock { $0.listeners.append(handle) }
                logger.info(
                    "listening",
                    metadata: [
                        "address": "\(listener.host)", "port": "\(handle.port)", "tls": "\(listener.tls != nil)",
                    ])
            } catch {
                await closeListeners()
                keyLedger.stop()
                verdictLedger.stop()
                revocations?.stop()
                try? await transport.shutdown()
                ledgers.audit.stop()
                throw StartFailure(findings: [], reason: "cannot listen on \(listener.name): \(error)")
            }
        }
    }

    /// In the order of `listeners` in the policy; ports as they really are.
    package var addresses: [Address] {
        state.withLock { state in
            zip(state.inForce.policy.listeners, state.listeners).map { Address(host: $0.host, port: $1.port) }
        }
    }

    package var policyHash: String { state.withLock { $0.inForce.policy.hash } }

    // MARK: Reload

    /// Whether a file that the policy was made from is another now.
    package func filesChanged() -> Bool { state.withLock { !$0.watch.changed().isEmpty } }

    /// Reads `routes.yaml`, keys and certificates anew, and swaps them in when all of it is right. A bad file changes
    /// nothing and says why, in the log and in health. Reloads that are asked for at the same time come one after the
    /// other, so that what was read last is in force.
    @discardableResult
    package func reload() async -> Bool {
        let turn = reloading.withLock { last in
            let turn = Task { [last] in
                _ = await last?.value
                return await self.reloadNow()
            }
            last = turn
            return turn
        }
        return await turn.value
    }

    private func reloadNow() async -> Bool {
        let current = state.withLock { $0.inForce }
        var watch = FileWatch(paths: [policyPath] + current.policy.filesNamed)
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: policyPath)
        guard let policy = reading.policy else {
            let errors = reading.findings.filter { $0.severity == .error }.map(\.description)
            return refuseReload(errors.joined(separator: "\n"), watching: watch)
        }
        watch.add(policy.filesNamed)
        if let reason = Self.needsRestart(from: current.policy, to: policy) {
            return refuseReload(reason, watching: watch)
        }
        do {
            let builder = SnapshotBuilder(
                ledgers: ledgers, keyLedger: keyLedger, verdictLedger: verdictLedger, services: services,
                embeddedKeys: authorization?.issuerKeys)
            let new = try builder.build(policy, after: current.snapshot)
            let prepared = try policy.listeners.map { listener in
                try listener.tlsFiles.map { try transport.prepareTLS($0) }
            }
            try await transport.onEachLoop { _, loop in loop.swap(to: new.snapshot) }
            let listeners = state.withLock { state in
                state.inForce = new
                state.watch = watch
                state.reloads += 1
                state.reloadError = nil
                return state.listeners
            }
            for (listener, tls) in zip(listeners, prepared) { if let tls { listener.replaceTLS(tls) } }
            ledgers.health.keepOnly(policy.upstreams)
            keyLedger.adopt(new.keepers)
            verdictLedger.adopt(new.verdicts)
            // What came in while the snapshot was made belongs to the older one.
            await publishKeys(of: nil)
            for finding in reading.findings { logger.warning("\(finding.description)") }
            logger.info("policy in force", metadata: ["policy": "\(policy.hash)", "routes": "\(policy.routes.count)"])
            return true
        } catch {
            return refuseReload("\(error)", watching: watch)
        }
    }

    private func refuseReload(_ reason: String, watching watch: FileWatch) -> Bool {
        state.withLock { state in
            state.reloadError = reason
            state.watch = watch
        }
        logger.error("reload refused; the policy stays as it was", metadata: ["reason": "\(reason)"])
        return false
    }

    /// What cannot change under open sockets and an open log.
    private static func needsRestart(from old: Policy, to new: Policy) -> String? {
        if old.listeners.map(\.name) != new.listeners.map(\.name) {
            return "listeners changed: restart to open and close sockets"
        }
        if old.listeners.map({ $0.tls == nil }) != new.listeners.map({ $0.tls == nil }) {
            return "a listener's TLS was switched: restart"
        }
        if old.listeners.map(\.connectionBounds) != new.listeners.map(\.connectionBounds) {
            return "connection bounds of listeners changed: restart"
        }
        if !old.bounds.sameForProcess(as: new.bounds) {
            return
                "bounds.head_max, fields_max, limit_keys_max, bad_tokens_per_minute_max or dpop_proofs_max changed: restart"
        }
        if old.audit != new.audit { return "audit settings changed: restart" }
        if old.workers != new.workers { return "workers changed: restart" }
        if old.authorizationServer != new.authorizationServer { return "authorization_server changed: restart" }
        return nil
    }

    /// SIGHUP: files are read anew, and the audit file is opened anew (for a rotation by somebody else).
    package func hangup() async {
        ledgers.audit.reopen()
        await reload()
    }

    // MARK: Keys that are fetched

    private func keepKeys() {
        keyLedger.tell { [weak self] name in
            guard let self else { return }
            Task { await self.publishKeys(of: name) }
        }
        let inForce = state.withLock { $0.inForce }
        keyLedger.adopt(inForce.keepers)
        verdictLedger.adopt(inForce.verdicts)
    }

    /// Looks after the authorization server's database as long as the gateway runs.
    private func keepStore() {
        guard let authorization else { return }
        let task = Task { [logger] in
            await authorization.keep(logger: logger) { [weak self] in await self?.publishKeys(of: nil) }
        }
        storeKeeping.withLock { $0 = task }
    }

    /// Hands the keys as they are now to every event loop, without a reload.
    private func publishKeys(of issuer: String?) async {
        let snapshot = state.withLock { state in
            state.inForce.snapshot = state.inForce.snapshot.withCurrentKeys(embedded: authorization?.issuerKeys)
            return state.inForce.snapshot
        }
        // Fails only when the loops have ended.
        try? await transport.onEachLoop { _, loop in
            loop.adoptKeys(of: snapshot, issuer: issuer)
        }
    }

    // MARK: Revocations

    private func keepRevocations() {
        revocations?.start { [weak self] set in
            guard let self else { return }
            // First the ledger: a loop that makes its authenticator anew in between takes it from there.
            ledgers.revocations.replace(with: set)
            try? await transport.onEachLoop { _, loop in loop.adopt(set) }
        }
    }

    // MARK: Health and end

    package func healthReport() -> HealthReport {
        let (inForce, reloads, reloadError, connections) = state.withLock { state in
            (state.inForce, state.reloads, state.reloadError, state.listeners.reduce(0) { $0 + $1.openConnections })
        }
        let snapshot = inForce.snapshot
        let audit = ledgers.audit.health
        let now = Clock.monotonicNanoseconds()
        return HealthReport(
            policyHash: snapshot.policy.hash, reloadError: reloadError, reloads: reloads,
            insecurities: snapshot.policy.insecurities, auditState: audit.failure ?? "ok",
            auditHealthy: audit.failure == nil || snapshot.policy.audit.whenFull == .dropAndCount,
            auditDropped: audit.dropped,
            endpoints: snapshot.upstreams.flatMap { upstream in
                upstream.health.map {
                    HealthReport.Endpoint(
                        upstream: upstream.upstream.name, endpoint: $0.endpoint.description,
                        ejected: $0.isEjected(now: now))
                }
            },
            issuers: inForce.keepers.compactMap { keeper in
                keeper.map {
                    HealthReport.IssuerState(
                        name: $0.name, $0.status(now: now), unixNanoseconds: Clock.wallNanoseconds())
                }
            },
            introspection: inForce.verdicts.compactMap { place in
                place.map {
                    HealthReport.IntrospectionState($0.keeper, now: now, unixNanoseconds: Clock.wallNanoseconds())
                }
            },
            issuersWithoutKeys: snapshot.issuers.namesWithoutKeys,
            revocations: revocations.map { .init($0.status) }, connections: connections,
            draining: ledgers.counters.isDraining)
    }

    /// Stops accepting, lets open requests finish within the policy's `drain` time, writes the last records, and ends.
    package func stop() async {
        let already = state.withLock { state in
            defer { state.stopped = true }
            return state.stopped
        }
        guard !already else { return }
        ledgers.counters.beginDraining()
        keyLedger.stop()
        verdictLedger.stop()
        revocations?.stop()
        storeKeeping.withLock { $0?.cancel() }
        let drain = state.withLock { $0.inForce.policy.timeouts.drain }
        await closeListeners()
        try? await transport.drain(timeout: drain)
        try? await transport.shutdown()
        ledgers.audit.stop()
        logger.info("stopped")
    }

    private func closeListeners() async {
        for listener in state.withLock({ $0.listeners }) { await listener.close() }
    }
}

extension Listener {
    fileprivate var connectionBounds: [Int] { [connectionsMax, connectionsPerAddressMax] }
}

extension Bounds {
    /// The bounds that are built into listeners and ledgers.
    fileprivate func sameForProcess(as other: Bounds) -> Bool {
        headBytesMax == other.headBytesMax && fieldsMax == other.fieldsMax && limitKeysMax == other.limitKeysMax
            && badTokensPerMinuteMax == other.badTokensPerMinuteMax && dpopProofsMax == other.dpopProofsMax
    }
}
