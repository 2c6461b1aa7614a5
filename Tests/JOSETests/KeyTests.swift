import CryptoExtras
import JSON
import Octets
import Testing

@testable import JOSE

@Suite("Keys are judged when they are loaded")
struct KeyTests {
    private static func changed(_ jwk: String, _ changes: JSONObject) throws -> JSON {
        var object = try #require(try JSON.parse(Array(jwk.utf8)).object)
        for (name, value) in changes.members { object[name] = value.isNull ? nil : value }
        return .object(object)
    }

    private static func expect(
        _ error: KeyError, _ jwk: String, _ changes: JSONObject, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let jwk = try changed(jwk, changes)
        #expect(throws: error, sourceLocation: sourceLocation) { try VerificationKey(jwk: jwk) }
    }

    @Test("published keys load, with what they may be used for")
    func good() throws {
        #expect(
            try VerificationKey(jwkText: Vectors.rs256Key).algorithms == [
                .rs256, .rs384, .rs512, .ps256, .ps384, .ps512,
            ])
        #expect(try VerificationKey(jwkText: Vectors.thumbprintKey).algorithms == [.rs256])
        #expect(try VerificationKey(jwkText: Vectors.es256Key).algorithms == [.es256])
        #expect(try VerificationKey(jwkText: Vectors.es512Key).algorithms == [.es512])
        #expect(try VerificationKey(jwkText: Vectors.ed25519Key).algorithms == [.edDSA])
    }

    @Test("every kind of key comes back from its JWK", arguments: Algorithm.allCases)
    func jwkRoundTrip(_ algorithm: Algorithm) throws {
        let key = try TestKeys.key(algorithm)
        let back = try VerificationKey(jwk: key.publicJWK)
        #expect(back.kid == key.kid)
        #expect(back.algorithm == algorithm)
        #expect(back.essentialMembers == key.verificationKey.essentialMembers)
    }

    @Test("RS-032 an alg that does not fit the key, or is none, is refused")
    func algorithmOfKey() throws {
        try Self.expect(.algorithmMismatch, Vectors.rs256Key, ["alg": "ES256"])
        try Self.expect(.algorithmMismatch, Vectors.es256Key, ["alg": "ES384"])
        try Self.expect(.algorithmMismatch, Vectors.ed25519Key, ["alg": "ML-DSA-65"])
        for alg in ["none", "HS256", "RSA-OAEP", "ES256K", "rs256"] {
            try Self.expect(.unknownAlgorithm, Vectors.rs256Key, ["alg": .string(alg)])
        }
        try Self.expect(.badMember, Vectors.rs256Key, ["alg": 1])
    }

    @Test("RS-033 a key whose use is not sig is not used", arguments: ["enc", "SIG", "signature", "tls"])
    func use(_ use: String) throws {
        try Self.expect(.notForSignatures, Vectors.es256Key, ["use": .string(use)])
    }

    @Test("RS-034 key_ops without verify, doubled, or at odds with use: the key is not used")
    func operations() throws {
        #expect(
            try VerificationKey(jwk: Self.changed(Vectors.es256Key, ["key_ops": ["verify"], "use": "sig"])).kind
                == .p256)
        #expect(
            try VerificationKey(jwk: Self.changed(Vectors.es256Key, ["key_ops": ["sign", "verify"], "use": "sig"])).kind
                == .p256)
        try Self.expect(.notForSignatures, Vectors.es256Key, ["key_ops": ["sign"]])
        try Self.expect(.notForSignatures, Vectors.es256Key, ["key_ops": []])
        try Self.expect(.notForSignatures, Vectors.es256Key, ["key_ops": ["encrypt", "wrapKey"]])
        try Self.expect(.inconsistentUse, Vectors.es256Key, ["key_ops": ["verify", "verify"]])
        try Self.expect(.inconsistentUse, Vectors.es256Key, ["key_ops": ["verify", "deriveKey"], "use": "sig"])
        try Self.expect(.badMember, Vectors.es256Key, ["key_ops": "verify"])
        try Self.expect(.badMember, Vectors.es256Key, ["key_ops": [1]])
    }

    @Test("RS-038 an RSA key of fewer than 2048 bits is refused", arguments: [512, 1_024, 1_536, 2_040, 2_047])
    func smallRSA(_ bits: Int) throws {
        try Self.expect(.rsaTooSmall, Vectors.rs256Key, ["n": .string(Self.modulus(bits: bits))])
    }

    @Test("RS-038 a real RSA key of 1024 bits is refused, as a JWK and in PEM")
    func realSmallRSA() throws {
        let key = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1_024)).publicKey
        #expect(throws: KeyError.rsaTooSmall) { try VerificationKey(pem: key.pemRepresentation) }
        let numbers = try key.getKeyPrimitives()
        try Self.expect(.rsaTooSmall, Vectors.rs256Key, ["n": .string(Base64URL.encode(Array(numbers.modulus)))])
    }

    @Test("an RSA key of more than 8192 bits is refused: what it would cost")
    func largeRSA() throws {
        try Self.expect(.rsaTooLarge, Vectors.rs256Key, ["n": .string(Self.modulus(bits: 8_193))])
        try Self.expect(.badMember, Vectors.rs256Key, ["n": .string(Self.modulus(bits: 65_536))])
    }

    @Test("RS-041 an EC point that is not on its curve, or of another one, is refused")
    func notOnCurve() throws {
        let x = try #require(Base64URL.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
        try Self.expect(.badNumbers, Vectors.es256Key, ["y": .string(Base64URL.encode(x))])
        try Self.expect(.badNumbers, Vectors.es256Key, ["crv": "P-384"])
        try Self.expect(.badNumbers, Vectors.es256Key, ["crv": "P-521"])
        let zero = JSON.string(Base64URL.encode([UInt8](repeating: 0, count: 32)))
        try Self.expect(.badNumbers, Vectors.es256Key, ["x": zero, "y": zero])
        let ones = JSON.string(Base64URL.encode([UInt8](repeating: 0xFF, count: 32)))
        try Self.expect(.badNumbers, Vectors.es256Key, ["x": ones, "y": ones])
    }

    @Test("RS-041 a coordinate that is not of the field's length is refused")
    func shortCoordinate() throws {
        let x = try #require(Base64URL.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"))
        for octets in [Array(x.dropLast()), Array(x.dropFirst()), [0] + x, x + [0]] {
            try Self.expect(.badNumbers, Vectors.es256Key, ["x": .string(Base64URL.encode(octets))])
        }
        try Self.expect(.badMember, Vectors.es256Key, ["x": ""])
        try Self.expect(.badMember, Vectors.es256Key, ["y": nil])
    }

    @Test("RS-041 an unknown curve is refused", arguments: ["secp256k1", "P-192", "p-256", "Ed25519", "X25519"])
    func unknownCurve(_ curve: String) throws {
        try Self.expect(.unknownCurve, Vectors.es256Key, ["crv": .string(curve)])
    }

    @Test(
        "RS-042 an RSA exponent that is 1, even, or huge is refused",
        arguments: [[1], [0, 1], [2], [4], [1, 0, 0], [1, 0, 0, 0, 1], [UInt8](repeating: 0xFF, count: 256)])
    func badExponent(_ exponent: [UInt8]) throws {
        try Self.expect(.badExponent, Vectors.rs256Key, ["e": .string(Base64URL.encode(exponent))])
    }

    @Test("RS-042 an even modulus is refused")
    func evenModulus() throws {
        var n = try #require(Base64URL.decode(Self.modulus(bits: 2_048)))
        n[n.count - 1] &= 0xFE
        try Self.expect(.badNumbers, Vectors.rs256Key, ["n": .string(Base64URL.encode(n))])
    }

    @Test("RS-042 a modulus of the shape of ROCA is refused, and its neighbour is not")
    func roca() throws {
        // The modulus is 1 modulo every prime of the fingerprint: the zeroth power of 65537.
        let product = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].reduce(UInt128(1), *)
        var power = UInt128(1)
        for _ in 0..<2_047 { power = power * 2 % product }
        var rest = (product + 1 - power) % product
        if rest % 2 == 0 { rest += product }
        func modulus(_ rest: UInt128) -> [UInt8] {
            var octets = [UInt8](repeating: 0, count: 256)
            octets[0] = 0x80
            for index in 0..<16 { octets[255 - index] = UInt8(truncatingIfNeeded: rest >> (8 * UInt128(index))) }
            return octets
        }
        #expect(throws: KeyError.guessablePrimes) { try RSANumbers(modulus: modulus(rest), exponent: [1, 0, 1]) }
        #expect(throws: Never.self) { try RSANumbers(modulus: modulus(rest + 2), exponent: [1, 0, 1]) }
    }

    @Test("a zero in front of modulus and exponent is forgiven, and is not part of the thumbprint")
    func leadingZero() throws {
        let numbers = try #require(Base64URL.decode(Self.modulus(of: Vectors.rs256Key)))
        let key = try VerificationKey(
            jwk: Self.changed(Vectors.rs256Key, ["n": .string(Base64URL.encode([0] + numbers)), "e": "AAEAAQ"]))
        #expect(try Thumbprint.sha256(key) == Thumbprint.sha256(VerificationKey(jwkText: Vectors.rs256Key)))
        try Self.expect(.badNumbers, Vectors.rs256Key, ["n": .string(Base64URL.encode([0, 0] + numbers))])
    }

    @Test("an Ed25519 key of small order, under which one signature fits many messages, is refused")
    func smallOrder() throws {
        let orderEight: [UInt8] = [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF,
            0xAC, 0x05, 0xD3, 0xC6,
            0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ]
        let zeros = [UInt8](repeating: 0, count: 31)
        let ones = [UInt8](repeating: 0xFF, count: 30)
        for point in [
            zeros + [0], zeros + [0x80], [1] + zeros, [0xEC] + ones + [0x7F], [0xED] + ones + [0xFF],
            [0xEE] + ones + [0x7F], orderEight,
        ] {
            try Self.expect(.badNumbers, Vectors.ed25519Key, ["x": .string(Base64URL.encode(point))])
        }
        try Self.expect(.badNumbers, Vectors.ed25519Key, ["x": .string(Base64URL.encode(zeros))])
        try Self.expect(.unknownCurve, Vectors.ed25519Key, ["crv": "X25519"])
    }

    @Test("a post-quantum key without alg, or of another length, is refused")
    func postQuantum() throws {
        let jwk = String(decoding: try TestKeys.key(.mlDSA65).publicJWK.serialized(), as: UTF8.self)
        try Self.expect(.badMember, jwk, ["alg": nil])
        try Self.expect(.badNumbers, jwk, ["alg": "ML-DSA-87"])
        try Self.expect(.badMember, jwk, ["pub": nil])
        try Self.expect(.badNumbers, jwk, ["pub": "AAAA"])
        try Self.expect(.badNumbers, jwk, ["alg": "ES256"])
    }

    @Test("a key without kty, or of an unknown one, is refused")
    func keyType() throws {
        try Self.expect(.badMember, Vectors.es256Key, ["kty": nil])
        try Self.expect(.unknownKeyType, Vectors.es256Key, ["kty": "ec"])
        try Self.expect(.unknownKeyType, Vectors.es256Key, ["kty": "XYZ"])
        #expect(throws: KeyError.notObject) { try VerificationKey(jwk: "text") }
        try Self.expect(.badMember, Vectors.es256Key, ["kid": 1])
    }

    @Test(
        "keys whose signatures take long to check are known as such",
        arguments: [
            (.rs256, false), (.es256, false), (.edDSA, false), (.es384, true), (.es512, true), (.mlDSA65, true),
            (.mlDSA87, true),
        ] as [(Algorithm, Bool)])
    func costly(algorithm: Algorithm, isCostly: Bool) throws {
        #expect(try TestKeys.key(algorithm).verificationKey.isCostly == isCostly)
        let jws = try CompactJWS(text: TestKeys.token(algorithm))
        // One such key among those that may have signed it is enough, and keys for other algorithms say nothing.
        let check = try jws.check(by: TestKeys.set(.es512, .es256, algorithm), allowing: [algorithm])
        #expect(check.isCostly == isCostly)
    }

    @Test(
        "how long RSA takes depends on the lengths of both numbers",
        arguments: [
            (2_048, "AQAB", false), (4_096, "AQAB", false), (4_096, "Aw", false), (4_104, "AQAB", true),
            (8_192, "AQAB", true), (2_048, "AQAAAQ", true),
        ])
    func costlyRSA(bits: Int, exponent: String, isCostly: Bool) throws {
        let key = try VerificationKey(
            jwk: ["kty": "RSA", "n": .string(Self.modulus(bits: bits)), "e": .string(exponent)])
        #expect(key.isCostly == isCostly)
    }

    private static func modulus(bits: Int) -> String {
        let count = (bits + 7) / 8
        var octets = [UInt8](repeating: 0xA5, count: count)
        octets[0] = UInt8(truncatingIfNeeded: 1 << ((bits - 1) % 8))
        octets[count - 1] |= 1
        return Base64URL.encode(octets)
    }

    private static func modulus(of jwk: String) throws -> String {
        try #require(try JSON.parse(Array(jwk.utf8)).object?["n"]?.string)
    }
}
