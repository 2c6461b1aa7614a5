import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("what commands print, and what they were asked")
struct StandardOutputTests {
    private static let policy = """
        version: 1
        listeners:
          - address: 127.0.0.1:0
            insecure_plaintext: true
        issuers:
          local: {embedded: true}
        authorization_server:
          issuer: https://localhost:8443
          database: portcullis.sqlite
          audience: https://api.example.com
        routes:
          - {id: all, match: {path: /orders}, require: {issuers: [local], scopes: ["orders:read"]}, local: health}
        audit: {file: {path: audit.jsonl}}
        """

    private func shell(_ script: String, in folder: TemporaryFolder, input: String = "") async throws
        -> (status: Int32, errors: String)
    {
        let program = try ProgramRunner.built().executable
        try folder.write(input, to: "input")
        let process = try ChildProcess.start(
            "/bin/sh", ["-c", "{ \(script); } 2>errors <input", program], in: folder.url.path)
        let status = try await process.waitForExit()
        return (status, String(decoding: try folder.read("errors"), as: UTF8.self))
    }

    @Test(
        "that cannot be written is an error, whichever command it is",
        arguments: [
            "--help", "--version", "help run", "check", "check --format json", "certs init",
            "client add --scope orders:read",
            "client add --scope orders:read --json", "client list", "client show shop", "client secret add shop",
            "user list", "user add ada", "grant list", "session list", "client set shop --name Shop --dry-run",
            "keys list", "keys rotate", "keys rotate --now", "jose inspect",
            "token --help", "client remove shop",
        ])
    func full(command: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.policy, to: "routes.yaml")
        let added = try await Portcullis.run(["client", "add", "shop", "--scope", "orders:read"], in: folder)
        #expect(added.status == 0, "\(added.errors)")
        for output in [">/dev/full", ">&-"] {
            let run = try await shell("\"$0\" \(command) \(output)", in: folder, input: "a long password 42\n")
            #expect(run.status == 1, "\(output)")
            #expect(run.errors.contains("standard output could not be written"), "\(run.errors)")
            #expect(!run.errors.contains("Fatal error"))
            // These can be done once only.
            if ["user add", "client remove", "client secret add"].contains(where: command.hasPrefix) { break }
        }
    }

    @Test("standard error that cannot be written changes nothing", arguments: ["2>/dev/full", "2>&-"])
    func errorsFull(_ output: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.policy, to: "routes.yaml")
        #expect(try await shell("\"$0\" check >/dev/null \(output)", in: folder).status == 0)
        #expect(try await shell("\"$0\" client show none >/dev/null \(output)", in: folder).status == 1)
    }

    @Test("arguments are known without /proc", .enabled { try await mayHideProc() })
    func withoutProc() async throws {
        let folder = try TemporaryFolder()
        try folder.write("version: 1\n", to: "none.yaml")
        let run = try await shell(
            "unshare -rm sh -c 'mount -t tmpfs none /proc && exec \"$0\" run none.yaml' \"$0\" >output", in: folder)
        #expect(run.status == 1)
        #expect(run.errors.contains("none.yaml:1:1"), "\(run.errors)")
        #expect(try folder.read("output").isEmpty)
    }

    private static func mayHideProc() async throws -> Bool {
        let process = try ChildProcess.start(
            "/bin/sh", ["-c", "unshare -rm sh -c 'mount -t tmpfs none /proc' 2>/dev/null"], in: "/")
        return try await process.waitForExit() == 0
    }

    @Test(
        "commands that look at a database, or change what is in it, never make one",
        arguments: [
            "client list", "client show shop", "client set shop --name Shop", "client remove shop",
            "client secret add shop", "user list", "session list", "session end some-session", "session end --user ada",
            "user remove ada", "user disable ada", "grant list", "grant revoke g", "keys list", "keys rotate",
            "keys retire k", "check",
        ])
    func noDatabase(command: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.policy, to: "routes.yaml")
        let run = try await Portcullis.run(command.split(separator: " ").map(String.init), in: folder)
        #expect(!folder.exists("portcullis.sqlite"))
        guard command != "check" else { return }
        #expect(run.status == 1)
        #expect(run.errors.contains("database portcullis.sqlite does not exist"), "\(run.errors)")
    }

    @Test("a database that is made is spoken of: by the gateway's start with the key's id, and by client add")
    func newDatabase() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.policy, to: "routes.yaml")
        let added = try await Portcullis.run(["client", "add", "shop", "--scope", "orders:read"], in: folder)
        #expect(added.status == 0 && added.errors.contains("was created new"))
        let again = try await Portcullis.run(["client", "add", "other", "--scope", "orders:read"], in: folder)
        #expect(again.status == 0 && !again.errors.contains("created"))
        let path = folder.path("routes.yaml")
        let kids = try await startedWith(path)
        #expect(kids.count == 1 && kids.first?.contains("is open") == true)
        for name in ["portcullis.sqlite", "portcullis.sqlite-wal", "portcullis.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: folder.path(name))
        }
        let new = try await startedWith(path)
        #expect(
            new.count == 1 && new.first?.contains("created new") == true && new.first?.contains("\"kid\":\"") == true)
        #expect(new != kids)
    }

    /// The log's lines about the database at a start.
    private func startedWith(_ path: String) async throws -> [String] {
        let gateway = try await ProgramRunner.built().run(policyPath: path)
        let lines = try await eventually("a line about the database") { () -> [String]? in
            let lines = gateway.log.filter { $0.contains("authorization server's database") }
            return lines.isEmpty ? nil : lines
        }
        try await gateway.stop()
        return lines
    }
}
