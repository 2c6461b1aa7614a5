import Glibc
import Synchronization

/// The thread that writes batches to the sink: in their order, each record once and whole.
///
/// `@unchecked Sendable`: the queue is guarded by `monitor`; the sink belongs to the thread, and once that has ended,
/// to whoever holds the lock. No I/O happens under the lock while the thread lives, so event loops never wait for a
/// disk.
final class AuditWriter: @unchecked Sendable {
    /// How long the thread gathers records before it writes: one wake-up and one write for many of them. This much is
    /// lost when the process is killed.
    private static let gatherNanoseconds = 10_000_000
    /// So many octets are written at once.
    private static let urgentBytes = 4 * AuditBatch.fullBytes
    /// Between attempts when the sink takes nothing.
    private static let retryNanoseconds = 500_000_000
    /// How often it is looked whether the file is still where it was. Whoever removes it is noticed within this time.
    private static let verifyNanoseconds = 1_000_000_000
    /// Empty batches kept for the loops to use again.
    private static let sparesMax = 16

    let gauges = AuditGauges()

    private enum State { case running, stopping, ended }
    /// What the thread waits for, so that it is woken for that only.
    private enum Waiting { case forNothing, forWork, forMore }

    private let monitor = Monitor()
    // Guarded by `monitor`
    private var queue: [AuditBatch] = []
    private var spares: [AuditBatch] = []
    private var state = State.running
    private var waiting = Waiting.forNothing
    private var isReopenAsked = false
    private var flushesAsked = 0
    private var giveUpAt = Int.max
    private var failureText: String?
    private var alarmText: String?
    private var thread: pthread_t?

    private var sink: OpenSink
    /// Where records of refused requests that matched no route go when they have had their share of the file; opened
    /// when it is needed.
    private var unmatchedSink: OpenSink?
    private let tally: SharedRefusalTally
    /// Of the thread: when the file's name is looked up next.
    private var verifyAt: Int
    private let onNotice: @Sendable (AuditNotice) -> Void

    /// - Parameter onNotice: called on the writer's thread, which must not be held up.
    init(
        sink: consuming OpenSink, tally: SharedRefusalTally,
        onNotice: @escaping @Sendable (AuditNotice) -> Void
    ) {
        self.sink = sink
        self.tally = tally
        self.onNotice = onNotice
        verifyAt = Monitor.now + Self.verifyNanoseconds
    }

