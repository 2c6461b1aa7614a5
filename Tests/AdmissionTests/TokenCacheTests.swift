import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

@Suite("The cache of verified tokens")
struct TokenCacheTests {
    let issuer = TestIssuer()

    @Test("a token is verified once; its times are judged each time, and it goes when it has expired")
    func times() throws {
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token(claims: ["nbf": 1050])
        #expect(try harness.outcome(token, at: 1_000) == "not_yet_valid")
        #expect(try harness.outcome(token, at: 1_100) == "ok")
        #expect(harness.authenticator.cachedTokens == 1)
        #expect(try harness.outcome(token, at: 1_614) == "ok")
        #expect(try harness.outcome(token, at: 1_615) == "expired_token")
        #expect(harness.authenticator.cachedTokens == 0)
        #expect(try harness.outcome(token, at: 1_615) == "expired_token")
        #expect(harness.authenticator.cachedTokens == 0)
    }

    @Test("tokens that are not genuine are not remembered")
    func bad() throws {
        let harness = try AuthenticationHarness(issuer)
        _ = try harness.outcome(try TestIssuer().token())
        _ = try harness.outcome(try issuer.token(claims: ["jti": nil]))
        #expect(harness.authenticator.cachedTokens == 0)
    }

    @Test("what was verified by keys since withdrawn, or under another configuration, is verified again")
    func fingerprint() throws {
        let harness = try AuthenticationHarness(issuer)
        let token = try issuer.token()
        #expect(try harness.outcome(token) == "ok")
        harness.set = IssuerSet(harness.issuers, keys: [try TestIssuer().keys(generation: 2)])
        #expect(try harness.outcome(token) == "bad_signature")
        harness.set = IssuerSet(harness.issuers, keys: [nil])
        #expect(try harness.outcome(token) == "inquire")
        harness.set = IssuerSet([issuer.entry(types: ["jwt"])], keys: [try issuer.keys()])
        #expect(try harness.outcome(token) == "wrong_type")
        harness.set = IssuerSet([issuer.entry(algorithms: [.edDSA])], keys: [try issuer.keys()])
        #expect(try harness.outcome(token) == "unsupported_algorithm")
        harness.set = IssuerSet(harness.issuers, keys: [try issuer.keys()])
        #expect(try harness.outcome(token) == "ok")
    }

    @Test("two issuers that differ in anything that counts have two fingerprints")
    func fingerprints() throws {
        let entries = [
            issuer.entry(), issuer.entry(name: "other"), issuer.entry(algorithms: [.es256, .rs256]),
            issuer.entry(types: ["jwt"]),
            issuer.entry(types: ["at+jwt", ""]), issuer.entry(clockSkew: .zero),
            TestIssuer("https://other.example").entry(),
        ]
        let all = entries.flatMap { entry in
            [nil, 1, 2].map { (generation: UInt64?) in
                IssuerSet([entry], keys: [generation.map { IssuerKeys(set: keySet, generation: $0) }]).entries[0]
                    .fingerprint.octets
            }
        }
        #expect(Set(all).count == entries.count * 3)
    }
    private let keySet: JWKSet
    init() throws { keySet = try TestIssuer().keys().set }

    @Test("remembers no more than its bound, and nothing when it is off", arguments: [(3, 3), (0, 0), (-1, 0)])
    func bound(entriesMax: Int, expected: Int) throws {
        let harness = try AuthenticationHarness(issuer, cacheEntriesMax: entriesMax)
        for number in 0..<10 {
            let token = try issuer.token(claims: ["jti": "\(number)"])
            #expect(try harness.outcome(token) == "ok")
            #expect(try harness.outcome(token) == "ok")
        }
        #expect(harness.authenticator.cachedTokens == expected)
    }

    @Test("caches never change a decision: the same requests with and without one give the same answers")
    func sameAnswers() throws {
        let other = TestIssuer("https://other.example")
        let entries = [issuer.entry(audiences: ["a", "https://api.example.com"]), other.entry(name: "other")]
        let require = [
            Requirement(issuers: [0]), Requirement(issuers: [0, 1]), Requirement(issuers: [1]),
            Requirement(issuers: [0], audiences: ["a"]),
        ]
        let tokens = try [issuer, other].flatMap { issuer in
            [
                try issuer.token(), try issuer.token(claims: ["aud": "a"]), try issuer.token(claims: ["exp": 1_050]),
                try issuer.token(claims: ["nbf": 1_080]), try issuer.token(claims: ["cnf": ["jkt": "x"]]),
            ]
        }
        let keys = [try issuer.keys(), try other.keys()]
        let cached = AuthenticationHarness(entries, keys: keys, require: require, cacheEntriesMax: 4)
        let bare = AuthenticationHarness(entries, keys: keys, require: require, cacheEntriesMax: 0)
        var random = SplitMix(state: 1)
        for _ in 0..<1_000 {
            let token = tokens[random.below(tokens.count)]
            let route = random.below(require.count)
            let time = Int64(1_000 + random.below(130))
            #expect(try cached.outcome(token, route: route, at: time) == bare.outcome(token, route: route, at: time))
        }
    }

