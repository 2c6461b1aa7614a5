import NIOCore

/// The connections of one event loop whose clients have sent more requests than are begun in one read. They take turns,
/// one request each, and only so many in one turn of the loop: between them the loop reads what others have sent.
///
/// Otherwise one client that writes without pause would be answered for as long as it writes, and all others would wait.
final class PipelineTurns {
    /// Requests that are begun in one turn of the loop.
    static let requestsMax = 16
    /// Nanoseconds after which no more are begun in this turn, where requests are dear.
    static let nanosecondsMax: Int64 = 250_000
    /// Nanoseconds until the loop comes back to them, where it has no way to look at its sockets in between (in memory).
    static let pauseNanoseconds: Int64 = 20_000

    private var waiting = CircularBuffer<HTTP1ServerConnection>()
    private var isScheduled = false

    /// The connection has a request that waits. Its `turnCame` is called once for it.
    func add(_ connection: HTTP1ServerConnection, _ loop: TransportLoop) {
        waiting.append(connection)
        schedule(loop)
    }

    private func schedule(_ loop: TransportLoop) {
        guard !isScheduled else { return }
        isScheduled = true
        if let afterSockets = loop.afterSockets {
            afterSockets.wake()
        } else {
            loop.run(afterNanoseconds: Self.pauseNanoseconds) { self.take(loop) }
        }
    }

    /// The loop has looked at its sockets.
    func take(_ loop: TransportLoop) {
        isScheduled = false
        let begin = loop.now()
        var left = Self.requestsMax
        while left > 0, let connection = waiting.popFirst() {
            connection.turnCame()
            left -= 1
            if loop.now() &- begin > Self.nanosecondsMax { break }
        }
        if !waiting.isEmpty { schedule(loop) }
    }
}
