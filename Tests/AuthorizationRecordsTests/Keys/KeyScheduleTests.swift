import JOSE
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

/// When signing keys are made, announced, used and given up.
@Suite("The schedule of signing keys")
struct KeyScheduleTests {
    private static let day: Int64 = 86_400
    private static let hour: Int64 = 3_600
    private let schedule = KeySchedule(algorithms: [.es256], rotationSeconds: 30 * day, tokenSeconds: 600)

    private func key(_ algorithm: Algorithm = .es256, signsFrom: Int64, publishedUntil: Int64? = nil) throws
        -> StoredSigningKey
    {
        var key = try StoredSigningKey(
            SigningKey.generate(algorithm), createdAt: signsFrom - 2 * Self.day, signsFrom: signsFrom, seal: nil,
            random: .system)
        key.publishedUntil = publishedUntil
        return key
    }

    /// Plays the schedule as the gateway does.
    private func play(_ keys: inout [StoredSigningKey], _ schedule: KeySchedule, now: Int64) throws {
        for _ in 0..<10 {
            guard let action = schedule.actions(keys, now: now).first else { return }
            switch action {
            case .create(let algorithm, let signsFrom, let follows):
                for index in keys.indices where keys[index].kid == follows {
                    keys[index].publishedUntil = schedule.publishedUntil(successorSignsFrom: signsFrom)
                }
                keys.append(try key(algorithm, signsFrom: signsFrom))
            case .publishUntil(let kid, let time):
                for index in keys.indices where keys[index].kid == kid { keys[index].publishedUntil = time }
            case .remove(let kid), .retire(let kid, _): keys.removeAll { $0.kid == kid }
            }
        }
        Issue.record("the schedule does not come to rest")
    }

    private func current(_ keys: [StoredSigningKey], now: Int64, _ preference: [Algorithm] = [.es256]) throws -> String?
    {
        try SigningKeyRing(keys.map { try $0.key(nil) }, preference: preference)?.current(now: now)?.kid
    }

    @Test(
        "AS-132 a successor is made 48 hours before it signs, and signs after 30 days, by stored times",
        arguments: [
            (27 * day, false), (28 * day - 1, false), (28 * day, true), (29 * day, true),
        ])
    func announced(age: Int64, isDue: Bool) throws {
        let key = try key(signsFrom: newYear2026)
        let actions = schedule.actions([key], now: newYear2026 + age)
        let signsFrom = max(newYear2026 + 30 * Self.day, newYear2026 + age + 48 * Self.hour)
        #expect(actions == (isDue ? [.create(.es256, signsFrom: signsFrom, follows: key.kid)] : []))
    }

