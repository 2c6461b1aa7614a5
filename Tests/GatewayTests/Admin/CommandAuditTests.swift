import Foundation
import GatewayTesting
import Glibc
import JSON
import Testing

/// What the command line changes is recorded beside a gateway that runs.
@Suite("changes by the command line")
struct CommandAuditTests {
    private static func run(_ arguments: [String], _ admin: AdminHarness, input: String = "") async throws -> Portcullis
    {
        try await Portcullis.run(arguments, in: admin.base.gateway.folder, input: input)
    }

    @Test("each change has a record: who, what, before and after, and no secret")
    func records() async throws {
        try await AdminHarness.run { admin in
            var secrets: [String] = []
            func run(_ arguments: String..., input: String = "") async throws {
                let run = try await Self.run(arguments, admin, input: input)
                #expect(run.status == 0, "\(arguments): \(run.errors)")
                if let secret = try? JSON.parse(Array(run.output.utf8)).object?["client_secret"]?.string {
                    secrets.append(secret)
                }
            }
            try await run("client", "add", "billing", "--scope", "orders:read", "--json")
            try await run("client", "secret", "add", "billing", "--json")
            try await run("client", "secret", "remove", "billing")
            try await run("client", "remove", "billing")
            try await run("user", "add", "alice", input: "correct horse battery\n")
            try await run("user", "disable", "alice")
            try await run("user", "enable", "alice")
            try await run("user", "password", "alice", input: "another long secret\n")
            try await run("user", "remove", "alice")
            try await run("keys", "rotate")
            let answer = try await admin.base.answer("/health")
            _ = try await admin.base.record(of: answer)
            let changes = try admin.base.gateway.auditRecords().filter { $0["change"] != nil }
            #expect(
                changes.map { $0["change"]?.string } == [
                    "client_added", "client_added", "client_secret_added", "client_secret_removed", "client_removed",
                    "user_added",
                    "user_changed", "user_changed", "user_changed", "user_removed", "keys_rotated",
                ])
            #expect(
                changes.allSatisfy {
                    $0["actor_user"]?.string?.hasSuffix("(\(getuid()))") == true && $0["outcome"] == "done"
                })
            #expect(changes[6]["before"] == ["disabled": false])
            #expect(changes[6]["after"] == ["disabled": true])
            let text = String(decoding: try admin.base.gateway.folder.read("audit.jsonl"), as: UTF8.self)
            #expect(secrets.count == 2)
            for secret in secrets + ["correct horse", "another long", "scrypt", "PRIVATE KEY"] {
                #expect(!text.contains(secret))
            }
        }
    }

    @Test("where it cannot be recorded nothing is changed")
    func unrecorded() async throws {
        try await AdminHarness.run { admin in
            let folder = admin.base.gateway.folder
            let policy = try String(decoding: folder.read("routes.yaml"), as: UTF8.self)
            try folder.write(
                policy.replacingOccurrences(of: "audit.jsonl", with: "routes.yaml/audit.jsonl"), to: "other.yaml")
            let run = try await Self.run(
                ["client", "add", "billing", "--scope", "orders:read", "--policy", "other.yaml"], admin)
            #expect(run.status == 1)
            #expect(run.errors.contains("no audit record can be written"), "\(run.errors)")
            #expect(try await Self.run(["client", "show", "billing"], admin).status == 1)
            for arguments in [
                ["client", "remove", "nobody"], ["client", "secret", "add", "nobody"], ["user", "remove", "nobody"],
                ["grant", "revoke", "none"],
            ] {
                let run = try await Self.run(arguments, admin)
                #expect(run.status == 1)
                #expect(run.errors.contains("there is no "), "\(run.errors)")
            }
            #expect(try admin.base.gateway.auditRecords().count { $0["change"] != nil } == 1)
        }
    }

    @Test("a secret that was made is shown, though the record of it cannot be written any more")
    func full() async throws {
        try await AdminHarness.run { admin in
            let folder = admin.base.gateway.folder
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("full.jsonl"), withDestinationPath: "/dev/full")
            let policy = try String(decoding: folder.read("routes.yaml"), as: UTF8.self)
            try folder.write(policy.replacingOccurrences(of: "audit.jsonl", with: "full.jsonl"), to: "other.yaml")
            let run = try await Self.run(
                ["client", "add", "billing", "--scope", "orders:read", "--policy", "other.yaml"], admin)
            #expect(run.status == 1)
            #expect(run.errors.contains("\"change\":\"client_added\""), "\(run.errors)")
            let secret = try #require(
                run.errors.firstMatch(of: /client_secret: (pcs_[A-Za-z0-9_-]+)/)?.1, "\(run.errors)")
            _ = try await AdminHarness.obtain(
                AdminHarness.Client(id: "billing", secret: String(secret)), in: admin.base)
        }
    }

    @Test("a client that is removed and added again at once obtains tokens that count")
    func again() async throws {
        try await AdminHarness.run { admin in
            for _ in 0..<2 {
                let client = try await AdminHarness.add("billing", scopes: ["orders:read"], in: admin.base)
                let token = try await AdminHarness.obtain(client, in: admin.base)
                #expect(try await admin.base.answer("/orders/1", token: token).status == 200)
                #expect(try await Self.run(["client", "remove", "billing"], admin).status == 0)
            }
        }
    }
}
