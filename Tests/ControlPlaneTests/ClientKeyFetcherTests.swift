import AuthorizationServer
import HTTP
import Issuers
import JOSE
import Logging
import Policy
import Testing

@testable import Gateway

@Suite("Keys of clients at an address")
struct ClientKeyFetcherTests {
    private let clock = TestClock()
    private let place = FakeKeyPlace()

    private func fetcher(_ change: (inout ClientKeyFetcher.Bounds) -> Void = { _ in }) -> ClientKeyFetcher {
        var bounds = ClientKeyFetcher.Bounds()
        change(&bounds)
        return ClientKeyFetcher(
            OutgoingWay(), bounds: bounds, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: clock.control, fetch: { await place.fetch($0) })
    }

    private func running(_ fetcher: ClientKeyFetcher, _ body: () async throws -> Void) async throws {
        let task = Task { try await fetcher.run() }
        try await body()
        task.cancel()
        try await task.value
    }

    @Test("a fetch goes on when nobody waits for it any longer, and the next one finds its keys")
    func goesOn() async throws {
        try place.publish(["a"])
        let gate = place.hold()
        let fetcher = fetcher()
        try await running(fetcher) {
            let deadline = clock.now + 1_000_000_000
            async let keys = fetcher.keys(at: "https://client.example/keys", missed: false)
            await clock.sleeping(until: deadline)
            _ = await place.events.reach(1)
            clock.pass(.seconds(1))
            let keysAnswer = await keys
            #expect(keysAnswer == nil)
            async let later = fetcher.keys(at: "https://client.example/keys", missed: false)
            await clock.sleeping(until: clock.now + 1_000_000_000)
            gate.open()
            let laterAnswer = await later
            #expect(laterAnswer?.keys.keys.count == 1)
        }
        #expect(place.events.all == ["fetch https://client.example/keys"])
    }

    @Test("whoever finds no room for a fetch begins it as soon as another one has ended")
    func room() async throws {
        try place.publish(["a"])
        let gate = place.hold()
        let fetcher = fetcher { $0.table.fetchesMax = 1 }
        try await running(fetcher) {
            async let first = fetcher.keys(at: "https://one.example/1", missed: false)
            _ = await place.events.reach(1)
            async let second = fetcher.keys(at: "https://two.example/2", missed: false)
            await clock.sleeping(2)
            #expect(place.events.all == ["fetch https://one.example/1"])
            gate.open()
            let firstAnswer = await first
            #expect(firstAnswer?.keys.keys.count == 1)
            let secondAnswer = await second
            #expect(secondAnswer?.keys.keys.count == 1)
        }
        #expect(place.events.all == ["fetch https://one.example/1", "fetch https://two.example/2"])
    }

    @Test("nobody waits for room beyond the deadline")
    func noRoom() async throws {
        let gate = place.hold()
        let fetcher = fetcher { $0.table.fetchesMax = 1 }
        try await running(fetcher) {
            async let first = fetcher.keys(at: "https://one.example/1", missed: false)
            _ = await place.events.reach(1)
            async let second = fetcher.keys(at: "https://two.example/2", missed: false)
            await clock.sleeping(2)
            clock.pass(.seconds(1))
            let secondAnswer = await second
            #expect(secondAnswer == nil)
            let firstAnswer = await first
            #expect(firstAnswer == nil)
        }
        gate.open()
        #expect(place.events.all == ["fetch https://one.example/1", "cancelled"])
    }
}
