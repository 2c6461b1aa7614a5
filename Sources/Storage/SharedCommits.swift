import AuthorizationRecords
import GRDB
import Synchronization

/// Commits of a SQLite file that wait at the same time share one transaction: beginning, ending and, above all, waiting for
/// the disk cost as much for one as for many. Each holds or leaves nothing behind for itself, and none is told that it is
/// done before all of them are on the disk.
final class SharedCommits: Sendable {
    /// What is done in one transaction at most, so that readers of the log and other processes get their turn.
    static let togetherMax = 64

    /// Whether the changes were made, and how many records were displaced by them.
    typealias Outcome = (held: Bool, displaced: Int)

    private struct Waiting: Sendable {
        let changes: [StoreChange]
        let now: Int64
        let continuation: CheckedContinuation<Outcome, any Error>
    }
    /// In the order in which they came.
    private let waiting = Mutex<[Waiting]>([])

    func commit(_ changes: [StoreChange], now: Int64, in pool: DatabasePool) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                waiting.append(Waiting(changes: changes, now: now, continuation: continuation))
                return waiting.count == 1
            }
            // Whoever comes while another is first is done by its transaction, which begins after all that is under way.
            if isFirst { begin(in: pool) }
        }
    }

    private func begin(in pool: DatabasePool) {
        let taken = Mutex<[Waiting]?>(nil)
        pool.asyncWrite { [self] db in
            let together = take(in: pool)
            taken.withLock { $0 = together }
            if together.count == 1 { return [try Self.applyAlone(together[0], db)] }
            return try together.map { try Self.apply($0, db) }
        } completion: { [self] _, result in
            // Where the transaction could not even begin, nobody has been taken yet, and nobody else would come for them.
            let together = taken.withLock { $0 } ?? take(in: pool)
            switch result {
            case .failure(is NotHeld):
                for one in together { one.continuation.resume(returning: (false, 0)) }
            case .success(let outcomes):
                for (one, outcome) in zip(together, outcomes) { one.continuation.resume(with: outcome) }
            case .failure(let error):
                for one in together { one.continuation.resume(throwing: error) }
            }
        }
    }

    /// What is left begins another transaction, behind this one.
    private func take(in pool: DatabasePool) -> [Waiting] {
        let (together, rest) = waiting.withLock { waiting in
            let together = Array(waiting.prefix(Self.togetherMax))
            waiting.removeFirst(together.count)
            return (together, waiting.count)
        }
        if rest > 0 { begin(in: pool) }
        return together
    }

    /// Something else was true, of the only one in the transaction, which leaves nothing behind.
    private struct NotHeld: Error {}

    /// A transaction of its own needs no savepoint, for which SQLite would copy each page that is written.
    private static func applyAlone(_ one: Waiting, _ db: Database) throws -> Result<Outcome, any Error> {
        var displaced = 0
        for change in one.changes {
            guard try RecordRows.apply(db, change, now: one.now, displaced: &displaced) else { throw NotHeld() }
        }
        return .success((true, displaced))
    }

    /// - Throws: what ends the transaction for all of them, a full disk say.
    private static func apply(_ one: Waiting, _ db: Database) throws -> Result<Outcome, any Error> {
        var held = true
        var displaced = 0
        do {
            // A savepoint, so that "something else was true" leaves nothing behind, of this one.
            try db.inSavepoint {
                for change in one.changes {
                    held = try RecordRows.apply(db, change, now: one.now, displaced: &displaced)
                    if !held { return .rollback }
                }
                return .commit
            }
        } catch {
            // Some faults end the whole transaction, with what the others had in it.
            guard db.isInsideTransaction else { throw error }
            return .failure(error)
        }
        return .success((held, displaced))
    }
}
