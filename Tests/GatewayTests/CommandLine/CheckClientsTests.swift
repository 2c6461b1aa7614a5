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
            #expect(silent.errors.contains("clients were not looked at: database "), "\(silent.errors)")
            let asked = try await check("none.sqlite", ["--clients"])
            #expect(asked.status == 1)
            #expect(asked.errors.contains("cannot be read"), "\(asked.errors)")
            #expect(try folder.read("none.sqlite").count == 19)
        }
    }
}
