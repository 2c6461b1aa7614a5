import AuthorizationRecords
import Foundation
import GatewayTesting
import JSON
import Policy
import Synchronization
import Testing

@testable import Gateway
@testable import Storage

@Suite("PostgreSQL behind the authorization server", .tags(.timed))
struct PostgreSQLTests {
    private func settings(
        _ server: TestPostgreSQL, host: String? = nil, tls: DatabaseTLS? = nil, password: SecretSource? = nil,
        user: String = TestPostgreSQL.user
    ) async throws -> PostgreSQLSettings {
        PostgreSQLSettings(
            host: host ?? server.socketFolder, port: server.port, database: try await server.database(), user: user,
            password: password, tls: tls,
            connections: 2)
    }

    private func open(_ settings: PostgreSQLSettings, creating: Bool = true) async throws -> AuthorizationDatabase {
        let settings = AuthorizationServerSettings(
            issuer: try #require(IssuerIdentifier(HTTPSIdentifier("https://login.example.com"))),
            database: .postgresql(settings),
            accessTokenLifetime: .seconds(600), audience: "a")
        return try await AuthorizationDatabase.open(
            settings, secrets: DatabaseSecrets(settings), creating: creating, now: storeNow)
    }

    private func message(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("gateways that start at the same time agree on the tables and the keys")
    func born() async throws {
        let settings = try await settings(.shared())
        let timetables = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 { group.addTask { try await open(settings).ring.timetable } }
            return try await group.reduce(into: Set<[String]>()) { $0.insert($1) }
        }
        #expect(timetables.count == 1)
    }

    @Test(
        "AS-133 a database that has lost its keys is refused rather than given new ones",
        arguments: ["signing_key", "server_key"])
    func lostKeys(kind: String) async throws {
        let settings = try await settings(.shared())
        _ = try await open(settings)
        try await TestPostgreSQL.shared().sql(
            "DELETE FROM portcullis.record WHERE kind = '\(kind)'", in: settings.database)
        #expect(await message { _ = try await open(settings) }.contains("has lost"))
    }

    @Test("a database of a newer version, or with a schema of somebody else's, is refused and left as it is")
    func foreign() async throws {
        let server = try await TestPostgreSQL.shared()
        let newer = try await settings(server)
        _ = try await open(newer)
        try await server.sql("INSERT INTO portcullis.migration (version) VALUES (99)", in: newer.database)
        #expect(await message { _ = try await open(newer) }.contains("newer version"))
        let foreign = try await settings(server)
        try await server.sql("CREATE SCHEMA portcullis; CREATE TABLE portcullis.theirs (x int)", in: foreign.database)
        #expect(await message { _ = try await open(foreign) }.contains("other tables"))
        let empty = try await settings(server)
        #expect(await message { _ = try await open(empty, creating: false) }.contains("no tables of Portcullis"))
        #expect(try await server.sql("SELECT to_regnamespace('portcullis')", in: empty.database) == "")
    }

    @Test("over TCP it is TLS, the name in its certificate is checked, and the password comes from a file")
    func tls() async throws {
        let server = try await TestPostgreSQL.shared()
        let folder = try TemporaryFolder()
        let password = SecretSource.file(
            try folder.write(TestPostgreSQL.password + "\n", to: "password", permissions: 0o600))
        let right = try await settings(
            server, host: "localhost", tls: DatabaseTLS(authorities: server.authorities), password: password)
        let database = try await open(right)
        #expect(try await database.store.commit([.insert(.test("a"))], now: storeNow))
        #expect(
            try await server.sql(
                "SELECT count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = '\(right.database)' AND ssl",
                in: "postgres") == "t")

