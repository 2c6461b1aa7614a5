import GatewayTesting
import JOSE
import JSON
import Testing

/// What OpenSSL signs here, the gateway's own library verifies.
@Suite("the kit's issuer")
struct TestIssuerTests {
    private let issuer: TestIssuer
    private let keys: JWKSet

    init() throws {
        issuer = try TestIssuer.partner()
        keys = try JWKSet.parse(try issuer.jwks().serialized())
    }

    @Test("signs tokens that verify", arguments: TestAlgorithm.allCases.filter { $0 != .rs384 })
    func signs(algorithm: TestAlgorithm) throws {
        #expect(keys.skipped == [])
        let token = try CompactJWS(Array(try issuer.token(algorithm, adding: ["tenant": "acme"]).utf8))
        let verified = try token.verified(by: keys, allowing: Algorithm.allCases)
        #expect(verified.algorithm.rawValue == algorithm.rawValue)
        #expect(verified.header.typ == "at+jwt")
        #expect(verified.payload["iss"]?.string == issuer.identifier)
        #expect(verified.payload["tenant"] == "acme")
    }

    @Test("spoils tokens")
    func spoils() throws {
        var draft = try issuer.draft(.es256)
        draft.changeSignature = { [$0[0] ^ 1] + $0.dropFirst() }
        let token = try CompactJWS(Array(try draft.signed().utf8))
        #expect(throws: JOSEError.badSignature) { try token.verified(by: keys, allowing: [.es256]) }
    }

    @Test(
        "base64url is that of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3ff}\u{3ff}", "z7_Pvw"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64URLText.encode(Array(text.utf8)) == encoded)
    }
}
