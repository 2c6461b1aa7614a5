import AuthorizationRecords
import Logging
import ServiceLifecycle

/// Removes what has expired, in small steps, so that no table grows and no writer waits for long, and gives back the room
/// that it took. Several gateways may
/// do it on one database; they come at different moments.
struct ExpiredRecordRemoval: Service {
    /// Seconds between two rounds, about.
    static let pauseSeconds = 60
    /// Records in one transaction: some ten milliseconds on a slow disk.
    static let batch = 500
    /// Batches in one round: 50,000 records a minute is more than a gateway writes in that time.
    static let batchesMax = 100

    let store: any AuthorizationStore
    let logger: Logger
    let clock: @Sendable () -> Int64

    /// As long as the gateway runs.
    func run() async throws { await cancelWhenGracefulShutdown { await keepRemoving() } }

    private func keepRemoving() async {
        var reported = 0
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .milliseconds(Self.pauseSeconds * 1_000 + Int.random(in: -10_000...10_000)))
            } catch { return }
            let displaced = store.displaced
            if displaced > reported {
                logger.warning(
                    "more requests wait for somebody to log in than their sender, or all senders, may have waiting; the oldest were dropped",
                    metadata: ["dropped": "\(displaced - reported)"])
                reported = displaced
            }
            do {
                let count = try await round()
                if count > 0 { logger.debug("expired records removed", metadata: ["count": "\(count)"]) }
            } catch is CancellationError {
                return
            } catch {
                logger.error("expired records cannot be removed", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// How many were removed.
    @discardableResult
    func round() async throws -> Int {
        var total = 0
        for _ in 0..<Self.batchesMax {
            let count = try await store.removeExpired(now: clock(), most: Self.batch)
            total += count
            if count < Self.batch { break }
            // Whoever waits to write comes first.
            try await Task.sleep(for: .milliseconds(20))
        }
        for _ in 0..<Self.batchesMax {
            guard try await store.releaseSpace() else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        return total
    }
}
