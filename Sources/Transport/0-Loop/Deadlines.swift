/// Something on an event loop that gives up when nothing happened for too long, and that may have octets to send at the
/// end of a turn.
///
/// A deadline is one stored integer: setting it costs nothing on the request path, and one sweep four times a second
/// finds what is due. A timeout is therefore up to 250 ms late, never early.
class Timed {
    /// Monotonic nanoseconds; `Int64.max`: none.
    var deadline: Int64 = .max
    fileprivate final var slot = -1

    init() {}

    /// The deadline has passed. It is cleared before the call.
    func deadlineReached(now: Int64) {}

    /// Among those that the loop flushes at the end of this turn.
    fileprivate(set) final var flushIsDue = false

    /// The turn of the loop ends: what was written goes out.
    func flushNow() {}
}

/// The connections that have something to send, in one turn of an event loop.
///
/// They are flushed one behind the other when every socket that had something to say has been read. Sent in between,
/// each would wake its reader alone; in a row, the first one wakes a reader that the next ones find awake. Measured: 6
/// % of a request's CPU.
final class FlushList {
    private var due: [Timed] = []

    /// Returns whether it is the first one of this turn.
    func add(_ connection: Timed) -> Bool {
        guard !connection.flushIsDue else { return false }
        connection.flushIsDue = true
        due.append(connection)
        return due.count == 1
    }

    func flushAll() {
        // Flushing one may add others.
        var index = 0
        while index < due.count {
            let connection = due[index]
            connection.flushIsDue = false
            connection.flushNow()
            index += 1
        }
        due.removeAll(keepingCapacity: true)
    }
}

/// The timed things of one event loop.
final class Deadlines {
    static let sweepMilliseconds: Int64 = 250

    private var entries: [Timed] = []

    func add(_ timed: Timed) {
        guard timed.slot < 0 else { return }
        timed.slot = entries.count
        entries.append(timed)
    }

    func remove(_ timed: Timed) {
        let slot = timed.slot
        guard slot >= 0, slot < entries.count else { return }
        timed.slot = -1
        let last = entries.removeLast()
        if last !== timed {
            entries[slot] = last
            last.slot = slot
        }
    }

    /// When it was swept last: what time it is, to a quarter of a second, for what must not read the clock.
    private(set) var sweptAt: Int64 = 0

    func sweep(now: Int64) {
        sweptAt = now
        var due: [Timed] = []
        for entry in entries where entry.deadline <= now { due.append(entry) }
        // What one of them does may move the deadline of the next, or end it.
        for entry in due where entry.slot >= 0 && entry.deadline <= now {
            entry.deadline = .max
            entry.deadlineReached(now: now)
        }
    }
}
