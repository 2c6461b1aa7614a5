import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("Replacing a client's secret")
struct SecretRotationTests {
    let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    private func add() async throws -> String {
        try #require(
            try await harness.administration.addSecret(toClient: "shop", now: newYear2026 + 10, random: .system).secret
        ).text
    }

    private func remove(newer: Bool, at offset: Int64) async throws {
        _ = try await harness.administration.removeSecret(ofClient: "shop", newer: newer, now: newYear2026 + offset)
    }

    @Test("two secrets count at a time; the older goes, or the newer", arguments: [false, true])
    func two(newer: Bool) async throws {
        let second = try await add()
        #expect(await harness.token().status == 200)
        #expect(await harness.token(secret: second).status == 200)
        await #expect(throws: ManagementError.conflict("the client has two secrets already; remove the older first")) {
            _ = try await add()
        }
        try await remove(newer: newer, at: 20)
        #expect(await harness.token(secret: newer ? second : "s3cret", now: newYear2026 + 30).status == 401)
        #expect(await harness.token(secret: newer ? "s3cret" : second, now: newYear2026 + 30).status == 200)
        await #expect(
            throws: ManagementError.conflict("the client has no second secret; add one first, or remove the client")
        ) {
            try await remove(newer: newer, at: 40)
        }
    }

    @Test("a client that is not there, or has no use for a secret, gets none")
    func refused() async throws {
        try await harness.register(try KeyedClient("keyed"))
        for (id, error) in [
            ("nobody", ManagementError.notFound), ("keyed", .refused("\"keyed\" does not authenticate by a secret")),
        ] {
            await #expect(throws: error) {
                try await harness.administration.addSecret(toClient: id, now: newYear2026, random: .system)
            }
        }
    }

    @Test("when a secret was used last is known to the day, and written no oftener")
    func lastUse() async throws {
        func last() async throws -> Int64? { try await harness.store.client(id: "shop")?.secrets.first?.lastUsedAt }
        #expect(try await last() == nil)
        for (offset, expected) in [(0, 0), (10, 0), (86_399, 0), (86_402, 86_402)] as [(Int64, Int64)] {
            #expect(await harness.token(now: newYear2026 + offset).status == 200)
            #expect(try await last() == newYear2026 + expected)
        }
    }
}
