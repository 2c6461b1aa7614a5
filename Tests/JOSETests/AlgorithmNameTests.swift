import JSON
import Testing

@testable import JOSE

@Suite("Ed25519, the new name of EdDSA (RFC 9864)")
struct AlgorithmNameTests {
    @Test(
        "a token, and a key, may have either name",
        arguments: ["EdDSA", "Ed25519"], ["EdDSA", "Ed25519", nil])
    func names(header: String, key: String?) throws {
        let signing = try TestKeys.key(.edDSA)
        let token = try signing.sign(
            headerOctets: Array(#"{"alg":"\#(header)"}"#.utf8), payload: Array(#"{"sub":"a"}"#.utf8))
        var jwk = try #require(signing.publicJWK.object)
        jwk["alg"] = key.map { .string($0) }
        jwk["kid"] = nil
        let document: JSON = ["keys": [.object(jwk)]]
        let set = try JWKSet.parse(document.serialized())
        let jws = try CompactJWS(text: token)
        #expect(try jws.verified(by: set, allowing: [.edDSA]).algorithm == .edDSA)
        #expect(throws: JOSEError.unsupportedAlgorithm) { try jws.verified(by: set, allowing: [.es256]) }
    }

    @Test(
        "no other name is one of it, and case counts",
        arguments: ["ed25519", "ED25519", "eddsa", "Ed448", "Ed25519 ", "", "ES256"])
    func foreign(name: String) {
        #expect(!Algorithm.edDSA.isNamed(name))
        #expect(Algorithm(named: name) == (name == "ES256" ? .es256 : nil))
    }

    @Test("a member of a key that is null is not there", arguments: ["kid", "alg", "use", "key_ops", "d", "x5c"])
    func null(name: String) throws {
        var jwk = try #require(try TestKeys.key(.edDSA).publicJWK.object)
        jwk[name] = .null
        _ = try VerificationKey(jwk: .object(jwk))
    }
}
