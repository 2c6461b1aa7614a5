import Synchronization

/// What all state machines that fetch need around them: the tasks that perform their fetches, somebody who wakes them
/// in time, and the transport's last words for the log.
final class FetchDriver: Sendable {
    let clock: ControlClock
    let tasks = ChildTasks()
    let alarm: Alarm
    private let words = Mutex("")

    init(clock: ControlClock) {
        self.clock = clock
        alarm = Alarm(clock: clock)
    }

    /// Performs what is begun until `end`, or until the task is cancelled.
    /// - Parameter wake: called when the alarm is due.
    func run(wake: @escaping @Sendable () -> Void) async {
        let alarm = alarm
        tasks.begin { await alarm.run(wake) }
        await tasks.run()
    }

    func end() { tasks.end() }

    /// What the transport said of the last failure.
    var detail: String {
        get { words.withLock { $0 } }
        set { words.withLock { $0 = newValue } }
    }

    /// For the state machine, which draws none itself.
    static func random() -> UInt64 { .random(in: .min ... .max) }
}
