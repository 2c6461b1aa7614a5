import Crypto
import JSON
import Octets
import Testing

@testable import JOSE

@Suite("Signatures")
struct SignatureTests {
    @Test(
        "the examples of RFC 7515 A.2 and A.3 verify",
        arguments: [(Vectors.rs256, Vectors.rs256Key, Algorithm.rs256), (Vectors.es256, Vectors.es256Key, .es256)])
    func publishedTokens(_ token: String, _ jwk: String, _ algorithm: Algorithm) throws {
        let key = try VerificationKey(jwkText: jwk)
        let verified = try CompactJWS(text: token).verified(by: key, allowing: [algorithm])
        #expect(verified.payload["iss"] == "joe")
        #expect(verified.payload["exp"] == 1_300_819_380)
        #expect(verified.algorithm == algorithm)
    }

    @Test(
        "the signatures of RFC 7515 A.4 and RFC 8037 A.4 verify",
        arguments: [(Vectors.es512, Vectors.es512Key, Algorithm.es512), (Vectors.edDSA, Vectors.ed25519Key, .edDSA)])
    func publishedSignatures(_ token: String, _ jwk: String, _ algorithm: Algorithm) throws {
        let key = try VerificationKey(jwkText: jwk)
        let parts = parts(token)
        let input = Array("\(parts[0]).\(parts[1])".utf8)
        let signature = try #require(Base64URL.decode(parts[2]))
        #expect(key.verifies(signature, of: input, algorithm))
        #expect(!key.verifies(signature, of: input + [0], algorithm))
    }

    @Test("tokens that another implementation made verify", arguments: ForeignTokens.all.map(\.alg))
    func foreignTokens(_ alg: String) throws {
        let algorithm = try #require(Algorithm(rawValue: alg))
        let (_, jwk, token) = try #require(ForeignTokens.all.first { $0.alg == alg })
        let key = try VerificationKey(jwkText: jwk)
        let verified = try CompactJWS(text: token).verified(by: key, allowing: [algorithm])
        #expect(verified.payload["sub"] == "alice")
    }

    @Test("a PS256 signature whose salt is not as long as the hash is refused (RFC 7518 §3.5)")
    func saltLength() throws {
        let key = try VerificationKey(jwkText: ForeignTokens.rsaKey)
        #expect(judge(ForeignTokens.ps256WithoutSalt, by: JWKSet([key]), allowing: [.ps256]) == .badSignature)
    }

    @Test("what is signed verifies, by every algorithm", arguments: Algorithm.allCases)
    func roundTrip(_ algorithm: Algorithm) throws {
        let verified = try CompactJWS(text: TestKeys.token(algorithm)).verified(
            by: TestKeys.set(algorithm), allowing: [algorithm])
        #expect(verified.payload == TestKeys.claims)
        #expect(verified.header.typ == "at+jwt")
    }

    @Test("a key of another owner does not vouch, by any algorithm", arguments: Algorithm.allCases)
    func foreignKey(_ algorithm: Algorithm) throws {
        let foreign = try SigningKey.generate(algorithm)
        let token = try foreign.sign(claims: TestKeys.claims)
        let own = try VerificationKey(
            material: TestKeys.key(algorithm).verificationKey.material, kid: foreign.kid, algorithm: nil)
        #expect(judge(token, by: JWKSet([own]), allowing: [algorithm]) == .badSignature)
    }

    @Test("the facts of each algorithm agree with what its keys make", arguments: Algorithm.allCases)
    func signatureSize(_ algorithm: Algorithm) throws {
        let signature = try CompactJWS(text: TestKeys.token(algorithm)).signature
        #expect(signature.count == algorithm.facts.signatureBytes ?? 384)
    }