    @Test("every octet of a token counts")
    func mutations() throws {
        let harness = try AuthenticationHarness(issuer)
        let token = Array(try issuer.token().utf8)
        #expect(try harness.outcome(token.text) == "ok")
        for place in token.indices {
            var other = token
            other[place] = token[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(try harness.outcome(other.text) != "ok")
            if place > 0 { #expect(try harness.outcome(Array(token[..<place]).text) != "ok") }
        }
        #expect(harness.authenticator.cachedTokens == 1)
    }

    @Test("new tokens from an address that sent too many bad ones are refused, and none that are known")
    func limited() throws {
        let limiter = try #require(AddressLimiter(perMinuteMax: 3, seed: (1, 2)))
        let harness = try AuthenticationHarness(issuer, limiter: limiter)
        let known = try issuer.token()
        #expect(try harness.outcome(known) == "ok")
        for _ in 0..<3 { #expect(try harness.outcome("x.y.z") == "malformed_token") }
        guard case .refused(let refusal) = try harness.judge(try issuer.token(claims: ["jti": "new"])) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.code == .tooManyBadTokens && refusal.retryAfterSeconds == 20)
        #expect(try harness.outcome(known) == "ok")
        let elsewhere = PeerFacts(address: address("192.0.2.9"))
        #expect(try harness.outcome(try issuer.token(claims: ["jti": "new"]), peer: elsewhere) == "ok")
        #expect(try harness.outcome(try issuer.token(claims: ["jti": "newer"]), now: 20_000_000_000) == "ok")
    }

    @Test("what is not even a token costs no signature check, so it does not count as a bad one")
    func notEvenToken() throws {
        let harness = try AuthenticationHarness(issuer, limiter: AddressLimiter(perMinuteMax: 1, seed: (1, 2)))
        for _ in 0..<3 { #expect(try harness.outcome("a,b") == "malformed_credentials") }
        #expect(try harness.outcome(try issuer.token()) == "ok")
    }

    @Test("unavailable keys and a missing token are not bad tokens")
    func notBad() throws {
        let limiter = try #require(AddressLimiter(perMinuteMax: 1, seed: (1, 2)))
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [nil], require: [Requirement(issuers: [0])], limiter: limiter)
        for _ in 0..<3 {
            #expect(try harness.outcome(try issuer.token()) == "inquire")
            #expect(try harness.outcome(nil) == "missing_token")
        }
    }

    @Test("a companion is made once for each verified token")
    func companion() throws {
        final class Texts: Sendable {
            let subject: String?
            init(_ facts: borrowing TokenFacts) { subject = facts.subject }
        }
        let authenticator = Authenticator(cacheEntriesMax: 10) { Texts($0) }
        let harness = try AuthenticationHarness(issuer)
        let head = try head("GET", "/", ["Authorization: Bearer \(try issuer.token())"])
        func texts() throws -> Texts? {
            let verdict = authenticator.authenticate(
                head, token: try Credential.presented(in: head), rules: harness.rules[0], issuers: harness.set,
                peer: anyPeer,
                unixSeconds: 1_100, now: 0)
            guard case .authenticated(let caller) = verdict else { return nil }
            return caller.principal.companion as? Texts
        }
        let first = try texts()
        #expect(first?.subject == "user-1")
        #expect(try first != nil && texts() === first)
    }

    @Test(
        "header values are safe, and two texts never give one value",
        arguments: [
            ("user-1", "user-1"), ("a b", "a b"), (" a ", "%20a%20"), ("a\r\nX: y", "a%0D%0AX: y"), ("100%", "100%25"),
            ("%0D", "%250D"),
            ("é", "%C3%A9"), ("\u{0}", "%00"), ("", ""),
        ])
    func headers(text: String, expected: String) {
        #expect(PrincipalHeaders.fieldValue(text) == FieldValue(expected))
    }
}
