import Testing

@testable import Gateway

@Suite("what the log says of endpoints")
struct EndpointWatchTests {
    typealias State = EndpointWatch.State

    @Test(
        "one line when an endpoint begins to fail, is ejected, and comes back",
        arguments: [
            ([.well, .well], []), ([.failing, .failing, .well], [.failing, .well]),
            ([.failing, .ejected, .ejected, .well], [.failing, .ejected, .well]), ([.ejected], [.ejected]),
            // Its time is over, and it has not served yet.
            ([.ejected, .failing, .ejected, .failing, .well], [.ejected, .well]),
            // Half of the endpoints are ejected already.
            ([.failing, .withheld, .withheld, .well], [.failing, .withheld, .well]),
            ([.withheld, .ejected, .failing, .withheld, .well], [.withheld, .ejected, .withheld, .well]),
        ] as [([State], [State])])
    func changes(_ seen: [State], _ said: [State]) {
        var known: [String: State] = [:]
        var all: [EndpointWatch.Change] = []
        for state in seen { all += EndpointWatch.changes([("orders a", state), ("orders b", .well)], &known) }
        #expect(all == said.map { EndpointWatch.Change(endpoint: "orders a", state: $0) })
        // An endpoint that the policy does not name any more is forgotten.
        _ = EndpointWatch.changes([], &known)
        #expect(known.isEmpty)
    }
}
