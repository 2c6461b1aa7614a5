/// Asks again and again until the answer is there, and gives it; no fixed sleep, and an error that says what was
/// missing.
/// - Parameters:
///   - awaited: what is waited for, as the words after "waited in vain for".
///   - condition: nil: not yet.
package func eventually<Value: Sendable>(
    _ awaited: String, within duration: Duration = Deadline.durationDefault,
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = Deadline(in: duration)
    var pause: Duration = .milliseconds(1)
    while true {
        if let value = try await condition() { return value }
        guard !deadline.isPast else { throw DeadlinePassed(awaited) }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
}

/// Asks again and again until something is true.
package func eventually(
    _ awaited: String, within duration: Duration = Deadline.durationDefault,
    isolation: isolated (any Actor)? = #isolation, isTrue condition: () async throws -> Bool
) async throws {
    try await eventually(awaited, within: duration) { try await condition() ? () : nil }
}
