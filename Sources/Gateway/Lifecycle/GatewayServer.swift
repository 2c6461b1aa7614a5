import Audit
import DataPlane
import Foundation
package import Logging
import Octets
import Policy
package import PolicyFile
import ServiceLifecycle
import Storage
import Transport

/// A running gateway: what it is made of, and who is told of what.
package final class GatewayServer: Sendable {
    /// What a listener listens on.
    package struct Address: Sendable, Equatable {
        /// As in the policy.
        package var host: String
        /// The one that is bound, also where the policy says 0.
        package var port: Int
    }

    /// Why a gateway did not start. The findings say what and where.
    package struct StartFailure: Error, Sendable, CustomStringConvertible {
        package var findings: [Finding]
        /// What failed besides the policy's findings, such as a port that is taken; empty: nothing.
        package var reason: String
        package var description: String {
            (findings.map(\.description) + (reason.isEmpty ? [] : [reason])).joined(separator: "\n")
        }
    }

    private let current: CurrentPolicy
    private let ledgers: Ledgers
    private let listeners: Listeners
    private let reloads: PolicyReloads
    private let reloadStatus: ReloadStatus
    private let traffic: TrafficService
    private let services: ServiceGroup
    private let running = Running()
    private let logger: Logger

    // MARK: Start

    /// Reads and checks the policy, opens the audit log and the authorization server's store, and then the listeners:
    /// either all of it, or nothing and the reasons.
    /// - Parameter waitMax: how long a request waits for something from outside (keys, what an issuer says), at most.
    package static func start(policyPath: String, logger: Logger, waitMax: Duration = .seconds(1)) async throws
        -> GatewayServer
    {
        FileDescriptors.raiseLimit()
        let watch = FileWatch(paths: [policyPath])
        let policy = try readPolicy(at: policyPath, logger: logger)
        do {
            let server = try await GatewayServer(
                policy: policy, policyPath: policyPath, watch: watch, waitMax: waitMax, logger: logger)
            try await server.open(policy)
            server.sayStarted(policy)
            return server
        } catch {
            throw StartFailure(findings: [], reason: "\(error)")
        }
    }

    private static func readPolicy(at path: String, logger: Logger) throws -> Policy {
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: path)
        guard let policy = reading.policy else {
            throw StartFailure(findings: reading.findings, reason: "\(path): not started, because of the errors above")
        }
        for finding in reading.findings { logger.warning("\(finding.description)") }
        for insecurity in policy.insecurities {
            logger.warning("insecure setting in force", metadata: ["setting": "\(insecurity)"])
        }
        return policy
    }

    /// Makes all parts and joins them. Parts that need to know something that is not there yet (the policy in force,
    /// the open listeners) are given the place where it will be.
    private init(policy: Policy, policyPath: String, watch: FileWatch, waitMax: Duration, logger: Logger) async throws {
        var watch = watch
        watch.add(policy.filesNamed)
        let ledgers = try Ledgers(policy, logger: logger)
        let current = CurrentPolicy()
        let listeners = Listeners(logger: logger)
        let reloadStatus = ReloadStatus(watching: watch)

        // What the event loops ask of the outside world.
        let keyFetchers = IssuerKeyFetchers(logger: logger) { issuer in await current.publishKeys(of: issuer) }
        let introspection = IntrospectionClients(logger: logger)
        let authorization: EmbeddedAuthorizationServer? =
            if let settings = policy.authorizationServer {
                try await EmbeddedAuthorizationServer(
                    settings, policy: policy, current: current, audit: ledgers.audit, logger: logger)
            } else { nil }
        let revocations = authorization.map { authorization in
            RevocationReader(store: authorization.database.store, logger: logger) { set in
                // First the ledger: a loop that makes its authenticator anew in between takes it from there.
                ledgers.revocations.replace(with: set)
                await current.publish(set)
            }
        }
        // Before there is a loop that could let a token in.
        if let revocations { ledgers.revocations.replace(with: try await revocations.load()) }

        // The policy, and the loops that go by it.
        let faults = ResourceFaults { kind, count in
            logger.error(
                "connections cannot be made or accepted: this machine lacks what they need",
                metadata: ["missing": "\(kind.rawValue)", "since_start": "\(count)"])
        }
        let health = HealthReporter(
            current: current, ledgers: ledgers, listeners: listeners, reloads: reloadStatus, revocations: revocations,
            authorization: authorization, faults: faults)
        let builder = SnapshotBuilder(
            ledgers: ledgers, keyFetchers: keyFetchers, introspection: introspection,
            services: Self.localServices(authorization, health, ledgers), authorization: authorization)
        let metrics = GatewayMetrics(
            current: current, ledgers: ledgers, listeners: listeners, reloads: reloadStatus,
            authorization: authorization, faults: faults)
        let monitors = policy.monitors.map {
            MonitoringService(serves: $0.serves, report: { health.report() }, metrics: metrics)
        }
        let first = try builder.build(policy, after: nil)
        let transport = try await Transport(
            loops: policy.workers ?? ProcessInfo.processInfo.activeProcessorCount, timeouts: policy.timeouts.transport,
            faults: faults,
            delegates: { loop in
                GatewayLoop(
                    transport: loop, snapshot: first.snapshot, ledgers: ledgers, waitMax: waitMax.nanoseconds,
                    monitors: monitors)
            })
        current.begin(first, on: transport, authorization)
        builder.adopt(first)

        // What runs beside them. At the end each is told to end when the one behind it has: traffic first, so that
        // open requests still find everything that they may need, and what it needs last.
        let traffic = TrafficService(
            listeners: listeners, transport: transport, current: current, counters: ledgers.counters)
        var services: [any Service] = authorization?.services(logger: logger) ?? []
        if let revocations { services.append(revocations) }
        services.append(CertificateWatch(current: current, logger: logger))
        services.append(EndpointWatch(current: current, logger: logger, clock: .system))
        services += [keyFetchers, introspection, traffic] as [any Service]
        self.services = ServiceGroup(services: services, logger: logger)

        self.traffic = traffic
        self.current = current
        self.ledgers = ledgers
        self.listeners = listeners
        self.reloadStatus = reloadStatus
        self.logger = logger
        reloads = PolicyReloads(
            policyPath: policyPath, builder: builder, current: current, listeners: listeners, status: reloadStatus,
            logger: logger)
    }

    private static func localServices(
        _ authorization: EmbeddedAuthorizationServer?, _ health: HealthReporter, _ ledgers: Ledgers
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
        do {
            try await listeners.open(policy, on: traffic.transport)
        } catch {
            await traffic.drain()
            await end()
            throw error
        }
        running.begin { [services] in try await services.run() }
    }

    /// Which program began to do what, for whoever reads the log from here on.
    private func sayStarted(_ policy: Policy) {
        func text(_ address: Address, _ what: String) -> String {
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            return "\(host):\(address.port) (\(what))"
        }
        let told =
            zip(policy.listeners, addresses).map { text($1, $0.tls == nil ? "plain HTTP" : "TLS") }
            + zip(policy.monitors, monitors).map {
                text($1, $0.serves.map(\.rawValue).sorted().joined(separator: ", "))
            }
        var metadata: Logger.Metadata = [
            "version": "\(Version.number)", "policy": "\(policy.hash)",
            "listeners": "\(told.joined(separator: ", "))", "process": "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        if !Version.commit.isEmpty { metadata["commit"] = "\(Version.commit)" }
        logger.notice("started", metadata: metadata)
    }

    // MARK: While it runs

    /// In the order of `listeners` in the policy, those that take no traffic last; ports as they really are.
    package var addresses: [Address] {
        let policy = current.inForce?.policy
        return zip(policy?.listeners ?? [], listeners.ports).map { Address(host: $0.host, port: $1) } + monitors
    }

    /// Those of them that tell how the gateway is.
    package var monitors: [Address] {
        zip(current.inForce?.policy.monitors ?? [], listeners.monitorPorts).map { Address(host: $0.host, port: $1) }
    }

    /// Names the policy in force.
    package var policyHash: String { current.inForce?.policy.hash ?? "" }

    /// Whether a file that the policy was made from is another now.
    package func filesChanged() -> Bool { reloadStatus.filesChanged }

    /// Reads `routes.yaml`, keys and certificates anew, and swaps them in when all of it is right. A bad file changes
    /// nothing and says why, in the log and in health.
    /// - Returns: whether the new policy is in force.
    @discardableResult
    package func reload() async -> Bool { await reloads.reload() }

    /// SIGHUP: files are read anew, and the audit file is opened anew (for a rotation by somebody else).
    package func hangup() async {
        ledgers.audit.reopen()
        await reload()
    }

    // MARK: The end

    /// Stops accepting, lets open requests finish within the policy's `drain` time, writes the last records, and ends.
    /// - Returns: how many audit records were lost at the end; 0: none, or it has been stopped before.
    @discardableResult
    package func stop() async -> Int {
        guard let ending = running.end() else { return 0 }
        await services.triggerGracefulShutdown()
        do {
            try await ending.value
        } catch {
            logger.error("a part of the gateway has failed", metadata: ["reason": "\(error)"])
        }
        let lost = await end()
        logger.notice("stopped")
        return lost
    }

    /// What is left when nothing runs any more.
    /// - Returns: how many audit records were lost.
    @discardableResult
    private func end() async -> Int {
        defer { current.end() }
        try? await traffic.transport.shutdown()
        if ledgers.audit.stop() { return 0 }
        let health = ledgers.audit.health
        logger.error(
            "the audit log ended before all records were written",
            metadata: ["lost": "\(health.lost)", "reason": "\(health.failure ?? "")"])
        // Where the sink still holds the thread, nobody knows how many it has taken.
        return max(1, health.lost)
    }
}
