import AuthorizationRecords
import Foundation
import GatewayTesting
import JOSE
import JSON
import Logging
import Policy
import Testing

@testable import Gateway
@testable import OperatorTools
@testable import Storage

/// A signing key that cannot be used stops what would have to sign with it, and nothing else.
@Suite("damaged signing keys")
struct DamagedSigningKeyTests {
    typealias Kind = StoreHarness.Kind
    private static let day: Int64 = 86_400

    enum Damage: String, CaseIterable, CustomTestStringConvertible {
        /// Nothing of the record can be read, not even when it signs.
        case record
        /// Its times can be read, and its private key cannot.
        case key
        var testDescription: String { rawValue }
    }

    /// A database with a key that signs from `storeNow` on, and its successor thirty days later.
    private func keys(_ harness: StoreHarness) async throws -> (
        database: AuthorizationDatabase, old: String, new: String
    ) {
        let database = try await harness.database()
        let old = try #require(try await database.store.signingKeys().whole().first?.kid)
        let rotation = rotation(database, SigningKeys(try database.ring), at: storeNow + 28 * Self.day)
        #expect(await rotation.look() > storeNow + 28 * Self.day)
        let new = try #require(try await database.store.signingKeys().whole().first { $0.kid != old }?.kid)
        return (database, old, new)
    }

    private func rotation(
        _ database: AuthorizationDatabase, _ keys: SigningKeys, at now: Int64,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) -> SigningKeyRotation {
        SigningKeyRotation(database: database, keys: keys, logger: logger, clock: { now }, changed: {})
    }

    private func damage(_ harness: StoreHarness, _ database: AuthorizationDatabase, _ kid: String, _ damage: Damage)
        async throws
    {
        switch damage {
        case .record: try await harness.damage(.signingKey, kid)
        case .key:
            var record = try #require(try await database.store.record(.signingKey, kid))
            record.body["private_pem"] = "no key"
            #expect(try await database.store.commit([.replace(record)], now: storeNow))
        }
    }

    @Test(
        "one that signs no more stops nothing: the gateway starts, knows it, and makes the next key in time",
        arguments: Kind.databases, Damage.allCases)
    func retiring(kind: Kind, damage: Damage) async throws {
        let harness = try await StoreHarness(kind)
        let (database, old, new) = try await keys(harness)
        try await self.damage(harness, database, old, damage)
        let time = storeNow + 30 * Self.day + 60
        let opened = try await harness.database(now: time)
        #expect(opened.signingKeys.unusable.map(\.kid) == [old])
        #expect(opened.signingKeys.unusable.first?.reason.contains("cannot be read (\(old))") == true)
        let ring = try opened.ring
        #expect(ring.current(now: time)?.kid == new)
        #expect(ring.verificationKeys(now: time).keys.map(\.kid) == [new])
        let keys = SigningKeys(ring)
        let later = storeNow + 58 * Self.day
        #expect(await rotation(opened, keys, at: later).look() > later + SigningKeyRotation.retrySeconds)
        #expect(keys.ring.verificationKeys(now: later).keys.count == 2)
    }

