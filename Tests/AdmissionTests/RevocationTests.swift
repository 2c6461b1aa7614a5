import JSON
import Policy
import Testing

@testable import Admission

@Suite("Tokens that the built-in server has taken back")
struct RevocationTests {
    let issuer = TestIssuer()

    private func set(_ kind: RevocationSet.Kind, _ id: String, before: Int64 = 1_050) -> RevocationSet {
        RevocationSet([.init(kind, id): .init(before: before, expiresAt: 9_999)])
    }

    @Test(
        "RS-129 AS-078 a token is revoked by its own id, its grant's, its client's or its subject's, known or not",
        arguments: [(.token, "t-1"), (.grant, "g-1"), (.client, "client-1"), (.subject, "user-1")]
            as [(RevocationSet.Kind, String)])
    func revoked(kind: RevocationSet.Kind, id: String) throws {
        let token = try issuer.token(claims: ["grant_id": "g-1"])
        let harness = try AuthenticationHarness(issuer)
        harness.authenticator.revocations = set(kind, id)
        #expect(try harness.outcome(token) == "revoked_token")
        // One that the cache knows to be good, and that was judged by an older set.
        let other = try AuthenticationHarness(issuer)
        #expect(try other.outcome(token) == "ok")
        #expect(try other.outcome(token) == "ok")
        #expect(other.authenticator.cachedTokens == 1)
        other.authenticator.revocations = set(kind, id)
        for _ in 0..<3 { #expect(try other.outcome(token) == "revoked_token") }
        // And one that is let in again, should anybody do that.
        other.authenticator.revocations = RevocationSet()
        #expect(try other.outcome(token) == "ok")
    }

    @Test(
        "RS-129 an id of another kind is another thing",
        arguments: [
            (.token, "g-1"), (.grant, "t-1"), (.client, "user-1"), (.subject, "client-1"), (.token, "t-2"),
            (.grant, "g-"), (.client, "client-11"),
        ] as [(RevocationSet.Kind, String)])
    func others(kind: RevocationSet.Kind, id: String) throws {
        let harness = try AuthenticationHarness(issuer)
        harness.authenticator.revocations = set(kind, id)
        #expect(try harness.outcome(try issuer.token(claims: ["grant_id": "g-1"])) == "ok")
    }

    @Test(
        "RS-129 what a client or a subject is given after its end counts; of tokens and grants there is no after",
        arguments: [
            (.client, "client-1", 1_001, "revoked_token"), (.client, "client-1", 1_000, "ok"),
            (.subject, "user-1", 1_001, "revoked_token"),
            (.subject, "user-1", 1_000, "ok"), (.token, "t-1", 0, "revoked_token"), (.grant, "g-1", 0, "revoked_token"),
        ] as [(RevocationSet.Kind, String, Int64, String)])
    func before(kind: RevocationSet.Kind, id: String, before: Int64, outcome: String) throws {
        let harness = try AuthenticationHarness(issuer)
        harness.authenticator.revocations = set(kind, id, before: before)
        #expect(try harness.outcome(try issuer.token(claims: ["grant_id": "g-1"])) == outcome)
    }

    private static let origins: JSON = [
        ["jti": "t-0", "client_id": "front", "sub": "robot", "grant_id": "g-0", "iat": 900],
        ["jti": "t-00", "client_id": "edge", "sub": "user-1", "iat": 950],
    ]

    @Test(
        "a token ends with each that it was exchanged from, and not with those that these clients and users get later",
        arguments: [
            (.token, "t-0", 0, "revoked_token"), (.token, "t-00", 0, "revoked_token"),
            (.grant, "g-0", 0, "revoked_token"), (.client, "front", 901, "revoked_token"),
            (.client, "front", 900, "ok"), (.client, "edge", 951, "revoked_token"), (.client, "edge", 950, "ok"),
            (.subject, "robot", 901, "revoked_token"), (.subject, "robot", 900, "ok"),
            (.subject, "user-1", 951, "revoked_token"), (.token, "t-000", 0, "ok"),
        ] as [(RevocationSet.Kind, String, Int64, String)])
    func origins(kind: RevocationSet.Kind, id: String, before: Int64, outcome: String) throws {
        let harness = try AuthenticationHarness(issuer)
        harness.authenticator.revocations = set(kind, id, before: before)
        #expect(try harness.outcome(try issuer.token(claims: ["derived_from": Self.origins])) == outcome)
    }

    @Test(
        "a token of ours whose origins cannot be read is refused",
        arguments: ["x", [1], [["jti": "t-0"]]] as [JSON])
    func unreadableOrigins(_ value: JSON) throws {
        let harness = try AuthenticationHarness(issuer)
        #expect(try harness.outcome(try issuer.token(claims: ["derived_from": value])) == "revoked_token")
        var entry = issuer.entry()
        entry.keys = .jwksFile("keys.json")
        let other = try AuthenticationHarness(issuer, entry: entry)
        #expect(try other.outcome(try issuer.token(claims: ["derived_from": value])) == "ok")
    }

    @Test("tokens of other issuers are none of its business, whatever they are called")
    func otherIssuers() throws {
        var entry = issuer.entry()
        entry.keys = .jwksFile("keys.json")
        let harness = try AuthenticationHarness(issuer, entry: entry)
        harness.authenticator.revocations = set(.subject, "user-1")
        #expect(try harness.outcome(try issuer.token()) == "ok")
    }

    @Test("a token that is over is over, and is not looked up")
    func expired() throws {
        let harness = try AuthenticationHarness(issuer)
        harness.authenticator.revocations = set(.token, "t-1")
        #expect(try harness.outcome(try issuer.token(), at: 5_000) == "expired_token")
    }

    @Test("each set has a generation of its own, and none is 0")
    func generations() {
        let sets = (0..<10).map { _ in RevocationSet() }
        #expect(Set(sets.map(\.generation)).count == 10)
        #expect(!sets.contains { $0.generation == 0 })
    }
}
