import Administration
import AuthorizationRecords
import Foundation
import GRDB
import JOSE
import JSON
import Testing

@testable import Gateway
@testable import Storage

@Suite("Clients and keys in SQLite")
struct SQLiteAuthorizationStoreTests {
    /// A folder of a test's own, gone when the test is.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("portcullis-\(UUID().uuidString)").path
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let now: Int64 = 1_767_225_600
    private let folder: Folder
    private let path: String

    init() throws {
        folder = try Folder()
        path = folder.path + "/var/clients.sqlite"
    }

    private func open(creating: Bool = true) throws -> SQLiteAuthorizationStore {
        try SQLiteAuthorizationStore.open(path: path, creating: creating, now: Self.now, random: .system)
    }

    private func add(_ store: SQLiteAuthorizationStore, _ id: String, scopes: [String] = ["a", "b"]) async throws
        -> ClientSecret
    {
        try await store.addClient(id, scopes: scopes, pepper: store.pepper, now: Self.now)
    }

    private func keySet(_ store: SQLiteAuthorizationStore) -> [String] {
        store.keys?.verificationKeys(now: Self.now).keys.compactMap(\.kid) ?? []
    }

    private func mode(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("what was stored is read, removed, and listed in order")
    func clients() async throws {
        let store = try open()
        let secret = try await add(store, "b")
        _ = try await add(store, "a", scopes: ["z"])
        let client = try #require(try await store.client(id: "b"))
        #expect(client.name == "Shop")
        #expect(client.scopes == ["a", "b"])
        #expect(client.grants == [.clientCredentials])
        #expect(client.authenticationMethods == [.clientSecretBasic, .clientSecretPost])
        #expect(client.secrets.map(\.mac) == [store.pepper.mac(of: secret.text, clientID: "b")])
        #expect(client.createdAt == Self.now)
        #expect(try await store.clients().whole().map(\.id) == ["a", "b"])
        let removed = try await store.remove(client, now: Self.now) { Self.now }
        #expect(removed)
        let again = try await store.remove(client, now: Self.now) { Self.now }
        #expect(!again)
        #expect(try await store.client(id: "b") == nil)
        await #expect(throws: RegistrationError.idTaken("a")) { try await add(store, "a") }
    }

    @Test("the file and what SQLite puts beside it have mode 0600, the new folder 0700, whatever the umask")
    func modes() async throws {
        let store = try open()
        _ = try await add(store, "a")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/var")
        #expect(names.contains("clients.sqlite-wal"))
        for name in names { #expect(try mode(folder.path + "/var/" + name) == 0o600, "\(name)") }
        #expect(try mode(folder.path + "/var") == 0o700)
    }

    @Test("neither secrets nor their rows are in clear in the file")
    func noClearText() async throws {
        let secret: ClientSecret
        do {
            let store = try open()
            secret = try await add(store, "a")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/var") {
            let octets = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/var/" + name))
            #expect(octets.range(of: Data(secret.text.utf8)) == nil)
        }
    }

    @Test("AS-133 a restart changes neither keys nor clients nor secrets")
    func restart() async throws {
        let (keys, secret) = try await { () async throws -> ([String], ClientSecret) in
            let store = try open()
            return (keySet(store), try await add(store, "a"))
        }()
        let store = try open(creating: false)
        #expect(keySet(store) == keys)
        #expect(keys.count == 1)
        #expect(
            try await store.client(id: "a")?.secrets.map(\.mac) == [store.pepper.mac(of: secret.text, clientID: "a")])
    }

    @Test("a client that another process adds is there at once, and one that it removes is gone")
    func severalProcesses() async throws {
        let gateway = try open()
        let commandLine = try open(creating: false)
        _ = try await add(commandLine, "a")
        let client = try #require(try await gateway.client(id: "a"))
        let removed = try await commandLine.remove(client, now: Self.now) { Self.now }
        #expect(removed)
        #expect(try await gateway.client(id: "a") == nil)
    }

    @Test("processes that start at the same time agree on the keys")
    func born() async throws {
        let path = path
        let kids = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try SQLiteAuthorizationStore.open(path: path, now: Self.now, random: .system).keys?
                        .verificationKeys(
                            now: Self.now
                        ).keys.compactMap(\.kid) ?? []
                }
            }
            return try await group.reduce(into: Set<[String]>()) { $0.insert($1) }
        }
        #expect(kids.count == 1)
    }

    @Test(
        "AS-133 a file that is no database is refused and left as it is",
        arguments: ["hello", String(repeating: "x", count: 10_000), "SQLite format 3\0"])
    func notADatabase(text: String) throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/var", withIntermediateDirectories: true)
        try #require(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
        let message = message { _ = try open() }
        #expect(message.hasPrefix("database \(path) "))
        #expect(message.contains("is not a SQLite database"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(text.utf8))
    }

    @Test("a database of another program is refused and left as it is")
    func foreign() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/var", withIntermediateDirectories: true)
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
            try queue.close()
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(message { _ = try open() }.contains("belongs to another program"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("a file that others may open is refused", arguments: [0o644, 0o640, 0o660, 0o604])
    func openToOthers(mode: Int) throws {
        _ = try open()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let message = message { _ = try open() }
        #expect(message.contains("has mode 0\(String(mode, radix: 8))"))
        #expect(message.contains("chmod 600"))
    }

    @Test(
        "AS-133 a database that has lost its keys is refused rather than given new ones",
        arguments: ["signing_key", "server_key"])
    func lostKeys(kind: String) throws {
        try alter { try $0.execute(sql: "DELETE FROM record WHERE kind = '\(kind)'") }
        #expect(message { _ = try open() }.contains("has lost"))
    }

    @Test(
        "AS-133 a signing key that cannot be read stops the start, and is not shown",
        arguments: [
            "body = json_set(body, '$.private_pem', 'secret')", "body = json_set(body, '$.algorithm', 'ES999')",
            "body = json_set(body, '$.algorithm', 'ES384')", "key = 'other'",
        ])
    func brokenKey(change: String) throws {
        try alter { try $0.execute(sql: "UPDATE record SET \(change) WHERE kind = 'signing_key'") }
        let message = message { _ = try open() }
        #expect(message.contains("holds a signing key that cannot be read"))
        #expect(!message.contains("secret"))
    }

    @Test(
        "nothing is written into a file that was removed or replaced while it was in use", arguments: [false, true])
    func removedWhileOpen(isReplaced: Bool) async throws {
        let store = try open()
        _ = try await add(store, "a")
        let aside = path + ".aside"
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        if isReplaced { try FileManager.default.copyItem(atPath: aside, toPath: path) }
        await #expect(throws: StorageError.self) { _ = try await add(store, "b") }
        await #expect(throws: StorageError.self) { _ = try await store.client(id: "a") }
        await #expect {
            _ = try await store.page(RecordQuery(.client), most: 1)
        } throws: { "\($0)".contains("was removed or replaced while it was in use") }
        await #expect(throws: StorageError.self) { _ = try await store.removeExpired(now: Self.now, most: 1) }
        // The file that was put back is the one that is open.
        guard rename(aside, path) == 0 else { return #expect(Bool(false), "cannot be put back") }
        _ = try await add(store, "c")
        #expect(try await store.client(id: "a") != nil)
        #expect(try await store.client(id: "c") != nil)
    }

    @Test("a damaged database is refused")
    func damaged() async throws {
        do {
            let store = try open()
            for index in 0..<200 { _ = try await add(store, "client-\(index)") }
        }
        var octets = try Data(contentsOf: URL(fileURLWithPath: path))
        for index in stride(from: 4_096, to: octets.count, by: 7) { octets[index] ^= 0xFF }
        try octets.write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let message = message { _ = try open() }
        #expect(message.hasPrefix("database \(path) "))
        #expect(message.contains("damaged") || message.contains("malformed"))
    }

    @Test(
        "a database of another version is refused and left as it is",
        arguments: [
            "INSERT INTO grdb_migrations VALUES ('99')",
            // As it was before the first release.
            "UPDATE grdb_migrations SET identifier = '1 clients and keys'",
        ])
    func otherVersion(change: String) throws {
        try alter { try $0.execute(sql: change) }
        func tables() throws -> [String] {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.read {
                try String.fetchAll($0, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
            }
        }
        let before = try tables()
        #expect(message { _ = try open() }.contains("was written by another version of Portcullis"))
        #expect(try tables() == before)
    }

    @Test("a database has one table of records and nothing else")
    func tables() async throws {
        try alter { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            #expect(tables == ["grdb_migrations", "record", "record_sequence"])
        }
    }

    @Test("a file that does not exist is an error for commands that only look")
    func missing() {
        #expect(message { _ = try open(creating: false) }.contains("does not exist"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("a folder in its place, and a folder that cannot be made, are errors with the path")
    func folders() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(message { _ = try open() } == "database \(path) is not a file")
        let below = path + "-file"
        try #require(FileManager.default.createFile(atPath: below, contents: Data()))
        #expect(
            message { _ = try SQLiteAuthorizationStore.open(path: below + "/x.sqlite", now: 0, random: .system) }
                .contains("x.sqlite"))
    }

    @Test(
        "a name from the network reaches SQL only as a value", arguments: ["' OR 1=1 --", "a\u{0}b", "%", "\u{1F600}"])
    func injection(id: String) async throws {
        let store = try open()
        _ = try await add(store, "a")
        #expect(try await store.client(id: id) == nil)
        _ = try await store.commit([.removeAll(RecordQuery(.client, client: id))], now: Self.now)
        #expect(try await store.clients().whole().count == 1)
    }

    /// Makes a good database, closes it, and changes it behind the store's back.
    private func alter(_ change: (Database) throws -> Void) throws {
        _ = try open()
        let queue = try DatabaseQueue(path: path)
        try queue.write { try change($0) }
        try queue.close()
    }
}
