import AuthorizationRecords
import Foundation
import GatewayTesting
import JSON
import Storage
import Testing

/// What the commands say of a database in which something is damaged.
@Suite("the command line and damaged records")
struct DamageTests {
    /// With a client, a user and a grant, and another of each that is damaged; the gateway does not run.
    private func withDatabase(
        _ body: (TemporaryFolder, SQLiteAuthorizationStore) async throws -> Void
    ) async throws {
        try await GatewayHarness.runOwnIssuer { harness, _ in
            let folder = harness.gateway.folder
            try await harness.gateway.stop()
            let now = Int64(Date().timeIntervalSince1970)
            let store = try SQLiteAuthorizationStore.open(
                path: folder.path("var/portcullis.sqlite"), creating: false, now: now, random: .system)
            let client = RegisteredClient(
                id: "good-client", name: "", grants: [.clientCredentials], authenticationMethods: [], scopes: ["a"],
                secrets: [], createdAt: now)
            let user = StoredUser(id: "good-user", name: "ada", createdAt: now)
            let grant = Grant(
                id: "good-grant", clientID: client.id, subject: user.id, scopes: [], resources: [], createdAt: now,
                expiresAt: now + 3_600)
            let damaged = [RecordKind.client, .user, .grant].map { kind in
                StoredRecord(kind, "bad-\(kind.rawValue)", client: "x", subject: "x", body: [:])
            }
            let all = [client.record, user.record, grant.record] + damaged
            #expect(try await store.commit(all.map { .insert($0) }, now: now))
            try await body(folder, store)
        }
    }

    @Test("lists print what can be read, name what is damaged on standard error, and end with 1")
    func lists() async throws {
        try await withDatabase { folder, _ in
            for kind in ["client", "user", "grant"] {
                let run = try await Portcullis.run([kind, "list"], in: folder)
                #expect(run.status == 1)
                #expect(run.output.contains("good-\(kind)"))
                #expect(!run.output.contains("bad-\(kind)"))
                #expect(run.errors.contains("1 record is damaged and not listed: bad-\(kind);"), "\(run.errors)")
                let help = try await Portcullis.run([kind, "list", "--help"], in: folder)
                #expect(help.output.contains("Exit status: 0 when everything is listed, 1 otherwise."))
            }
            let keys = try await Portcullis.run(["keys", "list"], in: folder)
            #expect(keys.status == 0)
            #expect(keys.errors.isEmpty)
        }
    }

    @Test("a damaged signing key stops the gateway that would sign with it, and no command that signs nothing")
    func signingKey() async throws {
        try await withDatabase { folder, store in
            var key = try #require(try await store.signingKeys().whole().first?.record)
            key.body["private_pem"] = "no key"
            #expect(try await store.commit([.replace(key)], now: 0))
            let words = [["client", "show", "good-client"], ["client", "remove", "good-client"], ["keys", "list"]]
            for command in words {
                let run = try await Portcullis.run(command, in: folder)
                #expect(run.status == 0, "\(run.errors)")
                #expect(run.errors.contains("warning: database "))
                #expect(run.errors.contains("signing key that cannot be read (\(key.key))"), "\(run.errors)")
            }
            let gateway = try await Portcullis.run(["run"], in: folder)
            #expect(gateway.status == 1)
            #expect(gateway.errors.contains("signing key that cannot be read (\(key.key))"), "\(gateway.errors)")
        }
    }
}
