import AuthorizationRecords
import Foundation
import GRDB
import GatewayTesting
import JOSE
import JSON
import Policy
import Testing

@testable import Gateway

/// Databases of every earlier version, made with the SQL that made them then.
@Suite("Databases of earlier versions")
struct SchemaMigrationTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("portcullis.sqlite") }

    init() throws { folder = try TemporaryFolder("portcullis-schema") }

    /// As version 1 made it, and never changed: 0.1.0.
    private static let version1 = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1 clients and keys');
        CREATE TABLE client (
            id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, grants TEXT NOT NULL, authentication_methods TEXT NOT NULL,
            scopes TEXT NOT NULL, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE client_secret (
            client_id TEXT NOT NULL REFERENCES client(id) ON DELETE CASCADE, mac BLOB NOT NULL, created_at INTEGER NOT NULL,
            PRIMARY KEY (client_id, mac)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE server_key (purpose TEXT PRIMARY KEY NOT NULL, octets BLOB NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE signing_key (
            kid TEXT PRIMARY KEY NOT NULL, algorithm TEXT NOT NULL, private_pem TEXT NOT NULL, created_at INTEGER NOT NULL,
            signs_from INTEGER NOT NULL, published_until INTEGER
        ) STRICT, WITHOUT ROWID;
        PRAGMA application_id = 1346590028;
        """

    private func make(_ sql: String, _ fill: (Database) throws -> Void) throws {
        try #require(
            FileManager.default.createFile(atPath: path, contents: Data(), attributes: [.posixPermissions: 0o600]))
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(sql: sql)
            try fill(db)
        }
        try queue.close()
    }

    private func open() throws -> SQLiteAuthorizationStore {
        try SQLiteAuthorizationStore.open(path: path, now: storeNow, random: .system)
    }

    @Test("AS-133 clients with their secrets, the secrets' key and the signing keys of version 1 are all there")
    func version1() async throws {
        let (old, new) = (try SigningKey.generate(.es256), try SigningKey.generate(.edDSA))
        let pepperOctets = [UInt8](repeating: 9, count: 32)
        let pepper = try #require(SecretPepper(octets: pepperOctets))
        try make(Self.version1) { db in
            try db.execute(
                sql: "INSERT INTO server_key VALUES ('secret_pepper', ?, 5)", arguments: [Data(pepperOctets)])
            try db.execute(
                sql:
                    "INSERT INTO client VALUES ('shop', 'Läden & Co', 'client_credentials', 'client_secret_basic client_secret_post', 'a b', 7)"
            )
            try db.execute(
                sql: "INSERT INTO client VALUES ('mute', '', 'client_credentials', 'client_secret_basic', 'c', 8)")
            for (secret, time) in [("older", 10), ("newer", 20)] {
                try db.execute(
                    sql: "INSERT INTO client_secret VALUES ('shop', ?, ?)",
                    arguments: [Data(pepper.mac(of: secret, clientID: "shop").octets), time])
            }
            try db.execute(
                sql: "INSERT INTO signing_key VALUES (?, 'ES256', ?, 1, 2, ?)",
                arguments: [old.kid, old.pemRepresentation, storeNow + 1_000])
            try db.execute(
                sql: "INSERT INTO signing_key VALUES (?, 'EdDSA', ?, 3, 4, NULL)",
                arguments: [new.kid, new.pemRepresentation])
        }
        for _ in 0..<2 {
            // The second time it is one of this version.
            let store = try open()
            #expect(try await store.clients().map(\.id) == ["mute", "shop"])
            let shop = try #require(try await store.client(id: "shop"))
            #expect((shop.name, shop.scopes, shop.createdAt) == ("Läden & Co", ["a", "b"], 7))
            #expect(shop.grants == [.clientCredentials])
            #expect(shop.authenticationMethods == [.clientSecretBasic, .clientSecretPost])
            #expect(
                shop.secrets == [
                    StoredSecret(mac: pepper.mac(of: "newer", clientID: "shop"), createdAt: 20),
                    StoredSecret(mac: pepper.mac(of: "older", clientID: "shop"), createdAt: 10),
                ])
            #expect(try await store.client(id: "mute")?.secrets == [])
            #expect(store.pepper.mac(of: "x", clientID: "y") == pepper.mac(of: "x", clientID: "y"))
            #expect(Set(store.keys.verificationKeys(now: storeNow).keys.compactMap(\.kid)) == [old.kid, new.kid])
            #expect(store.keys.verificationKeys(now: storeNow + 1_000).keys.compactMap(\.kid) == [new.kid])
            // Writing goes on behind what was moved.
            let last =
                try await store.records(RecordQuery(.client, afterSequence: 0), most: 10).map(\.sequence).max() ?? 0
            #expect(last > 0)
        }
        let queue = try DatabaseQueue(path: path)
        let tables = try await queue.read { db in
            try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        }
        #expect(tables == ["grdb_migrations", "record", "record_sequence"])
    }

    @Test("AS-133 a database of version 1 that has lost its keys is refused, and not given new ones")
    func withoutKeys() throws {
        try make(Self.version1) { db in
            try db.execute(sql: "INSERT INTO client VALUES ('shop', '', 'client_credentials', '', 'a', 7)")
        }
        #expect { try open() } throws: { "\($0)".contains("has lost its signing keys") }
        #expect { try open() } throws: { "\($0)".contains("has lost its signing keys") }
    }

    @Test("a database of version 1 with keys in clear is encrypted when the policy says with what")
    func encrypted() async throws {
        let key = try SigningKey.generate(.es256)
        try make(Self.version1) { db in
            try db.execute(
                sql: "INSERT INTO server_key VALUES ('secret_pepper', ?, 5)", arguments: [Data(repeating: 9, count: 32)]
            )
            try db.execute(
                sql: "INSERT INTO signing_key VALUES (?, 'ES256', ?, 1, 2, NULL)",
                arguments: [key.kid, key.pemRepresentation])
        }
        try folder.write([UInt8](repeating: 7, count: 32), to: "kek", permissions: 0o600)
        var settings = AuthorizationServerSettings(
            issuer: "https://login.example.com", database: .sqlite(path: path), accessTokenLifetime: .seconds(600),
            audience: "a")
        settings.keyEncryptionKey = .file(folder.path("kek"))
        let database = try await AuthorizationDatabase.open(settings, now: storeNow)
        let record = try #require(try await database.store.record(.signingKey, key.kid))
        #expect(record.body["private_pem"] == nil)
        #expect(record.body["sealed_pem"] != nil)
    }
}
