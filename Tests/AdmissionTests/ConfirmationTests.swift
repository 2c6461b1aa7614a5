import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

@Suite("Tokens that are bound (RFC 8705, RFC 9449)")
struct ConfirmationTests {
    let issuer = TestIssuer()
    static let thumbprint = [UInt8](0..<32)

    private func peer(_ thumbprint: [UInt8]?) throws -> PeerFacts {
        guard let thumbprint else { return anyPeer }
        let digest = try #require(Digest256(thumbprint))
        return PeerFacts(
            address: address(),
            certificate: ClientCertificate(identity: "c", uris: [], dnsNames: [], thumbprint: digest))
    }

    @Test("RS-081 RS-082 a token bound to a certificate is good only on a connection that shows it")
    func certificate() throws {
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token(claims: ["cnf": ["x5t#S256": .string(Base64URL.encode(Self.thumbprint))]])
        for _ in 0..<2 {  // the second time from the cache
            #expect(try harness.outcome(token, peer: peer(Self.thumbprint)) == "ok")
            #expect(try harness.outcome(token, peer: peer(nil)) == "wrong_certificate")
            for place in [0, 7, 8, 15, 16, 24, 31] {
                var other = Self.thumbprint
                other[place] ^= 1
                #expect(try harness.outcome(token, peer: peer(other)) == "wrong_certificate")
            }
        }
    }

    @Test(
        "RS-083 RS-087 RS-088 RS-107 other bindings",
        arguments: [
            (["x5t#S256": "short"], "malformed_claims"), (["x5t#S256": 7], "malformed_claims"),
            (["x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="], "malformed_claims"),
            (["x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"], "ok"),
            (["x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "other": 1], "ok"),
            (["x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "jkt": "abc"], "malformed_claims"),
            (
                [
                    "x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                    "jkt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                ], "missing_proof"
            ),
            (["jkt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"], "missing_proof"), (["jkt": 1], "malformed_claims"),
            (["jkt": ""], "malformed_claims"),
            (["jku": "https://x"], "unknown_confirmation"), (["kid": "k"], "unknown_confirmation"),
            ([:], "unknown_confirmation"),
            ("x", "malformed_claims"), (.null, "ok"), (["x5t#S256": .null], "malformed_claims"),
            (.array([]), "malformed_claims"),
        ] as [(JSON, String)])
    func bindings(cnf: JSON, expected: String) throws {
        #expect(
            try AuthenticationHarness(issuer).outcome(
                try issuer.token(claims: ["cnf": cnf]), peer: try peer(Self.thumbprint))
                == expected)
    }
}
