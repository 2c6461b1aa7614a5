import AuthorizationRecords
import Foundation
import GRDB
import GatewayTesting
import Testing

@testable import Gateway
@testable import OperatorTools
@testable import Storage

@Suite("A database that is not there")
struct NewDatabaseTests {
    @Test("is new once, and says so", arguments: StoreHarness.Kind.databases)
    func new(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        let first = try await harness.database()
        #expect(first.isNew)
        let second = try await harness.database()
        #expect(!second.isNew)
        #expect(try first.ring.timetable == second.ring.timetable)
    }

    @Test(
        "is never made by who only looks, or changes what is in it", arguments: StoreHarness.Kind.databases)
    func looking(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        let settings = try harness.serverSettings()
        for _ in 0..<2 {
            await #expect(throws: StorageError.self) { try await ClientRegistry(settings).list() }
            await #expect(throws: StorageError.self) { try await ClientRegistry(settings).remove(id: "x") }
            await #expect(throws: StorageError.self) { try await UserRegistry(settings).list() }
            await #expect(throws: StorageError.self) {
                try await GrantRegistry(settings).list(client: nil, subject: nil)
            }
            await #expect(throws: StorageError.self) { try await SigningKeyTool(settings).list() }
        }
        #expect(!harness.folder.exists("var/portcullis.sqlite"))
        #expect(try await harness.database().isNew)
        #expect(try await ClientRegistry(settings).list().isEmpty)
    }

    @Test("nor is one whose file is empty, or holds no tables", arguments: [false, true])
    func empty(hasHeader: Bool) async throws {
        let harness = try await StoreHarness(.sqlite)
        let path = harness.folder.path("var/portcullis.sqlite")
        try harness.folder.write("", to: "var/portcullis.sqlite", permissions: 0o600)
        if hasHeader {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in try db.execute(sql: "CREATE TABLE t (a); DROP TABLE t") }
            try queue.close()
        }
        let before = try harness.folder.read("var/portcullis.sqlite")
        let failure = await #expect(throws: StorageError.self) {
            try await ClientRegistry(harness.serverSettings()).list()
        }
        #expect(failure?.message.contains("nothing in it") == true)
        #expect(try harness.folder.read("var/portcullis.sqlite") == before)
        // The gateway's start makes it all the same, and says so.
        #expect(try await harness.database().isNew)
    }
}
