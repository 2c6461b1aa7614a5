import Synchronization
import Testing

@testable import Gateway

@Suite("Waiting in the control plane")
struct WaitersTests {
    private let clock = TestClock()

    private func inOneSecond() -> Int64 { clock.now + 1_000_000_000 }

    @Test("whoever waits goes on when it has come to its end")
    func settled() async {
        let waiters = Waiters<String>(clock: clock.control)
        async let first = waiters.wait(for: "keys", until: inOneSecond()) { true }
        async let second = waiters.wait(for: "keys", until: inOneSecond()) { true }
        await clock.sleeping(2)
        while waiters.count < 2 { await Task.yield() }
        waiters.settle("keys")
        let outcomes = await [first, second]
        #expect(outcomes == [.settled, .settled])
        #expect(waiters.count == 0)
    }

    @Test("the end of something else is nobody's")
    func somethingElse() async {
        let waiters = Waiters<String>(clock: clock.control)
        async let outcome = waiters.wait(for: "keys", until: inOneSecond()) { true }
        await clock.sleeping()
        waiters.settle("tokens")
        clock.pass(.seconds(1))
        let outcomeAnswer = await outcome
        #expect(outcomeAnswer == .expired)
    }

    @Test("nobody waits beyond the deadline, and no place stays taken")
    func deadline() async {
        let waiters = Waiters<String>(clock: clock.control)
        async let outcome = waiters.wait(for: "keys", until: inOneSecond()) { true }
        await clock.sleeping()
        clock.pass(.milliseconds(999))
        #expect(waiters.count <= 1)
        clock.pass(.milliseconds(1))
        let outcomeAnswer = await outcome
        #expect(outcomeAnswer == .expired)
        #expect(waiters.count == 0)
    }

    @Test("what has ended already, or ends before the place is taken, is not waited for")
    func over() async {
        let waiters = Waiters<String>(clock: clock.control)
        #expect(await waiters.wait(for: "keys", until: nil) { false } == .settled)
        // Under way at the first look, over at the second: `settle` was called in between.
        let looks = Mutex(0)
        let outcome = await waiters.wait(for: "keys", until: nil) {
            looks.withLock { looks in
                looks += 1
                return looks == 1
            }
        }
        #expect(outcome == .settled)
        #expect(waiters.count == 0)
    }

    @Test("above the bound nobody waits")
    func bound() async {
        let waiters = Waiters<String>(clock: clock.control, countMax: 1)
        async let first = waiters.wait(for: "keys", until: inOneSecond()) { true }
        while waiters.count < 1 { await Task.yield() }
        #expect(await waiters.wait(for: "others", until: inOneSecond()) { true } == .refused)
        waiters.settle("keys")
        let firstAnswer = await first
        #expect(firstAnswer == .settled)
    }

    @Test("a task that is cancelled waits no longer", arguments: [true, false])
    func cancelled(before: Bool) async {
        let waiters = Waiters<String>(clock: clock.control)
        let gate = Gate()
        let task = Task {
            if before { await gate.pass() }
            return await waiters.wait(for: "keys", until: nil) { true }
        }
        if !before { while waiters.count < 1 { await Task.yield() } }
        task.cancel()
        gate.open()
        #expect(await task.value == .expired)
        #expect(waiters.count == 0)
    }
}

@Suite("Alarms, child tasks and turns")
struct DriverTests {
    private let clock = TestClock()

    @Test("an alarm that is moved goes off at its last time only, and once")
    func alarm() async {
        let alarm = Alarm(clock: clock.control)
        let events = Events()
        let task = Task { await alarm.run { events.add("due at \(self.clock.now)") } }
        let start = clock.now
        alarm.set(start + 5_000_000_000)
        await clock.sleeping(until: start + 5_000_000_000)
        alarm.set(start + 2_000_000_000)
        await clock.sleeping(until: start + 2_000_000_000)
        clock.pass(.seconds(2))
        #expect(await events.reach(1) == ["due at \(start + 2_000_000_000)"])
        clock.pass(.seconds(60))
        alarm.set(clock.now + 1_000_000_000)
        await clock.sleeping()
        clock.pass(.seconds(1))
        #expect(await events.reach(2).count == 2)
        task.cancel()
        await task.value
    }

    @Test("work that is begun before anybody runs it is done then; at the end what is under way is cancelled")
    func children() async {
        let tasks = ChildTasks()
        let events = Events()
        let gate = Gate()
        tasks.begin { events.add("early") }
        let running = Task { await tasks.run() }
        _ = await events.reach(1)
        tasks.begin {
            events.add("begun")
            await gate.pass()
            events.add(Task.isCancelled ? "cancelled" : "done")
        }
        _ = await events.reach(2)
        tasks.end()
        await running.value
        #expect(events.all == ["early", "begun", "cancelled"])
        tasks.begin { events.add("late") }
        #expect(events.all.count == 3)
    }

    @Test("one at a time has its turn, and whoever is cancelled while waiting has none")
    func turns() async {
        let turns = Turns(clock: clock.control)
        let events = Events()
        let gate = Gate()
        let first = Task {
            await turns.take {
                events.add("first begins")
                await gate.pass()
                events.add("first ends")
                return 1
            }
        }
        _ = await events.reach(1)
        let second = Task {
            await turns.take {
                events.add("second")
                return 2
            }
        }
        let third = Task {
            await turns.take {
                events.add("third")
                return 3
            }
        }
        third.cancel()
        #expect(await third.value == nil)
        gate.open()
        #expect(await first.value == 1)
        #expect(await second.value == 2)
        #expect(events.all == ["first begins", "first ends", "second"])
    }
}
