internal import Glibc
internal import Synchronization

/// The thread that writes batches to the sink, in their order, each octet once.
///
/// `@unchecked Sendable`: the queue is guarded by the POSIX mutex below (`Synchronization.Mutex` has no condition to wait
/// on), the sink belongs to the thread alone, and the callbacks are set before the thread starts.
final class AuditWriter: @unchecked Sendable {
    /// Between attempts when the sink takes nothing.
    private static let retryNanoseconds = 500_000_000
    /// Batches kept for the loops to use again.
    private static let sparesMax = 8

    var onWritten: (@Sendable (Int) -> Void)?
    var onStateChange: (@Sendable (Bool) -> Void)?

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // Guarded by `mutex`.
    private var queue: [[UInt8]] = []
    private var spares: [[UInt8]] = []
    private var reopenAsked = false
    private var stopAsked = false
    private var giveUpAt: Int = .max
    private var ended = false
    private var failureText: String?
    private var records = 0

    private var sink: OpenSink
    private var thread: pthread_t?

    init(sink: AuditSink) throws(AuditSinkError) {
        self.sink = try OpenSink(sink)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func start() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            let writer = Unmanaged<AuditWriter>.fromOpaque(context).takeRetainedValue()
            writer.run()
            return nil
        }, context)
        if status == 0 {
            self.thread = thread
        } else {
            Unmanaged<AuditWriter>.fromOpaque(context).release()
            locked { failureText = "no thread for the audit writer" }
            onStateChange?(true)
        }
    }

    var failure: String? { locked { failureText } }
    var recordsWritten: Int { locked { records } }

    func submit(_ batch: [UInt8]) -> [UInt8] {
        locked {
            queue.append(batch)
            pthread_cond_signal(changed)
            return spares.popLast() ?? []
        }
    }

    func reopen() {
        locked {
            reopenAsked = true
            pthread_cond_signal(changed)
        }
    }

    func stop(within seconds: Int) {
        locked {
            stopAsked = true
            giveUpAt = Self.now() + seconds
            pthread_cond_signal(changed)
        }
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }

    // MARK: The thread

    private func run() {
        while let batches = nextBatches() {
            for batch in batches where !write(batch) { return }
            sink.rotateIfDue()
        }
    }

    /// Waits for work. nil: stopped, and nothing is left.
    private func nextBatches() -> [[UInt8]]? {
        pthread_mutex_lock(mutex)
        while queue.isEmpty, !reopenAsked, !stopAsked { pthread_cond_wait(changed, mutex) }
        let batches = queue
        queue = []
        let reopenNow = reopenAsked
        reopenAsked = false
        let done = batches.isEmpty && stopAsked
        pthread_mutex_unlock(mutex)
        if reopenNow { sink.reopen() }
        return done ? nil : batches
    }

    /// Writes a batch to its last octet, however often the sink refuses. False: stopped before it took everything.
    private func write(_ batch: [UInt8]) -> Bool {
        var offset = 0
        var failed = false
        while offset < batch.count {
            switch sink.write(batch[offset...]) {
            case .success(let count):
                offset += count
                if failed, count > 0 {
                    failed = false
                    setFailure(nil)
                }
            case .failure(let failure) where failure.number == EINTR:
                continue
            case .failure(let failure):
                if !failed {
                    failed = true
                    setFailure(failure.text)
                }
                guard waitForRetry() else { return false }
            }
        }
        var lines = 0
        for octet in batch where octet == 0x0A { lines += 1 }
        onWritten?(batch.count)
        locked {
            records += lines
            if spares.count < Self.sparesMax {
                var spare = batch
                spare.removeAll(keepingCapacity: true)
                spares.append(spare)
            }
        }
        return true
    }

    /// False: the time to stop has come.
    private func waitForRetry() -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if Self.now() >= giveUpAt { return false }
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        until.tv_nsec += Self.retryNanoseconds
        if until.tv_nsec >= 1_000_000_000 {
            until.tv_nsec -= 1_000_000_000
            until.tv_sec += 1
        }
        pthread_cond_timedwait(changed, mutex, &until)
        let reopenNow = reopenAsked
        reopenAsked = false
        // A full disk is often answered by moving the file away; the rest of the batch goes where the path leads now.
        if reopenNow { sink.reopen() }
        return true
    }

    private func setFailure(_ text: String?) {
        locked { failureText = text }
        onStateChange?(text != nil)
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }
}
