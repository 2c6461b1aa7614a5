import Admission
import Logging
import Policy
import ServiceLifecycle
import Synchronization

/// The clients of the introspection endpoints of all issuers that are asked about tokens: what issuers have said
/// survives a reload here. As a service it runs those that are in force.
final class IntrospectionClients: Service {
    /// One issuer's client, and what it is to have from when the policy is in force.
    struct Place: Sendable {
        let client: IntrospectionClient
        let setup: IntrospectionClient.Setup
    }
    private let inForce = Mutex<[String: IntrospectionClient]>([:])
    private let running = ChildTasks()
    private let logger: Logger
    private let clock: ControlClock

    init(logger: Logger, clock: ControlClock = .system) {
        self.logger = logger
        self.clock = clock
    }

    /// For each issuer its client, in the same order: the one that is there if it was configured alike, else a new one.
    /// nil: it is not asked.
    /// - Parameters:
    ///   - keys: the fetchers of their keys, in the same order.
    ///   - ownKeys: keys that are not fetched, in the same order.
    /// - Throws: when a secret or key, by which the gateway shows who it is, cannot be read.
    func places(for issuers: [Issuer], keys: [IssuerKeyFetcher?], ownKeys: [IssuerKeys?]) throws -> [Place?] {
        let inForce = inForce.withLock { $0 }
        return try issuers.enumerated().map { index, issuer in
            guard let introspection = issuer.introspection else { return nil }
            let setup = IntrospectionClient.Setup(
                credentials: try ClientCredentials(introspection, of: issuer),
                keys: index < keys.count ? keys[index] : nil,
                ownKeys: index < ownKeys.count ? ownKeys[index] : nil)
            if let client = inForce[issuer.name], client.issuer == issuer { return Place(client: client, setup: setup) }
            return IntrospectionClient(issuer, setup, logger: logger, clock: clock).map {
                Place(client: $0, setup: setup)
            }
        }
    }

    /// These are in force now, and all others end.
    func adopt(_ places: [Place?]) {
        let new = places.compactMap { $0 }
        let old = inForce.withLock { inForce in
            defer { inForce = Dictionary(new.map { ($0.client.issuer.name, $0.client) }, uniquingKeysWith: { $1 }) }
            return inForce
        }
        for client in old.values where !new.contains(where: { $0.client === client }) { client.end() }
        for place in new {
            let client = place.client
            if old[client.issuer.name] === client {
                client.renew(place.setup)
            } else {
                running.begin { await client.run() }
            }
        }
    }

    func run() async throws { await cancelWhenGracefulShutdown { await self.running.run() } }
}