    @Test("a signature that is one octet short or long, or empty, is refused", arguments: Algorithm.allCases)
    func wrongSize(_ algorithm: Algorithm) throws {
        let jws = try CompactJWS(text: TestKeys.token(algorithm))
        let key = try TestKeys.key(algorithm).verificationKey
        for signature in [
            [], Array(jws.signature.dropLast()), Array(jws.signature.dropFirst()), jws.signature + [0],
            [0] + jws.signature,
        ] {
            #expect(!key.verifies(signature, of: jws.signingInput, algorithm))
        }
        #expect(key.verifies(jws.signature, of: jws.signingInput, algorithm))
    }

    @Test("RS-040 a DER-encoded ECDSA signature is refused")
    func derSignature() throws {
        let jws = try CompactJWS(text: TestKeys.token(.es256))
        let der = Array(try P256.Signing.ECDSASignature(rawRepresentation: jws.signature).derRepresentation)
        #expect(!(try TestKeys.key(.es256).verificationKey.verifies(der, of: jws.signingInput, .es256)))
    }

    @Test(
        "RS-040 r or s that is zero, or not below the order, is refused", arguments: [Algorithm.es256, .es384, .es512])
    func outOfRange(_ algorithm: Algorithm) throws {
        let jws = try CompactJWS(text: TestKeys.token(algorithm))
        let key = try TestKeys.key(algorithm).verificationKey
        let half = jws.signature.count / 2
        let (r, s) = (Array(jws.signature.prefix(half)), Array(jws.signature.suffix(half)))
        let zero = [UInt8](repeating: 0, count: half)
        let ones = [UInt8](repeating: 0xFF, count: half)
        let order = Self.order(algorithm)
        try #require(order.count == half)
        for signature in [
            zero + s, r + zero, zero + zero, ones + s, r + ones, ones + ones, order + s, r + order, order + order,
        ] {
            #expect(!key.verifies(signature, of: jws.signingInput, algorithm))
        }
        // The same residue, not reduced.
        if let wider = Self.sum(s, order) { #expect(!key.verifies(r + wider, of: jws.signingInput, algorithm)) }
        if let wider = Self.sum(r, order) { #expect(!key.verifies(wider + s, of: jws.signingInput, algorithm)) }
    }

    @Test("RS-043 an Ed25519 signature whose S is not below the order is refused")
    func nonCanonicalS() throws {
        let jws = try CompactJWS(text: TestKeys.token(.edDSA))
        let key = try TestKeys.key(.edDSA).verificationKey
        // L, little-endian (RFC 8032 §5.1)
        let order: [UInt8] = [
            0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0x10,
        ]
        let s = Array(jws.signature.suffix(32))
        let wider = try #require(Self.sum(s.reversed(), order.reversed()))
        let signature = Array(jws.signature.prefix(32)) + wider.reversed()
        try #require(signature.count == 64)
        #expect(!key.verifies(signature, of: jws.signingInput, .edDSA))
        #expect(key.verifies(jws.signature, of: jws.signingInput, .edDSA))
    }

    @Test("RS-043 an Ed25519 signature of another length is refused", arguments: [0, 32, 63, 65, 128])
    func edDSALength(_ count: Int) throws {
        let jws = try CompactJWS(text: TestKeys.token(.edDSA))
        let signature = Array((jws.signature + jws.signature + jws.signature).prefix(count))
        #expect(!(try TestKeys.key(.edDSA).verificationKey.verifies(signature, of: jws.signingInput, .edDSA)))
    }

    /// The order of the curve (SP 800-186 §3.2.1).
    private static func order(_ algorithm: Algorithm) -> [UInt8] {
        let hex =
            switch algorithm {
            case .es256: "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
            case .es384:
                "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
            default:
                "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409"
            }
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    }

    /// The sum of two big-endian numbers of the same length; nil if it is longer.
    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var carry = 0
        for (x, y) in zip(a.reversed(), b.reversed()) {
            let total = Int(x) + Int(y) + carry
            out.append(UInt8(truncatingIfNeeded: total))
            carry = total >> 8
        }
        return carry == 0 ? out.reversed() : nil
    }
}
