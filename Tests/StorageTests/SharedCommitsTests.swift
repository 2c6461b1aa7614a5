import AuthorizationRecords
import Foundation
import GRDB
import JSON
import Synchronization
import Testing

@testable import Storage

/// SQLite alone: commits that wait at the same time share a transaction there.
@Suite("Commits that share one transaction of SQLite")
struct SharedCommitsTests {
    private static let now = SQLiteScratch.now
    private let file = SQLiteScratch()

    private static func insert(_ key: String) -> StoreChange {
        .insert(StoredRecord(.replay, key, expiresAt: now + 600, body: [:]))
    }

    /// How each of them ended, by its key; nil: it threw.
    private static func atOnce(
        _ keys: [String], _ commit: @escaping @Sendable (String) async throws -> Bool
    ) async -> [String: Bool?] {
        await withTaskGroup(of: (String, Bool?).self) { group in
            for key in keys { group.addTask { (key, try? await commit(key)) } }
            return await group.reduce(into: [:]) { $0[$1.0] = .some($1.1) }
        }
    }

    /// What SQLite does where a key is inserted.
    private func refuse(_ key: String, by fault: String) async throws {
        let queue = try DatabaseQueue(path: file.path)
        try await queue.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER refused BEFORE INSERT ON record WHEN NEW.key = '\(key)'
                    BEGIN SELECT RAISE(\(fault), 'refused'); END
                    """)
        }
        try queue.close()
    }

    @Test("of many at once each holds, or leaves nothing behind, for itself")
    func together() async throws {
        try await file.run { store in
            let keys = (0..<200).map { "own \($0)" }
            let ends = await Self.atOnce(keys) { key in
                let shared = "shared \((Int(key.dropFirst(4)) ?? 0) % 10)"
                return try await store.commit([Self.insert(key), Self.insert(shared)], now: Self.now)
            }
            #expect(ends.values.count { $0 == true } == 10 && ends.values.count { $0 == false } == 190)
            for key in keys {
                let isThere = try await store.record(.replay, key) != nil
                #expect(isThere == (ends[key] == true))
            }
        }
    }

    @Test("one that the database refuses takes no other with it")
    func refused() async throws {
        try await file.run { store in
            try await refuse("poison", by: "ABORT")
            let keys = (0..<40).map { "good \($0)" } + ["poison"]
            let ends = await Self.atOnce(keys) { try await store.commit([Self.insert($0)], now: Self.now) }
            for key in keys {
                #expect(ends[key] == (key == "poison" ? .some(nil) : true), "\(key)")
                let isThere = try await store.record(.replay, key) != nil
                #expect(isThere == (key != "poison"))
            }
        }
    }

    @Test("where the whole transaction is lost, nobody in it is told that it held")
    func lost() async throws {
        try await file.run { store in
            try await refuse("poison", by: "ROLLBACK")
            let keys = (0..<40).map { "good \($0)" } + ["poison"]
            let ends = await Self.atOnce(keys) { try await store.commit([Self.insert($0)], now: Self.now) }
            #expect(ends["poison"] == .some(nil))
            for key in keys {
                let isThere = try await store.record(.replay, key) != nil
                #expect(isThere == (ends[key] == true), "\(key)")
            }
            #expect(try await store.commit([Self.insert("afterwards")], now: Self.now))
        }
    }

    @Test("where the transaction cannot begin, all that wait are told, and the next ones are done")
    func locked() async throws {
        try await file.run { _ in
            var configuration = Configuration()
            configuration.busyMode = .immediateError
            let pool = try DatabasePool(path: file.path, configuration: configuration)
            let commits = SharedCommits()
            configuration.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: file.path, configuration: configuration)
            try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
            let keys = (0..<20).map { "\($0)" }
            let commit: @Sendable (String) async throws -> Bool = {
                try await commits.commit([Self.insert($0)], now: Self.now, in: pool).held
            }
            #expect(await Self.atOnce(keys, commit).values.allSatisfy { $0 == nil })
            try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
            #expect(await Self.atOnce(keys, commit).values.allSatisfy { $0 == true })
        }
    }
}
