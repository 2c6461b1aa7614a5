import JSON
import Testing

@testable import JOSE

@Suite("Attack: the token brings or names its own key")
struct TokenBringsKeyTests {
    @Test(
        "RS-036 jwk, jku, x5u and x5c in the header select nothing",
        arguments: ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])
    func embedded(_ name: String) throws {
        let attacker = try SigningKey.generate(.es256)
        let value: JSON =
            switch name {
            case "jwk": attacker.publicJWK
            case "x5c": ["MIIB"]
            default: "https://attacker.example/keys"
            }
        let keys = try TestKeys.set(.es256)
        let claims: JSONObject = ["sub": "admin"]
        let plain = try attacker.sign(header: [name: value], claims: claims)
        #expect(judge(plain, by: keys, allowing: [.es256]) == .noKey)
        let known = JSON.object(["alg": "ES256", "kid": .string(try TestKeys.key(.es256).kid), "\(name)": value])
        let posing = try attacker.sign(headerOctets: known.serialized(), payload: JSON.object(claims).serialized())
        #expect(judge(posing, by: keys, allowing: [.es256]) == .badSignature)
        let without = JSON.object(["alg": "ES256", "\(name)": value])
        let nameless = try attacker.sign(headerOctets: without.serialized(), payload: JSON.object(claims).serialized())
        #expect(judge(nameless, by: keys, allowing: [.es256]) == .badSignature)
    }

    @Test(
        "RS-037 a kid is only compared",
        arguments: [
            "../../../dev/null", "' OR 1=1 --", "\u{0}", "a\u{0}b", "\r\nX: y", "/etc/passwd",
            "http://attacker.example/k", "%s%n",
            "${jndi:ldap://x}", String(repeating: "k", count: 8_000), "\u{FFFD}", "\u{212A}",
        ])
    func strangeKid(_ kid: String) throws {
        let key = try TestKeys.key(.es256)
        let header = JSON.object(["alg": "ES256", "kid": .string(kid)]).serialized()
        let token = try key.sign(headerOctets: header, payload: Array("{}".utf8))
        #expect(judge(token, by: try TestKeys.set(.es256), allowing: [.es256]) == .noKey)
        let named = try VerificationKey(material: key.verificationKey.material, kid: kid, algorithm: nil)
        #expect(judge(token, by: JWKSet([named]), allowing: [.es256]) == nil)
    }

    @Test("RS-037 a kid that only looks the same is another one")
    func lookalikeKid() throws {
        let key = try TestKeys.key(.es256)
        // Canonically equivalent for Swift's ==, but not the same octets.
        let named = try VerificationKey(material: key.verificationKey.material, kid: "caf\u{E9}", algorithm: nil)
        let header = JSON.object(["alg": "ES256", "kid": "cafe\u{301}"]).serialized()
        let token = try key.sign(headerOctets: header, payload: Array("{}".utf8))
        #expect(judge(token, by: JWKSet([named]), allowing: [.es256]) == .noKey)
    }

    @Test("RS-037 a kid of 64 kB is refused with the token")
    func hugeKid() throws {
        let header = #"{"alg":"ES256","kid":"\#(String(repeating: "k", count: 65_536))"}"#
        let token = try TestKeys.token(header: header)
        #expect(judge(token, by: try TestKeys.set(.es256), allowing: [.es256]) == .malformed(.tooLarge))
    }
}
