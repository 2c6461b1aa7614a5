import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

/// A member of a stored record that cannot be read must not pass for one that is not there: it could be what binds, limits
/// or ends the thing.
@Suite("members of records that cannot be read")
struct DamagedMemberTests {
    private func changed(_ record: StoredRecord, _ member: String, _ value: JSON) -> StoredRecord {
        var copy = record
        copy.body[member] = value
        return copy
    }

    @Test(
        "a client whose bindings, limits or secrets cannot be read is none",
        arguments: [
            ("binds_to_key", "true"), ("binds_to_certificate", 1), ("requires_pushed_requests", nil),
            ("first_party", []), ("certificate", "CN=shop"), ("certificate", [:]),
            ("certificate", ["tls_client_auth_subject_dn": 1]), ("secrets", "s3cret"), ("secrets", [["mac": "AA"]]),
        ] as [(String, JSON)])
    func client(member: String, value: JSON) {
        let record = RegisteredClient(
            id: "shop", name: "", grants: [], authenticationMethods: [], scopes: [], secrets: [], createdAt: 0
        ).record
        #expect(RegisteredClient(record) != nil)
        #expect(RegisteredClient(changed(record, member, value)) == nil)
    }

    @Test("a user who may be disabled is none", arguments: ["true", 1, nil] as [JSON])
    func user(value: JSON) {
        let record = StoredUser(id: "u", name: "alice", createdAt: 0).record
        #expect(StoredUser(record) != nil)
        #expect(StoredUser(changed(record, "disabled", value)) == nil)
    }

    @Test("a grant that may be bound to a key is none", arguments: ["jkt", [], nil] as [JSON])
    func grant(value: JSON) {
        let record = Grant(
            id: "g", clientID: "shop", subject: "u", scopes: [], resources: [], createdAt: 0, expiresAt: 1
        ).record
        #expect(Grant(record) != nil)
        #expect(Grant(changed(record, "cnf", value)) == nil)
    }

    @Test("a request that may demand a log-in is none", arguments: ["max_age", "prompt"], ["true", [], nil] as [JSON])
    func interaction(member: String, value: JSON) {
        let request = AuthorizationRequest(
            clientID: "shop", redirectURI: "https://shop.example/back", scopes: [], resources: ["a"],
            codeChallenge: CodeFlowHarness.challenge)
        let record = Interaction(
            id: "i", clientID: "shop", browserKey: RandomText.browser.key(of: "b"),
            subject: .authorization(request, pushed: nil, .begun), expiresAt: 1
        ).record
        #expect(Interaction(record, id: "i") != nil)
        var members = request.json
        members[member] = value
        #expect(Interaction(changed(record, "request", .object(members)), id: "i") == nil)
    }

    @Test("a refresh token that may have been replaced counts as replaced", arguments: ["x", [], nil] as [JSON])
    func refreshToken(value: JSON) throws {
        let grant = Grant(
            id: "g", clientID: "shop", subject: "u", scopes: [], resources: [], createdAt: 0, expiresAt: 9)
        let record = RefreshToken(text: "t", grant: grant, now: 0).record
        #expect(try #require(RefreshToken(record)).rotation == nil)
        #expect(try #require(RefreshToken(changed(record, "rotation", value))).rotation != nil)
    }
}
