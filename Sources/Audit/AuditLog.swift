internal import Glibc
internal import Synchronization

/// The audit log of the process: a bounded queue and one thread that writes it.
///
/// A record that was promised (`reserve`) always finds room: the octets that it may take are counted before the request
/// is served. When they are not to be had, or the sink does not take what it is given, requests are refused, or records
/// are dropped and counted: as the policy says.
package final class AuditLog: Sendable {
    package enum WhenFull: Sendable { case refuse, dropAndCount }

    /// How the log is.
    package struct Health: Sendable, Equatable {
        /// What the sink last said when it took nothing; nil: it takes everything.
        package var failure: String?
        package var dropped: Int
        package var written: Int
        package var queuedBytes: Int
    }

    enum Reservation { case reserved, dropped, refused }

    private let whenFull: WhenFull
    private let queueBytesMax: Int
    private let occupied = Atomic<Int>(0)
    private let failing = Atomic<Bool>(false)
    private let dropped = Atomic<Int>(0)
    private let writer: AuditWriter

    /// Opens the sink and starts the writer.
    /// - Throws: `AuditSinkError` when the sink cannot be opened: a gateway that cannot keep records does not start.
    package init(sink: AuditSink, whenFull: WhenFull, queueBytesMax: Int) throws(AuditSinkError) {
        self.whenFull = whenFull
        self.queueBytesMax = max(queueBytesMax, AuditRecord.bytesMax)
        writer = try AuditWriter(sink: sink)
        writer.onWritten = { [self] bytes in _ = occupied.subtract(bytes, ordering: .relaxed) }
        writer.onStateChange = { [self] isFailing in failing.store(isFailing, ordering: .relaxed) }
        writer.start()
    }

    /// A journal for one event loop.
    package func journal() -> AuditJournal { AuditJournal(log: self) }

    package var health: Health {
        Health(
            failure: writer.failure, dropped: dropped.load(ordering: .relaxed), written: writer.recordsWritten,
            queuedBytes: occupied.load(ordering: .relaxed))
    }

    /// Opens the file anew, for a rotation by somebody else (SIGHUP).
    package func reopen() { writer.reopen() }

    /// Writes what is queued and ends the thread; gives up after `seconds` when the sink takes nothing.
    package func stop(within seconds: Int = 5) { writer.stop(within: seconds) }

    func reserve() -> Reservation {
        if !failing.load(ordering: .relaxed) {
            let now = occupied.add(AuditRecord.bytesMax, ordering: .relaxed).newValue
            if now <= queueBytesMax { return .reserved }
            occupied.subtract(AuditRecord.bytesMax, ordering: .relaxed)
        }
        return whenFull == .refuse ? .refused : .dropped
    }

    /// A record took `bytes` of what was reserved for it.
    func settle(bytes: Int) {
        occupied.subtract(AuditRecord.bytesMax - bytes, ordering: .relaxed)
    }

    func countDropped() { dropped.add(1, ordering: .relaxed) }

    /// Takes a batch and gives back an empty buffer to go on with.
    func submit(_ batch: [UInt8]) -> [UInt8] { writer.submit(batch) }
}
