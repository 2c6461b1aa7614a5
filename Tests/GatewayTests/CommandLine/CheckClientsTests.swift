import Foundation
import GatewayTesting
import Testing

/// `portcullis check` beside an authorization server that has clients.
@Suite("check compares routes with clients")
struct CheckClientsTests {
    private static let routes = """
        - id: orders.read
          match: {methods: [GET], path: "/orders/{rest...}"}
          require: {issuers: [local], scopes: ["orders:read"]}
          upstream: orders
        - id: orders.write
          match: {methods: [POST], path: "/orders/{rest...}"}
          require: {issuers: [local], scopes: ["orders:write"]}
          upstream: orders
        """

    private static func warnings(_ folder: TemporaryFolder, _ words: [String] = []) async throws -> [String] {
        let run = try await Portcullis.run(["check"] + words, in: folder)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        return run.lines.filter { $0.contains("may obtain") }
    }

    @Test("a scope that no client may obtain is warned of, while the gateway runs and when it does not")
    func warned() async throws {
        try await GatewayHarness.runOwnIssuer(routes: Self.routes, runner: ProgramRunner.built()) { harness, _ in
            let folder = harness.gateway.folder
            #expect(try await Self.warnings(folder).isEmpty)
            #expect(
                try await Portcullis.run(["client", "add", "reader", "--scope", "orders:read"], in: folder).status == 0)
            let found = try await Self.warnings(folder)
            #expect(found.count == 1)
            #expect(
                found.first?.contains("warning: ") == true && found.first?.contains("\"orders:write\"") == true,
                "\(found)")
            #expect(try await Self.warnings(folder, ["--clients"]) == found)
            try await harness.gateway.stop()
            #expect(try await Self.warnings(folder) == found)
            #expect(
                try await Portcullis.run(["client", "add", "writer", "--scope", "orders:write"], in: folder).status == 0
            )
            #expect(try await Self.warnings(folder).isEmpty)
        }
    }

    @Test("users count without clients, a database that is not there is said, and looking leaves no files behind")
    func users() async throws {
        let folder = try TemporaryFolder("check users")
        try folder.write(
            """
            version: 1
            listeners:
              - {address: "127.0.0.1:8443", insecure_plaintext: true}
            authorization_server:
              issuer: https://auth.example.com
              database: "the store #1?.sqlite"
              audience: https://api.example.com
              groups: {staff: {may: [orders]}}
            issuers:
              local: {embedded: true}
            routes:
              - {id: all, match: {path: "/{rest...}", hosts: [api.example.com]}, require: {issuers: [local], scopes: [orders]}, local: health}
            audit:
              file: {path: audit.jsonl}
            """, to: "routes.yaml")
        let database = "the store #1?.sqlite"
        let without = try await Portcullis.run(["check"], in: folder)
        #expect(without.output.hasSuffix("; no database yet, so clients and users were not looked at\n"))
        #expect(without.errors.isEmpty)
        #expect(!folder.exists(database))
        let added = try await Portcullis.run(
            ["user", "add", "alice"], in: folder, input: "a long password\n")
        #expect(added.status == 0, "\(added.errors)")
        let member = try await Portcullis.run(["user", "set", "alice", "--group", "staff"], in: folder)
        #expect(member.status == 0, "\(member.errors)")
        let policy = try String(decoding: folder.read("routes.yaml"), as: UTF8.self)
        try folder.write(policy.replacing("{staff:", with: "{clerks:"), to: "routes.yaml")
        let before = try folder.read(database)
        let run = try await Portcullis.run(["check"], in: folder)
        #expect(
            run.output.contains("1 user is in the group \"staff\", which \"groups\" does not name"), "\(run.output)")
        #expect(run.errors.isEmpty, "\(run.errors)")
        #expect(try folder.read(database) == before)
        #expect(!folder.exists(database + "-wal") && !folder.exists(database + "-shm"))
    }

    @Test("a database that is not there is not made, and one that cannot be read is an error only for who asked for it")
    func unreadable() async throws {
        try await GatewayHarness.runOwnIssuer(routes: Self.routes) { harness, _ in
            let folder = harness.gateway.folder
            let policy = try String(decoding: folder.read("routes.yaml"), as: UTF8.self)
            func check(_ database: String, _ words: [String]) async throws -> Portcullis {
                try folder.write(
                    policy.replacingOccurrences(of: "var/portcullis.sqlite", with: database), to: "other.yaml")
                return try await Portcullis.run(["check", "other.yaml"] + words, in: folder)
            }
            for words in [[], ["--clients"]] {
                #expect(try await check("nowhere/none.sqlite", words).status == 0)
                #expect(!folder.exists("nowhere"))
            }
            try folder.write("this is no database", to: "none.sqlite", permissions: 0o600)
            let silent = try await check("none.sqlite", [])
            #expect(silent.status == 0)
            #expect(silent.errors.contains("clients and users were not looked at: database "), "\(silent.errors)")
            let asked = try await check("none.sqlite", ["--clients"])
            #expect(asked.status == 1)
            #expect(asked.errors.contains("cannot be read"), "\(asked.errors)")
            #expect(try folder.read("none.sqlite").count == 19)
        }
    }
}