    @Test("AS-132 a gateway that was off for long announces the successor all the same before it signs")
    func late() throws {
        let key = try key(signsFrom: newYear2026)
        let now = newYear2026 + 400 * Self.day
        #expect(
            schedule.actions([key], now: now) == [.create(.es256, signsFrom: now + 48 * Self.hour, follows: key.kid)])
    }

    @Test(
        "AS-132 for two years there is always one key that signs, known for two days, and none is given up before its last token has ended"
    )
    func twoYears() throws {
        var keys = [try key(signsFrom: newYear2026)]
        var firstSeen: [String: Int64] = [keys[0].kid: newYear2026 - 2 * Self.day]
        var lastSigned: [String: Int64] = [:]
        for now in stride(from: newYear2026, to: newYear2026 + 730 * Self.day, by: Int(5 * Self.hour)) {
            try play(&keys, schedule, now: now)
            for key in keys where firstSeen[key.kid] == nil { firstSeen[key.kid] = now }
            let signing = try #require(try current(keys, now: now))
            #expect(now - (firstSeen[signing] ?? now) >= 43 * Self.hour)
            for (kid, last) in lastSigned where now < last + 600 {
                #expect(keys.contains { $0.kid == kid && now < $0.publishedUntil ?? .max })
            }
            lastSigned[signing] = now
            #expect(keys.count <= 2)
        }
        #expect((24...26).contains(lastSigned.count))
    }

    @Test("AS-132 a key stays published for a day after its last signature, or as long as the longest token lives")
    func retained() {
        let long = KeySchedule(algorithms: [.es256], rotationSeconds: 30 * Self.day, tokenSeconds: 3 * Self.day)
        #expect(schedule.publishedUntil(successorSignsFrom: 0) == Self.day + 120)
        #expect(long.publishedUntil(successorSignsFrom: 0) == 3 * Self.day + 120)
    }

    @Test("a key whose time has come is removed, and not before")
    func removed() throws {
        let old = try key(signsFrom: newYear2026 - 40 * Self.day, publishedUntil: newYear2026 + 10)
        let new = try key(signsFrom: newYear2026)
        #expect(schedule.actions([old, new], now: newYear2026 + 9) == [])
        #expect(schedule.actions([old, new], now: newYear2026 + 10) == [.remove(kid: old.kid)])
    }

    @Test(
        "an algorithm that is asked for later is announced before it signs, and what signed before goes on until then")
    func otherAlgorithm() throws {
        var keys = [try key(signsFrom: newYear2026)]
        let both = KeySchedule(algorithms: [.edDSA, .es256], rotationSeconds: 30 * Self.day, tokenSeconds: 600)
        let now = newYear2026 + Self.day
        #expect(both.actions(keys, now: now) == [.create(.edDSA, signsFrom: now + 48 * Self.hour, follows: nil)])
        try play(&keys, both, now: now)
        #expect(keys.map(\.algorithm) == [.es256, .edDSA])
        #expect(try current(keys, now: now + 47 * Self.hour, both.algorithms) == keys[0].kid)
        #expect(try current(keys, now: now + 48 * Self.hour, both.algorithms) == keys[1].kid)

        // Only then may ES256 go.
        let only = KeySchedule(algorithms: [.edDSA], rotationSeconds: 30 * Self.day, tokenSeconds: 600)
        #expect(only.actions(keys, now: now) == [])
        let later = now + 48 * Self.hour
        #expect(only.actions(keys, now: later) == [.publishUntil(kid: keys[0].kid, later + Self.day + 120)])
    }

    @Test(
        "what clients want has a key that signs at once, is rotated and announced like others, and goes when nobody wants it"
    )
    func wanted() async throws {
        let store = MemoryStore()
        let change = SigningKeyChange(
            store: store, terms: SigningTerms(schedule: schedule, seal: nil), random: .system)
        func play(_ wanted: Set<Algorithm>, now: Int64) async throws -> [StoredSigningKey] {
            for _ in 0..<8 {
                let keys = try await store.signingKeys().whole()
                guard let action = schedule.actions(keys, wanted: wanted, now: now).first else { break }
                #expect(try await change.make(action, of: keys, now: now))
            }
            return try await store.signingKeys().whole().filter { $0.algorithm == .rs256 }
        }
        _ = try await store.commit([.insert(try key(signsFrom: newYear2026).record)], now: newYear2026)
        #expect(try await play([], now: newYear2026).isEmpty)
        #expect(try await change.makeKey(of: .rs256, now: newYear2026))
        let first = try #require(try await play([.rs256, .es256], now: newYear2026).first)
        #expect(first.signsFrom == newYear2026 && first.isForClients && first.publishedUntil == nil)
        #expect(StoredSigningKey(first.record)?.isForClients == true)
        // Once more changes nothing.
        #expect(try await change.makeKey(of: .rs256, now: newYear2026))
        #expect(try await play([.rs256], now: newYear2026).map(\.kid) == [first.kid])
        let due = newYear2026 + 28 * Self.day
        let both = try await play([.rs256], now: due)
        #expect(both.count == 2)
        #expect(both.first { $0.kid != first.kid }?.signsFrom == due + 48 * Self.hour)
        #expect(both.allSatisfy { $0.isForClients })
        let left = try await play([], now: due + 60)
        #expect(left.allSatisfy { $0.publishedUntil != nil })
        #expect(try await play([], now: due + 4 * Self.day).isEmpty)
        // Somebody wants it again: what was given up does not sign again.
        let again = try await play([.rs256], now: due + 5 * Self.day)
        #expect(again.count == 1 && again[0].kid != first.kid && again[0].signsFrom == due + 5 * Self.day)
    }

    @Test(
        "the first keys of a database sign at once, each algorithm its own",
        arguments: [Algorithm.es256, .edDSA, .mlDSA65])
    func first(algorithm: Algorithm) {
        let schedule = KeySchedule(algorithms: [algorithm], rotationSeconds: 30 * Self.day, tokenSeconds: 600)
        #expect(schedule.actions([], now: newYear2026) == [.create(algorithm, signsFrom: newYear2026, follows: nil)])
    }

    @Test(
        "a rotation by hand is announced, or takes effect at once when the old key must not sign any more",
        arguments: [true, false])
    func byHand(atOnce: Bool) throws {
        let key = try key(signsFrom: newYear2026)
        let action = schedule.rotation(of: .es256, [key], now: newYear2026 + 5, atOnce: atOnce)
        #expect(action == .create(.es256, signsFrom: newYear2026 + 5 + (atOnce ? 0 : 48 * Self.hour), follows: key.kid))
    }

    @Test("two keys that nobody follows: the newer signs, the older goes")
    func fork() throws {
        let old = try key(signsFrom: newYear2026)
        let new = try key(signsFrom: newYear2026 + 60)
        let now = newYear2026 + 120
        #expect(schedule.actions([old, new], now: now) == [.publishUntil(kid: old.kid, now + Self.day + 120)])
    }

    @Test("it is known when there is something to do next")
    func nextTime() throws {
        let old = try key(signsFrom: newYear2026 - 40 * Self.day, publishedUntil: newYear2026 + 10)
        let new = try key(signsFrom: newYear2026)
        #expect(schedule.nextTime([old, new], now: newYear2026) == newYear2026 + 10)
        #expect(schedule.nextTime([new], now: newYear2026) == newYear2026 + 28 * Self.day)
        #expect(schedule.nextTime([], now: newYear2026) == nil)
    }
}
