import Foundation

/// What a test upstream is told and what it has seen: the one thing that its threads and the test share.
final class UpstreamLedger: @unchecked Sendable {
    // Everything is guarded by `condition`.
    private let condition = NSCondition()
    private var scripts: [String: [UpstreamScript]] = [:]
    private var fallback: UpstreamScript
    private var seen: [UpstreamRequest] = []
    private var broken: [String] = []
    private var wrong: [String] = []
    private var accepted = 0
    private var open: [Int: Wire] = [:]
    private var openGates: Set<String> = []
    private var isStopped = false

    init(fallback: UpstreamScript) { self.fallback = fallback }

    // MARK: The test's side

    func set(_ list: [UpstreamScript], for path: String) { condition.withLock { scripts[path] = list } }
    func set(fallback script: UpstreamScript) { condition.withLock { fallback = script } }
    var requests: [UpstreamRequest] { condition.withLock { seen } }
    var failures: [String] { condition.withLock { broken } }
    var violations: [String] { condition.withLock { wrong } }
    var connectionsAccepted: Int { condition.withLock { accepted } }
    var connectionsOpen: Int { condition.withLock { open.count } }

    func open(gate: String) {
        condition.withLock {
            openGates.insert(gate)
            condition.broadcast()
        }
    }

    /// Ends all connections, and all that come.
    func stop() {
        condition.withLock {
            isStopped = true
            for wire in open.values { wire.interrupt() }
            condition.broadcast()
        }
    }

    /// Ends the connections that are open now; others may come.
    func interruptConnections() { condition.withLock { for wire in open.values { wire.interrupt() } } }

    // MARK: The threads' side

    /// The number of the connection; nil: the server has stopped.
    func add(_ wire: Wire) -> Int? {
        condition.withLock {
            guard !isStopped else { return nil }
            accepted += 1
            open[accepted] = wire
            return accepted
        }
    }

    func remove(_ connection: Int) { condition.withLock { open[connection] = nil } }

    /// The script for a request: the list of a path is used up but for its last script.
    func script(for path: String) -> UpstreamScript {
        condition.withLock {
            guard let list = scripts[path], let first = list.first else { return fallback }
            if list.count > 1 { scripts[path] = Array(list.dropFirst()) }
            return first
        }
    }

    /// Keeps a request, and gives its place in the list.
    func record(_ request: UpstreamRequest) -> Int {
        condition.withLock {
            seen.append(request)
            wrong += request.head.violations.map { "\(request.head.startLine): \($0)" }
            return seen.count - 1
        }
    }

    func update(_ index: Int, _ request: UpstreamRequest) { condition.withLock { seen[index] = request } }

    func add(failure text: String) { condition.withLock { broken.append(text) } }
    func add(violation text: String) { condition.withLock { wrong.append(text) } }

    /// Waits until a gate is open; false: the server stopped or the deadline passed.
    func wait(forGate gate: String, deadline: Deadline) -> Bool {
        condition.withLock {
            while !openGates.contains(gate), !isStopped {
                guard condition.wait(until: Date(timeIntervalSinceNow: Double(deadline.millisecondsLeft) / 1_000))
                else { break }
            }
            return openGates.contains(gate)
        }
    }

    /// Waits for a time, or until the server stops; true: it runs on.
    func pause(_ duration: Duration) -> Bool {
        let deadline = Deadline(in: duration)
        return condition.withLock {
            while !isStopped, !deadline.isPast {
                _ = condition.wait(until: Date(timeIntervalSinceNow: Double(deadline.millisecondsLeft) / 1_000))
            }
            return !isStopped
        }
    }
}
