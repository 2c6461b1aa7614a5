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
        for number in 1...max(1, threads) {
            let thread = Thread { Worker(jobs: jobs, connect: connect).run() }
            thread.name = "postgresql \(number)"
            thread.start()
        }
    }

    deinit { jobs.end() }

    /// Runs something on a connection. What it throws is thrown here. It is run again, on another connection, when one
    /// that had been idle turns out to be gone (`PostgreSQLError.lost`).
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

    /// What a thread does next.
    enum Turn {
        case serve(Job)
        case connect(Job, ReconnectGate.Attempt)
        case refuse(Job, reason: String)
    }

    /// The queue between tasks and threads, and what the threads know together of their connections.
    final class Jobs: @unchecked Sendable {
        // Guarded by `condition`.
        private var waiting: [Job] = []
        private var hasEnded = false
        private var gate = ReconnectGate()
        private let condition = NSCondition()

        /// False: too many wait.
        func add(_ job: Job) -> Bool {
            condition.withLock {
                guard waiting.count < PostgreSQLWorkers.waitingMax, !hasEnded else { return false }
                waiting.append(job)
                // Any thread can take it while the gate is open; otherwise perhaps only some can.
                if gate.isClosed(now: MonotonicTime.now) { condition.broadcast() } else { condition.signal() }
                return true
            }
        }

        /// Waits for something to do. nil: there will be no more.
        func next(hasConnection: Bool) -> Turn? {
            condition.withLock {
                while true {
                    guard let job = waiting.first else {
                        if hasEnded {
                            if hasConnection { gate.disconnected() }
                            condition.broadcast()
                            return nil
                        }
                        condition.wait()
                        continue
                    }
                    let now = MonotonicTime.now
                    switch gate.decide(hasConnection: hasConnection, now: now) {
                    case .serve: return .serve(take(job))
                    case .connect(let attempt): return .connect(take(job), attempt)
                    case .refuse(let reason): return .refuse(take(job), reason: reason)
                    case .leave(let until):
                        _ = condition.wait(until: Date(timeIntervalSinceNow: Double(until &- now) / 1e9))
                    }
                }
            }
        }

        private func take(_ first: Job) -> Job {
            waiting.removeFirst()
            return first
        }

        func connected() {
            condition.withLock {
                gate.connected()
                condition.broadcast()
            }
        }

        /// A worker has no connection any more.
        /// - Parameter unserved: the job that it could not do, which comes before all others.
        func disconnected(_ unserved: Job? = nil) {
            condition.withLock {
                gate.disconnected()
                if let unserved { waiting.insert(unserved, at: 0) }
                condition.broadcast()
            }
        }

        /// A worker could not connect.
        /// - Parameter unserved: the job that it could not do: another worker may have a connection, or the gate may
        ///   have been opened in the meantime.
        func failed(_ attempt: ReconnectGate.Attempt, reason: String, _ unserved: Job) {
            condition.withLock {
                gate.failed(attempt, reason: reason, now: MonotonicTime.now, chance: Double.random(in: 0...1))
                waiting.insert(unserved, at: 0)
                condition.broadcast()
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
    private let connect: @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection
    private var connection: PostgreSQLConnection?

    init(jobs: PostgreSQLWorkers.Jobs, connect: @escaping @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection)
    {
        self.jobs = jobs
        self.connect = connect
    }

    func run() {
        ThreadSignals.block()
        while let turn = jobs.next(hasConnection: connection != nil) {
            switch turn {
            case .serve(let job): if isInTime(job), let connection { serve(job, on: connection, wasIdle: true) }
            case .connect(let job, let attempt): if isInTime(job) { connect(attempt, for: job) }
            case .refuse(let job, let reason): job.fail(.lost(reason))
            }
        }
    }

    private func isInTime(_ job: PostgreSQLWorkers.Job) -> Bool {
        if MonotonicTime.now < job.deadline { return true }
        job.fail(.lost("it did not answer in time"))
        return false
    }

    private func connect(_ attempt: ReconnectGate.Attempt, for job: PostgreSQLWorkers.Job) {
        let connection: PostgreSQLConnection
        do throws(PostgreSQLError) {
            connection = try connect()
        } catch {
            let reason = if case .lost(let text) = error { text } else { "\(error)" }
            return jobs.failed(attempt, reason: reason, job)
        }
        self.connection = connection
        jobs.connected()
        serve(job, on: connection, wasIdle: false)
    }

    private func serve(_ job: PostgreSQLWorkers.Job, on connection: PostgreSQLConnection, wasIdle: Bool) {
        connection.deadline = job.deadline
        guard let answer = job.run(connection) else {
            if !connection.isIdle { disconnected() }
            return
        }
        // A connection that was idle may have been dead for long: of a restart of the database nobody shall notice
        // anything.
        if wasIdle, MonotonicTime.now < job.deadline { return disconnected(job) }
        disconnected()
        answer()
    }

    private func disconnected(_ unserved: PostgreSQLWorkers.Job? = nil) {
        connection = nil
        jobs.disconnected(unserved)
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
