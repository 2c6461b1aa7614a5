import Logging
import Policy
import Synchronization

/// The keepers of all issuers whose keys are fetched: what is known of keys survives a reload here.
final class KeyLedger: Sendable {
    private struct State {
        var keepers: [String: KeyKeeper] = [:]
        var onSettled: (@Sendable (String) -> Void)?
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Who is told, by the issuer's name, that a fetch has come to its end.
    func tell(_ onSettled: @escaping @Sendable (String) -> Void) { state.withLock { $0.onSettled = onSettled } }

    /// For each issuer its keeper, in the same order: one that runs already if it was configured alike, else one that
    /// waits for `adopt`. nil: its keys are not fetched.
    func keepers(for issuers: [Issuer]) -> [KeyKeeper?] {
        let running = state.withLock { $0.keepers }
        return issuers.map { issuer in
            guard case .fetched(let fetching) = issuer.keys else { return nil }
            if let keeper = running[issuer.name], keeper.identifier == issuer.identifier, keeper.fetching == fetching {
                return keeper
            }
            return KeyKeeper(
                name: issuer.name, identifier: issuer.identifier, fetching: fetching, logger: logger,
                onSettled: { [weak self] name in self?.state.withLock({ $0.onSettled })?(name) })
        }
    }

    /// These keepers are in force now: they run, and all others end.
    func adopt(_ keepers: [KeyKeeper?]) {
        let old = state.withLock { state in
            defer {
                state.keepers = Dictionary(keepers.compactMap { $0 }.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
            }
            return state.keepers
        }
        for keeper in old.values where !keepers.contains(where: { $0 === keeper }) { keeper.stop() }
        for keeper in keepers { keeper?.start() }
    }

    func stop() { adopt([]) }
}
