import NIOCore

/// How fast one event loop reads from the connections that it is closing. All that they bring is dropped: it is read only so
/// that the client still gets its answer (RFC 9112 §9.6). Together they get so many octets in a second and no more, a read
/// each in turn: otherwise a hundred clients that go on writing after their last answer would keep the loop busy.
///
/// What is saved up is enough for the rest of an ordinary upload, which then waits for nothing.
final class ClosingReads {
    /// Nanoseconds until the loop comes back to those that wait.
    static let pauseNanoseconds: Int64 = 2_000_000

    private var budget = Budget()
    private var waiting = CircularBuffer<HTTP1ServerConnection>()
    private var isScheduled = false

    /// Whether the connection may be read from now. Otherwise its `closingReadCame` is called when it may.
    func mayRead(_ connection: HTTP1ServerConnection, _ loop: TransportLoop) -> Bool {
        if waiting.isEmpty, budget.takeRead(now: loop.now()) { return true }
        waiting.append(connection)
        schedule(loop)
        return false
    }

    /// A read has brought so many octets, which are dropped.
    func dropped(_ count: Int) { budget.dropped(count) }

    private func schedule(_ loop: TransportLoop) {
        guard !isScheduled else { return }
        isScheduled = true
        loop.run(afterNanoseconds: Self.pauseNanoseconds) { self.take(loop) }
    }

    /// Each of those that wait now is read from once at most: what that brings is not known before the loop has looked at its
    /// socket.
    private func take(_ loop: TransportLoop) {
        isScheduled = false
        let now = loop.now()
        for _ in 0..<waiting.count where budget.takeRead(now: now) { waiting.popFirst()?.closingReadCame() }
        if !waiting.isEmpty { schedule(loop) }
    }

    /// Octets that may be read and dropped, as time passes.
    struct Budget {
        static let octetsPerSecond: Int64 = 64 << 20
        static let octetsSavedMax: Int64 = 4 << 20
        /// What a read costs before it is known what it brings, and at least.
        static let octetsPerRead: Int64 = 16_384

        private(set) var octetsLeft = octetsSavedMax
        private var refilledAt: Int64 = 0

        init() {}

        /// Whether one read more is within the budget.
        mutating func takeRead(now: Int64) -> Bool {
            let elapsed = min(max(now &- refilledAt, 0), 1_000_000_000)
            // Whole octets: asked often, it would lose the rest each time.
            let earned = elapsed * Self.octetsPerSecond / 1_000_000_000
            if earned > 0 {
                octetsLeft = min(octetsLeft + earned, Self.octetsSavedMax)
                refilledAt = now
            }
            guard octetsLeft >= Self.octetsPerRead else { return false }
            octetsLeft -= Self.octetsPerRead
            return true
        }

        mutating func dropped(_ count: Int) { octetsLeft -= max(0, Int64(count) - Self.octetsPerRead) }
    }
}
