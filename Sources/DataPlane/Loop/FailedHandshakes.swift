import Admission
import Synchronization
package import Transport

/// TLS handshakes of clients that failed: counted by reason, and said in the log, where a sender of many has no more
/// than its share.
package final class FailedHandshakes: Sendable {
    /// A line for the log.
    package struct Note: Sendable, Equatable {
        /// The client's.
        package let address: String
        /// Why it failed.
        package let reason: HandshakeFailure
        /// Failures since the last line that have none of their own.
        package let untold: Int
    }

    /// Lines in a minute; of one address (IPv6: one /64) and reason only the first has one.
    static let linesMax = 100
    private static let minute: Int64 = 60_000_000_000

    private struct Line: Hashable {
        let sender: UInt64
        let reason: HandshakeFailure
    }
    private struct State {
        var counts: [HandshakeFailure: Int] = [:]
        var since: Int64 = .min
        var told: Set<Line> = []
        var untold = 0
    }
    private let state = Mutex(State())
    private let tell: @Sendable (Note) -> Void

    /// - Parameter tell: called for what belongs into the log.
    package init(tell: @escaping @Sendable (Note) -> Void) { self.tell = tell }

    /// - Parameter now: monotonic nanoseconds.
    func failed(_ reason: HandshakeFailure, from address: String, now: Int64) {
        let line = Line(sender: ClientAddress(text: address).counted, reason: reason)
        let untold: Int? = state.withLock { state in
            state.counts[reason, default: 0] &+= 1
            // Nothing was wrong: load balancers that look whether somebody listens would fill the log.
            guard reason != .closed else { return nil }
            if state.since == .min || now &- state.since >= Self.minute {
                state.since = now
                state.told.removeAll(keepingCapacity: true)
            }
            guard state.told.count < Self.linesMax, state.told.insert(line).inserted else {
                state.untold &+= 1
                return nil
            }
            defer { state.untold = 0 }
            return state.untold
        }
        if let untold { tell(Note(address: address, reason: reason, untold: untold)) }
    }

    /// Since the start, by reason; those that never happened are left out.
    package var counts: [(reason: HandshakeFailure, count: Int)] {
        let counts = state.withLock { $0.counts }
        return HandshakeFailure.allCases.compactMap { reason in counts[reason].map { (reason, $0) } }
    }
}
