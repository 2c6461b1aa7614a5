package import AuthorizationRecords
import Foundation
import GRDB
package import Policy
import Transport

/// The clients in a store, for a look that changes nothing: it is neither made nor brought up to date, and no key of it
/// is read.
package enum ClientsOnRecord {
    /// nil: there is no store yet. Blocks, but no longer than the time that a connection has.
    package static func read(_ database: DatabaseSettings) throws(StorageError) -> [RegisteredClient]? {
        let name = database.description
        do {
            switch database {
            case .sqlite(let path): return try read(path)
            case .postgresql(let server): return try read(server)
            }
        } catch let error as StorageError {
            throw error
        } catch let error as DatabaseError {
            throw StorageError(name, "cannot be read: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
        } catch {
            throw StorageError(name, "cannot be read: \(error)")
        }
    }

    private static func read(_ path: String) throws -> [RegisteredClient]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        return try DatabaseQueue(path: path, configuration: configuration).read { db in
            guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == DatabaseFile.applicationID else {
                throw StorageError(path, "belongs to another program")
            }
            return try all { try RecordRows.read(db, $0, most: $1) }
        }
    }

    private static func read(_ server: PostgreSQLSettings) throws -> [RegisteredClient]? {
        let connection = try PostgreSQLAuthorizationStore.connector(server)()
        connection.deadline =
            MonotonicTime.now &+ MonotonicTime.nanoseconds(milliseconds: PostgreSQLWorkers.connectMilliseconds)
        guard try connection.run("SELECT to_regclass('portcullis.record')::text").rows.first?[0] != nil else {
            return nil
        }
        return try all { try PostgreSQLRows.read(connection, $0, most: $1) }
    }

    private static func all(_ page: (RecordQuery, Int) throws -> [StoredRecord]) throws -> [RegisteredClient] {
        var clients: [RegisteredClient] = []
        var after: String?
        while true {
            let records = try page(RecordQuery(.client, afterKey: after), 1_000)
            clients += records.compactMap(RegisteredClient.init)
            guard records.count == 1_000, let last = records.last else { return clients }
            after = last.key
        }
    }
}
