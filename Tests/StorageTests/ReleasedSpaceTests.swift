import AuthorizationRecords
import Foundation
import GRDB
import GatewayTesting
import JSON
import Logging
import Testing

@testable import Gateway
@testable import Storage

/// A burst that is over leaves no large file behind.
@Suite("The SQLite file shrinks", .tags(.timed))
struct ReleasedSpaceTests {
    private static let filling = JSON.string(String(repeating: "x", count: 8_000))

    private static func size(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0
    }

    private static func fill(_ store: any AuthorizationStore) async throws {
        for start in stride(from: 0, to: 4_000, by: 400) {
            let changes = (start..<start + 400).map {
                StoreChange.insert(.test("\($0)", expiresAt: storeNow + 10, body: ["x": filling]))
            }
            #expect(try await store.commit(changes, now: storeNow))
        }
    }

    private static func remove(_ store: any AuthorizationStore) async throws {
        let removal = ExpiredRecordRemoval(store: store, logger: Logger(label: "test"), clock: { storeNow + 10 })
        #expect(try await removal.round() == 4_000)
    }

    @Test("once expired records are removed, their room goes back to the system")
    func new() async throws {
        let harness = try await StoreHarness(.sqlite)
        let store = try await harness.open()
        #expect(try await store.commit([.insert(.test("stays"))], now: storeNow))
        let path = harness.folder.path("var/portcullis.sqlite")
        try await Self.fill(store)
        // What others see of the file is what has left the log.
        let full = try Self.size(path) + Self.size(path + "-wal")
        #expect(full > 30 << 20)
        try await Self.remove(store)
        #expect(try Self.size(path) < 3 << 20)
        #expect(try Self.size(path + "-wal") <= 17 << 20)
        #expect(try await store.record(.replay, "stays") != nil)
        #expect(try await !store.releaseSpace())
    }

    @Test("a file of an earlier version, which could not shrink, can once a gateway has opened it")
    func old() async throws {
        let harness = try await StoreHarness(.sqlite)
        let path = harness.folder.path("var/portcullis.sqlite")
        let keys: [String]
        do {
            let first = try await harness.database()
            keys = first.signingKeys.unusable.map(\.kid)
            try await Self.fill(first.store)
        }
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA auto_vacuum = NONE; VACUUM; DELETE FROM record WHERE kind = 'replay'")
        }
        #expect(try await queue.read { try Int.fetchOne($0, sql: "PRAGMA auto_vacuum") } == 0)
        try queue.close()
        let again = try await harness.database()
        #expect(again.signingKeys.unusable.map(\.kid) == keys && !again.isNew)
        let reader = try DatabaseQueue(path: path)
        #expect(try await reader.read { try Int.fetchOne($0, sql: "PRAGMA auto_vacuum") } == 2)
        #expect(try await reader.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") } == 0)
        try reader.close()
        try await Self.fill(again.store)
        try await Self.remove(again.store)
        #expect(try Self.size(path) < 3 << 20)
    }
}
