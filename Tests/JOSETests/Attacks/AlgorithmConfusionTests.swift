import Crypto
import CryptoExtras
import JSON
import Octets
import Testing

@testable import JOSE

@Suite("Attack: another algorithm than the issuer's")
struct AlgorithmConfusionTests {
    @Test(
        "RS-029 alg none is refused in every letter case, with and without a signature",
        arguments: ["none", "None", "NONE", "nOnE", "noNE", "none ", " none", "none\\u0000", "\\u006eone"])
    func none(_ alg: String) throws {
        let signed = try TestKeys.token(header: #"{"alg":"\#(alg)"}"#)
        let keys = try TestKeys.set(.es256, .rs256, .edDSA)
        #expect(judge(signed, by: keys, allowing: Algorithm.allCases) == .unsupportedAlgorithm)
        let bare = parts(signed)[0...1].joined(separator: ".") + "."
        #expect(judge(bare, by: keys, allowing: Algorithm.allCases) == .unsupportedAlgorithm)
    }

    @Test(
        "RS-030 algorithm names are compared octet by octet",
        arguments: [
            "es256", "Es256", "eS256", "ES256 ", "ES-256", "ES256K", "ES256\\u0000", "\\uFF25S256", "rs256", "EDDSA",
            "ml-dsa-65",
        ])
    func spelling(_ alg: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"\#(alg)"}"#)
        #expect(
            judge(token, by: try TestKeys.set(.es256, .rs256, .edDSA), allowing: Algorithm.allCases)
                == .unsupportedAlgorithm)
    }

    @Test(
        "RS-031 an algorithm that is not on the issuer's list is refused, though its key is there",
        arguments: Algorithm.allCases)
    func notAllowed(_ algorithm: Algorithm) throws {
        let token = try TestKeys.token(algorithm)
        let keys = try TestKeys.set(algorithm)
        #expect(
            judge(token, by: keys, allowing: Algorithm.allCases.filter { $0 != algorithm }) == .unsupportedAlgorithm)
        #expect(judge(token, by: keys, allowing: []) == .unsupportedAlgorithm)
        #expect(judge(token, by: keys, allowing: [algorithm]) == nil)
    }

    @Test("RS-032 a key that names its algorithm serves no other")
    func keyNamesAlgorithm() throws {
        let material = try TestKeys.key(.ps256).verificationKey.material
        let key = try SigningKey(TestKeys.key(.ps256).material, .rs256)
        let token = try key.sign(claims: TestKeys.claims)
        let forPSS = try VerificationKey(material: material, kid: key.kid, algorithm: .ps256)
        let forBoth = try VerificationKey(material: material, kid: key.kid, algorithm: nil)
        #expect(judge(token, by: JWKSet([forPSS]), allowing: [.rs256, .ps256]) == .noKey)
        #expect(judge(token, by: JWKSet([forBoth]), allowing: [.rs256, .ps256]) == nil)
    }

    @Test("RS-032 an RS256 signature relabelled PS256, and the reverse, is refused")
    func relabelledPadding() throws {
        for (made, claimed) in [
            (Algorithm.rs256, Algorithm.ps256), (.ps256, .rs256), (.rs256, .rs512), (.rs384, .rs256),
        ] {
            let key = try TestKeys.key(made)
            let header = #"{"alg":"\#(claimed.rawValue)"}"#
            let token = try key.sign(headerOctets: Array(header.utf8), payload: Array("{}".utf8))
            let keys = JWKSet([try VerificationKey(material: key.verificationKey.material, kid: nil, algorithm: nil)])
            #expect(judge(token, by: keys, allowing: [made, claimed]) == .badSignature)
        }
    }

    @Test("RS-033 a key of another type is never tried", arguments: Algorithm.allCases, Algorithm.allCases)
    func keyType(_ algorithm: Algorithm, _ other: Algorithm) throws {
        let key = try TestKeys.key(other).verificationKey
        let bare = try VerificationKey(material: key.material, kid: nil, algorithm: nil)
        #expect(bare.permits(algorithm) == (algorithm.facts.key == other.facts.key))
        guard algorithm.facts.key != other.facts.key else { return }
        let token = try TestKeys.token(header: #"{"alg":"\#(algorithm.rawValue)"}"#)
        #expect(judge(token, by: JWKSet([bare]), allowing: Algorithm.allCases) == .noKey)
    }

    @Test("RS-035 a public key is never a shared secret", arguments: ["HS256", "HS384", "HS512"])
    func publicKeyAsSecret(_ alg: String) throws {
        let rsa = try TestKeys.key(.rs256)
        let ec = try TestKeys.key(.es256)
        guard case .rsa(let rsaKey, let numbers) = rsa.verificationKey.material,
            case .p256(let ecKey) = ec.verificationKey.material
        else { throw KeyError.badNumbers }
        let secrets: [[UInt8]] = [
            Array(rsaKey.pemRepresentation.utf8), Array((rsaKey.pemRepresentation + "\n").utf8),
            Array(rsaKey.derRepresentation),
            Array(rsaKey.pkcs1DERRepresentation), numbers.modulus, rsa.publicJWK.serialized(),
            Array(ecKey.pemRepresentation.utf8),
            Array(ecKey.derRepresentation), Array(ecKey.x963Representation), ec.publicJWK.serialized(), [],
        ]
        let keys = JWKSet([rsa.verificationKey, ec.verificationKey])
        for secret in secrets {
            for kid in [rsa.kid, ec.kid] {
                let input =
                    Base64URL.encode(Array(#"{"alg":"\#(alg)","kid":"\#(kid)"}"#.utf8)) + "."
                    + Base64URL.encode(Array(#"{"sub":"admin"}"#.utf8))
                let key = SymmetricKey(data: secret)
                let code: [UInt8] =
                    switch alg {
                    case "HS256": Array(HMAC<SHA256>.authenticationCode(for: Array(input.utf8), using: key))
                    case "HS384": Array(HMAC<SHA384>.authenticationCode(for: Array(input.utf8), using: key))
                    default: Array(HMAC<SHA512>.authenticationCode(for: Array(input.utf8), using: key))
                    }
                let token = input + "." + Base64URL.encode(code)
                #expect(judge(token, by: keys, allowing: Algorithm.allCases) == .unsupportedAlgorithm)
            }
        }
    }

    @Test("there is no algorithm with a shared secret, and none without a key")
    func none() {
        for name in ["none", "HS256", "HS384", "HS512", "RS1", "ES256K", "A128KW"] {
            #expect(Algorithm(rawValue: name) == nil)
        }
    }
}
