import Admission
import Logging
import Policy
import Synchronization

/// The keepers of all issuers that are asked about tokens: what they have said survives a reload here.
final class VerdictLedger: Sendable {
    /// One issuer's keeper, and what it is to have from when the policy is in force.
    struct Place: Sendable {
        let keeper: VerdictKeeper
        let setup: VerdictKeeper.Setup
    }
    private let keepers = Mutex<[String: VerdictKeeper]>([:])
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// For each issuer its keeper, in the same order: the one that is there if it was configured alike, else a new one.
    /// nil: it is not asked.
    /// - Parameters:
    ///   - keys: the keepers of their keys, in the same order.
    ///   - ownKeys: keys that are not fetched, in the same order.
    /// - Throws: when a secret or key, by which the gateway shows who it is, cannot be read.
    func places(for issuers: [Issuer], keys: [KeyKeeper?], ownKeys: [IssuerKeys?]) throws -> [Place?] {
        let old = keepers.withLock { $0 }
        return try issuers.enumerated().map { index, issuer in
            guard let introspection = issuer.introspection else { return nil }
            let setup = VerdictKeeper.Setup(
                credentials: try ClientCredentials(introspection, of: issuer),
                keys: index < keys.count ? keys[index] : nil,
                ownKeys: index < ownKeys.count ? ownKeys[index] : nil)
            if let keeper = old[issuer.name], keeper.issuer == issuer { return Place(keeper: keeper, setup: setup) }
            return VerdictKeeper(issuer, setup, logger: logger).map { Place(keeper: $0, setup: setup) }
        }
    }

    /// These are in force now, and all others end.
    func adopt(_ places: [Place?]) {
        let new = places.compactMap { $0 }
        let old = keepers.withLock { keepers in
            defer { keepers = Dictionary(new.map { ($0.keeper.issuer.name, $0.keeper) }, uniquingKeysWith: { $1 }) }
            return keepers
        }
        for keeper in old.values where !new.contains(where: { $0.keeper === keeper }) { keeper.stop() }
        for place in new { place.keeper.renew(place.setup) }
    }

    func stop() { adopt([]) }
}
