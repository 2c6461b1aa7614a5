import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attack: guessing secrets and client ids")
struct SecretGuessingTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    @Test("AS-041 an unknown client and a wrong secret get the same answer and cost the same work")
    func indistinguishable() async {
        #expect(await harness.token().status == 200)
        let before = harness.store.reads
        let wrongSecret = await harness.token(secret: "wrong")
        let afterWrongSecret = harness.store.reads
        let unknown = await harness.token(id: "nobody", secret: "wrong")
        #expect(wrongSecret.status == unknown.status)
        #expect(wrongSecret.octets == unknown.octets)
        #expect(wrongSecret.fields == unknown.fields)
        #expect(afterWrongSecret - before == 1)
        #expect(harness.store.reads - afterWrongSecret == 1)
    }

    @Test("AS-041 authentication comes before everything that would tell whether a client exists")
    func order() async {
        for parameters in ["&scope=nonsense", "&resource=nonsense"] {
            #expect(await harness.token(parameters, id: "nobody").error == "invalid_client")
        }
        #expect(
            await harness.post("grant_type=nonsense", authorization: basic("nobody", "x")).error == "invalid_client")
    }

    @Test("AS-016 after ten failures wrong secrets are slowed down, for unknown ids, too")
    func limited() async {
        for id in ["shop", "nobody"] {
            for _ in 0..<10 { #expect(await harness.token(id: id, secret: "wrong").status == 401) }
            let limited = await harness.token(id: id, secret: "wrong")
            #expect(limited.status == 429)
            #expect(limited.error == "invalid_client")
            #expect(limited.field("retry-after") == "10")
        }
    }

    @Test("AS-016 somebody else's failures behind the same address do not keep out who has the right secret")
    func rightSecret() async {
        for _ in 0..<50 { _ = await harness.token(secret: "wrong") }
        #expect(await harness.token(secret: "wrong").status == 429)
        // From the store, and from memory.
        for _ in 0..<3 { #expect(await harness.token().status == 200) }
    }

    @Test(
        "AS-016 whoever has a whole /64 has one count for it; IPv4 in IPv6 is the IPv4 address",
        arguments: [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 429), ("2001:db8:1:2::1", "2001:db8:1:3::1", 401),
            ("::ffff:192.0.2.7", "192.0.2.7", 429), ("192.0.2.7", "192.0.2.8", 401),
        ])
    func blocks(first: String, second: String, status: Int) async {
        func attempt(_ address: String) async -> Int {
            await harness.post(
                "grant_type=client_credentials", authorization: basic("shop", "wrong"), address: address
            ).status
        }
        for _ in 0..<10 { #expect(await attempt(first) == 401) }
        #expect(await attempt(second) == status)
    }

    @Test("AS-016 the limit lets go with time, one attempt every six seconds")
    func release() async {
        for _ in 0..<10 { _ = await harness.token(secret: "wrong") }
        #expect(await harness.token(secret: "wrong", now: newYear2026 + 5).status == 429)
        #expect(await harness.token(secret: "wrong", now: newYear2026 + 6).status == 401)
        #expect(await harness.token(secret: "wrong", now: newYear2026 + 6).status == 429)
        #expect(await harness.token(now: newYear2026 + 12).status == 200)
        #expect(await harness.token(now: newYear2026 + 12).status == 200)
    }

    @Test("AS-016 nobody can lock a client out from another address")
    func noLockout() async {
        for _ in 0..<50 {
            _ = await harness.post(
                "grant_type=client_credentials", authorization: basic("shop", "wrong"), address: "203.0.113.9")
        }
        #expect(await harness.token().status == 200)
    }

    @Test("AS-016 a success forgives the failures before it")
    func forgiven() async {
        for _ in 0..<5 {
            for _ in 0..<9 { #expect(await harness.token(secret: "wrong").status == 401) }
            #expect(await harness.token(now: newYear2026 + 2).status == 200)
        }
    }

    @Test("AS-016 the memory of failures is bounded, and a flood of ids does not free the one that is guessed at")
    func bounded() {
        let limiter = AttemptLimiter()
        for _ in 0..<10 { limiter.failed(clientID: "shop", address: "a", now: 0) }
        for index in 0..<AttemptLimiter.entriesMax { limiter.failed(clientID: "flood\(index)", address: "a", now: 0) }
        #expect(!limiter.allows(clientID: "shop", address: "a", now: 0))
        for index in 0..<50_000 { limiter.failed(clientID: "more\(index)", address: "a", now: 0) }
        #expect(limiter.entryCount <= 2 * AttemptLimiter.entriesMax)
    }

    @Test("a row of one client recognises no secret of another")
    func boundToClient() {
        #expect(harness.pepper.mac(of: "s", clientID: "a") != harness.pepper.mac(of: "s", clientID: "b"))
        #expect(harness.pepper.mac(of: "as", clientID: "a") != harness.pepper.mac(of: "s", clientID: "aa"))
        #expect(SecretPepper(octets: []) == nil)
        #expect(SecretMAC(octets: [1]) == nil)
    }
}
