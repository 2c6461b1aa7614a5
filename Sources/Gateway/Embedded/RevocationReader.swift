import Admission
import AuthorizationRecords
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Reads all live revocations of the built-in authorization server and hands them to the event loops: all of them
/// before the gateway opens a listener, and each new one a moment after it was written, by this process or by another.
///
/// A revocation that cannot be read refuses more, never less: where its key says what it ends, everything about that is
/// refused, whenever it was issued; where not even that is known, the gateway does not start. One that comes while the
/// gateway runs leaves the known ones in force, and health says so until it is over.
///
/// Its table has no bound of its own: there are as many entries as revocations that were written within a day, each of
/// 64 octets, and each was written by a client that had authenticated or by an operator.
final class RevocationReader: Service {
    /// How it stands, for health.
    struct Status: Sendable, Equatable {
        var live: Int
        /// Why the store could not be read the last time, or which of its revocations cannot be; nil: all is well.
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
        /// When those end that cannot be read, by their keys, as far as nobody knows what they are about.
        var unknown: [String: Int64] = [:]

        var unknownRevocations: String? {
            guard !unknown.isEmpty else { return nil }
            return
                "revocations are damaged, so that nobody knows what they end: \(unknown.keys.sorted().joined(separator: ", ")); restore the database from a backup, or delete these rows of its table \"record\""
        }
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

    var status: Status {
        state.withLock { state in Status(live: state.ends.count, failure: state.failure ?? state.unknownRevocations) }
    }

    /// Everything that is live. Throws when the store, or one of its revocations, cannot be read: then nobody knows which
    /// tokens count, and the gateway does not start.
    func load() async throws -> RevocationSet {
        _ = try await read()
        return try state.withLock { state in
            if let reason = state.unknownRevocations { throw UnknownRevocations(description: reason) }
            return RevocationSet(state.ends)
        }
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

    /// Reads what is new, and publishes it.
    func refresh() async {
        do {
            let hasChanged = try await read()
            let recovered = state.withLock { state in
                defer { state.failure = nil }
                return state.failure != nil
            }
            if recovered { logger.notice("revocations can be read again") }
            if hasChanged { await publish(state.withLock { RevocationSet($0.ends) }) }
        } catch {
            // At the end of the gateway nothing is read to its end any more.
            guard !Task.isCancelled else { return }
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
        var rest: RecordQuery? = RecordQuery(.revocation, afterSequence: state.withLock { $0.sequence })
        while let query = rest {
            let page = try await store.page(query, most: SQLiteAuthorizationStore.recordsMax)
            for row in page.rows {
                do throws(DamagedRecord) {
                    let record = try row.get()
                    hasChanged = take(try record.read(Revocation.init), record.sequence, now: now) || hasChanged
                } catch {
                    hasChanged = take(error, now: now) || hasChanged
                }
            }
            rest = page.next
        }
        state.withLock { state in
            state.unknown = state.unknown.filter { now < $0.value }
            guard state.nextExpiry <= now else { return }
            state.ends = state.ends.filter { now < $0.value.expiresAt }
            // A minute at least until it is gone through again, however many end one after the other.
            state.nextExpiry = max(state.ends.values.lazy.map(\.expiresAt).min() ?? .max, now + 60)
            hasChanged = true
        }
        return hasChanged
    }

    private func take(_ revocation: Revocation, _ sequence: Int64, now: Int64) -> Bool {
        state.withLock { state in
            state.sequence = max(state.sequence, sequence)
            guard now < revocation.expiresAt else { return false }
            let end = RevocationSet.End(before: revocation.before, expiresAt: revocation.expiresAt)
            guard state.ends[revocation.mark] != end else { return false }
            state.ends[revocation.mark] = end
            state.nextExpiry = min(state.nextExpiry, end.expiresAt)
            return true
        }
    }

    private func take(_ damaged: DamagedRecord, now: Int64) -> Bool {
        let expiresAt = damaged.expiresAt ?? .max
        guard now < expiresAt else { return take(damaged.sequence) }
        guard let target = Revocation.Target(key: damaged.key) else {
            logger.critical(
                "a revocation cannot be read, and what it ends is not known", metadata: ["key": "\(damaged.key)"])
            state.withLock { $0.unknown[damaged.key] = expiresAt }
            return take(damaged.sequence)
        }
        logger.error(
            "a revocation cannot be read; everything that it may end is refused", metadata: ["key": "\(damaged.key)"])
        return take(Revocation(target, before: .max, expiresAt: expiresAt), damaged.sequence, now: now)
    }

    /// Nothing is to be known of this row.
    private func take(_ sequence: Int64) -> Bool {
        state.withLock { $0.sequence = max($0.sequence, sequence) }
        return false
    }
}

/// Why a gateway does not start.
private struct UnknownRevocations: Error, CustomStringConvertible {
    let description: String
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
