package import AuthorizationRecords
import Foundation
import Policy
import Synchronization

/// What the authorization server keeps, in a PostgreSQL database: for several gateways side by side.
package final class PostgreSQLAuthorizationStore: AuthorizationStore {
    /// As it is called in messages: never with the password.
    let name: String
    private let workers: PostgreSQLWorkers
    private let connect: @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection
    private let watchers = StoreWatchers()
    private let displacedCount = Atomic<Int>(0)
    package var displaced: Int { displacedCount.load(ordering: .relaxed) }
    private let listener = Mutex<PostgreSQLListener?>(nil)

    /// Connects, and brings the tables up to date.
    /// - Parameters:
    ///   - creating: false: a database without our tables is an error.
    ///   - birth: what a new database is given.
    init(_ settings: PostgreSQLSettings, password: String?, creating: Bool, birth: [StoredRecord]) async throws {
        let name = settings.description
        self.name = name
        let connect = try Self.connector(settings, password: password)
        self.connect = connect
        workers = PostgreSQLWorkers(connect, threads: settings.connections)
        do {
            try await workers.run { db in try PostgreSQLSchema.migrate(db, name: name, creating: creating, birth: birth)
            }
        } catch let error as PostgreSQLError {
            throw StorageError(name, "cannot be used: \(error)")
        }
    }

    /// What opens a connection.
    static func connector(_ settings: PostgreSQLSettings, password: String?) throws(StorageError)
        -> @Sendable () throws(PostgreSQLError) -> PostgreSQLConnection
    {
        let name = settings.description
        guard let pq = LibPQ.shared else {
            throw StorageError(
                name,
                "needs libpq, PostgreSQL's client library, which is not installed (Debian: apt-get install libpq5)")
        }
        let parameters = settings.parameters(password: password)
        return { () throws(PostgreSQLError) in
            let time = MonotonicTime.nanoseconds(milliseconds: PostgreSQLWorkers.connectMilliseconds)
            return try PostgreSQLConnection(pq, parameters, deadline: MonotonicTime.now &+ time)
        }
    }

    package func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord? {
        guard BindableText.isBindable(key) else { return nil }
        return try await workers.run { db in try PostgreSQLRows.read(db, kind, key) }
    }

    package func page(_ query: RecordQuery, most: Int) async throws -> RecordPage {
        guard BindableText.isBindable(query) else { return RecordPage([], of: query, most: 1) }
        let most = min(max(most, 1), Self.recordsMax)
        return try await workers.run { db in try PostgreSQLRows.read(db, query, most: most) }
    }

    package func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool {
        guard changes.allSatisfy(BindableText.isBindable) else { return false }
        try changes.checkStorable()
        let (held, displaced) = try await workers.run { db in
            var displaced = 0
            let held = try PostgreSQLRows.commit(db, changes, now: now, displaced: &displaced)
            return (held, displaced)
        }
        if held { displacedCount.add(displaced, ordering: .relaxed) }
        // Those of this process need not wait for the database to tell them.
        if held { watchers.tell(Set(changes.compactMap(\.writtenKind))) }
        return held
    }

    package func removeExpired(now: Int64, most: Int) async throws -> Int {
        let most = min(max(most, 1), Self.recordsMax)
        return try await workers.run { db in try PostgreSQLRows.removeExpired(db, now: now, most: most) }
    }

    package func writes(of kind: RecordKind) -> AsyncStream<Void> {
        let (stream, isFirst) = watchers.watch(kind)
        if isFirst { listener.withLock { $0 = PostgreSQLListener(connect, watchers: watchers) } }
        return stream
    }
}

extension PostgreSQLSettings {
    /// Keywords and values for libpq. What it would otherwise take from files in somebody's home, and how it encrypts,
    /// is said.
    func parameters(password: String?) -> [(keyword: String, value: String)] {
        var parameters: [(keyword: String, value: String)] = [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            // One that is not there is passed over; one that is there and no plain file is complained of on standard
            // error, by the library itself.
            ("passfile", "/dev/null/none"),
            ("client_encoding", "UTF8"), ("application_name", "portcullis"), ("gssencmode", "disable"),
            ("target_session_attrs", "read-write"), ("connect_timeout", "3"), ("tcp_user_timeout", "5000"),
            ("keepalives_idle", "5"),
            ("keepalives_interval", "2"), ("keepalives_count", "3"),
            (
                "options",
                "-c statement_timeout=4000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=10000 -c client_min_messages=error"
                    + " -c default_transaction_isolation=read\\ committed -c synchronous_commit=on"
            ),
        ]
        if let password { parameters.append(("password", password)) }
        if let tls {
            parameters += [
                ("sslmode", "verify-full"), ("sslrootcert", tls.authorities), ("ssl_min_protocol_version", "TLSv1.2"),
                ("sslcert", tls.certificate?.chain ?? "/dev/null/none"),
                ("sslkey", tls.certificate?.key ?? "/dev/null/none"),
            ]
        } else {
            parameters.append(("sslmode", "disable"))
        }
        return parameters
    }
}
