import JSON
import Testing

@testable import JOSE

@Suite("Key sets")
struct JWKSetTests {
    private static func set(_ keys: JSON...) throws(KeyError) -> JWKSet {
        try JWKSet.parse(JSON.object(["keys": .array(keys)]).serialized())
    }

    private static func jwk(_ algorithm: Algorithm, _ changes: JSONObject = [:]) throws -> JSON {
        var object = try #require(try TestKeys.key(algorithm).publicJWK.object)
        for (name, value) in changes.members { object[name] = value.isNull ? nil : value }
        return .object(object)
    }

    @Test(
        "RS-059 the array keys is required",
        arguments: ["{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"Keys":[]}"#])
    func keysRequired(_ text: String) {
        #expect(throws: KeyError.noKeysArray) { try JWKSet.parse(Array(text.utf8)) }
    }

    @Test("RS-059 unknown members of the set and of a key are ignored")
    func unknownMembers() throws {
        let set = try JWKSet.parse(
            JSON.object([
                "issuer": "x", "keys": [try Self.jwk(.es256, ["x5c": ["MIIB"], "vendor": ["a": 1]])], "next": nil,
            ]).serialized())
        #expect(set.keys.count == 1)
        #expect(set.skipped.isEmpty)
    }

    @Test(
        "a set that is not strict JSON is refused",
        arguments: ["", "{", #"{"keys":[]}x"#, #"{"keys":[],"keys":[]}"#, "\u{FEFF}{\"keys\":[]}"])
    func notJSON(_ text: String) {
        #expect(throws: KeyError.setNotJSON) { try JWKSet.parse(Array(text.utf8)) }
    }

    @Test("RS-060 a key that cannot be used is skipped and reported; the others stay")
    func skipped() throws {
        let set = try Self.set(
            ["kty": "XYZ"], try Self.jwk(.es256), 7, try Self.jwk(.es256, ["x": "!"]), try Self.jwk(.edDSA),
            ["kty": "EC", "crv": "P-192"],
            try Self.jwk(.rs256, ["alg": "RSA-OAEP-256"]), try Self.jwk(.rs256, ["use": "enc"]))
        #expect(set.keys.map(\.kind) == [.p256, .ed25519])
        #expect(set.skipped.map(\.index) == [0, 2, 3, 5, 6, 7])
        #expect(
            set.skipped.map(\.error) == [
                .unknownKeyType, .notObject, .badMember, .unknownCurve, .unknownAlgorithm, .notForSignatures,
            ])
        #expect(set.skipped.allSatisfy { !$0.reason.isEmpty && !$0.error.isExposure })
        #expect(judge(try TestKeys.token(.edDSA), by: set, allowing: [.edDSA]) == nil)
    }

    @Test("RS-064 the kid comes first; keys with the same one are told apart by what they can do")
    func sameKid() throws {
        let same: JSONObject = ["kid": "1"]
        let set = try Self.set(
            try Self.jwk(.rs256, same), try Self.jwk(.es256, same), try Self.jwk(.es384, same),
            try Self.jwk(.edDSA, same))
        for algorithm in [Algorithm.rs256, .es256, .es384, .edDSA] {
            #expect(set.candidates(kid: "1", algorithm: algorithm).count == 1)
            let header = #"{"alg":"\#(algorithm.rawValue)","kid":"1"}"#
            #expect(judge(try TestKeys.token(algorithm, header: header), by: set, allowing: [algorithm]) == nil)
        }
        #expect(set.candidates(kid: "1", algorithm: .es512).isEmpty)
        #expect(set.candidates(kid: "2", algorithm: .es256).isEmpty)
    }

    @Test("RS-064 keys with the same kid and the same kind are tried one after the other")
    func sameKidSameKind() throws {
        let other = try SigningKey.generate(.es256)
        var object = try #require(other.publicJWK.object)
        object["kid"] = "1"
        let set = try Self.set(.object(object), try Self.jwk(.es256, ["kid": "1"]))
        #expect(judge(try TestKeys.token(header: #"{"alg":"ES256","kid":"1"}"#), by: set, allowing: [.es256]) == nil)
    }

    @Test("RS-064 a key that fits but has another kid, or none, is not tried")
    func otherKid() throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256","kid":"1"}"#)
        #expect(judge(token, by: try Self.set(try Self.jwk(.es256, ["kid": "2"])), allowing: [.es256]) == .noKey)
        #expect(judge(token, by: try Self.set(try Self.jwk(.es256, ["kid": nil])), allowing: [.es256]) == .noKey)
    }

    @Test("RS-065 a token without kid takes the one key that fits, or a few, and no more than four")
    func noKid() throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#)
        let own = try Self.jwk(.es256)
        #expect(
            judge(token, by: try Self.set(try Self.jwk(.rs256), own, try Self.jwk(.edDSA)), allowing: [.es256]) == nil)
        let others = try (0..<4).map { _ in try SigningKey.generate(.es256).publicJWK }
        #expect(judge(token, by: try Self.set(others[0], others[1], others[2], own), allowing: [.es256]) == nil)
        #expect(
            judge(token, by: try Self.set(own, others[0], others[1], others[2], others[3]), allowing: [.es256])
                == .noKey)
        #expect(judge(token, by: try Self.set(others[0]), allowing: [.es256]) == .badSignature)
        #expect(judge(token, by: try Self.set(), allowing: [.es256]) == .noKey)
    }

    @Test(
        "RS-070 a key with private members is refused and is an alarm",
        arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"])
    func privateMembers(_ name: String) throws {
        let set = try Self.set(try Self.jwk(.rs256, [name: "AQAB"]), try Self.jwk(.es256))
        #expect(set.skipped.map(\.error) == [.privateKey])
        #expect(set.skipped.allSatisfy { $0.error.isExposure })
        #expect(set.keys.map(\.kind) == [.p256])
    }

    @Test("RS-039 RS-070 a shared secret is never used, and is an alarm")
    func symmetric() throws {
        let set = try Self.set(
            ["kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "alg": "HS256"],
            try Self.jwk(.es256, ["k": "AA"]))
        #expect(set.skipped.map(\.error) == [.symmetric, .symmetric])
        #expect(set.skipped.allSatisfy { $0.error.isExposure })
        #expect(set.keys.isEmpty)
    }

    @Test("a set of more than 100 keys, or of more than 1 MiB, is refused")
    func bounds() throws {
        let key = try Self.jwk(.es256)
        #expect(try JWKSet(.object(["keys": .array(Array(repeating: key, count: 100))])).keys.count == 100)
        #expect(throws: KeyError.tooManyKeys) {
            try JWKSet(.object(["keys": .array(Array(repeating: key, count: 101))]))
        }
        #expect(throws: KeyError.setTooLarge) { try JWKSet.parse([UInt8](repeating: 0x20, count: JWKSet.bytesMax + 1)) }
    }
}
