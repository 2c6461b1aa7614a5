package import AuthorizationRecords
import Foundation
import GRDB
package import Policy

/// The clients in a store, for a look that changes nothing: it is neither made nor brought up to date, and no key of it
/// is read.
package enum ClientsOnRecord {
    /// Clients, and what is known of users.
    package struct Registered: Sendable {
        /// All of them.
        package var clients: [RegisteredClient]
        /// The first `usersMax`.
        package var users: [StoredUser]
        /// There are more users than that.
        package var hasMoreUsers: Bool
    }

    /// Accounts that are looked at, at most.
    package static let usersMax = 10_000

    /// nil: there is no store yet. Blocks, but no longer than the time that a connection has.
    package static func read(_ database: DatabaseSettings, secrets: DatabaseSecrets) throws(StorageError)
        -> Registered?
    {
        let name = database.description
        do {
            switch database {
            case .sqlite(let path): return try read(path)
            case .postgresql(let server): return try read(server, password: secrets.password)
            }
        } catch let error as StorageError {
            throw error
        } catch let error as DatabaseError {
            throw StorageError(name, "cannot be read: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
        } catch {
            throw StorageError(name, "cannot be read: \(error)")
        }
    }

    private static func read(_ path: String) throws -> Registered? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = Configuration.waiting(2)
        configuration.readonly = true
        return try DatabaseQueue(path: opened(path), configuration: configuration).read { db in
            guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == DatabaseFile.applicationID else {
                throw StorageError(path, "belongs to another program")
            }
            try StorageSchema.refuseOtherVersion(db, path)
            return try registered(path) { try RecordRows.read(db, $0, most: SQLiteAuthorizationStore.recordsMax) }
        }
    }

    /// Without a log beside it nobody has it open and all is in the file: then it is read as one that does not change,
    /// because SQLite would make a log and an index, and a reader cannot take them away again. (A gateway that starts in that
    /// moment can make the look fail, and loses nothing.)
    private static func opened(_ path: String) -> String {
        guard !FileManager.default.fileExists(atPath: path + "-wal") else { return path }
        let absolute = URL(fileURLWithPath: path).path
        guard let encoded = absolute.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) else { return path }
        return "file:\(encoded)?immutable=1"
    }

    private static func read(_ server: PostgreSQLSettings, password: String?) throws -> Registered? {
        let connection = try PostgreSQLAuthorizationStore.connector(server, password: password)()
        connection.deadline =
            MonotonicTime.now &+ MonotonicTime.nanoseconds(milliseconds: PostgreSQLWorkers.connectMilliseconds)
        guard try connection.run("SELECT to_regclass('portcullis.record')::text").rows.first?[0] != nil else {
            return nil
        }
        try PostgreSQLSchema.refuseOtherVersion(connection, server.description)
        return try registered(server.description) {
            try PostgreSQLRows.read(connection, $0, most: PostgreSQLAuthorizationStore.recordsMax)
        }
    }

    private static func registered(_ name: String, page: (RecordQuery) throws -> RecordPage) throws -> Registered {
        var users = RecordList<StoredUser>()
        var rest: RecordQuery? = RecordQuery(.user)
        while let query = rest, users.values.count < usersMax { rest = users.take(try page(query), StoredUser.init) }
        return Registered(clients: try clients(name, page: page), users: users.values, hasMoreUsers: rest != nil)
    }

    /// All of them, or an error: what is concluded from some of them would be wrong.
    private static func clients(_ name: String, page: (RecordQuery) throws -> RecordPage) throws -> [RegisteredClient] {
        let list = try RecordList(RecordQuery(.client), RegisteredClient.init, page: page)
        do throws(DamagedRecord) { return try list.whole() } catch {
            throw StorageError(name, "has a client that cannot be read: \(error)")
        }
    }
}
