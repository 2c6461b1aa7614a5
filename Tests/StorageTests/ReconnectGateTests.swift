import Testing

@testable import Gateway
@testable import Storage

@Suite("Who may connect to PostgreSQL again, and who serves meanwhile")
struct ReconnectGateTests {
    /// What happens to workers, each with a number.
    enum Step {
        case begins(Int)
        case connects(Int)
        case fails(Int, String = "starting up")
        case loses(Int)
        case milliseconds(Int)
    }

    /// What a worker does with a job then.
    enum Outcome: Equatable {
        case serves
        case connects
        case leaves
        case refuses(String)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let steps: [Step]
        /// By the worker's number.
        let outcomes: [Int: Outcome]

        init(_ name: String, _ steps: [Step], _ outcomes: [Int: Outcome]) {
            testDescription = name
            self.steps = steps
            self.outcomes = outcomes
        }
    }

    private struct Workers {
        var gate = ReconnectGate()
        var now = 1_000
        var attempts: [Int: ReconnectGate.Attempt] = [:]
        var connected: Set<Int> = []

        mutating func take(_ step: Step, chance: Double = 1) {
            switch step {
            case .begins(let worker):
                guard case .connect(let attempt) = gate.decide(hasConnection: false, now: now) else {
                    Issue.record("worker \(worker) may not connect")
                    return
                }
                attempts[worker] = attempt
            case .connects(let worker):
                gate.connected()
                connected.insert(worker)
            case .fails(let worker, let reason):
                guard let attempt = attempts[worker] else { return }
                gate.failed(attempt, reason: reason, now: now, chance: chance)
            case .loses(let worker):
                gate.disconnected()
                connected.remove(worker)
            case .milliseconds(let milliseconds): now += milliseconds * 1_000_000
            }
        }

        func outcome(_ worker: Int) -> Outcome {
            switch gate.decide(hasConnection: connected.contains(worker), now: now) {
            case .serve: .serves
            case .connect: .connects
            case .leave: .leaves
            case .refuse(let reason): .refuses(reason)
            }
        }
    }

    @Test(
        "what each worker does after what has happened",
        arguments: [
            Case("at first everybody may connect", [], [1: .connects, 2: .connects]),
            Case(
                "a failure closes the gate", [.begins(1), .fails(1)],
                [1: .refuses("starting up"), 2: .refuses("starting up")]),
            Case("it is closed for 100 ms", [.begins(1), .fails(1), .milliseconds(99)], [2: .refuses("starting up")]),
            Case("then it is open", [.begins(1), .fails(1), .milliseconds(100)], [1: .connects, 2: .connects]),
            Case(
                "a success opens it for everybody", [.begins(1), .begins(2), .fails(1), .connects(2)],
                [1: .connects, 2: .serves, 3: .connects]),
            Case(
                "a failure of an attempt that began before the newest success closes nothing",
                [.begins(1), .begins(2), .connects(2), .fails(1)], [1: .connects, 2: .serves, 3: .connects]),
            Case(
                "nor if that connection is lost at once", [.begins(1), .begins(2), .connects(2), .loses(2), .fails(1)],
                [1: .connects, 2: .connects]),
            Case(
                "a failure of an attempt that began after it does close the gate, and who has a connection serves",
                [.begins(2), .connects(2), .begins(1), .fails(1)], [1: .leaves, 2: .serves, 3: .leaves]),
            Case(
                "when the last connection is lost while it is closed, jobs are refused",
                [.begins(2), .connects(2), .begins(1), .fails(1, "too many clients"), .loses(2)],
                [1: .refuses("too many clients"), 2: .refuses("too many clients")]),
            Case(
                "one of two connections that is lost leaves the other",
                [.begins(1), .connects(1), .begins(2), .connects(2), .begins(3), .fails(3), .loses(1)],
                [1: .leaves, 2: .serves, 3: .leaves]),
            Case(
                "failures at the same time count as one",
                [.begins(1), .begins(2), .begins(3), .fails(1), .fails(2), .fails(3), .milliseconds(100)],
                [1: .connects, 2: .connects]),
            Case(
                "a second failure closes it for twice as long",
                [.begins(1), .fails(1), .milliseconds(100), .begins(1), .fails(1, "again"), .milliseconds(199)],
                [1: .refuses("again")]),
            Case(
                "after a success pauses begin anew",
                [
                    .begins(1), .fails(1), .milliseconds(100), .begins(1), .connects(1), .loses(1), .begins(1),
                    .fails(1), .milliseconds(100),
                ], [1: .connects]),
        ])
    func decisions(_ row: Case) {
        var workers = Workers()
        for step in row.steps { workers.take(step) }
        for (worker, outcome) in row.outcomes { #expect(workers.outcome(worker) == outcome, "worker \(worker)") }
    }

    @Test("pauses double up to five seconds, and half of each is left to chance", arguments: [(1.0, 1), (0.0, 2)])
    func pauses(chance: Double, part: Int) {
        var workers = Workers()
        for milliseconds in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000] {
            workers.take(.begins(1))
            workers.take(.fails(1), chance: chance)
            workers.take(.milliseconds(milliseconds / part - 1))
            #expect(workers.outcome(1) == .refuses("starting up"))
            workers.take(.milliseconds(1))
            #expect(workers.outcome(1) == .connects)
        }
    }

    @Test("a job is left until the time at which the gate opens")
    func until() {
        var workers = Workers()
        for step: Step in [.begins(2), .connects(2), .begins(1), .fails(1)] { workers.take(step) }
        #expect(workers.gate.decide(hasConnection: false, now: workers.now) == .leave(until: workers.now + 100_000_000))
    }
}
