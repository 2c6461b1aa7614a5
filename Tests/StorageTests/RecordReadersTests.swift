import AuthorizationRecords
import Foundation
import GRDB
import JSON
import Testing

@testable import Storage

/// SQLite alone: how one record is looked up there.
@Suite("Looking up one record in SQLite")
struct RecordReadersTests {
    private static let now = SQLiteScratch.now
    private let file = SQLiteScratch()

    /// Runs `body` while every connection is in use.
    private func whileAllAreInUse<Value: Sendable>(
        _ readers: RecordReaders, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        var held: [DatabaseQueue] = []
        while let queue = readers.take() { held.append(queue) }
        defer { for queue in held { readers.giveBack(queue) } }
        #expect(!held.isEmpty)
        return try await body()
    }

    @Test("it is found also while every connection for that is in use")
    func allInUse() async throws {
        try await file.run { store in
            #expect(
                try await store.commit(
                    [.insert(StoredRecord(.replay, "a", expiresAt: nil, body: ["n": 1]))], now: Self.now))
            #expect(try await store.record(.replay, "a") != nil)
            let found = try await whileAllAreInUse(store.readers) { try await store.record(.replay, "a") }
            #expect(found?.body == ["n": 1])
        }
    }

    @Test("a connection is free again after a look, also after one that failed, and cannot write")
    func freeAgain() async throws {
        try await file.run { store in
            for _ in 0..<100 {
                #expect(throws: DatabaseError.self) {
                    try store.readers.read { db in try db.execute(sql: "DELETE FROM record") }
                }
            }
            let one = try store.readers.read { db in try Int.fetchOne(db, sql: "SELECT 1") }
            #expect(one == 1)
        }
    }

    @Test("what was committed is found at once, by everybody")
    func atOnce() async throws {
        try await file.run { store in
            let found = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let record = StoredRecord(.replay, "k\(number)", expiresAt: nil, body: [:])
                        let held = try? await store.commit([.insert(record)], now: Self.now)
                        let isThere = try? await store.record(.replay, "k\(number)") != nil
                        return held == true && isThere == true
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(found == 200)
        }
    }

    /// Copies of pages with keys in them would lie in `/var/tmp` otherwise.
    @Test("SQLite keeps in memory what it copies in order to take a change back")
    func nothingElsewhere() async throws {
        try await file.run { store in
            let inMemory = 2
            let writing = try await store.pool.write { db in try Int.fetchOne(db, sql: "PRAGMA temp_store") }
            let reading = try await store.pool.read { db in try Int.fetchOne(db, sql: "PRAGMA temp_store") }
            let looking = try store.readers.read { db in try Int.fetchOne(db, sql: "PRAGMA temp_store") }
            #expect(writing == inMemory && reading == inMemory && looking == inMemory)
        }
    }
}
