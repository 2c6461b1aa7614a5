import JOSE
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Signing keys whose times are odd")
struct KeyTimesTests {
    private static let day: Int64 = 86_400
    private let schedule = KeySchedule(algorithms: [.es256], rotationSeconds: 30 * day, tokenSeconds: 600)

    private func key(_ algorithm: Algorithm = .es256, signsFrom: Int64, publishedUntil: Int64? = nil) throws
        -> StoredSigningKey
    {
        var key = try StoredSigningKey(
            SigningKey.generate(algorithm), createdAt: newYear2026, signsFrom: signsFrom, seal: nil, random: .system)
        key.publishedUntil = publishedUntil
        return key
    }

    /// What stands in the store after rotations by hand, one an hour.
    private func rotated(atOnce rotations: [Bool], from first: StoredSigningKey) async throws -> [StoredSigningKey] {
        let store = MemoryStore()
        _ = try await store.commit([.insert(first.record)], now: newYear2026)
        let terms = SigningTerms(schedule: schedule, seal: nil)
        for (hour, atOnce) in rotations.enumerated() {
            let now = newYear2026 + Int64(hour + 1) * 3_600
            let keys = try await store.signingKeys().whole()
            let action = schedule.rotation(of: .es256, keys, now: now, atOnce: atOnce)
            #expect(
                try await SigningKeyChange(store: store, terms: terms, random: .system).make(action, of: keys, now: now)
            )
        }
        return try await store.signingKeys().whole().sorted { $0.signsFrom < $1.signsFrom }
    }

    @Test(
        "no rotation by hand leaves a key that ends before it begins",
        arguments: [
            [false, true], [false, false, true], [true, false, true], [true, true], [false, true, false, true],
        ])
    func rotations(atOnce: [Bool]) async throws {
        let first = try key(signsFrom: newYear2026)
        let keys = try await rotated(atOnce: atOnce, from: first)
        for key in keys { #expect(key.signsFrom < key.publishedUntil ?? .max) }
        #expect(keys.count { $0.publishedUntil == nil } == 1)
        // What was signed until now can be verified as long as a token lives, and what was replaced at once not longer.
        let last = try #require(keys.last { $0.publishedUntil == nil })
        let old = try #require(keys.first { $0.kid == first.kid })
        #expect((old.publishedUntil ?? 0) > newYear2026 + 600)
        for key in keys where key.kid != last.kid {
            #expect((key.publishedUntil ?? 0) <= schedule.publishedUntil(successorSignsFrom: last.signsFrom))
        }
    }

    @Test("a key of an algorithm that is wanted no more goes at once if it was only announced")
    func unwanted() throws {
        let old = try key(signsFrom: newYear2026)
        let now = newYear2026 + 3_600
        let announced = try key(.edDSA, signsFrom: now + 2 * Self.day)
        #expect(schedule.actions([old, announced], now: now) == [.remove(kid: announced.kid)])
        let signing = try key(.edDSA, signsFrom: now)
        #expect(schedule.actions([old, signing], now: now) == [.publishUntil(kid: signing.kid, now + Self.day + 120)])
    }

    @Test("a clock that stands before the first key: the oldest serves, of each algorithm that began with it")
    func clockBefore() throws {
        let first = try key(signsFrom: newYear2026)
        let other = try key(.edDSA, signsFrom: newYear2026)
        let next = try key(signsFrom: newYear2026 + 30 * Self.day)
        let later = try key(.es384, signsFrom: newYear2026 + 2 * Self.day)
        let ring = try #require(
            SigningKeyRing([next, first, other, later].map { try $0.key(nil) }, preference: [.es384, .es256]))
        for now in [0, newYear2026 - 300 * Self.day, newYear2026 - 1] {
            #expect(ring.begins(after: now))
            #expect(ring.current(now: now)?.kid == first.kid)
            #expect(ring.current(.edDSA, now: now)?.kid == other.kid)
            // Announced: not everybody has it yet.
            #expect(ring.current(.es384, now: now) == nil)
            #expect(ring.verificationKeys(now: now).keys.contains { $0.kid == first.kid })
        }
        #expect(!ring.begins(after: newYear2026))
        #expect(ring.current(now: newYear2026)?.kid == first.kid)
        #expect(ring.current(now: newYear2026 + 40 * Self.day)?.kid == later.kid)
    }

    @Test("of two keys that begin in one second, the one that goes on signs")
    func oneSecond() throws {
        let old = try key(signsFrom: newYear2026, publishedUntil: newYear2026 + Self.day)
        let new = try key(signsFrom: newYear2026)
        for keys in [[old, new], [new, old]] {
            let ring = try #require(SigningKeyRing(keys.map { try $0.key(nil) }, preference: [.es256]))
            #expect(ring.current(now: newYear2026)?.kid == new.kid)
            #expect(keys.sorted { $0.signsBefore($1) } == [old, new])
        }
        #expect(!old.signsBefore(old))
    }
}
