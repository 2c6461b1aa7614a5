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
        var harness = RingHarness()
        harness.wake()
        #expect(harness.fetches.map(\.url) == [RingHarness.keySetPlace])
        #expect(harness.want("a") == .pending)
        #expect(harness.fetchCount == 1)
        harness.bring([key])
        #expect(harness.settled == 1)
        #expect(harness.want("a") == .known)
        #expect(harness.status.keys == 1)
        #expect(harness.status.alarms == [])
        #expect(harness.notes == [.keysChanged(keys: 1, skipped: 0)])
    }

    @Test("a wish before the first wake begins the fetch as well, once")
    func wishBeforeStart() throws {
        var harness = RingHarness()
        #expect(harness.want(nil) == .pending)
        harness.wake()
        #expect(harness.fetchCount == 1)
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
        var harness = RingHarness()
        harness.wake()
        harness.bring([try PublishedKey("a")], cacheControl: cacheControl, age: age)
        harness.now += seconds * second - 1
        #expect(harness.status.isStale == false)
        harness.now += 1
        #expect(harness.status.isStale)
    }

    @Test(
        "keys are fetched anew ahead of their end, at a time that randomness spreads",
        arguments: [
            (UInt64.min, 450), (UInt64.max, 540), (UInt64(1) << 63, 495),
        ] as [(UInt64, Int64)])
    func ahead(random: UInt64, seconds: Int64) throws {
        var harness = RingHarness()
        harness.random = random
        harness.wake()
        harness.bring([try PublishedKey("a")])
        let planned = (harness.ring.wakeAt - harness.now + second / 2) / second
        #expect(planned == seconds)
        harness.pass(seconds - 1)
        #expect(harness.fetchCount == 1)
        harness.pass(2)
        #expect(harness.fetchCount == 2)
        // Nobody waits for it: the old keys serve meanwhile.
        #expect(harness.want("a") == .known)
    }

    @Test("RS-069 a key that is gone from the set is gone from the ring with the next fetch")
    func withdrawn() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var harness = RingHarness()
        harness.wake()
        harness.bring([a, b])
        let before = harness.ring.keys?.generation
        harness.pass(600)
        harness.bring([b])
        #expect(harness.kids == ["b"])
        #expect(harness.ring.keys?.generation != before)
        #expect(harness.now <= 1_600 * second)
    }

    @Test("the same octets are the same generation, so that verified tokens stay verified")
    func generation() throws {
        let key = try PublishedKey("a")
        var harness = RingHarness()
        harness.wake()
        harness.bring([key])
        let before = harness.ring.keys?.generation
        harness.pass(600)
        harness.bring([key])
        #expect(harness.ring.keys?.generation == before)
        #expect(harness.notes.count == 1)
    }

    @Test("RS-066 an unknown kid is fetched for once, and brings a rotated key")
    func rotated() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var harness = RingHarness()
        harness.wake()
        harness.bring([a])
        #expect(harness.want("b") == .pending)
        #expect(harness.want("b") == .pending)
        #expect(harness.fetchCount == 2)
        harness.bring([a, b])
        #expect(harness.want("b") == .known)
        #expect(harness.want("a") == .known)
    }

    @Test("RS-066 a kid that the issuer does not have is absent for five minutes without asking again")
    func absent() throws {
        var harness = RingHarness()
        harness.wake()
        let key = try PublishedKey("a")
        harness.bring([key], cacheControl: "max-age=3600")
        #expect(harness.want("x") == .pending)
        harness.bring([key], cacheControl: "max-age=3600")
        for _ in 0..<10 { #expect(harness.want("x") == .absent) }
        #expect(harness.fetchCount == 2)
        harness.now += 299 * second
        #expect(harness.want("x") == .absent)
        harness.now += 1 * second
        #expect(harness.want("x") == .pending)
        #expect(harness.fetchCount == 3)
    }

    @Test("RS-066 ten thousand unknown kids within 30 s cause one fetch, and no state beyond 128 of them")
    func flood() throws {
        var harness = RingHarness()
        let key = try PublishedKey("a")
        harness.wake()
        harness.bring([key], cacheControl: "max-age=3600")
        #expect(harness.want("kid-0") == .pending)
        harness.bring([key], cacheControl: "max-age=3600")
        for number in 1...10_000 {
            harness.now += 2_900_000
            let answer = harness.want("kid-\(number)")
            guard case .unknowable(let seconds) = answer else {
                Issue.record("\(answer)")
                continue
            }
            #expect((1...31).contains(seconds))
        }
        #expect(harness.fetchCount == 2)
        harness.now += 2 * second
        #expect(harness.want("kid-1") == .pending)
        #expect(harness.fetchCount == 3)
        harness.bring([key])
        // The fetch answered for the first 128 that had asked in vain.
        #expect(harness.want("kid-1") == .absent)
        #expect(harness.want("kid-128") == .absent)
        #expect(harness.want("kid-129") != .absent)
        #expect(harness.fetchCount == 3)
    }

    @Test("a kid that came up while a fetch was under way is not taken for absent by it")
    func late() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var harness = RingHarness()
        harness.wake()
        #expect(harness.want("b") == .pending)
        harness.bring([a])
        #expect(harness.want("b") == .pending)
        #expect(harness.fetchCount == 2)
        harness.bring([a, b])
        #expect(harness.want("b") == .known)
    }

    @Test("a kid longer than any issuer's is absent, and nobody is asked")
    func longKid() throws {
        var harness = RingHarness()
        harness.wake()
        harness.bring([try PublishedKey("a")])
        #expect(harness.want(String(repeating: "k", count: 1_025)) == .absent)
        #expect(harness.fetchCount == 1)
    }

    @Test("RS-066 one fetch at a time, whoever asks")
    func singleFlight() throws {
        var harness = RingHarness()
        for _ in 0..<100 { #expect(harness.want(nil) == .pending) }
        harness.wake()
        #expect(harness.fetchCount == 1)
        harness.bring([try PublishedKey("a")])
        for number in 0..<100 { _ = harness.want("x\(number)") }
        #expect(harness.fetchCount == 2)
    }

    @Test("RS-067 an issuer that is down: its keys count on, with an alarm, up to 24 hours")
    func staleIfError() throws {
        var harness = RingHarness()
        harness.wake()
        harness.bring([try PublishedKey("a")])
        let end = harness.now + 86_400 * second
        while harness.now < end {
            if !harness.fetches.isEmpty { harness.finish(.failure(.noAnswer(.unreachable))) }
            #expect(harness.kids == ["a"])
            #expect(harness.want("a") == .known)
            harness.pass(60)
            if harness.now > end - 80_000 * second, harness.now < end {
                #expect(harness.status.alarms.contains("stale_keys"))
            }
        }
        #expect(harness.now < end + 60 * second)
        #expect(harness.kids == [])
        #expect(harness.status.keys == nil)
        #expect(harness.status.alarms.contains("no_keys"))
        #expect(harness.notes.contains(.withdrawn(.noAnswer(.timeout))))
    }

    @Test("failures are said once for each kind, and so is the recovery")
    func recovery() throws {
        let key = try PublishedKey("a")
        var harness = RingHarness()
        harness.wake()
        for failure in [OutgoingFailure.unreachable, .unreachable, .timeout].map(KeyFetchFailure.noAnswer) {
            harness.finish(.failure(failure))
            harness.pass(100)
        }
        #expect(harness.status.degradedNanoseconds != nil)
        harness.bring([key])
        #expect(
            harness.notes == [
                .failed(.noAnswer(.unreachable), keysInForce: false), .failed(.noAnswer(.timeout), keysInForce: false),
                .keysChanged(keys: 1, skipped: 0),
                .recovered(failures: 3),
            ])
        #expect(harness.status.degradedNanoseconds == nil)
        #expect(harness.status.failure == nil)
    }

    @Test("an issuer that is dead at the start is asked again, less and less often, once a minute at last")
    func backoff() {
        var harness = RingHarness()
        var waits: [Int64] = []
        harness.wake()
        for _ in 0..<10 {
            harness.finish(.failure(.noAnswer(.unreachable)))
            waits.append((harness.ring.wakeAt - harness.now + second / 2) / second)
            guard case .unknowable(let seconds) = harness.want(nil) else {
                Issue.record("it should not be asked")
                return
            }
            #expect(seconds >= 1)
            harness.pass(100)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
        #expect(harness.fetchCount == 11)
    }

    @Test("a kid that cannot be asked for now is neither known nor absent")
    func unknowable() throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var harness = RingHarness()
        harness.wake()
        harness.bring([a])
        #expect(harness.want("b") == .pending)
        harness.finish(.failure(.badStatus))
        guard case .unknowable = harness.want("b") else {
            Issue.record("it was not asked")
            return
        }
        harness.pass(10)
        harness.bring([a, b])
        #expect(harness.want("b") == .known)
    }

    @Test("a fetch that never ends is given up, and its late answer is ignored")
    func lost() throws {
        var harness = RingHarness()
        harness.wake()
        let first = try #require(harness.fetches.first)
        harness.now = harness.ring.wakeAt
        harness.wake()
        #expect(harness.status.failure == .noAnswer(.timeout))
        harness.perform(
            harness.ring.finished(
                first.number, .success(OutgoingAnswer(status: 200, body: keySet([try PublishedKey("a").jwk]))),
                now: harness.now,
                random: 0))
        #expect(harness.kids == [])
    }

    @Test(
        "a key set of another media type counts where the issuer's entry names that type, and no other",
        arguments: [
            ("text/plain", true), ("text/plain; charset=utf-8", true), ("TEXT/Plain", true), ("text/html", false),
            ("application/json", true),
        ])
    func mediaType(type: String, counts: Bool) throws {
        var source = KeySource(identifier: RingHarness.identifier, place: .keySet(RingHarness.keySetPlace))
        source.keySetTypes = ["text/plain"]
        var harness = RingHarness(source)
        harness.wake()
        harness.finish(
            .success(OutgoingAnswer(status: 200, contentType: type, body: keySet([try PublishedKey("a").jwk]))))
        #expect(harness.kids == (counts ? ["a"] : []))
    }

    @Test(
        "RS-068 what is no key set is no key set, and the old keys stay",
        arguments: [
            (OutgoingAnswer(status: 302, body: []), KeyFetchFailure.redirected),
            (OutgoingAnswer(status: 500, body: []), .badStatus),
            (OutgoingAnswer(status: 404, body: []), .badStatus),
            (OutgoingAnswer(status: 200, contentType: "text/html", body: keySet([])), .wrongContentType),
            (OutgoingAnswer(status: 200, contentType: nil, body: keySet([])), .wrongContentType),
            (OutgoingAnswer(status: 200, body: Array("<html>".utf8)), .badKeySet),
            (OutgoingAnswer(status: 200, body: Array("{}".utf8)), .badKeySet),
            (OutgoingAnswer(status: 200, body: Array("{\"keys\": {}}".utf8)), .badKeySet),
            (
                OutgoingAnswer(status: 200, body: keySet([]) + [UInt8](repeating: 0x20, count: 1_048_576)),
                .noAnswer(.tooLarge)
            ),
            (OutgoingAnswer(status: 200, body: keySet([JSON](repeating: ["kty": "EC"], count: 101))), .tooManyKeys),
        ])
    func badKeySet(answer: OutgoingAnswer, failure: KeyFetchFailure) throws {
        var harness = RingHarness()
        harness.wake()
        harness.bring([try PublishedKey("a")])
        harness.pass(600)
        harness.finish(.success(answer))
        #expect(harness.status.failure == failure)
        #expect(harness.kids == ["a"])
    }

    @Test("RS-069 a set without any usable key withdraws all keys: nothing can be said of the issuer's tokens")
    func emptied() throws {
        var harness = RingHarness()
        harness.wake()
        harness.bring([try PublishedKey("a")])
        harness.pass(600)
        harness.finish(.success(OutgoingAnswer(status: 200, body: keySet([]))))
        #expect(harness.status.failure == .noUsableKey)
        #expect(harness.status.keys == nil)
        #expect(harness.notes.contains(.withdrawn(.noUsableKey)))
    }

    @Test("RS-059 unknown members are ignored, RS-060 one unusable key does not spoil the others")
    func unusableKeys() throws {
        let a = try PublishedKey("a")
        let others: [JSON] = [
            ["kty": "XX", "kid": "x"], ["kty": "EC", "crv": "P-256", "x": "!", "y": "AA"], "no object",
            ["kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"],
        ]
        let set: JSON = ["more": ["this": 1], "keys": .array(others + [a.jwk])]
        var harness = RingHarness()
        harness.wake()
        harness.finish(
            .success(
                OutgoingAnswer(
                    status: 200, contentType: "application/jwk-set+json; charset=utf-8", body: set.serialized())))
        #expect(harness.kids == ["a"])
        #expect(harness.notes == [.keysChanged(keys: 1, skipped: 4)])
    }

    @Test(
        "RS-070 private and symmetric keys in a fetched set are refused, with an alarm that stays",
        arguments: ["d", "k"])
    func exposed(member: String) throws {
        let (a, b) = (try PublishedKey("a"), try PublishedKey("b"))
        var leaked = try #require(b.jwk.object)
        leaked[member] = "AAAA"
        var harness = RingHarness()
        harness.wake()
        harness.finish(.success(OutgoingAnswer(status: 200, body: keySet([a.jwk, .object(leaked)]))))
        #expect(harness.kids == ["a"])
        #expect(harness.notes.contains(.exposed(keys: 1)))
        #expect(harness.status.alarms == ["secret_key_published"])
        harness.pass(600)
        harness.bring([a])
        #expect(harness.status.alarms == [])
    }
}
