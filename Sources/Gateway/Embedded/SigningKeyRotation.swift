import AuthorizationRecords
import Foundation
import JOSE
import Logging
import ServiceLifecycle
import Storage

/// Sees to it that there are signing keys as `KeySchedule` says, and that this gateway knows those that others have
/// made.
///
/// Several gateways do the same on one database: each change names the version of what it was decided by, so that one
/// of them makes the key and the others find it.
struct SigningKeyRotation: Service {
    /// How long after a failure it is tried again.
    static let retrySeconds: Int64 = 30
    /// How often it is looked at least, though nothing was heard.
    static let lookSeconds: Int64 = 3_600

    let database: AuthorizationDatabase
    let keys: SigningKeys
    let logger: Logger
    let clock: @Sendable () -> Int64
    /// Called when the keys are others than before.
    let changed: @Sendable () async -> Void

    /// As long as the gateway runs.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in database.store.writes(of: .signingKey) { _ = await look() } }
                group.addTask {
                    while !Task.isCancelled {
                        let next = await look()
                        // A few seconds by chance, so that gateways do not all come at once.
                        let seconds = max(1, min(next - clock(), Self.lookSeconds)) + Int64.random(in: 0...10)
                        do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
                    }
                }
            }
        }
    }

    /// Does what is due, and takes over what there is. Returns when to look again.
    func look() async -> Int64 {
        do {
            return try await keep(now: clock())
        } catch {
            logger.error("signing keys cannot be looked after; those in use stay", metadata: ["reason": "\(error)"])
            return clock() + Self.retrySeconds
        }
    }

    /// Sees to it that there is a key of an algorithm that a client has just asked for, and that it signs here.
    func makeKey(of algorithm: Algorithm) async {
        let now = clock()
        guard keys.ring.current(algorithm, now: now) == nil else { return }
        do {
            let change = SigningKeyChange(store: database.store, terms: database.signing, random: .system)
            _ = try await change.makeKey(of: algorithm, now: now)
        } catch {
            logger.error(
                "the key for ID tokens of a client cannot be made; it is tried again when keys are looked after",
                metadata: ["algorithm": "\(algorithm.rawValue)", "reason": "\(error)"])
        }
        _ = await look()
    }

    private func keep(now: Int64) async throws -> Int64 {
        var stored = try await read(now)
        let wanted = try await database.idTokenAlgorithmsWanted()
        // Each round does one thing; who was faster elsewhere has changed what the next round sees.
        for _ in 0..<8 {
            guard let action = database.schedule.actions(stored.values, wanted: wanted, now: now).first else { break }
            let done = try await SigningKeyChange(store: database.store, terms: database.signing, random: .system).make(
                action, of: stored.values, now: now)
            if done { logger.notice("signing keys changed", metadata: ["change": "\(action)"]) }
            stored = try await read(now)
        }
        let check = database.check(stored, now: now)
        // A key that was damaged meanwhile goes on to verify what it has signed, as long as this gateway runs.
        let ring = try check.ring.get().adding(check.unusable.map(\.kid), from: keys.ring)
        // Each time, since the copy in memory may be the last good one.
        for key in check.unusable { logger.error(unusable: key, isKnownHere: keys.ring.contains(key.kid)) }
        if ring.begins(after: now) {
            logger.warning("the clock stands before the first signing key; was it set back? The oldest key signs")
        }
        if ring.timetable != keys.ring.timetable {
            keys.replace(with: ring)
            await changed()
        }
        return database.schedule.nextTime(stored.values, now: now) ?? now + Self.lookSeconds
    }

    /// Throws if one that has to sign now cannot be used: the keys in use stay, rather than others being made in its
    /// place.
    private func read(_ now: Int64) async throws -> RecordList<StoredSigningKey> {
        let keys = try await database.store.signingKeys()
        guard !keys.isEmpty else {
            throw StorageError(database.name, "has lost its signing keys; restore it from a backup")
        }
        _ = try database.check(keys, now: now).ring.get()
        return keys
    }
}

extension Logger {
    /// - Parameter isKnownHere: this gateway has read it before it was damaged.
    func error(unusable key: SigningKeyCheck.Unusable, isKnownHere: Bool = false) {
        error(
            isKnownHere
                ? "a signing key is damaged in the database: this gateway still verifies with it, and none will that starts"
                : "a signing key cannot be used: what it has signed is refused, and it will not sign",
            metadata: ["kid": "\(key.kid)", "reason": "\(key.reason)"])
    }
}
