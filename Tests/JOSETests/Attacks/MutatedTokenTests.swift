import JSON
import Octets
import Testing

@testable import JOSE

@Suite("Attack: a good token, changed")
struct MutatedTokenTests {
    private static let algorithms: [Algorithm] = [.rs256, .ps256, .es256, .es384, .edDSA]

    @Test("a token with any one octet changed never verifies", arguments: algorithms)
    func flipped(_ algorithm: Algorithm) throws {
        let token = Array(try TestKeys.token(algorithm).utf8)
        let keys = try Self.lenient(algorithm)
        #expect(judge(token, by: keys, allowing: Algorithm.allCases) == nil)
        for index in token.indices {
            for mask: UInt8 in [0x01, 0x02, 0x20, 0x80] {
                var changed = token
                changed[index] ^= mask
                #expect(judge(changed, by: keys, allowing: Algorithm.allCases) != nil, "octet \(index) ^ \(mask)")
            }
        }
    }

    @Test("a post-quantum token with an octet changed never verifies", arguments: [Algorithm.mlDSA65, .mlDSA87])
    func flippedPostQuantum(_ algorithm: Algorithm) throws {
        let token = Array(try TestKeys.token(algorithm).utf8)
        let keys = try Self.lenient(algorithm)
        #expect(judge(token, by: keys, allowing: Algorithm.allCases) == nil)
        for index in Array(token.indices.prefix(300)) + Array(stride(from: 300, to: token.count, by: 17)) {
            var changed = token
            changed[index] ^= 0x01
            #expect(judge(changed, by: keys, allowing: Algorithm.allCases) != nil, "octet \(index)")
        }
    }

    @Test("a token cut anywhere, or with an octet more or less anywhere, never verifies", arguments: algorithms)
    func cut(_ algorithm: Algorithm) throws {
        let token = Array(try TestKeys.token(algorithm).utf8)
        let keys = try Self.lenient(algorithm)
        for index in token.indices {
            #expect(judge(Array(token[..<index]), by: keys, allowing: Algorithm.allCases) != nil)
            var shorter = token
            shorter.remove(at: index)
            #expect(judge(shorter, by: keys, allowing: Algorithm.allCases) != nil)
            for octet in [UInt8(ascii: "A"), UInt8(ascii: "="), UInt8(ascii: "."), 0x20] {
                var longer = token
                longer.insert(octet, at: index)
                #expect(judge(longer, by: keys, allowing: Algorithm.allCases) != nil)
            }
        }
        #expect(judge(token + [UInt8(ascii: "A")], by: keys, allowing: Algorithm.allCases) != nil)
    }

    @Test("parts of two good tokens, put together, never verify")
    func spliced() throws {
        var tokens: [[String]] = []
        for algorithm in Self.algorithms + [.es512, .mlDSA65] {
            tokens.append(parts(try TestKeys.token(algorithm)))
            tokens.append(parts(try TestKeys.token(algorithm, claims: ["sub": "bob", "admin": true])))
        }
        let keys = JWKSet(try (Self.algorithms + [.es512, .mlDSA65]).map { try TestKeys.key($0).verificationKey })
        let good = Set(tokens.map { $0.joined(separator: ".") })
        for a in tokens {
            for b in tokens {
                for c in tokens {
                    let token = [a[0], b[1], c[2]].joined(separator: ".")
                    let isAccepted = judge(token, by: keys, allowing: Algorithm.allCases) == nil
                    #expect(isAccepted == good.contains(token))
                }
            }
        }
    }

    @Test("a changed claim with the old signature never verifies")
    func changedClaim() throws {
        let some = parts(try TestKeys.token(.es256))
        for claims in [
            #"{"sub":"admin"}"#, "{}",
            #"{"iss":"https://issuer.example","sub":"alice","aud":"https://api.example.com" }"#,
        ] {
            let token = [some[0], Base64URL.encode(Array(claims.utf8)), some[2]].joined(separator: ".")
            #expect(judge(token, by: try TestKeys.set(.es256), allowing: [.es256]) == .badSignature)
        }
    }

    /// The key without kid and alg: nothing but the signature stands between a mutation and acceptance.
    private static func lenient(_ algorithm: Algorithm) throws -> JWKSet {
        let key = try TestKeys.key(algorithm).verificationKey
        let bare = try VerificationKey(material: key.material, kid: nil, algorithm: nil)
        return JWKSet([key, bare])
    }
}