    @Test("one that has to sign now stops the start, and is named", arguments: Kind.databases, Damage.allCases)
    func signing(kind: Kind, damage: Damage) async throws {
        let harness = try await StoreHarness(kind)
        let (database, _, new) = try await keys(harness)
        try await self.damage(harness, database, new, damage)
        await #expect { try await harness.database(now: storeNow + 30 * Self.day + 60) } throws: {
            "\($0)".contains("holds a signing key that cannot be read (\(new))")
        }
    }

    @Test("one that is only announced does not stop the start, if that can still be read")
    func announced() async throws {
        for damage in Damage.allCases {
            let harness = try await StoreHarness(.sqlite)
            let (database, old, new) = try await keys(harness)
            try await self.damage(harness, database, new, damage)
            let time = storeNow + 29 * Self.day
            switch damage {
            case .key:
                let opened = try await harness.database(now: time)
                #expect(try opened.ring.current(now: time)?.kid == old)
                #expect(opened.signingKeys.unusable.map(\.kid) == [new])
            case .record:
                await #expect { try await harness.database(now: time) } throws: { "\($0)".contains(new) }
            }
        }
    }

    @Test("one that is damaged while the gateway runs goes on to verify there", arguments: Damage.allCases)
    func running(damage: Damage) async throws {
        let harness = try await StoreHarness(.sqlite)
        let (database, old, new) = try await keys(harness)
        let time = storeNow + 30 * Self.day + 60
        let keys = SigningKeys(try await harness.database(now: time).ring)
        try await self.damage(harness, database, old, damage)
        let log = RecordedLog()
        let rotation = rotation(database, keys, at: time, logger: log.logger)
        #expect(await rotation.look() > time + SigningKeyRotation.retrySeconds)
        #expect(Set(keys.ring.verificationKeys(now: time).keys.map(\.kid)) == [old, new])
        #expect(log.text.contains("error a signing key is damaged in the database") && log.text.contains(old))
        // It is said as long as it is so: what this gateway remembers may be the last good copy.
        let said = log.count
        _ = await rotation.look()
        #expect(log.count > said)
    }

    @Test(
        "commands that sign nothing work, whichever key is damaged", arguments: Kind.databases, Damage.allCases)
    func commands(kind: Kind, damage: Damage) async throws {
        let harness = try await StoreHarness(kind)
        let (database, old, new) = try await keys(harness)
        for kid in [old, new] { try await self.damage(harness, database, kid, damage) }
        let settings = try harness.serverSettings()
        let added = try await ClientRegistry(settings).add(id: "shop", name: "", scopes: ["a"])
        #expect(added.client.id == "shop")
        #expect(try await ClientRegistry(settings).list().items.map(\.id) == ["shop"])
        #expect(try await UserRegistry(settings).list().isEmpty)
        #expect(try await GrantRegistry(settings).list(client: nil, subject: nil).isEmpty)
        let listed = try await SigningKeyTool(settings).list(now: storeNow)
        #expect(Set(listed.items.map(\.kid) + listed.damaged) == [old, new])
        let opened = try await AuthorizationDatabase.open(
            settings, secrets: DatabaseSecrets(settings), signs: false, now: storeNow)
        #expect(Set(opened.signingKeys.unusable.map(\.kid)) == [old, new])
        #expect(throws: StorageError.self) { try opened.ring }
    }

    @Test("a key of an algorithm that is not wanted stops the start only where nothing else signs")
    func unwanted() async throws {
        let harness = try await StoreHarness(.sqlite)
        let database = try await harness.database { $0.signingAlgorithms = [.es256, .edDSA] }
        let other = try #require(
            try await database.store.signingKeys().whole().first { $0.algorithm == .edDSA }?.kid)
        try await damage(harness, database, other, .key)
        #expect(try await harness.database { $0.signingAlgorithms = [.es256] }.signingKeys.unusable.count == 1)
        for algorithms in [[Algorithm.edDSA], [.es256, .edDSA]] {
            await #expect { try await harness.database { $0.signingAlgorithms = algorithms } } throws: {
                "\($0)".contains(other)
            }
        }
        // Nothing of this algorithm signs yet: what there is does in its place.
        let first = try #require(
            try await database.store.signingKeys().whole().first { $0.algorithm == .es256 }?.kid)
        #expect(
            try await harness.database { $0.signingAlgorithms = [.es384] }.ring.current(now: storeNow)?.kid == first)
        try await damage(harness, database, first, .key)
        await #expect(throws: StorageError.self) {
            try await harness.database { $0.signingAlgorithms = [.es384] }
        }
    }

    @Test("no key is made in clear, or under another secret, beside keys that are encrypted")
    func seals() async throws {
        let harness = try await StoreHarness(.sqlite)
        func secret(_ octet: UInt8) throws -> SecretSource {
            .file(try harness.folder.write([UInt8](repeating: octet, count: 32), to: "k\(octet)", permissions: 0o600))
        }
        let (right, wrong) = (try secret(7), try secret(8))
        let kid = try #require(
            try await harness.database { $0.keyEncryptionKey = right }.store.signingKeys().whole().first?.kid)
        for (key, words) in [(nil, "say with what"), (wrong, "does not open")] as [(SecretSource?, String)] {
            let tool = try await SigningKeyTool(harness.serverSettings { $0.keyEncryptionKey = key })
            #expect(try await tool.list(now: storeNow).items.map(\.kid) == [kid])
            await #expect { try await tool.rotate(nil, atOnce: true, now: storeNow) } throws: {
                "\($0)".contains(words)
            }
            await #expect { try await tool.retire(kid, now: storeNow) } throws: { "\($0)".contains(words) }
        }
        // One of several that was altered is no reason to make no more.
        let tool = try await SigningKeyTool(harness.serverSettings { $0.keyEncryptionKey = right })
        try await tool.rotate(nil, atOnce: true, now: storeNow)
        let database = try await harness.database { $0.keyEncryptionKey = right }
        var record = try #require(try await database.store.record(.signingKey, kid))
        record.body["sealed_pem"] = "AAAA"
        #expect(try await database.store.commit([.replace(record)], now: storeNow))
        let later = try await SigningKeyTool(harness.serverSettings { $0.keyEncryptionKey = right })
        #expect(try await later.retire(kid, now: storeNow))
        #expect(try await later.list(now: storeNow).items.count == 1)
    }

    @Test("a secret that opens none of the encrypted keys encrypts no other", arguments: Kind.databases)
    func otherSeal(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        func secret(_ octet: UInt8) throws -> SecretSource {
            .file(try harness.folder.write([UInt8](repeating: octet, count: 32), to: "k\(octet)", permissions: 0o600))
        }
        let (right, wrong) = (try secret(7), try secret(8))
        let database = try await harness.database { $0.keyEncryptionKey = right }
        // As a gateway leaves it that was ended while it encrypted: the newest one, which signs, is still in clear.
        let clear = try StoredSigningKey(
            SigningKey.generate(.es256), createdAt: storeNow, signsFrom: storeNow, seal: nil, random: .system)
        #expect(try await database.store.commit([.insert(clear.record)], now: storeNow))
        func isClear() async throws -> Bool {
            let record = try #require(try await database.store.record(.signingKey, clear.kid))
            let key = try #require(StoredSigningKey(record))
            return !key.isSealed
        }
        await #expect { try await harness.database { $0.keyEncryptionKey = wrong } } throws: {
            "\($0)".contains("does not open")
        }
        #expect(try await isClear())
        let settings = try harness.serverSettings { $0.keyEncryptionKey = wrong }
        let secrets = try DatabaseSecrets(settings)
        _ = try await AuthorizationDatabase.open(settings, secrets: secrets, signs: false, now: storeNow)
        #expect(try await isClear())
        let opened = try await harness.database { $0.keyEncryptionKey = right }
        #expect(try await !isClear())
        #expect(opened.signingKeys.unusable.isEmpty)
    }

    @Test("clients in a database of another version are not looked at", arguments: Kind.databases)
    func otherVersion(kind: Kind) async throws {
        let harness = try await StoreHarness(kind)
        _ = try await harness.database()
        let secrets = try DatabaseSecrets(connectingTo: harness.settings)
        #expect(try ClientsOnRecord.read(harness.settings, secrets: secrets)?.clients.isEmpty == true)
        try await harness.makeNewer()
        #expect {
            try ClientsOnRecord.read(harness.settings, secrets: secrets)
        } throws: {
            "\($0)".contains("version of Portcullis; use that one")
        }
    }
}
