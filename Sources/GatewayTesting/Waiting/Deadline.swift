/// The moment at which waiting ends with an error. Everything in the kit that can block has one, so that no test run
/// hangs.
package struct Deadline: Sendable {
    /// Long enough for a debug build beside other tests on a busy machine; only a broken product makes a test wait so
    /// long.
    package static let durationDefault: Duration = .seconds(30)

    let instant: ContinuousClock.Instant

    /// That much time from now.
    package init(in duration: Duration = Deadline.durationDefault) { instant = .now + duration }

    package var isPast: Bool { ContinuousClock.now >= instant }

    /// What is left, for `poll` and libcurl; at least 0.
    var millisecondsLeft: Int {
        let left = instant - .now
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        // One more than the whole milliseconds, so that waiting does not end just before the deadline and spin.
        return Int(min(seconds, 86_400)) * 1_000 + Int(attoseconds / 1_000_000_000_000_000) + 1
    }
}

/// A deadline passed; says what was waited for.
package struct DeadlinePassed: Error, CustomStringConvertible {
    /// In words that fit behind "waited in vain for".
    package let awaited: String
    package init(_ awaited: String) { self.awaited = awaited }
    package var description: String { "waited in vain for \(awaited)" }
}
