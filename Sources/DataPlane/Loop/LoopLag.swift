import Transport

/// How late an event loop does what is due: every half second it notes by how much. What keeps it is work of its own (a large
/// signature, thousands of requests at once) or the want of a processor, and every request on it waits as long.
final class LoopLag {
    private static let pause: Int64 = 500_000_000

    private let transport: TransportLoop
    private var dueAt: Int64 = 0
    private(set) var histogram = RequestCounts.Histogram()

    /// To be called on the loop. It goes on until the loop ends.
    init(_ transport: TransportLoop) {
        self.transport = transport
        wait()
    }

    private func wait() {
        dueAt = transport.now() &+ Self.pause
        transport.run(afterNanoseconds: Self.pause) { [weak self] in
            guard let self else { return }
            histogram.add(transport.now() &- dueAt)
            wait()
        }
    }
}
