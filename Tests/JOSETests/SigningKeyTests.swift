import JSON
import Octets
import Testing

@testable import JOSE

@Suite("Signing keys, PEM and thumbprints")
struct SigningKeyTests {
    @Test(
        "the thumbprints of RFC 7638 §3.1 and RFC 8037 A.3 come out",
        arguments: [(Vectors.thumbprintKey, Vectors.thumbprint), (Vectors.ed25519Key, Vectors.ed25519Thumbprint)])
    func thumbprints(_ jwk: String, _ thumbprint: String) throws {
        #expect(Thumbprint.sha256(try VerificationKey(jwkText: jwk)) == thumbprint)
    }

    @Test("a private key comes back from its PEM and signs as before", arguments: Algorithm.allCases)
    func pemRoundTrip(_ algorithm: Algorithm) throws {
        let key = try TestKeys.key(algorithm)
        let back = try SigningKey(pem: key.pemRepresentation, algorithm: algorithm)
        #expect(back.kid == key.kid)
        #expect(
            judge(try back.sign(claims: TestKeys.claims), by: try TestKeys.set(algorithm), allowing: [algorithm]) == nil
        )
    }

    @Test("a PEM says which algorithm is meant where the kind of key leaves no choice")
    func algorithmFromPEM() throws {
        #expect(try SigningKey(pem: TestKeys.key(.es384).pemRepresentation).algorithm == .es384)
        #expect(try SigningKey(pem: TestKeys.key(.ps512).pemRepresentation).algorithm == .rs256)
        #expect(try SigningKey(pem: TestKeys.key(.mlDSA87).pemRepresentation).algorithm == .mlDSA87)
        #expect(throws: KeyError.algorithmMismatch) {
            try SigningKey(pem: TestKeys.key(.es256).pemRepresentation, algorithm: .rs256)
        }
    }

    @Test("kid is the thumbprint of the public half, with and without alg in the JWK")
    func kid() throws {
        let key = try TestKeys.key(.es256)
        #expect(key.kid == Thumbprint.sha256(key.verificationKey))
        #expect(key.publicJWK.object?["kid"] == .string(key.kid))
        #expect(key.publicJWK.object?["use"] == "sig")
        #expect(key.publicJWK.object?["d"] == nil)
    }

    @Test("an RSA key that is made has 3072 bits", arguments: [Algorithm.rs256, .ps256])
    func rsaBits(_ algorithm: Algorithm) throws {
        let modulus = try #require(TestKeys.key(algorithm).publicJWK.object?["n"]?.string)
        #expect(try #require(Base64URL.decode(modulus)).count == 3072 / 8)
    }

    @Test("extra header members cannot replace alg and kid")
    func headerMembers() throws {
        let key = try TestKeys.key(.es256)
        let jws = try CompactJWS(
            text: key.sign(header: ["alg": "none", "kid": "x", "typ": "at+jwt"], claims: TestKeys.claims))
        #expect(jws.header.alg == "ES256")
        #expect(jws.header.kid == key.kid)
        #expect(jws.header.typ == "at+jwt")
    }

    @Test("a signing key does not show its secret when it is printed")
    func printing() throws {
        let key = try TestKeys.key(.es256)
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "ES256 key \(key.kid)")
        #expect(dumped.contains(key.kid))
        #expect(!dumped.contains("material"))
    }

    @Test("public keys come from PEM", arguments: SigningKeyTests.publicPEMs)
    func publicPEM(_ kind: KeyKind, _ pem: String) throws {
        let key = try VerificationKey(pem: pem)
        #expect(key.kind == kind)
        #expect(try VerificationKey(jwk: key.jwk).essentialMembers == key.essentialMembers)
    }

    @Test("an RSA key that is for PSS only is refused: the library would use it for both")
    func pssOnly() {
        #expect(throws: KeyError.unknownAlgorithm) { try VerificationKey(pem: Self.pssOnlyPEM) }
    }

    @Test("a private key where a public one belongs, two keys, a torn block and foreign text are refused")
    func badPEM() throws {
        let key = try TestKeys.key(.es256)
        let pem = Self.publicPEMs[0].1
        #expect(throws: KeyError.privateKey) { try VerificationKey(pem: key.pemRepresentation) }
        #expect(throws: KeyError.badPEM) { try SigningKey(pem: pem) }
        for text in [
            "", "text", pem + pem, String(pem.dropLast(30)), pem.replacing("PUBLIC KEY", with: "CERTIFICATE"),
            pem.replacing("END PUBLIC", with: "END PRIVATE"), pem.replacing("A", with: "-"),
            pem.replacing("MFk", with: "MFl"),
        ] {
            #expect(throws: KeyError.self) { try VerificationKey(pem: text) }
        }
        #expect(throws: Never.self) {
            try VerificationKey(pem: "comment\n" + pem.replacing("\n", with: "\r\n") + "\nmore")
        }
    }
}
