import AuthorizationRecords
import Foundation
import GatewayTesting
import JOSE
import JSON
import Logging
import Policy
import Synchronization
import Testing

@testable import Gateway
@testable import Storage

@Suite("Signing keys over time")
struct SigningKeyRotationTests {
    private static let day: Int64 = 86_400

    /// A gateway's view of the keys, at a time that the test gives.
    private final class Node: Sendable {
        let database: AuthorizationDatabase
        let keys: SigningKeys
        let changes = Mutex(0)
        let now: Mutex<Int64>

        init(_ database: AuthorizationDatabase, now: Int64) throws {
            self.database = database
            self.now = Mutex(now)
            keys = SigningKeys(try database.ring)
        }

        var rotation: SigningKeyRotation {
            SigningKeyRotation(
                database: database, keys: keys, logger: .init(label: "test"), clock: { self.now.withLock { $0 } }
            ) {
                self.changes.withLock { $0 += 1 }
            }
        }

        func look(at time: Int64) async -> Int64 {
            now.withLock { $0 = time }
            return await rotation.look()
        }

        func published(at time: Int64) -> [String] { keys.verificationKeys(now: time).keys.compactMap(\.kid).sorted() }
    }

    @Test(
        "AS-132 several gateways on one database make one successor, and all of them know it",
        arguments: StoreHarness.Kind.databases)
    func agree(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        var nodes: [Node] = []
        for _ in 0..<4 { nodes.append(try Node(await harness.database(), now: storeNow)) }
        let time = storeNow + 28 * Self.day
        await withTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { _ = await node.look(at: time) } }
        }
        // Whoever came too late looks again: in the gateway a write is told to it.
        for node in nodes { _ = await node.look(at: time) }
        let stored = try await nodes[0].database.store.records(RecordQuery(.signingKey), most: 10).compactMap(
            StoredSigningKey.init)
        #expect(stored.count == 2)
        #expect(stored.map(\.signsFrom).sorted() == [storeNow, storeNow + 30 * Self.day])
        for node in nodes {
            #expect(node.published(at: time) == stored.map(\.kid).sorted())
            #expect(node.changes.withLock { $0 } == 1)
        }
    }

    @Test(
        "the key of a client's algorithm is made once, sealed, however many gateways are asked, and all of them sign with it",
        arguments: StoreHarness.Kind.databases)
    func wanted(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        var nodes: [Node] = []
        for _ in 0..<3 { nodes.append(try Node(await harness.database(), now: storeNow)) }
        var client = RegisteredClient(
            id: "a", name: "", grants: [], authenticationMethods: [.none], scopes: ["openid"], secrets: [],
            createdAt: storeNow)
        client.idTokenAlgorithm = .rs256
        #expect(try await nodes[0].database.store.insert(client, now: storeNow))
        #expect(try await nodes[0].database.idTokenAlgorithmsWanted() == [.rs256])
        await withTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { await node.rotation.makeKey(of: .rs256) } }
        }
        for node in nodes { _ = await node.look(at: storeNow) }
        let stored = try await nodes[0].database.store.signingKeys().whole().filter { $0.algorithm == .rs256 }
        #expect(stored.count == 1)
        for node in nodes {
            #expect(node.keys.ring.current(.rs256, now: storeNow)?.kid == stored.first?.kid)
            #expect(node.keys.ring.current(now: storeNow)?.algorithm == .es256)
        }
        // A gateway that starts has it, too.
        let next = try Node(await harness.database(), now: storeNow)
        #expect(next.keys.ring.current(.rs256, now: storeNow)?.kid == stored.first?.kid)
        // Under a profile that does not allow it nobody keeps it up.
        let strict = try await harness.database { $0.profile = .fapi2 }
        #expect(try await strict.idTokenAlgorithmsWanted() == [])
    }

    @Test(
        "AS-132 a key that has had its time is published no more, and its record goes",
        arguments: StoreHarness.Kind.databases)
    func givenUp(kind: StoreHarness.Kind) async throws {
        let node = try Node(await StoreHarness(kind).database(), now: storeNow)
        let first = node.published(at: storeNow)
        let next = await node.look(at: storeNow)
        #expect(next == storeNow + 28 * Self.day)
        let end = storeNow + 31 * Self.day + 120
        #expect(await node.look(at: next) == end)
        #expect(node.published(at: end - 1).count == 2)
        _ = await node.look(at: end)
        #expect(node.published(at: end).count == 1)
        #expect(node.published(at: end) != first)
        #expect(try await node.database.store.records(RecordQuery(.signingKey), most: 10).count == 1)
    }

    @Test("a database that fails leaves the keys as they are, and is asked again soon")
    func failing() async throws {
        let harness = try await StoreHarness(.sqlite)
        let node = try Node(await harness.database(), now: storeNow)
        let before = node.published(at: storeNow)
        // Behind the store's back: there are no keys any more.
        _ = try await node.database.store.commit([.removeAll(RecordQuery(.signingKey))], now: storeNow)
        #expect(await node.look(at: storeNow) == storeNow + SigningKeyRotation.retrySeconds)
        #expect(node.published(at: storeNow) == before)
    }

    @Test(
        "AS-133 keys are encrypted with the key that the policy names, and a database with encrypted keys opens with it only",
        arguments: StoreHarness.Kind.databases)
    func encrypted(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        let right = SecretSource.file(
            try harness.folder.write([UInt8](repeating: 7, count: 32), to: "kek", permissions: 0o600))
        let wrong = SecretSource.file(
            try harness.folder.write([UInt8](repeating: 8, count: 32), to: "other", permissions: 0o600))
        let sealed = try await harness.database { $0.keyEncryptionKey = right }
        let records = try await sealed.store.records(RecordQuery(.signingKey), most: 10)
        #expect(records.allSatisfy { $0.body["private_pem"] == nil && $0.body["sealed_pem"] != nil })
        #expect(try await harness.database { $0.keyEncryptionKey = right }.ring.timetable == sealed.ring.timetable)
        await #expect { try await harness.database() } throws: {
            "\($0)".contains("key_encryption_key") && "\($0)".contains("encrypted")
        }
        await #expect { try await harness.database { $0.keyEncryptionKey = wrong } } throws: {
            "\($0)".contains("does not open")
        }
        // Keys that are made later are encrypted, too.
        let node = try Node(sealed, now: storeNow)
        _ = await node.look(at: storeNow + 28 * Self.day)
        let later = try await sealed.store.records(RecordQuery(.signingKey), most: 10)
        #expect(later.count == 2)
        #expect(later.allSatisfy { $0.body["private_pem"] == nil })
    }

    @Test(
        "AS-133 keys that were stored in clear are encrypted once the policy says with what, and stay the same",
        arguments: StoreHarness.Kind.databases)
    func encryptedLater(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        let clear = try await harness.database()
        let key = SecretSource.file(
            try harness.folder.write([UInt8](repeating: 7, count: 32), to: "kek", permissions: 0o600))
        let sealed = try await harness.database { $0.keyEncryptionKey = key }
        #expect(try sealed.ring.timetable == clear.ring.timetable)
        #expect(
            try await sealed.store.records(RecordQuery(.signingKey), most: 10).allSatisfy {
                $0.body["private_pem"] == nil
            })
    }

    @Test(
        "a new database has a key of each algorithm that the policy names",
        arguments: [[Algorithm.es256], [.rs256, .ps256, .edDSA, .mlDSA65]])
    func algorithms(algorithms: [Algorithm]) async throws {
        let harness = try await StoreHarness(.sqlite)
        let node = try Node(await harness.database { $0.signingAlgorithms = algorithms }, now: storeNow)
        let stored = try await node.database.store.records(RecordQuery(.signingKey), most: 10).compactMap(
            StoredSigningKey.init)
        #expect(Set(stored.map(\.algorithm)) == Set(algorithms))
        #expect(await node.look(at: storeNow) == storeNow + 28 * Self.day)
        #expect(try await node.database.store.records(RecordQuery(.signingKey), most: 10).count == algorithms.count)
    }
}
