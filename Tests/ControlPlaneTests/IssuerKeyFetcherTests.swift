import Admission
import HTTP
import Issuers
import JOSE
import JSON
import Logging
import Policy
import Synchronization
import Testing

@testable import Gateway

/// A place where keys are, as a test fills it: no socket, no time.
final class FakeKeyPlace: Sendable {
    private struct State {
        var answer: Result<OutgoingAnswer, FetchProblem> = .failure(
            FetchProblem(failure: .noAnswer(.unreachable), detail: "nobody there"))
        var gate: Gate?
    }
    private let state = Mutex(State())
    /// What was fetched, and how it ended.
    let events = Events()

    func publish(_ kids: [String]) throws {
        let keys = try kids.map { kid in
            var members = try SigningKey.generate(.es256).publicJWK.object ?? [:]
            members["kid"] = .string(kid)
            return JSON.object(members)
        }
        let document: JSON = ["keys": .array(keys)]
        state.withLock { $0.answer = .success(OutgoingAnswer(status: 200, body: document.serialized())) }
    }

    /// From now on a fetch ends when the gate opens.
    func hold() -> Gate {
        let gate = Gate()
        state.withLock { $0.gate = gate }
        return gate
    }

    func fetch(_ url: AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem> {
        events.add("fetch \(url)")
        let gate = state.withLock { $0.gate }
        await gate?.pass()
        if Task.isCancelled { events.add("cancelled") }
        return state.withLock { $0.answer }
    }
}

@Suite("Keys of an issuer")
struct IssuerKeyFetcherTests {
    private let clock = TestClock()
    private let place = FakeKeyPlace()
    private let settled = Events()

    private func fetcher() throws -> IssuerKeyFetcher {
        let url = try #require(AbsoluteURL("https://login.example/jwks"))
        return IssuerKeyFetcher(
            name: "login", identifier: "https://login.example", fetching: KeyFetching(place: .keySet(url)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock.control,
            fetch: { await place.fetch($0) }, onSettled: { settled.add($0) })
    }

    private func inOneSecond() -> Int64 { clock.now + 1_000_000_000 }

    /// Runs the fetcher for as long as the body takes.
    private func running(_ fetcher: IssuerKeyFetcher, _ body: () async throws -> Void) async rethrows {
        let task = Task { await fetcher.run() }
        try await body()
        fetcher.end()
        await task.value
    }

    @Test("whoever wants a key waits until the fetch has ended, and has the keys in force by then")
    func waits() async throws {
        try place.publish(["a"])
        let gate = place.hold()
        let fetcher = try fetcher()
        await running(fetcher) {
            async let answer = fetcher.wanted(kid: "a", before: inOneSecond())
            _ = await place.events.reach(1)
            gate.open()
            let answerAnswer = await answer
            #expect(answerAnswer == .known)
            #expect(fetcher.keys?.set.keys.count == 1)
        }
        #expect(settled.all == ["login"])
        #expect(place.events.all == ["fetch https://login.example/jwks"])
    }

    @Test("a key that the issuer does not have, and an issuer that cannot be asked", arguments: [true, false])
    func absent(published: Bool) async throws {
        if published { try place.publish(["a"]) }
        let gate = place.hold()
        let fetcher = try fetcher()
        await running(fetcher) {
            async let answer = fetcher.wanted(kid: "b", before: inOneSecond())
            _ = await place.events.reach(1)
            gate.open()
            let known = await answer
            // Asked for while the first fetch was under way, so that one more had to answer for it.
            if published {
                #expect(known == .absent)
            } else if case .unknowable = known {
            } else {
                Issue.record("\(known)")
            }
        }
    }

    @Test("an issuer that does not answer holds up nobody beyond the deadline")
    func deadline() async throws {
        let gate = place.hold()
        let fetcher = try fetcher()
        await running(fetcher) {
            let deadline = inOneSecond()
            async let answer = fetcher.wanted(kid: "a", before: deadline)
            _ = await place.events.reach(1)
            await clock.sleeping(until: deadline)
            clock.pass(.seconds(1))
            let answerAnswer = await answer
            #expect(answerAnswer == .pending)
        }
        // It is not awaited any more, but ended.
        #expect(place.events.all == ["fetch https://login.example/jwks", "cancelled"])
        gate.open()
    }

    @Test("before it runs nothing is known, and nothing is fetched")
    func notRunning() async throws {
        try place.publish(["a"])
        let fetcher = try fetcher()
        #expect(fetcher.wanted(kid: "a") == .pending)
        let deadline = inOneSecond()
        let answer = Task { await fetcher.wanted(kid: "a", before: deadline) }
        await clock.sleeping(until: deadline)
        #expect(place.events.all.isEmpty)
        await running(fetcher) {
            let known = await answer.value
            #expect(known == .known)
        }
    }

    @Test("keys are fetched anew in time, without anybody asking")
    func refreshed() async throws {
        try place.publish(["a"])
        let fetcher = try fetcher()
        await running(fetcher) {
            _ = await settled.reach(1)
            await clock.sleeping()
            clock.pass(.seconds(6 * 3_600))
            _ = await settled.reach(2)
        }
        #expect(place.events.all.prefix(2) == ["fetch https://login.example/jwks", "fetch https://login.example/jwks"])
    }

    @Test("of the fetchers of a policy those run that are in force; one whose entry stays the same goes on")
    func reload() async throws {
        let fetchers = IssuerKeyFetchers(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock.control, onSettled: { _ in })
        func issuer(_ name: String) throws -> Issuer {
            let url = try #require(AbsoluteURL("http://\(name).invalid/jwks"))
            var fetching = KeyFetching(place: .keySet(url))
            // Nothing can be fetched from there: the test looks only at who is who.
            fetching.way.authorities = "/nowhere"
            return Issuer(
                name: name, identifier: "https://\(name).example", keys: .fetched(fetching), audiences: [],
                algorithms: [.es256], types: ["at+jwt"], clockSkew: .seconds(15))
        }
        let running = Task { try await fetchers.run() }
        let first = fetchers.fetchers(for: [try issuer("a"), try issuer("b")])
        fetchers.adopt(first)
        let second = fetchers.fetchers(for: [try issuer("b"), try issuer("c")])
        fetchers.adopt(second)
        #expect(second[0] === first[1])
        #expect(second[1] !== first[0])
        running.cancel()
        try await running.value
    }
}
