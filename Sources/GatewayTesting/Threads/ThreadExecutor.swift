import Foundation

/// A thread of its own on which an actor runs, so that its methods may block (in libcurl, in OpenSSL) without taking a
/// thread from Swift's small pool.
final class ThreadExecutor: SerialExecutor {
    /// Jobs for the thread. Its own object, so that the executor can go, and tell the thread to end, while the thread
    /// waits.
    private final class Jobs: @unchecked Sendable {
        // Guarded by `condition`.
        private var waiting: [@Sendable () -> Void] = []
        private var ended = false
        private let condition = NSCondition()

        func add(_ job: @escaping @Sendable () -> Void) {
            condition.withLock {
                waiting.append(job)
                condition.signal()
            }
        }

        func end() {
            condition.withLock {
                ended = true
                condition.signal()
            }
        }

        func next() -> (@Sendable () -> Void)? {
            condition.withLock {
                while waiting.isEmpty, !ended { condition.wait() }
                return waiting.isEmpty ? nil : waiting.removeFirst()
            }
        }
    }

    private let jobs = Jobs()

    init(name: String) {
        let jobs = jobs
        BlockingThread.start(name: name) {
            while let job = jobs.next() { job() }
        }
    }

    deinit { jobs.end() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.add { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
