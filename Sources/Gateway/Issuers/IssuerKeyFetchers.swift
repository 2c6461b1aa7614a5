import Logging
import Policy
import ServiceLifecycle
import Synchronization

/// The fetchers of all issuers whose keys are fetched: what is known of keys survives a reload here. As a service it
/// runs those that are in force.
final class IssuerKeyFetchers: Service {
    private let inForce = Mutex<[String: IssuerKeyFetcher]>([:])
    private let running = ChildTasks()
    private let logger: Logger
    private let clock: ControlClock
    private let onSettled: @Sendable (String) async -> Void

    /// - Parameter onSettled: told, by the issuer's name, that a fetch has come to its end.
    init(logger: Logger, clock: ControlClock = .system, onSettled: @escaping @Sendable (String) async -> Void) {
        self.logger = logger
        self.clock = clock
        self.onSettled = onSettled
    }

    /// For each issuer its fetcher, in the same order: one that runs already if it was configured alike, else one that
    /// waits for `adopt`. nil: its keys are not fetched.
    func fetchers(for issuers: [Issuer]) -> [IssuerKeyFetcher?] {
        let inForce = inForce.withLock { $0 }
        return issuers.map { issuer in
            guard case .fetched(let fetching) = issuer.keys else { return nil }
            if let fetcher = inForce[issuer.name], fetcher.identifier == issuer.identifier,
                fetcher.fetching == fetching
            {
                return fetcher
            }
            return IssuerKeyFetcher(
                name: issuer.name, identifier: issuer.identifier, fetching: fetching, logger: logger, clock: clock,
                onSettled: onSettled)
        }
    }

    /// These are in force now: they run, and all others end.
    func adopt(_ fetchers: [IssuerKeyFetcher?]) {
        let new = fetchers.compactMap { $0 }
        let old = inForce.withLock { inForce in
            defer { inForce = Dictionary(new.map { ($0.name, $0) }, uniquingKeysWith: { $1 }) }
            return inForce
        }
        for fetcher in old.values where !new.contains(where: { $0 === fetcher }) { fetcher.end() }
        for fetcher in new where old[fetcher.name] !== fetcher { running.begin { await fetcher.run() } }
    }

    func run() async throws { await cancelWhenGracefulShutdown { await self.running.run() } }
}
