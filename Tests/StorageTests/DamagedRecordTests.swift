import Admission
import AuthorizationRecords
import AuthorizationTesting
import Foundation
import JOSE
import JSON
import Logging
import Policy
import Testing

@testable import Gateway
@testable import OperatorTools
@testable import Storage

/// What depends on a record that cannot be read is refused and reported, and nothing else vanishes with it.
@Suite("damaged records")
struct DamagedRecordTests {
    typealias Kind = StoreHarness.Kind

    /// What a damaged body looks like: no JSON, and JSON that says something else.
    private static let bodies = ["{", "[]", "{}"]

    @Test(
        "of 1,501 clients with a damaged one 1,500 are listed, and the one is named", arguments: Kind.databases, bodies)
    func clients(kind: Kind, body: String) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        let ids = (0..<1_501).map { "client-\(10_000 + $0)" }
        for start in stride(from: 0, to: ids.count, by: 500) {
            let clients = ids[start..<min(start + 500, ids.count)].map { id in
                RegisteredClient(
                    id: id, name: "", grants: [.clientCredentials], authenticationMethods: [], scopes: ["a"],
                    secrets: [], createdAt: storeNow)
            }
            #expect(try await store.commit(clients.map { .insert($0.record) }, now: storeNow))
        }
        try await harness.replaceBody(of: .client, "client-10500", with: body)

