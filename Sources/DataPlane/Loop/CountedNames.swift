import Synchronization

/// The places of names in what the event loops count: each keeps its own for as long as the process runs, whatever reloads do.
package final class CountedNames: Sendable {
    /// Of what has no name: requests that matched no route, tokens for which no issuer vouches.
    static let none = 0
    /// Of names above `namesMax`.
    static let others = 1
    /// Names at most: beyond, those that a reload brings share one place.
    static let namesMax = 20_000

    private struct State {
        var places: [String: Int] = [:]
        var names = ["", "(others)"]
    }
    private let state = Mutex(State())

    package init() {}

    /// To be asked for when a policy is prepared.
    package func place(of id: String) -> Int {
        state.withLock { state in
            if let place = state.places[id] { return place }
            guard state.names.count < Self.namesMax else { return Self.others }
            state.places[id] = state.names.count
            state.names.append(id)
            return state.names.count - 1
        }
    }

    /// In the order of their places.
    package var all: [String] { state.withLock { $0.names } }
}
