import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("ending grants, clients and subjects before their time")
struct RevokerTests {
    private static let kinds: [RecordKind] = [.authorizationCode, .refreshToken, .deviceCode]

    /// A store with two grants of two clients and two users.
    private func filled() async throws -> MemoryStore {
        let store = MemoryStore()
        var changes: [StoreChange] = []
        for (grant, client, subject) in [("g1", "shop", "ada"), ("g2", "till", "bob")] {
            changes.append(
                .insert(
                    Grant(
                        id: grant, clientID: client, subject: subject, scopes: [], resources: [],
                        createdAt: newYear2026, expiresAt: .max
                    ).record))
            for kind in Self.kinds {
                changes.append(
                    .insert(
                        StoredRecord(
                            kind, "\(kind.rawValue)-\(grant)", client: client, subject: subject, grant: grant, body: [:]
                        )))
            }
            changes.append(.insert(StoredRecord(.session, "session-\(subject)", subject: subject, body: [:])))
            changes.append(
                .insert(StoredRecord(.interaction, "interaction-\(grant)", client: client, subject: subject, body: [:]))
            )
        }
        #expect(try await store.commit(changes, now: newYear2026))
        return store
    }

    private func keys(_ store: MemoryStore) async throws -> Set<String> {
        var keys: Set<String> = []
        for kind in RecordKind.allCases {
            keys.formUnion(try await store.records(RecordQuery(kind), most: 100).map(\.key))
        }
        return keys
    }

    @Test("a grant goes with its refresh tokens and codes, and nobody else's")
    func grant() async throws {
        let store = try await filled()
        let before = try await keys(store)
        #expect(try await store.commit(Revoker.changes(ending: .grant("g1"), now: newYear2026), now: newYear2026))
        let gone: Set = ["g1", "authorization_code-g1", "refresh_token-g1", "device_code-g1"]
        #expect(try await keys(store) == before.subtracting(gone).union(["grant:g1"]))
    }

    @Test("a client goes with all that it holds")
    func client() async throws {
        let store = try await filled()
        #expect(try await store.commit(Revoker.changes(ending: .client("shop"), now: newYear2026), now: newYear2026))
        let left = try await keys(store)
        #expect(!left.contains { $0.hasSuffix("g1") })
        #expect(left.contains("session-ada"))
        #expect(left.filter { $0.hasSuffix("g2") }.count == 5)
    }

    @Test("a subject goes with its grants and sessions")
    func subject() async throws {
        let store = try await filled()
        #expect(try await store.commit(Revoker.changes(ending: .subject("ada"), now: newYear2026), now: newYear2026))
        let left = try await keys(store)
        #expect(!left.contains { $0.hasSuffix("g1") || $0 == "session-ada" })
        #expect(left.contains("session-bob"))
    }

    @Test(
        "what sees the store as it was has begun before the commit was over: one that takes long moves the end",
        arguments: [(-5, 0), (0, 0), (1, 1), (7, 7)] as [(Int64, Int64)])
    func slow(took: Int64, later: Int64) async throws {
        let store = MemoryStore()
        #expect(
            try await store.commit([], ending: .client("shop"), now: newYear2026) { newYear2026 + took })
        let record = try #require(try await store.record(.revocation, "client:shop"))
        #expect(Revocation(record)?.before == newYear2026 + 1 + Revoker.overtakingSeconds + later)
    }

    @Test("the revocation outlives every token that it concerns, and a later one takes the place of an earlier one")
    func record() async throws {
        let store = MemoryStore()
        #expect(try await store.commit(Revoker.changes(ending: .client("shop"), now: newYear2026), now: newYear2026))
        #expect(
            try await store.commit(
                Revoker.changes(ending: .client("shop"), now: newYear2026 + 60), now: newYear2026 + 60))
        let record = try #require(try await store.record(.revocation, "client:shop"))
        #expect(
            Revocation(record)
                == Revocation(
                    .client("shop"), before: newYear2026 + 61 + Revoker.overtakingSeconds,
                    expiresAt: newYear2026 + 60 + 86_460))
        #expect(
            try await store.commit(
                Revoker.changes(ending: .token("t"), now: newYear2026, lastTokenEndsAt: newYear2026 + 9),
                now: newYear2026))
        #expect(try await store.record(.revocation, "token:t")?.expiresAt == newYear2026 + 69)
    }

    @Test("a client that is removed leaves nothing, and its tokens count no longer")
    func removedClient() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        _ = try await harness.administration.removeClient("shop", now: newYear2026)
        #expect(try await harness.store.record(.revocation, "client:shop") != nil)
        #expect(try await harness.store.client(id: "shop") == nil)
    }
}
