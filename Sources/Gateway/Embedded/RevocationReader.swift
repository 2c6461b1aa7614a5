import Admission
import AuthorizationServer
import Logging
import ServiceLifecycle
import Synchronization

/// Reads all live revocations of the built-in authorization server and hands them to the event loops: all of them
/// before the gateway opens a listener, and each new one a moment after it was written, by this process or by another.
///
/// Its table has no bound of its own: there are as many entries as revocations that were written within a day, each of
/// 64 octets, and each was written by a client that had authenticated or by an operator.
final class RevocationReader: Service {
    /// How it stands, for health.
    struct Status: Sendable, Equatable {
        var live: Int
        /// Why the store could not be read the last time; nil: it could.
        var failure: String?
    }

    /// Sets follow each other no faster: what comes meanwhile is in the next one.
    private static let pause = Duration.milliseconds(50)
    /// The store is asked so often even if it says nothing: should a word of it be lost, and to drop what is over.
    private static let interval = Duration.seconds(2)

    private let store: any AuthorizationStore
    private let logger: Logger
    private let clock: ControlClock
    private let publish: @Sendable (RevocationSet) async -> Void
    private let state = Mutex(State())

    private struct State {
        var ends: [RevocationSet.Mark: RevocationSet.End] = [:]
        var sequence: Int64 = 0
        var nextExpiry = Int64.max
        var failure: String?
    }

    /// - Parameter publish: told of every change.
    init(
        store: any AuthorizationStore, logger: Logger, clock: ControlClock = .system,
        publish: @escaping @Sendable (RevocationSet) async -> Void
    ) {
        self.store = store
        self.logger = logger
        self.clock = clock
        self.publish = publish
    }

    var status: Status { state.withLock { Status(live: $0.ends.count, failure: $0.failure) } }

    /// Everything that is live. Throws when the store cannot be read: then nobody knows which tokens count, and the
    /// gateway does not start.
    func load() async throws -> RevocationSet {
        _ = try await read()
        return state.withLock { RevocationSet($0.ends) }
    }

    /// Tells of every change, as long as the gateway runs.
    func run() async throws {
        let writes = store.writes(of: .revocation)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in writes { await self.refresh(andPause: Self.pause) }
                }
                group.addTask {
                    while !Task.isCancelled { await self.refresh(andPause: Self.interval) }
                }
            }
        }
    }

    private func refresh(andPause pause: Duration) async {
        await refresh()
        // Fails only when the task is cancelled.
        try? await clock.sleep(for: pause)
    }

    private func refresh() async {
        do {
            let hasChanged = try await read()
            let recovered = state.withLock { state in
                defer { state.failure = nil }
                return state.failure != nil
            }
            if recovered { logger.notice("revocations can be read again") }
            if hasChanged { await publish(state.withLock { RevocationSet($0.ends) }) }
        } catch {
            let isNew = state.withLock { state in
                defer { state.failure = "\(error)" }
                return state.failure == nil
            }
            if isNew {
                logger.critical(
                    "revocations cannot be read; those that are known stay in force", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// What was written since the last time, and without what is over. True: there is something new.
    private func read() async throws -> Bool {
        let now = clock.unixSeconds()
        var hasChanged = false
        while true {
            let sequence = state.withLock { $0.sequence }
            let records = try await store.records(
                RecordQuery(.revocation, afterSequence: sequence), most: SQLiteAuthorizationStore.recordsMax)
            state.withLock { state in
                for record in records {
                    state.sequence = max(state.sequence, record.sequence)
                    guard let revocation = Revocation(record), now < revocation.expiresAt else { continue }
                    let end = RevocationSet.End(before: revocation.before, expiresAt: revocation.expiresAt)
                    guard state.ends[revocation.mark] != end else { continue }
                    state.ends[revocation.mark] = end
                    state.nextExpiry = min(state.nextExpiry, end.expiresAt)
                    hasChanged = true
                }
            }
            if records.count < SQLiteAuthorizationStore.recordsMax { break }
        }
        state.withLock { state in
            guard state.nextExpiry <= now else { return }
            state.ends = state.ends.filter { now < $0.value.expiresAt }
            // A minute at least until it is gone through again, however many end one after the other.
            state.nextExpiry = max(state.ends.values.lazy.map(\.expiresAt).min() ?? .max, now + 60)
            hasChanged = true
        }
        return hasChanged
    }
}

extension Revocation {
    fileprivate var mark: RevocationSet.Mark {
        switch target {
        case .token(let id): .init(.token, id)
        case .grant(let id): .init(.grant, id)
        case .client(let id): .init(.client, id)
        case .subject(let id): .init(.subject, id)
        }
    }
}
