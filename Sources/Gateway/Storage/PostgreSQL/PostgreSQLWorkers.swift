import CoreFoundation
import Foundation
import Glibc

/// A few threads with a connection each. libpq blocks whoever calls it, so that nobody but they do; whoever wants
/// something of the database waits for them as a task.
final class PostgreSQLWorkers: Sendable {
    /// How long somebody waits for a thread and its answer together.
    static let jobMilliseconds = 5_000
    static let connectMilliseconds = 3_000
    /// Who may wait for a connection; with ten milliseconds for each that is more than anybody waits anyway.
    static let waitingMax = 1_024

    private let jobs: Jobs

    /// - Parameter threads: as many connections at most.
    init(_ connect: @escaping @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection, threads: Int) {
        let jobs = Jobs()
        self.jobs = jobs
        let gate = ReconnectGate()
        for number in 1...max(1, threads) {
            let thread = Thread { Worker(jobs: jobs, gate: gate, connect: connect).run() }
            thread.name = "postgresql \(number)"
            thread.start()
        }
    }

    deinit { jobs.end() }

    /// Runs something on a connection. What it throws is thrown here. It is run a second time, on a new connection,
    /// when a connection that had been idle turns out to be gone (`PostgreSQLError.lost`).
    func run<Value: Sendable>(_ body: @escaping @Sendable (PostgreSQLConnection) throws -> Value) async throws -> Value
    {
        let deadline = MonotonicTime.now &+ MonotonicTime.nanoseconds(milliseconds: Self.jobMilliseconds)
        return try await withCheckedThrowingContinuation { continuation in
            let job = Job(deadline: deadline) { connection in
                let result: Result<Value, any Error> = Result { try body(connection) }
                if case .failure(PostgreSQLError.lost) = result { return { continuation.resume(with: result) } }
                continuation.resume(with: result)
                return nil
            } fail: { error in
                continuation.resume(throwing: error)
            }
            if !jobs.add(job) { continuation.resume(throwing: PostgreSQLError.overloaded) }
        }
    }

    /// What a thread does for somebody.
    struct Job: Sendable {
        let deadline: Int
        /// Runs it, and answers. Where the connection was lost it does not answer yet, and returns what would.
        let run: @Sendable (PostgreSQLConnection) -> (() -> Void)?
        let fail: @Sendable (PostgreSQLError) -> Void
    }

    /// The queue between tasks and threads.
    final class Jobs: @unchecked Sendable {
        // Guarded by `condition`.
        private var waiting: [Job] = []
        private var hasEnded = false
        private let condition = NSCondition()

        /// False: too many wait.
        func add(_ job: Job) -> Bool {
            condition.withLock {
                guard waiting.count < PostgreSQLWorkers.waitingMax, !hasEnded else { return false }
                waiting.append(job)
                condition.signal()
                return true
            }
        }

        /// nil: there will be no more.
        func next() -> Job? {
            condition.withLock {
                while waiting.isEmpty, !hasEnded { condition.wait() }
                return waiting.isEmpty ? nil : waiting.removeFirst()
            }
        }

        func end() {
            condition.withLock {
                hasEnded = true
                condition.broadcast()
            }
        }
    }
}

/// One thread.
private final class Worker {
    private let jobs: PostgreSQLWorkers.Jobs
    private let gate: ReconnectGate
    private let connect: @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection
    private var connection: PostgreSQLConnection?

    init(
        jobs: PostgreSQLWorkers.Jobs, gate: ReconnectGate,
        connect: @escaping @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection
    ) {
        self.jobs = jobs
        self.gate = gate
        self.connect = connect
    }

    func run() {
        ThreadSignals.block()
        while let job = jobs.next() { serve(job) }
    }

    private func serve(_ job: PostgreSQLWorkers.Job) {
        guard MonotonicTime.now < job.deadline else { return job.fail(.lost("it did not answer in time")) }
        do throws(PostgreSQLError) {
            let wasIdle = connection != nil
            let connection = if let idle = self.connection { idle } else { try gate.pass(connect) }
            self.connection = connection
            connection.deadline = job.deadline
            guard let answer = job.run(connection) else { return keepIfIdle() }
            self.connection = nil
            // A connection that was idle may have been dead for long: of a restart of the database nobody shall notice
            // anything.
            guard wasIdle else { return answer() }
            let second = try gate.pass(connect)
            self.connection = second
            second.deadline = job.deadline
            if let answer = job.run(second) {
                self.connection = nil
                answer()
            }
            keepIfIdle()
        } catch {
            job.fail(error)
        }
    }

    private func keepIfIdle() { if connection?.isIdle != true { connection = nil } }
}

/// How often it is tried to connect when the database cannot be reached: after 100 ms, 200 ms, … 5 s. Whoever comes in
/// between is refused at once.
final class ReconnectGate: @unchecked Sendable {
    private static let firstMilliseconds = 100
    private static let lastMilliseconds = 5_000
    // Guarded by `lock`.
    private var failures = 0
    private var closedUntil = Int.min
    private var reason = ""
    private let lock = NSLock()

    func pass(_ connect: () throws(PostgreSQLError) -> PostgreSQLConnection) throws(PostgreSQLError)
        -> PostgreSQLConnection
    {
        if let reason = lock.withLock({ MonotonicTime.now < closedUntil ? reason : nil }) { throw .lost(reason) }
        do throws(PostgreSQLError) {
            let connection = try connect()
            lock.withLock { failures = 0 }
            return connection
        } catch {
            lock.withLock {
                let pause = min(Self.firstMilliseconds << min(failures, 10), Self.lastMilliseconds)
                failures += 1
                // Half of it by chance, so that several gateways do not come at the same moment.
                closedUntil =
                    MonotonicTime.now
                    &+ MonotonicTime.nanoseconds(milliseconds: pause / 2 + Int.random(in: 0...(pause / 2)))
                reason = if case .lost(let text) = error { text } else { "\(error)" }
            }
            throw error
        }
    }
}

enum ThreadSignals {
    /// Signals are for other threads.
    static func block() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}
