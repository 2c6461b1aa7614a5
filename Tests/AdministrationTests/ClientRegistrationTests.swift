import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Registering clients")
struct ClientRegistrationTests {
    private let harness: AuthorizationHarness

    init() throws { harness = try AuthorizationHarness() }

    private func add(id: String? = nil, scopes: [String] = ["a"], now: Int64 = newYear2026) async throws -> (
        client: RegisteredClient, secret: ClientSecret
    ) {
        var metadata: JSONObject = ["grant_types": ["client_credentials"]]
        if !scopes.isEmpty { metadata["scope"] = .string(scopes.joined(separator: " ")) }
        let done = try await harness.administration.addClient(
            id: id, metadata: metadata, terms: .init(), now: now, random: harness.random)
        return (done.value, try #require(done.secret))
    }

    @Test("a registered client gets a token with the secret that was shown")
    func works() async throws {
        let (client, secret) = try await add(id: "shop", scopes: ["orders:read", "orders:read", "b"])
        #expect(client.scopes == ["orders:read", "b"])
        let answer = await harness.token(id: "shop", secret: secret.text)
        #expect(answer.status == 200)
    }

    @Test("AS-015 a secret has 256 random bits, a prefix and a checksum, and no encoding changes it")
    func secretFormat() async throws {
        let secret = ClientSecret.generate(Randomness { _ in AuthorizationHarness.secretOctets }).text
        #expect(
            secret == "pcs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
                + Checksum.text(of: "pcs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"))
        #expect(secret.utf8.count == 53)
        #expect(ClientSecret.isWellFormed(secret))
        #expect(!ClientSecret.isWellFormed(secret.dropLast() + "!"))
        #expect(!ClientSecret.isWellFormed(String(secret.dropFirst())))
        #expect(!ClientSecret.isWellFormed(""))
        for index in secret.utf8.indices.dropFirst(4) {
            var mistyped = Array(secret.utf8)
            let offset = secret.utf8.distance(from: secret.startIndex, to: index)
            mistyped[offset] = mistyped[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(!ClientSecret.isWellFormed(String(decoding: mistyped, as: UTF8.self)))
        }
        let generated = ClientSecret.generate(.system).text
        #expect(generated.utf8.allSatisfy { ClientID.isValid(String(UnicodeScalar($0))) })
    }

    @Test("the checksum is CRC-32", arguments: [("123456789", UInt32(0xCBF4_3926)), ("", 0)])
    func checksum(text: String, crc: UInt32) { #expect(Checksum.crc32(text.utf8) == crc) }

    @Test("a secret prints itself nowhere")
    func redacted() {
        let secret = ClientSecret.generate(.system)
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(!text.contains(secret.text.dropFirst(4)))
        }
    }

    @Test("an id is made when none is given, and is fit for any encoding")
    func generatedID() async throws {
        let id = try await add().client.id
        #expect(id.hasPrefix("client-"))
        #expect(ClientID.isValid(id))
        #expect(Randomness.system.octets(32).count == 32)
        #expect(Randomness.system.octets(32) != Randomness.system.octets(32))
    }

    @Test("an id that is taken is refused and the client stays as it was")
    func taken() async throws {
        let secret = try await add(id: "shop").secret
        await #expect(throws: ManagementError.conflict(RegistrationError.idTaken("shop").description)) {
            try await add(id: "shop", scopes: ["admin"])
        }
        #expect(await harness.token(id: "shop", secret: secret.text).body["scope"]?.string == "a")
    }

    @Test("RFC 9068 §5: an id that could be a user's sub is no client's, so no service takes one for the other")
    func userID() async throws {
        let id = RandomText.userID.make(.system)
        await #expect(throws: ManagementError.refused(RegistrationError.userID.description)) { try await add(id: id) }
        for fine in ["user-service", String(id.dropLast()), id + "a", "User" + id.dropFirst(4)] {
            _ = try await add(id: fine)
        }
        for _ in 0..<100 { #expect(!RandomText.userID.isWellFormed(RandomText.clientID.make(.system))) }
    }

    @Test(
        "an id that some encoding changes is refused",
        arguments: ["", "a b", "a:b", "a/b", "a%b", "ü", "a\u{0}", String(repeating: "a", count: 129)])
    func badID(_ id: String) async {
        await #expect(throws: ManagementError.refused(RegistrationError.badID.description)) { try await add(id: id) }
    }

    @Test("scopes that are none are refused", arguments: ["a  b", "a\"b", "a\\b", "ü", "a\n"])
    func badScope(_ scope: String) async {
        await #expect(throws: ManagementError.self) { try await add(scopes: ["a", scope]) }
    }

    @Test(
        "a client of a removed one's name is not added in the seconds in which that ends, since what it obtains would end with it"
    )
    func successor() async throws {
        _ = try await add(id: "shop")
        _ = try await harness.administration.removeClient("shop", now: newYear2026 + 5)
        await #expect(throws: ManagementError.self) { try await add(id: "shop", now: newYear2026 + 5) }
        _ = try await add(id: "other", now: newYear2026 + 5)
        let ended = newYear2026 + 5 + Revoker.overtakingSeconds
        await #expect(
            throws: ManagementError.conflict(
                "what another client \"shop\" held ends within 1 s, and so would what this one obtains; try again then")
        ) { try await add(id: "shop", now: ended) }
        _ = try await add(id: "shop", now: ended + 1)
    }

    @Test("a client without scopes is refused")
    func noScope() async {
        await #expect(throws: ManagementError.refused(RegistrationError.noScope.description)) {
            try await add(scopes: [])
        }
    }
}
