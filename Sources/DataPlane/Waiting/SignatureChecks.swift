package import Admission
import Audit
import Glibc
import Octets
import Transport

/// Checks signatures that take long, on threads of its own, so that event loops do not.
///
/// The threads give way to everything else on the machine, begin when there is something to check, and end when there
/// has been nothing for a while. Which signature comes next says the queue.
///
/// Unchecked: `state` is touched with `monitor` held and nowhere else; the rest never changes. A `Mutex` would hold it, but has
/// no condition for threads to wait on.
package final class SignatureChecks: @unchecked Sendable {
    /// How it is.
    package struct Status: Sendable, Equatable {
        /// Signatures that wait for a thread.
        package var waiting = 0
        /// Since the start.
        package var checked = 0
        /// Requests that were answered with 503 since the start, because too many waited or one did for too long.
        package var refused = 0
        /// The longest that one has waited for its thread, within the last minute or two, in milliseconds.
        package var longestWaitMilliseconds = 0

        /// Nothing has happened.
        package init() {}
    }

    private struct ID: Hashable {
        let loop: Int
        let name: SignatureName
    }
    private struct Job: Sendable {
        let id: ID
        let question: SignatureQuestion
        let address: ClientAddress
        let since: Int64
        let pending: LoopBound<PendingRequests>
    }
    private struct State {
        var queue: SignatureQueue<ID, Job>
        var underWay: Set<ID> = []
        var threads = 0
        var idleThreads = 0
        var checked = 0
        var refused = 0
        var noted: Int64?
        var longest = RecentMaximum()
    }

    private let threadsMax: Int
    private let limiter: AddressLimiter?
    private let onRefused: @Sendable (Status) -> Void
    private let monitor = Monitor()
    private var state: State

    /// Below the event loops, which have 0: an ordinary thread that wakes up takes the core from these at once.
    private static let niceness: Int32 = 10
    /// How long an address stays suspect after a bad token or proof.
    private static let suspicionNanoseconds: Int64 = 600_000_000_000
    private static let idleNanoseconds = 5_000_000_000
    private static let noteNanoseconds: Int64 = 60_000_000_000

    /// - Parameters:
    ///   - threadsMax: at least one.
    ///   - limiter: knows which addresses sent bad tokens; nil: nobody is suspect.
    ///   - seed: random, drawn once by the process.
    ///   - onRefused: called once a minute at most, when a request has been refused.
    package init(
        threadsMax: Int, limiter: AddressLimiter?, seed: (UInt64, UInt64),
        onRefused: @escaping @Sendable (Status) -> Void
    ) {
        self.threadsMax = max(threadsMax, 1)
        self.limiter = limiter
        self.onRefused = onRefused
        state = State(queue: SignatureQueue(seed: seed))
    }

    /// How it is now.
    package func status(now: Int64) -> Status { monitor.locked { status(state, now) } }

    private func status(_ state: State, _ now: Int64) -> Status {
        var status = Status()
        status.waiting = state.queue.count
        status.checked = state.checked
        status.refused = state.refused
        status.longestWaitMilliseconds = Int(state.longest.value(now: now) / 1_000_000)
        return status
    }

    // MARK: For event loops

    /// Who waits for whom.
    func standing(of address: ClientAddress, now: Int64) -> SenderStanding {
        let isSuspect = limiter?.counted(address, since: now.saturatingSubtract(Self.suspicionNanoseconds)) ?? false
        return monitor.locked { state.queue.standing(of: address, isSuspect: isSuspect) }
    }

    /// Has it checked. `PendingRequests.checked` is called on the loop that asks, unless `abandon` comes before.
    /// - Returns: false: too many wait.
    func ask(
        _ question: SignatureQuestion, from address: ClientAddress, _ standing: SenderStanding,
        pending: LoopBound<PendingRequests>, now: Int64
    ) -> Bool {
        let id = ID(loop: pending.loop, name: question.name)
        let job = Job(id: id, question: question, address: address, since: now, pending: pending)
        return monitor.locked {
            guard state.queue.add(job, id, from: address, standing) else { return false }
            if state.idleThreads > 0 {
                monitor.wake()
            } else if state.threads < threadsMax {
                beginThread()
            }
            // Not even one can be started: nobody would come.
            guard state.threads > 0 else {
                state.queue.remove(id)
                return false
            }
            return true
        }
    }

    /// Nobody on this loop waits for it any more.
    func abandon(_ name: SignatureName, loop: Int) {
        let id = ID(loop: loop, name: name)
        monitor.locked { if !state.queue.remove(id) { state.underWay.remove(id) } }
    }

    /// A request was refused, because its signature could not be checked now.
    func countRefusal(now: Int64) {
        let note: Status? = monitor.locked {
            state.refused += 1
            guard state.noted.map({ now &- $0 >= Self.noteNanoseconds }) ?? true else { return nil }
            state.noted = now
            return status(state, now)
        }
        if let note { onRefused(note) }
    }

    // MARK: The threads

    /// Called with the lock held.
    private func beginThread() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SignatureChecks>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else { return context.release() }
        pthread_detach(thread)
        state.threads += 1
    }

    private func run() {
        // Signals are for other threads.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        // In Linux a priority belongs to a thread, and 0 is the one that calls.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        while let job = nextJob() {
            let checked = job.question.answered()
            let isWanted = monitor.locked {
                state.checked += 1
                state.queue.checked(from: job.address, isGood: checked.isGood)
                return state.underWay.remove(job.id) != nil
            }
            if isWanted { job.pending.execute { $0.checked(checked) } }
        }
    }

    /// nil: there has been nothing to do for a while.
    private func nextJob() -> Job? {
        monitor.locked {
            let until = Monitor.now + Self.idleNanoseconds
            while true {
                if let job = state.queue.next() {
                    state.underWay.insert(job.id)
                    let now = Int64(Monitor.now)
                    state.longest.note(now &- job.since, now: now)
                    return job
                }
                guard Monitor.now < until else {
                    state.threads -= 1
                    return nil
                }
                state.idleThreads += 1
                monitor.wait(until: until)
                state.idleThreads -= 1
            }
        }
    }
}

/// The largest of what came within the last minute or two.
struct RecentMaximum {
    private var begun: Int64 = .min
    private var current: Int64 = 0
    private var previous: Int64 = 0
    private static let nanoseconds: Int64 = 60_000_000_000

    mutating func note(_ value: Int64, now: Int64) {
        if now.saturatingSubtract(begun) >= Self.nanoseconds {
            previous = now.saturatingSubtract(begun) < 2 * Self.nanoseconds ? current : 0
            (begun, current) = (now, 0)
        }
        current = max(current, value)
    }

    func value(now: Int64) -> Int64 {
        switch now.saturatingSubtract(begun) {
        case ..<Self.nanoseconds: max(current, previous)
        case ..<(2 * Self.nanoseconds): current
        default: 0
        }
    }
}