    func start() throws(AuditSinkError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<AuditWriter>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            monitor.locked { state = .ended }
            throw AuditSinkError(
                description: "no thread can be started for audit records: \(SinkFailure(number: status).text)")
        }
        monitor.locked { self.thread = thread }
    }

    // MARK: For everybody else

    var failure: String? { monitor.locked { failureText } }

    /// The last alarm since somebody reopened the log.
    var alarm: String? { monitor.locked { alarmText } }

    /// Takes a batch and gives back an empty one.
    func submit(_ batch: consuming AuditBatch) -> AuditBatch {
        monitor.lock()
        defer { monitor.unlock() }
        guard state != .ended else {
            writeLate(batch)
            batch.empty()
            return batch
        }
        if batch.unmatchedBytes > 0 { gauges.unmatchedBytes.add(batch.unmatchedBytes, ordering: .relaxed) }
        let queued = gauges.queuedBytes.add(batch.octets.count, ordering: .relaxed).newValue
        if waiting == .forWork || (waiting == .forMore && queued >= Self.urgentBytes) {
            waiting = .forNothing
            monitor.wake()
        }
        // Small batches are put together: each holds the memory of a full one.
        if let last = queue.indices.last, queue[last].octets.count &+ batch.octets.count <= AuditBatch.capacity {
            queue[last].append(batch)
            batch.empty()
            return batch
        }
        queue.append(batch)
        return spares.popLast() ?? AuditBatch()
    }

    func reopen() {
        monitor.locked {
            isReopenAsked = true
            // Whoever asks has looked.
            alarmText = nil
            monitor.wake()
        }
    }

    func flush(within seconds: Int) -> Bool {
        func isEmpty() -> Bool { gauges.queuedBytes.load(ordering: .relaxed) == 0 }
        return wait(within: seconds) { isEmpty() || failureText != nil } && isEmpty()
    }

    func wait(within seconds: Int, until condition: () -> Bool) -> Bool {
        let until = Monitor.now + Self.nanoseconds(seconds)
        return monitor.locked {
            flushesAsked += 1
            defer { flushesAsked -= 1 }
            monitor.wake()
            while !condition(), Monitor.now < until { monitor.wait(until: until) }
            return condition()
        }
    }

    func stop(within seconds: Int) -> Bool {
        let ended: pthread_t? = monitor.locked {
            if state == .running {
                state = .stopping
                giveUpAt = Monitor.now + Self.nanoseconds(seconds)
                monitor.wake()
            }
            // The thread gives up by itself, unless the sink holds it inside a write: then it is left behind.
            let leaveAt = giveUpAt == .max ? Monitor.now : giveUpAt + Self.retryNanoseconds
            while state != .ended, Monitor.now < leaveAt { monitor.wait(until: leaveAt) }
            guard state == .ended else { return nil }
            defer { thread = nil }
            return thread
        }
        if let ended { pthread_join(ended, nil) }
        return monitor.locked { state == .ended } && gauges.lost.load(ordering: .relaxed) == 0
    }

    /// Records that come when the thread has ended: one attempt.
    private func writeLate(_ batch: borrowing AuditBatch) {
        var offset = 0
        while offset < batch.octets.count, case .success(let count) = sink.write(batch.octets[offset...]) {
            offset += count
        }
        let whole = batch.recordsEnded(before: offset)
        gauges.written.add(whole, ordering: .relaxed)
        gauges.lost.add(batch.records - whole, ordering: .relaxed)
    }

    private static func nanoseconds(_ seconds: Int) -> Int { max(0, min(seconds, 3_600)) * 1_000_000_000 }

    // MARK: The thread

    private func run() {
        blockSignals()
        while var batches = nextBatches() {
            for index in batches.indices {
                var batch = AuditBatch(octets: [], records: 0)
                swap(&batch, &batches[index])
                writeToFiles(batch)
                keep(consume batch)
            }
        }
    }

    /// Signals are for other threads. A reader of standard output that has gone shall be an error, not the end
    /// (SIGPIPE), and so shall a file size limit (SIGXFSZ).
    private func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    private enum Work {
        case batches([AuditBatch])
        case reopening
        case verifying
    }

    /// Waits for work. nil: stopped, and nothing is left.
    private func nextBatches() -> [AuditBatch]? {
        while let work = nextWork() {
            switch work {
            case .batches(let batches): return batches
            case .reopening:
                // Renamed it may be: that is what the reopening is for.
                notify(sink.verify(lookingForName: false))
                sink.reopen()
                unmatchedSink = nil
            case .verifying: verify()
            }
        }
        return nil
    }

    /// Once a second, also with nothing to write, so that a file that is gone is noticed before the next record.
    private func verify() {
        verifyAt = Monitor.now + Self.verifyNanoseconds
        everySecond()
        notify(sink.verify())
        if let failure = sink.failure {
            setFailure(failure.text)
        } else if gauges.isFailing.load(ordering: .relaxed) {
            setFailure(nil)
        }
    }

    private func everySecond() {
        for batch in tally.takeEnded() { _ = submit(batch) }
        guard var opened = unmatchedSink.take() else { return }
        notify(opened.verify())
        unmatchedSink = consume opened
    }

    private func notify(_ notice: AuditNotice?) {
        guard let notice else { return }
        if notice.isAlarm {
            gauges.alarms.add(1, ordering: .relaxed)
            monitor.locked {
                alarmText = notice.text
                if flushesAsked > 0 { monitor.wake() }
            }
        }
        onNotice(notice)
    }

    private func nextWork() -> Work? {
        monitor.locked {
            while queue.isEmpty, !isReopenAsked, state == .running {
                guard Monitor.now < verifyAt else { return .verifying }
                waiting = .forWork
                monitor.wait(until: verifyAt)
            }
            gather()
            waiting = .forNothing
            if isReopenAsked {
                isReopenAsked = false
                return .reopening
            }
            guard queue.isEmpty else {
                defer { queue = [] }
                return .batches(queue)
            }
            state = .ended
            monitor.wake()
            return nil
        }
    }

    private func gather() {
        let until = Monitor.now + Self.gatherNanoseconds
        while state == .running, !isReopenAsked, flushesAsked == 0, Monitor.now < until,
            gauges.queuedBytes.load(ordering: .relaxed) < Self.urgentBytes
        {
            waiting = .forMore
            monitor.wait(until: until)
        }
    }

    /// Refused requests that matched no route cost their sender nothing. They have a share of the file, so that the others
    /// decide how far back it reaches; what is more goes into a file of its own.
    private func writeToFiles(_ batch: borrowing AuditBatch) {
        if Monitor.now >= verifyAt { verify() }
        guard !sink.hasShare(for: batch.unmatchedBytes), var opened = unmatchedSink.take() ?? sink.openForUnmatched()
        else { return write(batch, to: &sink) }
        let (matched, unmatched) = batch.divided()
        if matched.records > 0 { write(matched, to: &sink) }
        write(unmatched, to: &opened)
        unmatchedSink = consume opened
    }

    /// Writes a batch to its last octet, however often the sink refuses; gives it up only when it is time to stop.
    private func write(_ batch: borrowing AuditBatch, to sink: inout OpenSink) {
        begin(before: batch.octets.count, &sink)
        defer { sink.end() }
        var offset = 0
        attempts: while offset < batch.octets.count {
            switch sink.write(batch.octets[offset...]) {
            case .success(let count):
                offset += count
                // Not before all of it is there: on a full disk there is often room for the beginning of a record, again and
                // again.
                if offset == batch.octets.count, gauges.isFailing.load(ordering: .relaxed) { setFailure(nil) }
            case .failure(let failure):
                // The file shall end with a whole record, whatever comes: one that was begun is written again.
                let start = batch.startOfRecord(at: offset)
                if start < offset, sink.takeBack(offset - start) { offset = start }
                setFailure(failure.text)
                switch waitForRetry() {
                case .again:
                    // Another file: what was begun is written again, into that one.
                    if retried(&sink) { offset = batch.startOfRecord(at: offset) }
                case .reopen: if sink.reopen() { offset = batch.startOfRecord(at: offset) }
                case .giveUp: break attempts
                }
            }
        }
        let whole = offset == batch.octets.count ? batch.records : batch.recordsEnded(before: offset)
        gauges.written.add(whole, ordering: .relaxed)
        gauges.lost.add(batch.records - whole, ordering: .relaxed)
    }

    private func begin(before count: Int, _ sink: inout OpenSink) {
        notify(sink.begin(before: count))
        notify(sink.takeHistoryCut())
    }

    /// Before another attempt: whether another file is open by now.
    private func retried(_ sink: inout OpenSink) -> Bool {
        let notice = sink.reverify()
        notify(notice)
        switch notice {
        case .removed(_, .some), .movedAway(_, true): return true
        default: return false
        }
    }

    /// The batch is done with: its room in the queue is free again.
    private func keep(_ batch: consuming AuditBatch) {
        gauges.queuedBytes.subtract(batch.octets.count, ordering: .relaxed)
        if batch.unmatchedBytes > 0 { gauges.unmatchedBytes.subtract(batch.unmatchedBytes, ordering: .relaxed) }
        batch.empty()
        monitor.lock()
        defer { monitor.unlock() }
        if spares.count < Self.sparesMax { spares.append(batch) }
        if flushesAsked > 0 { monitor.wake() }
    }

    private enum Retry { case again, reopen, giveUp }

    private func waitForRetry() -> Retry {
        monitor.locked {
            let until = Monitor.now + Self.retryNanoseconds
            // `stop` may come while we wait: then there may be less time.
            while !isReopenAsked, Monitor.now < min(until, giveUpAt) { monitor.wait(until: min(until, giveUpAt)) }
            if Monitor.now >= giveUpAt { return .giveUp }
            guard isReopenAsked else { return .again }
            isReopenAsked = false
            return .reopen
        }
    }

    private func setFailure(_ text: String?) {
        gauges.isFailing.store(text != nil, ordering: .relaxed)
        let isNews = monitor.locked {
            defer { failureText = text }
            if flushesAsked > 0 { monitor.wake() }
            return (failureText == nil) != (text == nil)
        }
        if isNews { onNotice(text.map { .failing(reason: $0) } ?? .recovered) }
    }
}
