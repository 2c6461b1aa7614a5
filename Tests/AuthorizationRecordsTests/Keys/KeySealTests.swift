import JOSE
import JSON
import Testing

@testable import AuthorizationRecords

@Suite("Private keys where they are stored")
struct KeySealTests {
    private static let secret = [UInt8](repeating: 1, count: 32)

    @Test(
        "AS-133 a sealed key opens with its own seal only, and nothing of it is in clear",
        arguments: [Algorithm.es256, .rs256, .ps256, .edDSA, .mlDSA65])
    func sealed(algorithm: Algorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let seal = try #require(KeySeal(secret: Self.secret))
        let stored = try StoredSigningKey(key, createdAt: 1, signsFrom: 2, seal: seal, random: .system)
        #expect(stored.isSealed)
        let text = String(decoding: JSON.object(stored.record.body).serialized(), as: UTF8.self)
        let body = key.pemRepresentation.split(separator: "\n").dropFirst().first.map(String.init) ?? ""
        #expect(!text.contains("PRIVATE") && !text.contains(body) && !body.isEmpty)

        let read = try #require(StoredSigningKey(stored.record))
        #expect(read == stored)
        let opened = try read.key(seal)
        #expect(opened.key.kid == key.kid)
        #expect(opened.key.pemRepresentation == key.pemRepresentation)
        #expect(opened.signsFrom == 2)
        #expect(throws: StoredKeyError.sealed) { try read.key(nil) }
        let other = try #require(KeySeal(secret: Self.secret.map { $0 + 1 }))
        #expect(throws: StoredKeyError.otherSeal) { try read.key(other) }
    }

    @Test("a sealed key that is moved to another record, or altered, opens no more")
    func moved() throws {
        let seal = try #require(KeySeal(secret: Self.secret))
        let key = try StoredSigningKey(
            SigningKey.generate(.es256), createdAt: 1, signsFrom: 2, seal: seal, random: .system)
        var record = key.record
        record.key = "other"
        #expect(throws: StoredKeyError.otherSeal) { try #require(StoredSigningKey(record)).key(seal) }
        var text = try #require(key.record.body["sealed_pem"]?.string)
        text.replaceSubrange(text.startIndex...text.startIndex, with: text.hasPrefix("A") ? "B" : "A")
        record = key.record
        record.body["sealed_pem"] = .string(text)
        #expect(throws: StoredKeyError.otherSeal) { try #require(StoredSigningKey(record)).key(seal) }
    }

    @Test("a key that was stored in clear is sealed later, and stays the same key")
    func later() throws {
        let key = try SigningKey.generate(.es256)
        let seal = try #require(KeySeal(secret: Self.secret))
        let clear = try StoredSigningKey(key, createdAt: 1, signsFrom: 2, seal: nil, random: .system)
        #expect(!clear.isSealed)
        let sealed = try clear.sealed(by: seal, random: .system)
        #expect(sealed.isSealed)
        #expect(sealed.record.body["private_pem"] == nil)
        #expect(try sealed.key(seal).key.kid == key.kid)
        #expect(try sealed.sealed(by: seal, random: .system) == sealed)
    }

    @Test("the same key is never sealed to the same text twice, and a short secret makes no seal")
    func nonce() throws {
        let seal = try #require(KeySeal(secret: Self.secret))
        #expect(try seal.seal("x", kid: "k", random: .system) != seal.seal("x", kid: "k", random: .system))
        #expect(KeySeal(secret: [UInt8](repeating: 1, count: 31)) == nil)
        #expect("\(seal)" == "key encryption key")
    }

    @Test("a key of another name than its thumbprint is none")
    func misnamed() throws {
        let key = try StoredSigningKey(
            SigningKey.generate(.es256), createdAt: 1, signsFrom: 2, seal: nil, random: .system)
        var record = key.record
        record.key = "other"
        #expect(throws: StoredKeyError.unreadable) { try #require(StoredSigningKey(record)).key(nil) }
    }
}