        let foreign = try folder.write(TestCertificates.shared().foreignAuthority.pem, to: "foreign.pem")
        let elsewhere = try await settings(
            server, host: "localhost", tls: DatabaseTLS(authorities: foreign), password: password)
        #expect(await message { _ = try await open(elsewhere) }.contains("certificate verify failed"))
        let wrong = SecretSource.file(try folder.write("wrong", to: "wrong", permissions: 0o600))
        let refused = try await settings(
            server, host: "localhost", tls: DatabaseTLS(authorities: server.authorities), password: wrong)
        let said = await message { _ = try await open(refused) }
        #expect(said.contains("password authentication failed"))
        #expect(!said.contains(TestPostgreSQL.password) && !said.contains("wrong"))
    }

    @Test(
        "connections that the server has ended in the meantime are replaced without anybody noticing, and writes are heard again"
    )
    func reconnected() async throws {
        let server = try await TestPostgreSQL.shared()
        let settings = try await settings(server)
        let (store, other) = (try await open(settings).store, try await open(settings).store)
        let heard = Mutex(0)
        let listening = Task { for await _ in store.writes(of: .revocation) { heard.withLock { $0 += 1 } } }
        defer { listening.cancel() }
        try await eventually("the first word") { heard.withLock { $0 } > 0 }
        // Before the connections end: on a slow machine the listener is connected again before the loop is done.
        let before = heard.withLock { $0 }
        for number in 0..<5 {
            try await server.endConnections(to: settings.database)
            #expect(try await store.commit([.insert(.test("\(number)"))], now: storeNow))
            #expect(try await store.record(.replay, "\(number)") != nil)
        }
        try await eventually("a word after the connection was lost") { heard.withLock { $0 } > before }
        let again = heard.withLock { $0 }
        #expect(try await other.commit([.insert(.test("r", .revocation))], now: storeNow))
        try await eventually("a word of the other gateway") { heard.withLock { $0 } > again }
    }

    @Test("a server that is gone, or does not answer, is an error within seconds, and all is well when it is back")
    func gone() async throws {
        let server = try await TestPostgreSQL.start()
        let store = try await open(settings(server)).store
        #expect(try await store.commit([.insert(.test("a"))], now: storeNow))
        try await server.stop()
        await #expect(throws: PostgreSQLError.self) { try await store.record(.replay, "a") }
        // While it is not tried to connect, nobody waits.
        let clock = ContinuousClock()
        let refusals = await clock.measure {
            for _ in 0..<20 { await #expect(throws: PostgreSQLError.self) { try await store.record(.replay, "a") } }
        }
        #expect(refusals < .seconds(5))
    }

    @Test("while the server takes no more connections, those that there are serve everybody")
    func full() async throws {
        let server = try await TestPostgreSQL.shared()
        let user = "one_only_\(UInt32.random(in: 0...(.max)))"
        try await server.sql("CREATE ROLE \(user) LOGIN CONNECTION LIMIT 1", in: "postgres")
        let settings = try await settings(server, user: user)
        try await server.sql("GRANT CREATE ON DATABASE \(settings.database) TO \(user)", in: "postgres")
        let store = try await open(settings).store
        let served = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let committed = try await store.commit([.insert(.test("\(number)"))], now: storeNow)
                    let found = try await store.record(.replay, "\(number)")
                    return committed && found != nil
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(served == 40)
    }

    @Test("two gateways hear of each other's writes in less than a second")
    func listen() async throws {
        let settings = try await settings(.shared())
        let (one, other) = (try await open(settings).store, try await open(settings).store)
        let heard = Mutex<[ContinuousClock.Instant]>([])
        let listening = Task { for await _ in one.writes(of: .revocation) { heard.withLock { $0.append(.now) } } }
        defer { listening.cancel() }
        try await eventually("the first word") { !heard.withLock { $0.isEmpty } }
        let written = ContinuousClock.now
        #expect(try await other.commit([.insert(.test("r", .revocation))], now: storeNow))
        let word = try await eventually("a word of the other gateway") { heard.withLock { $0.first { $0 > written } } }
        #expect(word - written < .seconds(1))
    }

    @Test("a policy without libpq at hand says what is missing", .enabled(if: LibPQ.shared == nil))
    func withoutLibrary() async throws {
        let settings = PostgreSQLSettings(host: "/nowhere", database: "x", user: "x")
        #expect(await message { _ = try await open(settings) }.contains("libpq5"))
    }
}
