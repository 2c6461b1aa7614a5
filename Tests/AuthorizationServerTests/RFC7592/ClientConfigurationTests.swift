import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 7592: what a client may do with its registration")
struct ClientConfigurationTests {
    let harness: AuthorizationHarness
    let id: String
    let secret: String
    let token: String

    init() async throws {
        harness = try .registering()
        let body = await harness.registration("POST", machine(["client_name": "Billing"])).body
        guard let id = body["client_id"]?.string, let secret = body["client_secret"]?.string,
            let token = body["registration_access_token"]?.string
        else { throw HarnessError() }
        (self.id, self.secret, self.token) = (id, secret, token)
    }

    private func call(_ method: String, _ body: JSON? = nil, token: String? = nil, id: String? = nil) async -> Answer {
        await harness.registration(method, body, token: token ?? self.token, query: "client_id=\(id ?? self.id)")
    }

    @Test("AS-131 a client reads its registration, without its secret, which nobody has any more")
    func reads() async throws {
        let answer = await call("GET")
        #expect(answer.status == 200)
        #expect(answer.body["client_name"] == "Billing")
        #expect(answer.body["registration_access_token"]?.string == token)
        #expect(answer.body["client_secret"] == nil)
    }

    @Test("AS-131 without its own token nobody reads, changes or deletes it", arguments: ["GET", "PUT", "DELETE"])
    func guarded(method: String) async throws {
        let other = await harness.registration("POST", machine()).body["registration_access_token"]?.string
        for token in ["wrong", registrationToken, try #require(other)] {
            #expect(await call(method, machine(), token: token).status == 401)
        }
        #expect(await call(method, machine(), id: "other").status == 401)
        #expect(await call("GET").status == 200)
        // The token itself is stored nowhere.
        let stored = try await harness.store.records(RecordQuery(.registrationToken), most: 10)
        #expect(!stored.isEmpty && !stored.contains { $0.key == token })
    }

    @Test("AS-131 a change replaces everything, and what the server decides cannot be changed")
    func changes() async throws {
        let answer = await call("PUT", machine(["client_id": .string(id), "scope": "orders:read"]))
        #expect(answer.status == 200)
        #expect(answer.body["client_name"] == nil)
        // What it showed before may be remembered for a moment; the answer waits for its end.
        #expect(answer.facts.settling > .milliseconds(200))
        #expect(answer.body["scope"] == "orders:read")
        #expect(
            await harness.token("&scope=orders:write", id: id, secret: secret, now: newYear2026 + 10).error
                == "invalid_scope")
        #expect(await harness.token(id: id, secret: secret, now: newYear2026 + 20).status == 200)
        for wrong in [
            ["client_id": "other"], [:], ["client_id": .string(id), "client_secret": "mine"],
            ["client_id": .string(id), "client_id_issued_at": 1],
            ["client_id": .string(id), "registration_access_token": .string(token)],
            ["client_id": .string(id), "scope": "admin"],
        ] as [[String: JSON?]] {
            #expect(await call("PUT", machine(wrong)).error == "invalid_client_metadata")
        }
    }

    @Test("AS-131 a deleted client is gone: its secret, its registration, and with them its tokens")
    func deletes() async throws {
        #expect(await harness.token(id: id, secret: secret).status == 200)
        let answer = await call("DELETE")
        #expect(answer.status == 204)
        #expect(answer.octets.isEmpty)
        #expect(await call("GET").status == 401)
        #expect(await harness.token(id: id, secret: secret, now: newYear2026 + 10).error == "invalid_client")
        let record = try #require(try await harness.store.record(.revocation, Revocation.Target.client(id).key))
        let revocation = try #require(Revocation(record))
        #expect(revocation.before > newYear2026)
        #expect(revocation.expiresAt > newYear2026 + 600)
    }
}