        let listing = try await ClientRegistry(harness.serverSettings()).list()
        #expect(listing.items.map(\.id) == ids.filter { $0 != "client-10500" })
        #expect(listing.damaged == ["client-10500"])
        #expect(listing.warning?.contains("1 record is damaged and not listed: client-10500;") == true)
        await #expect(throws: DamagedRecord.self) { try await store.client(id: "client-10500") }
        // What a check would conclude from some of the clients would be wrong.
        #expect {
            try ClientsOnRecord.read(harness.settings, secrets: DatabaseSecrets(connectingTo: harness.settings))
        } throws: { "\($0)".contains("client-10500") }
    }

    @Test("damaged users and grants are named, those that are over are not missed", arguments: Kind.databases, bodies)
    func usersAndGrants(kind: Kind, body: String) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        let now = Int64(Date().timeIntervalSince1970)
        let users = ["a", "b", "c"].map { StoredUser(id: $0, name: "name of \($0)", createdAt: now) }
        let grants = [("g1", now + 60), ("g2", now + 60), ("g3", now - 60), ("g4", now - 60)].map { id, end in
            Grant(
                id: id, clientID: "c", subject: "a", scopes: [], resources: [], createdAt: now - 100, expiresAt: end)
        }
        let records = users.map(\.record) + grants.map(\.record)
        #expect(try await store.commit(records.map { .insert($0) }, now: now - 100))
        try await harness.replaceBody(of: .user, "b", with: body)
        for id in ["g2", "g4"] { try await harness.replaceBody(of: .grant, id, with: body) }

        let listed = try await UserRegistry(harness.serverSettings()).list()
        #expect(listed.items.map(\.id) == ["a", "c"])
        #expect(listed.damaged == ["b"])
        let agreed = try await GrantRegistry(harness.serverSettings()).list(client: "c", subject: nil)
        #expect(agreed.items.map(\.id) == ["g1"])
        #expect(agreed.damaged == ["g2"])
        #expect(Listing(RecordList<Int>(), now: now) { $0 }.warning == nil)
    }

    @Test("a signing key that is damaged while the gateway runs changes nothing: no other is made in its place")
    func signingKeys() async throws {
        let harness = try await StoreHarness(.sqlite)
        let database = try await harness.database { $0.signingAlgorithms = [.es256, .edDSA] }
        let kid = try #require(try await database.store.signingKeys().whole().first?.kid)
        try await harness.damage(.signingKey, kid)
        let keys = SigningKeys(try database.ring)
        let rotation = SigningKeyRotation(
            database: database, keys: keys, logger: Logger(label: "test"), clock: { storeNow }, changed: {})
        #expect(await rotation.look() == storeNow + SigningKeyRotation.retrySeconds)
        #expect(try keys.ring.timetable == database.ring.timetable)
        let stored = try await database.store.signingKeys()
        #expect(stored.damaged.map(\.key) == [kid])
        #expect(stored.values.count == 1)
        await #expect { try await harness.database { $0.signingAlgorithms = [.es256, .edDSA] } } throws: {
            "\($0)".contains("holds a signing key that cannot be read (\(kid))")
        }
    }

    // MARK: Revocations

    private func reader(_ store: any AuthorizationStore) -> RevocationReader {
        RevocationReader(store: store, logger: Logger(label: "test"), publish: { _ in })
    }

    private func revocation(_ target: Revocation.Target, before: Int64, expiresAt: Int64) -> StoreChange {
        .insert(Revocation(target, before: before, expiresAt: expiresAt).record)
    }

    @Test(
        "all of 2,500 revocations are known at the start, whichever of them are damaged; a damaged one counts as one",
        arguments: Kind.allCases)
    func revocations(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        let store = try await harness.open()
        let now = Int64(Date().timeIntervalSince1970)
        for start in stride(from: 0, to: 2_500, by: 500) {
            let changes = (start..<start + 500).map {
                revocation(.token("\($0)"), before: now, expiresAt: now + 1_000)
            }
            #expect(try await store.commit(changes, now: now))
        }
        for number in [0, 999, 1_000, 2_499] { try await harness.damage(.revocation, "token:\(number)") }
        let reader = reader(store)
        #expect(try await reader.load().count == 2_500)
        #expect(reader.status == .init(live: 2_500, failure: nil))
    }

    @Test("a damaged revocation whose key says what it ends, ends it whenever it was issued", arguments: bodies)
    func damagedRevocation(body: String) async throws {
        let harness = try await StoreHarness(.sqlite)
        let store = try await harness.open()
        let now = Int64(Date().timeIntervalSince1970)
        let changes = [
            revocation(.client("c"), before: now - 10, expiresAt: now + 1_000),
            revocation(.subject("over"), before: now - 10, expiresAt: now - 1),
        ]
        #expect(try await store.commit(changes, now: now - 10))
        for key in ["client:c", "subject:over"] { try await harness.replaceBody(of: .revocation, key, with: body) }
        let set = try await reader(store).load()
        #expect(set.count == 1)
        #expect(set.end(of: .init(.client, "c")) == .init(before: .max, expiresAt: now + 1_000))
    }

    @Test("a gateway does not start on a revocation of which nobody knows what it ends, and starts when it is over")
    func unknownRevocation() async throws {
        let store = MemoryStore()
        let now = Int64(Date().timeIntervalSince1970)
        let unknown = StoredRecord(.revocation, "family:x", expiresAt: now + 1_000, body: ["before": .integer(now)])
        #expect(try await store.commit([.insert(unknown)], now: now))
        await #expect { try await reader(store).load() } throws: { "\($0)".contains("family:x") }
        var over = unknown
        over.expiresAt = now - 1
        over.version = 1
        #expect(try await store.commit([.replace(over)], now: now))
        #expect(try await reader(store).load().count == 0)
    }

    @Test("one that comes while the gateway runs leaves the known ones in force, and health says so")
    func unknownRevocationLater() async throws {
        let store = MemoryStore()
        let now = Int64(Date().timeIntervalSince1970)
        #expect(
            try await store.commit([revocation(.token("a"), before: now, expiresAt: now + 1_000)], now: now))
        let reader = reader(store)
        #expect(try await reader.load().count == 1)
        let unknown = StoredRecord(.revocation, "family:x", expiresAt: now + 1_000, body: [:])
        let known = revocation(.token("b"), before: now, expiresAt: now + 1_000)
        #expect(try await store.commit([.insert(unknown), known], now: now))
        await reader.refresh()
        #expect(reader.status.live == 2)
        #expect(reader.status.failure?.contains("family:x") == true)
        await reader.refresh()
        #expect(reader.status.failure?.contains("family:x") == true)
    }
}
