import JOSE
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Signing keys that are rotated and retired by hand")
struct KeyRetirementTests {
    private static let hour: Int64 = 3_600
    private static let tokenSeconds: Int64 = 48 * hour
    private let schedule = KeySchedule(
        algorithms: [.es256], rotationSeconds: 30 * 24 * hour, tokenSeconds: tokenSeconds)

    /// What somebody does; keys are counted in the order in which they sign.
    enum Step: Sendable, CaseIterable {
        case rotate, rotateNow, retireFirst, retireSecond, retireLast
    }

    /// Three steps in every order, and how many hours lie between them and between two looks of the gateway.
    private static let orders: [(steps: [Step], hours: Int64, lookHours: Int64)] = Step.allCases.flatMap { first in
        Step.allCases.flatMap { second in
            Step.allCases.flatMap { third in
                [(0, 2), (2, 2), (30, 2), (46, 26)].map { ([first, second, third], $0.0, $0.1) }
            }
        }
    }

    /// Each is published until its last token has ended, and none that was rotated away or retired signs again.
    @Test(
        "one key signs at each moment, and none again",
        arguments: orders)
    func invariants(steps: [Step], hours: Int64, lookHours: Int64) async throws {
        let store = MemoryStore()
        let change = SigningKeyChange(
            store: store, terms: SigningTerms(schedule: schedule, seal: nil), random: .system)
        let first = try StoredSigningKey(
            SigningKey.generate(.es256), createdAt: newYear2026, signsFrom: newYear2026, seal: nil, random: .system)
        _ = try await store.commit([.insert(first.record)], now: newYear2026)
        var retired: Set<String> = []
        var lastSigned: [String: Int64] = [:]
        var signer = first.kid
        var steps = steps[...]

        for now in stride(from: newYear2026 + Self.hour, to: newYear2026 + 12 * 24 * Self.hour, by: Int(2 * Self.hour))
        {
            let age = (now - newYear2026) / Self.hour
            while let step = steps.first, age >= 1 + hours * Int64(3 - steps.count) {
                steps.removeFirst()
                let keys = try await store.signingKeys().whole().sorted { $0.signsBefore($1) }
                if let kid = try await take(step, change, keys, now) { retired.insert(kid) }
            }
            var keys = try await store.signingKeys().whole()
            if age % lookHours == 1 {
                while let action = schedule.actions(keys, now: now).first {
                    #expect(try await change.make(action, of: keys, now: now))
                    keys = try await store.signingKeys().whole()
                }
            }

            let signing = keys.signing(now: now)
            try #require(signing.count == 1, "\(age) h")
            #expect(signing[0].maySign(at: now))
            if signing[0].kid != signer { #expect(lastSigned[signing[0].kid] == nil, "\(age) h: signs again") }
            #expect(!retired.contains(signing[0].kid))
            signer = signing[0].kid
            lastSigned[signer] = now
            for (kid, time) in lastSigned where now < time + Self.tokenSeconds && !retired.contains(kid) {
                #expect(keys.contains { $0.kid == kid && $0.isPublished(at: now) }, "\(age) h")
            }
            #expect(keys.allSatisfy { $0.signsFrom <= $0.signsUntil ?? .max })
        }
    }

    /// Returns the key that was retired.
    private func take(_ step: Step, _ change: SigningKeyChange, _ keys: [StoredSigningKey], _ now: Int64) async throws
        -> String?
    {
        let index: Int
        switch step {
        case .rotate, .rotateNow:
            let action = schedule.rotation(of: .es256, keys, now: now, atOnce: step == .rotateNow)
            #expect(try await change.make(action, of: keys, now: now))
            return nil
        case .retireFirst: index = 0
        case .retireSecond: index = 1
        case .retireLast: index = keys.count - 1
        }
        guard keys.indices.contains(index) else { return nil }
        let action = schedule.retirement(of: keys[index], keys, now: now)
        #expect(try await change.make(action, of: keys, now: now))
        return keys[index].kid
    }

    @Test(
        "a machine whose clock is behind the one that retired the key does not fall back on the key that was rotated away",
        arguments: [1, 5, 300])
    func clockBehind(seconds: Int64) throws {
        func key(signsFrom: Int64, signsUntil: Int64? = nil) throws -> StoredSigningKey {
            var key = try StoredSigningKey(
                SigningKey.generate(.es256), createdAt: signsFrom, signsFrom: signsFrom, seal: nil, random: .system)
            key.signsUntil = signsUntil
            key.publishedUntil = signsUntil.map(schedule.publishedUntil(successorSignsFrom:))
            return key
        }
        let old = try key(signsFrom: newYear2026, signsUntil: newYear2026 + 400)
        let new = try key(signsFrom: newYear2026 + 1_000)
        let now = newYear2026 + 1_000 - seconds
        #expect([old, new].signing(now: now).map(\.kid) == [new.kid])
        let ring = try #require(SigningKeyRing([old, new].map { try $0.key(nil) }, preference: [.es256]))
        #expect(ring.current(now: now)?.kid == new.kid)
        #expect(!ring.begins(after: now))
        // While it signed by its times, it does.
        #expect([old, new].signing(now: newYear2026 + 399).map(\.kid) == [old.kid])
        // What was made to sign at once has begun, though this clock says not: retiring it brings back no other.
        #expect(schedule.retirement(of: new, [old, new], now: now) == .retire(kid: new.kid, replaced: .es256))
    }

    @Test("a database in which an older version brought a rotated key back gets a new one, and every token is verified")
    func olderVersion() async throws {
        let store = MemoryStore()
        let change = SigningKeyChange(
            store: store, terms: SigningTerms(schedule: schedule, seal: nil), random: .system)
        var old = try StoredSigningKey(
            SigningKey.generate(.es256), createdAt: newYear2026, signsFrom: newYear2026, seal: nil, random: .system)
        old.publishedUntil = newYear2026 + 30 * Self.hour
        // As it stood in the record, without when it signs no more.
        #expect(old.record.body["signs_until"] == nil)
        _ = try await store.commit([.insert(old.record)], now: newYear2026)
        for now in [newYear2026 + 60, newYear2026 + 20 * Self.hour] {
            var keys = try await store.signingKeys().whole()
            while let action = schedule.actions(keys, now: now).first {
                #expect(try await change.make(action, of: keys, now: now))
                keys = try await store.signingKeys().whole()
            }
            let signing = keys.signing(now: now)
            #expect(signing.count == 1)
            #expect((signing.first?.kid == old.kid) == (now == newYear2026 + 60))
            #expect(keys.count { $0.publishedUntil == nil } == 1)
        }
    }
}
