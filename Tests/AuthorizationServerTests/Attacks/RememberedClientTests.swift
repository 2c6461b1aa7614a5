import Administration
import HTTP
import JOSE
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

/// A client that shows a key or a certificate is remembered for as long as one with a secret, and by the same rules: only
/// what is right is answered from memory, and whatever speaks against it is looked up.
@Suite("Attack: what a client had to show before is taken for what it has to show now")
struct RememberedClientTests {
    let harness: AuthorizationHarness
    let client: KeyedClient
    let maker: TestCertificateMaker

    init() async throws {
        harness = try AuthorizationHarness()
        client = try KeyedClient()
        maker = try TestCertificateMaker()
    }

    private func change(_ change: (inout RegisteredClient) -> Void) async throws {
        var stored = try #require(try await harness.store.client(id: client.id))
        change(&stored)
        #expect(try await harness.store.replace(stored, now: newYear2026))
    }

    private func assertion(_ client: KeyedClient, _ id: String, now: Int64 = newYear2026) async throws -> Int {
        await harness.token(assertion: try client.assertion(["jti": .string(id)], now: now), now: now).status
    }

    private func certificate(_ der: [UInt8], now: Int64 = newYear2026) async -> Int {
        await harness.send(
            "POST", "/oauth2/token", "grant_type=client_credentials&client_id=\(client.id)", certificate: der, now: now
        ).status
    }

    @Test("a client that has just shown its key is not looked up again; each assertion still counts once")
    func remembered() async throws {
        try await harness.register(client)
        for number in 0..<5 { #expect(try await assertion(client, "j\(number)") == 200) }
        #expect(harness.store.reads == 1)
        #expect(try await assertion(client, "j0") == 401)
    }

    @Test("a new key counts at once, the old one no longer after the moment for which clients are remembered")
    func newKey() async throws {
        try await harness.register(client)
        let other = try KeyedClient()
        #expect(try await assertion(client, "before") == 200)
        #expect(try await assertion(other, "too soon") == 401)
        try await change { $0.keySet = other.keySet }
        #expect(try await assertion(other, "at once") == 200)
        #expect(try await assertion(client, "old, right after") == 401)
        #expect(try await assertion(client, "old", now: newYear2026 + 1) == 401)
    }

    @Test("what an assertion may be made for is looked up again where it does not fit")
    func audience() async throws {
        try await harness.register(client)
        #expect(try await assertion(client, "a") == 200)
        try await change { $0.takesEndpointAudience = true }
        let made = try client.assertion([
            "jti": "b", "aud": .string(AuthorizationHarness.issuer + "/oauth2/token"),
        ])
        #expect(await harness.token(assertion: made).status == 200)
    }

    @Test("a name that was taken from a client is no name a moment later; another counts at once")
    func newName() async throws {
        let (old, new) = (try maker.der(dns: ["old.example"]), try maker.der(dns: ["new.example"]))
        try await harness.register(client, .tlsClientAuth) { $0.certificateName = .dns("old.example") }
        for _ in 0..<3 { #expect(await certificate(old) == 200) }
        #expect(harness.store.reads == 1)
        #expect(await certificate(new) == 401)
        try await change { $0.certificateName = .dns("new.example") }
        #expect(await certificate(new) == 200)
        #expect(await certificate(old, now: newYear2026 + 1) == 401)
    }

    @Test("a removed client shows nothing any more, by whatever it showed", arguments: [true, false])
    func removed(byKey: Bool) async throws {
        let der = try maker.der(dns: ["shop.example"])
        try await harness.register(client, byKey ? .privateKeyJWT : .tlsClientAuth) {
            if !byKey { $0.certificateName = .dns("shop.example") }
        }
        func status(_ id: String, now: Int64) async throws -> Int {
            byKey ? try await assertion(client, id, now: now) : await certificate(der, now: now)
        }
        #expect(try await status("a", now: newYear2026) == 200)
        _ = try await harness.administration.removeClient(client.id, now: newYear2026)
        #expect(try await status("b", now: newYear2026 + 1) == 401)
    }
}
