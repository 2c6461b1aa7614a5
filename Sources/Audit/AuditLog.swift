import Synchronization

/// The audit log of the process: a bounded queue and one thread that writes it.
///
/// When the queue is full, or the sink does not take what it is given, requests are refused, or records are dropped and
/// counted: as the policy says. A record that was promised when its request began is kept in any case.
package final class AuditLog: Sendable {
    /// What happens to requests whose record cannot be promised a place.
    package enum WhenFull: Sendable { case refuse, dropAndCount }

    /// How the log is.
    package struct Health: Sendable, Equatable {
        /// What the sink last said when it took nothing; nil: it takes everything.
        package var failure: String?
        /// Records that `dropAndCount` did not keep.
        package var dropped: Int
        /// Records that the sink has taken whole.
        package var written: Int
        /// Records that had been promised and that the sink had not taken when the log had to stop.
        package var lost: Int
        package var queuedBytes: Int
        /// Refused requests that matched no route and share a record with others.
        package var counted: Int = 0
        /// How often somebody has removed, replaced or cut the file since the start.
        package var alarms: Int = 0
        /// What was found the last time; nil: nothing since the log was reopened (SIGHUP).
        package var alarm: String? = nil
    }

    /// Names the process in its records; nil: it has no name.
    package let instance: AuditText?
    let whenFull: WhenFull
    private let queueBytesMax: Int
    /// Octets of the queue that refused requests that match no route can take: a quarter. They cost their sender nothing,
    /// so that a slow sink would otherwise let them take the place of all others.
    private let unmatchedBytesMax: Int
    private let dropped = Atomic<Int>(0)
    private let tally: SharedRefusalTally
    private let writer: AuditWriter

    /// Opens the sink and starts the writer.
    /// - Parameter queueBytesMax: octets that wait for the sink at most before new requests are refused.
    /// - Parameter retention: how long files are kept.
    /// - Parameter unmatchedPerMinuteMax: records that refusals of one address with one code have of their own in a
    ///   minute, where no route matched; the others share one.
    /// - Parameter instance: of records that the log makes itself.
    /// - Parameter onNotice: told what happens to the log, on its thread, which must not be held up.
    /// - Throws: `AuditSinkError` when the sink cannot be opened: a gateway that cannot keep records does not start.
    package init(
        sink: AuditSink, whenFull: WhenFull, queueBytesMax: Int,
        retention: AuditRetention = AuditRetention(), unmatchedPerMinuteMax: Int = .max, instance: AuditText? = nil,
        onNotice: @escaping @Sendable (AuditNotice) -> Void = { _ in }
    ) throws(AuditSinkError) {
        self.whenFull = whenFull
        self.instance = instance
        self.queueBytesMax = queueBytesMax
        unmatchedBytesMax = queueBytesMax / 4
        tally = SharedRefusalTally(writtenMax: unmatchedPerMinuteMax, instance: instance)
        writer = AuditWriter(
            sink: try OpenSink(sink, retention: retention), tally: tally, onNotice: onNotice)
        try writer.start()
    }

    deinit { stop() }

    /// A journal for one event loop.
    package func journal() -> AuditJournal { AuditJournal(log: self) }

    package var health: Health {
        let gauges = writer.gauges
        return Health(
            failure: writer.failure, dropped: dropped.load(ordering: .relaxed),
            written: gauges.written.load(ordering: .relaxed), lost: gauges.lost.load(ordering: .relaxed),
            queuedBytes: gauges.queuedBytes.load(ordering: .relaxed),
            counted: tally.counted.load(ordering: .relaxed), alarms: gauges.alarms.load(ordering: .relaxed),
            alarm: writer.alarm)
    }

    /// Opens the file anew, for a rotation by somebody else (SIGHUP). `Health.alarm` is over: somebody has looked.
    package func reopen() { writer.reopen() }

    /// Waits until the sink has taken what has been handed over.
    /// - Returns: false: it does not take it, or not within `seconds`.
    @discardableResult
    package func flush(within seconds: Int = 5) -> Bool { writer.flush(within: seconds) }

    /// Writes what has been handed over and ends the thread. Called when the loops have handed over their last records;
    /// what comes later is written by whoever brings it.
    /// - Parameter seconds: how long a sink that takes nothing is waited for.
    /// - Returns: false: records were given up (`Health.lost`), or the sink still holds the thread.
    @discardableResult
    package func stop(within seconds: Int = 5) -> Bool {
        for batch in tally.takeAll() { _ = submit(batch) }
        return writer.stop(within: seconds)
    }

    // MARK: Refusals that share a record

    /// - Parameter queuedBytes: what the journal has of such records and has not handed over.
    func takes(
        _ sender: AuditSender, code: UInt8, text: AuditText?, at wallNanoseconds: Int64, besides queuedBytes: Int
    ) -> Bool {
        let queued = writer.gauges.unmatchedBytes.load(ordering: .relaxed) &+ queuedBytes
        return tally.take(sender, code: code, text: text, at: wallNanoseconds, hasRoom: queued < unmatchedBytesMax)
    }

    /// Whether a new record can be promised. Two loads; nothing is written that event loops would contend for.
    var takesRecords: Bool {
        let gauges = writer.gauges
        return !gauges.isFailing.load(ordering: .relaxed) && gauges.queuedBytes.load(ordering: .relaxed) < queueBytesMax
    }

    var isFailing: Bool { writer.gauges.isFailing.load(ordering: .relaxed) }

    /// Waits until the log is as `condition` says, which must not ask for `health`. False: it has not become so in
    /// time.
    func wait(within seconds: Int = 60, until condition: () -> Bool) -> Bool {
        writer.wait(within: seconds, until: condition)
    }

    var alarms: Int { writer.gauges.alarms.load(ordering: .relaxed) }

    func countDropped() { dropped.add(1, ordering: .relaxed) }

    /// Takes a batch and gives back an empty one to go on with.
    func submit(_ batch: consuming AuditBatch) -> AuditBatch { writer.submit(consume batch) }
}

/// What the event loops and the health report read without a lock.
final class AuditGauges: Sendable {
    let isFailing = Atomic<Bool>(false)
    /// Handed over and not yet taken by the sink.
    let queuedBytes = Atomic<Int>(0)
    /// Of these, those of refused requests that matched no route.
    let unmatchedBytes = Atomic<Int>(0)
    let written = Atomic<Int>(0)
    let lost = Atomic<Int>(0)
    let alarms = Atomic<Int>(0)
}
