import AuthorizationRecords
import AuthorizationTesting
import Foundation
import GRDB
import GatewayTesting
import JSON
import Policy
import Synchronization
import Testing

@testable import Gateway
@testable import Storage

/// 2026-01-01T00:00:00Z.
let storeNow: Int64 = 1_767_225_600

/// A new database of one kind, which can be opened as often as one likes.
struct StoreHarness: Sendable {
    enum Kind: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case memory = "memory"
        case sqlite = "SQLite"
        case postgresql = "PostgreSQL"
        var testDescription: String { rawValue }

        /// Those that a policy can name.
        static let databases: [Kind] = [.sqlite, .postgresql]
    }

    let kind: Kind
    let folder: TemporaryFolder
    let settings: DatabaseSettings
    private let memory = MemoryStore()

    init(_ kind: Kind) async throws {
        self.kind = kind
        folder = try Self.keep(TemporaryFolder("portcullis-store"))
        switch kind {
        case .memory, .sqlite: settings = .sqlite(path: folder.path("var/portcullis.sqlite"))
        case .postgresql: settings = .postgresql(try await Self.postgresql(on: .shared()))
        }
    }

    /// Stores outlive the harness that opened them, and a database whose file is gone is an error: folders are kept until
    /// the tests end.
    private static func keep(_ folder: TemporaryFolder) -> TemporaryFolder {
        kept.withLock { kept in
            if kept.isEmpty { atexit { StoreHarness.kept.withLock { $0 = [] } } }
            kept.append(folder)
        }
        return folder
    }
    private static let kept = Mutex<[TemporaryFolder]>([])

    static func postgresql(on server: TestPostgreSQL) async throws -> PostgreSQLSettings {
        PostgreSQLSettings(
            host: server.socketFolder, port: server.port, database: try await server.database(),
            user: TestPostgreSQL.user, connections: 4)
    }

    func serverSettings(_ edit: (inout AuthorizationServerSettings) -> Void = { _ in }) throws
        -> AuthorizationServerSettings
    {
        var all = AuthorizationServerSettings(
            issuer: try #require(IssuerIdentifier(HTTPSIdentifier("https://login.example.com"))), database: settings,
            accessTokenLifetime: .seconds(600),
            audience: "https://api.example.com")
        edit(&all)
        return all
    }

    func database(
        creating: Bool = true, now: Int64 = storeNow, _ edit: (inout AuthorizationServerSettings) -> Void = { _ in }
    ) async throws -> AuthorizationDatabase {
        let settings = try serverSettings(edit)
        return try await AuthorizationDatabase.open(
            settings, secrets: DatabaseSecrets(settings), creating: creating, now: now)
    }

    func open() async throws -> any AuthorizationStore {
        switch kind {
        case .memory: memory
        case .sqlite, .postgresql: try await database().store
        }
    }

    /// Makes the body of a stored record unreadable, behind the store's back.
    func damage(_ record: RecordKind, _ key: String) async throws {
        try await alter("UPDATE record SET body = '{\"name' WHERE kind = '\(record.rawValue)' AND key = '\(key)'") {
            memory.damage(record, key)
        }
    }

    /// Puts another body in the place of a record's, behind the store's back.
    func replaceBody(of record: RecordKind, _ key: String, with body: String) async throws {
        try await alter("UPDATE record SET body = '\(body)' WHERE kind = '\(record.rawValue)' AND key = '\(key)'") {}
    }

    /// As a later version of the program would leave the tables behind.
    func makeNewer() async throws {
        let sql =
            kind == .sqlite
            ? "INSERT INTO grdb_migrations VALUES ('99')" : "INSERT INTO portcullis.migration (version) VALUES (99)"
        try await alter(sql) {}
    }

    private func alter(_ sql: String, memory: () -> Void) async throws {
        switch settings {
        case _ where kind == .memory: memory()
        case .sqlite(let path):
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in try db.execute(sql: sql) }
            try queue.close()
        case .postgresql(let server):
            let schema = "SET search_path = portcullis; "
            try await TestPostgreSQL.shared().sql(schema + sql, in: server.database)
        }
    }
}

extension StoredRecord {
    /// A record of a test.
    static func test(
        _ key: String, _ kind: RecordKind = .replay, expiresAt: Int64? = nil, client: String? = nil,
        subject: String? = nil, grant: String? = nil,
        body: JSONObject = [:]
    ) -> StoredRecord {
        StoredRecord(kind, key, expiresAt: expiresAt, client: client, subject: subject, grant: grant, body: body)
    }

    func with(version: Int64) -> StoredRecord {
        var copy = self
        copy.version = version
        return copy
    }
}
