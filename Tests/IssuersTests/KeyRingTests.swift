import HTTP
import JOSE
import JSON
import Testing

@testable import Issuers

@Suite("the keys of an issuer over time")
struct KeyRingTests {
    @Test("keys are fetched at the start, and known from then on")
    func start() throws {
        let key = try PublishedKey("a")
        var play = RingPlay()
        play.wake()
        #expect(play.fetches.map(\.url) == [RingPlay.keySetPlace])
        #expect(play.want("a") == .pending)
        #expect(play.fetchCount == 1)
        play.bring([key])
        #expect(play.settled == 1)
        #expect(play.want("a") == .known)
        #expect(play.status.keys == 1)
        #expect(play.status.alarms == [])
        #expect(play.notes == [.keysChanged(keys: 1, skipped: 0)])
    }

    @Test("a wish before the first wake begins the fetch as well, once")
    func wishBeforeStart() throws {
        var play = RingPlay()
        #expect(play.want(nil) == .pending)
        play.wake()
        #expect(play.fetchCount == 1)
    }

    @Test(
        "RS-069 keys count as fresh for as long as the issuer says, within bounds",
        arguments: [
            (nil, nil, 600), ("max-age=900", nil, 900), ("public, max-age=900", "300", 600),
            ("max-age=\"120\"", nil, 120),
            ("max-age=5", nil, 60), ("no-store", nil, 60), ("no-cache, max-age=900", nil, 60),
            ("max-age=86400", nil, 3_600),
            ("max-age=99999999999999999999", nil, 3_600), ("max-age=-1", nil, 600),
            ("max-age=900, max-age=120", nil, 120),
            ("s-maxage=10", nil, 600), ("max-age=100", "1000", 60), ("MAX-AGE=120", "x", 120),
        ] as [(String?, String?, Int64)])
    func lifetime(cacheControl: String?, age: String?, seconds: Int64) throws {
        var play = RingPlay()
        play.wake()
        play.bring([try PublishedKey("a")], cacheControl: cacheControl, age: age)
        play.now += seconds * second - 1
        #expect(play.status.isStale == false)
        play.now += 1
        #expect(play.status.isStale)
    }

    @Test(
        "keys are fetched anew ahead of their end, at a time that randomness spreads",
        arguments: [
            (UInt64.min, 450), (UInt64.max, 540), (UInt64(1) << 63, 495),
        ] as [(UInt64, Int64)])
    func ahead(random: UInt64, seconds: Int64) throws {
        var play = RingPlay()
        play.random = random
        play.wake()
        play.bring([try PublishedKey("a")])
        let planned = (play.ring.wakeAt - play.now + second / 2) / second
        #expect(planned == seconds)
        play.pass(seconds - 1)
        #expect(play.fetchCount == 1)
        play.pass(2)
        #expect(play.fetchCount == 2)
        // Nobody waits for it: the old keys serve meanwhile.
        #expect(play.want("a") == .known)
    }

