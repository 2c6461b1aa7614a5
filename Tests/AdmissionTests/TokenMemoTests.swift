import HTTP
import JOSE
import Testing

@testable import Admission

/// What is known of a token without hashing it again.
@Suite("tokens that were shown a moment ago")
struct TokenMemoTests {
    private let digest = Digest256([UInt8](repeating: 7, count: 32))

    private func slice(_ octets: [UInt8]) -> Slice { Slice(start: 0, end: octets.count) }

    @Test("the same octets are found, wherever in a head they stand")
    func found() throws {
        let digest = try #require(digest)
        var memo = TokenMemo()
        let token = Array("header.payload.signature".utf8)
        memo.remember(token, slice(token), digest)
        #expect(memo.digest(token, slice(token)) == digest)
        let head = Array("Authorization: Bearer ".utf8) + token + Array("\r\n".utf8)
        #expect(memo.digest(head, Slice(start: 22, end: 22 + token.count)) == digest)
    }

    @Test(
        "a token with the same end and any other octet before it is not found",
        arguments: [8, 9, 15, 16, 17, 23, 24, 64, 901])
    func otherMiddle(count: Int) throws {
        let digest = try #require(digest)
        var memo = TokenMemo()
        let token = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) | 1 }
        memo.remember(token, slice(token), digest)
        for index in token.indices {
            var other = token
            other[index] ^= 0x10
            #expect(memo.digest(other, slice(other)) == nil, "octet \(index) of \(count)")
        }
        #expect(memo.digest(token, slice(token)) == digest)
    }

    @Test("a token that only ends, or only begins, like one that is known is not found")
    func otherLength() throws {
        let digest = try #require(digest)
        var memo = TokenMemo()
        let token = Array("aaaaaaaabbbbbbbbcccccccc".utf8)
        memo.remember(token, slice(token), digest)
        for other in [Array(token.dropFirst()), Array(token.dropFirst(8)), Array(token.dropLast()), [0x61] + token] {
            #expect(memo.digest(other, slice(other)) == nil)
        }
    }

    @Test("what is too short or too long to be kept is not kept")
    func sizes() throws {
        let digest = try #require(digest)
        var memo = TokenMemo()
        for count in [0, 1, 7, 4_097] {
            let token = [UInt8](repeating: 0x61, count: count)
            memo.remember(token, slice(token), digest)
            #expect(memo.digest(token, slice(token)) == nil, "\(count) octets")
        }
    }

    @Test("two tokens with the same end take turns in their place, and neither is ever the other")
    func samePlace() throws {
        let digest = try #require(digest)
        let other = try #require(Digest256([UInt8](repeating: 9, count: 32)))
        var memo = TokenMemo()
        let (one, two) = (Array("one.......same-end".utf8), Array("two.......same-end".utf8))
        memo.remember(one, slice(one), digest)
        memo.remember(two, slice(two), other)
        #expect(memo.digest(one, slice(one)) == nil)
        #expect(memo.digest(two, slice(two)) == other)
    }

    @Test("RS-069 a key that is withdrawn, or an issuer that changed, is not found through a token shown a moment ago")
    func withdrawn() throws {
        let issuer = TestIssuer()
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token()
        // The second time it is found in the cache and kept, the third time it is compared.
        for _ in 0..<3 { #expect(try harness.outcome(token) == "ok") }

        let stranger = TestIssuer(kid: "k1")
        harness.set = IssuerSet(harness.issuers, keys: [try stranger.keys(generation: 2)])
        #expect(try harness.outcome(token) == "bad_signature")

        harness.set = IssuerSet(harness.issuers, keys: [try issuer.keys(generation: 3)])
        #expect(try harness.outcome(token) == "ok")
        harness.set = IssuerSet([issuer.entry(types: ["other+jwt"])], keys: [try issuer.keys(generation: 3)])
        #expect(try harness.outcome(token) == "wrong_type")
    }
}