    @Test("RS-069 a key that is gone from the set is gone from the ring with the next fetch")
    func withdrawn() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var play = RingPlay()
        play.wake()
        play.bring([a, b])
        let before = play.ring.keys?.generation
        play.pass(600)
        play.bring([b])
        #expect(play.kids == ["b"])
        #expect(play.ring.keys?.generation != before)
        #expect(play.now <= 1_600 * second)
    }

    @Test("the same octets are the same generation, so that verified tokens stay verified")
    func generation() throws {
        let key = try PublishedKey("a")
        var play = RingPlay()
        play.wake()
        play.bring([key])
        let before = play.ring.keys?.generation
        play.pass(600)
        play.bring([key])
        #expect(play.ring.keys?.generation == before)
        #expect(play.notes.count == 1)
    }

    @Test("RS-066 an unknown kid is fetched for once, and brings a rotated key")
    func rotated() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var play = RingPlay()
        play.wake()
        play.bring([a])
        #expect(play.want("b") == .pending)
        #expect(play.want("b") == .pending)
        #expect(play.fetchCount == 2)
        play.bring([a, b])
        #expect(play.want("b") == .known)
        #expect(play.want("a") == .known)
    }

    @Test("RS-066 a kid that the issuer does not have is absent for five minutes without asking again")
    func absent() throws {
        var play = RingPlay()
        play.wake()
        let key = try PublishedKey("a")
        play.bring([key], cacheControl: "max-age=3600")
        #expect(play.want("x") == .pending)
        play.bring([key], cacheControl: "max-age=3600")
        for _ in 0..<10 { #expect(play.want("x") == .absent) }
        #expect(play.fetchCount == 2)
        play.now += 299 * second
        #expect(play.want("x") == .absent)
        play.now += 1 * second
        #expect(play.want("x") == .pending)
        #expect(play.fetchCount == 3)
    }

    @Test("RS-066 ten thousand unknown kids within 30 s cause one fetch, and no state beyond 128 of them")
    func flood() throws {
        var play = RingPlay()
        let key = try PublishedKey("a")
        play.wake()
        play.bring([key], cacheControl: "max-age=3600")
        #expect(play.want("kid-0") == .pending)
        play.bring([key], cacheControl: "max-age=3600")
        for number in 1...10_000 {
            play.now += 2_900_000
            let answer = play.want("kid-\(number)")
            guard case .unknowable(let seconds) = answer else {
                Issue.record("\(answer)")
                continue
            }
            #expect((1...31).contains(seconds))
        }
        #expect(play.fetchCount == 2)
        play.now += 2 * second
        #expect(play.want("kid-1") == .pending)
        #expect(play.fetchCount == 3)
        play.bring([key])
        // The fetch answered for the first 128 that had asked in vain.
        #expect(play.want("kid-1") == .absent)
        #expect(play.want("kid-128") == .absent)
        #expect(play.want("kid-129") != .absent)
        #expect(play.fetchCount == 3)
    }

    @Test("a kid that came up while a fetch was under way is not taken for absent by it")
    func late() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var play = RingPlay()
        play.wake()
        #expect(play.want("b") == .pending)
        play.bring([a])
        #expect(play.want("b") == .pending)
        #expect(play.fetchCount == 2)
        play.bring([a, b])
        #expect(play.want("b") == .known)
    }

    @Test("a kid longer than any issuer's is absent, and nobody is asked")
    func longKid() throws {
        var play = RingPlay()
        play.wake()
        play.bring([try PublishedKey("a")])
        #expect(play.want(String(repeating: "k", count: 1_025)) == .absent)
        #expect(play.fetchCount == 1)
    }

    @Test("RS-066 one fetch at a time, whoever asks")
    func singleFlight() throws {
        var play = RingPlay()
        for _ in 0..<100 { #expect(play.want(nil) == .pending) }
        play.wake()
        #expect(play.fetchCount == 1)
        play.bring([try PublishedKey("a")])
        for number in 0..<100 { _ = play.want("x\(number)") }
        #expect(play.fetchCount == 2)
    }

    @Test("RS-067 an issuer that is down: its keys count on, with an alarm, up to 24 hours")
    func staleIfError() throws {
        var play = RingPlay()
        play.wake()
        play.bring([try PublishedKey("a")])
        let end = play.now + 86_400 * second
        while play.now < end {
            if !play.fetches.isEmpty { play.finish(.failure(.unreachable)) }
            #expect(play.kids == ["a"])
            #expect(play.want("a") == .known)
            play.pass(60)
            if play.now > end - 80_000 * second, play.now < end { #expect(play.status.alarms.contains("stale_keys")) }
        }
        #expect(play.now < end + 60 * second)
        #expect(play.kids == [])
        #expect(play.status.keys == nil)
        #expect(play.status.alarms.contains("no_keys"))
        #expect(play.notes.contains(.withdrawn(.timeout)))
    }

    @Test("failures are said once for each kind, and so is the recovery")
    func recovery() throws {
        let key = try PublishedKey("a")
        var play = RingPlay()
        play.wake()
        for failure in [KeyFetchFailure.unreachable, .unreachable, .timeout] {
            play.finish(.failure(failure))
            play.pass(100)
        }
        #expect(play.status.degradedNanoseconds != nil)
        play.bring([key])
        #expect(
            play.notes == [
                .failed(.unreachable, keysInForce: false), .failed(.timeout, keysInForce: false),
                .keysChanged(keys: 1, skipped: 0),
                .recovered(failures: 3),
            ])
        #expect(play.status.degradedNanoseconds == nil)
        #expect(play.status.failure == nil)
    }

    @Test("an issuer that is dead at the start is asked again, less and less often, once a minute at last")
    func backoff() {
        var play = RingPlay()
        var waits: [Int64] = []
        play.wake()
        for _ in 0..<10 {
            play.finish(.failure(.unreachable))
            waits.append((play.ring.wakeAt - play.now + second / 2) / second)
            guard case .unknowable(let seconds) = play.want(nil) else {
                Issue.record("it should not be asked")
                return
            }
            #expect(seconds >= 1)
            play.pass(100)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
        #expect(play.fetchCount == 11)
    }

    @Test("a kid that cannot be asked for now is neither known nor absent")
    func unknowable() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var play = RingPlay()
        play.wake()
        play.bring([a])
        #expect(play.want("b") == .pending)
        play.finish(.failure(.badStatus))
        guard case .unknowable = play.want("b") else {
            Issue.record("it was not asked")
            return
        }
        play.pass(10)
        play.bring([a, b])
        #expect(play.want("b") == .known)
    }

    @Test("a fetch that never ends is given up, and its late answer is ignored")
    func lost() throws {
        var play = RingPlay()
        play.wake()
        let first = try #require(play.fetches.first)
        play.now = play.ring.wakeAt
        play.wake()
        #expect(play.status.failure == .timeout)
        play.perform(
            play.ring.finished(
                first.number, .success(Fetched(status: 200, body: keySet([try PublishedKey("a").jwk]))), now: play.now,
                random: 0))
        #expect(play.kids == [])
    }

    @Test(
        "RS-068 what is no key set is no key set, and the old keys stay",
        arguments: [
            (Fetched(status: 302, body: []), KeyFetchFailure.redirected),
            (Fetched(status: 500, body: []), .badStatus),
            (Fetched(status: 404, body: []), .badStatus),
            (Fetched(status: 200, contentType: "text/html", body: keySet([])), .wrongContentType),
            (Fetched(status: 200, contentType: nil, body: keySet([])), .wrongContentType),
            (Fetched(status: 200, body: Array("<html>".utf8)), .badKeySet),
            (Fetched(status: 200, body: Array("{}".utf8)), .badKeySet),
            (Fetched(status: 200, body: Array("{\"keys\": {}}".utf8)), .badKeySet),
            (Fetched(status: 200, body: keySet([]) + [UInt8](repeating: 0x20, count: 1_048_576)), .tooLarge),
            (Fetched(status: 200, body: keySet([JSON](repeating: ["kty": "EC"], count: 101))), .tooManyKeys),
        ])
    func badKeySet(answer: Fetched, failure: KeyFetchFailure) throws {
        var play = RingPlay()
        play.wake()
        play.bring([try PublishedKey("a")])
        play.pass(600)
        play.finish(.success(answer))
        #expect(play.status.failure == failure)
        #expect(play.kids == ["a"])
    }

    @Test("RS-069 a set without any usable key withdraws all keys: nothing can be said of the issuer's tokens")
    func emptied() throws {
        var play = RingPlay()
        play.wake()
        play.bring([try PublishedKey("a")])
        play.pass(600)
        play.finish(.success(Fetched(status: 200, body: keySet([]))))
        #expect(play.status.failure == .noUsableKey)
        #expect(play.status.keys == nil)
        #expect(play.notes.contains(.withdrawn(.noUsableKey)))
    }

    @Test("RS-059 unknown members are ignored, RS-060 one unusable key does not spoil the others")
    func unusableKeys() throws {
        let a = try PublishedKey("a")
        let others: [JSON] = [
            ["kty": "XX", "kid": "x"], ["kty": "EC", "crv": "P-256", "x": "!", "y": "AA"], "no object",
            ["kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"],
        ]
        let set: JSON = ["more": ["this": 1], "keys": .array(others + [a.jwk])]
        var play = RingPlay()
        play.wake()
        play.finish(
            .success(
                Fetched(status: 200, contentType: "application/jwk-set+json; charset=utf-8", body: set.serialized())))
        #expect(play.kids == ["a"])
        #expect(play.notes == [.keysChanged(keys: 1, skipped: 4)])
    }

    @Test(
        "RS-070 private and symmetric keys in a fetched set are refused, with an alarm that stays",
        arguments: ["d", "k"])
    func exposed(member: String) throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var leaked = try #require(b.jwk.object)
        leaked[member] = "AAAA"
        var play = RingPlay()
        play.wake()
        play.finish(.success(Fetched(status: 200, body: keySet([a.jwk, .object(leaked)]))))
        #expect(play.kids == ["a"])
        #expect(play.notes.contains(.exposed(keys: 1)))
        #expect(play.status.alarms == ["secret_key_published"])
        play.pass(600)
        play.bring([a])
        #expect(play.status.alarms == [])
    }
}
