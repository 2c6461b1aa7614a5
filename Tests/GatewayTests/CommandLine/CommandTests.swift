import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("the command line")
struct CommandTests {
    private static let broken = """
        version: 1
        listeners:
          - address: 127.0.0.1:0
            tls: {certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]}
        upstreams: {}
        routes:
          - id: a
            match: {path: /a}
            scope: x
            upstream: ghost
        """

    @Test("check says everything that is wrong, each with its place, and ends with 1")
    func checkText() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.broken, to: "routes.yaml")
        let run = try await Portcullis.run(["check", "routes.yaml"], in: folder)
        #expect(run.status == 1)
        #expect(run.lines.contains { $0.hasPrefix("routes.yaml:9:5: error: ") && $0.contains("\"scope\"") })
        #expect(run.lines.contains { $0.hasPrefix("routes.yaml:10:") && $0.contains("ghost") })
        #expect(run.lines.contains { $0.hasPrefix("routes.yaml:4:") && $0.contains("certs/gateway.pem") })
        #expect(run.lines.last?.contains("errors") == true)
    }

    @Test("version and --version say the same")
    func version() async throws {
        let folder = try TemporaryFolder()
        let option = try await Portcullis.run(["--version"], in: folder)
        let command = try await Portcullis.run(["version"], in: folder)
        #expect(option.status == 0 && command.status == 0)
        #expect(option.output == command.output && option.output.hasPrefix("0."), "\(option.output)\(command.output)")
    }

    @Test("what a library says of a failure is told in words: where, what, and what to do about it")
    func wordsOfOurOwn() async throws {
        try await GatewayHarness.runOwnIssuer { harness, _ in
            let folder = try TemporaryFolder()
            func token(_ issuer: String, _ words: String...) async throws -> String {
                let run = try await Portcullis.run(
                    ["token", "--issuer", issuer, "--client-id", "x", "--client-secret-file", "secret"] + words,
                    in: folder)
                #expect(run.status == 1)
                return run.errors
            }
            try folder.write("a secret that is long enough", to: "secret")
            let port = harness.gateway.port
            let untrusted = try await token("https://localhost:\(port)")
            #expect(untrusted.contains("signed by none of the authorities that are trusted"), "\(untrusted)")
            #expect(untrusted.contains("--cacert"), "\(untrusted)")
            let closed = try await token("https://localhost:1")
            #expect(closed.contains("connection refused"), "\(closed)")
            try folder.write("{]", to: "export.json")
            let policy = try harness.gateway.folder.read("routes.yaml")
            try folder.write(String(decoding: policy, as: UTF8.self), to: "routes.yaml")
            for text in [untrusted, closed] {
                for raw in ["NIO", "HTTPClientError", "errno", "BoringSSL", "(", "CERTIFICATE_"] {
                    #expect(!text.contains(raw), "\(raw): \(text)")
                }
            }
        }
    }

    @Test("check --format json is one document with the same findings")
    func checkJSON() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.broken, to: "routes.yaml")
        let run = try await Portcullis.run(["check", "routes.yaml", "--format", "json"], in: folder)
        #expect(run.status == 1)
        let document = try #require(try JSON.parse(Array(run.output.utf8)).object)
        let findings = (document["findings"]?.array ?? []).compactMap(\.object)
        #expect(document["errors"]?.int == Int64(findings.count { $0["severity"] == "error" }))
        #expect(
            findings.contains {
                $0["line"] == 9 && $0["column"] == 5 && $0["file"] == "routes.yaml" && $0["severity"] == "error"
            })
        let text = try await Portcullis.run(["check", "routes.yaml"], in: folder)
        #expect(text.lines.count == findings.count + 1)
    }

    @Test("check of a good policy ends with 0 and says what it holds")
    func checkGood() async throws {
        try await GatewayHarness.run { harness in
            let run = try await Portcullis.run(["check"], in: harness.gateway.folder)
            #expect(run.status == 0, "\(run.output)")
            #expect(run.lines.last?.hasPrefix("routes.yaml: ok: 5 routes, 1 upstreams, 1 issuers") == true)
            let json = try await Portcullis.run(["check", "--format", "json"], in: harness.gateway.folder)
            #expect(json.status == 0)
            #expect(try JSON.parse(Array(json.output.utf8)).object?["errors"] == 0)
        }
    }

    @Test("check of a file that is missing says so")
    func checkMissing() async throws {
        let run = try await Portcullis.run(["check", "none.yaml"], in: TemporaryFolder())
        #expect(run.status == 1)
        #expect((run.output + run.errors).contains("none.yaml"))
    }

    @Test("certs init makes what the reference policy names, twice does no harm, and keys are for their owner only")
    func certificates() async throws {
        let folder = try TemporaryFolder()
        let first = try await Portcullis.run(["certs", "init"], in: folder)
        #expect(first.status == 0, "\(first.errors)")
        let names = [
            "ca.pem", "gateway.pem", "gateway.key", "client-ca.pem", "client.pem", "client.key", "upstream-ca.pem",
            "orders.pem", "orders.key", "partner.jwks.json",
        ]
        for name in names { #expect(folder.exists("certs/\(name)"), "\(name)") }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path("certs"))
        where name.hasSuffix(".key") {
            #expect(
                try FileManager.default.attributesOfItem(atPath: folder.path("certs/\(name)"))[.posixPermissions]
                    as? Int == 0o600, "\(name)")
        }
        let before = try names.map { try folder.read("certs/\($0)") }
        let second = try await Portcullis.run(["certs", "init"], in: folder)
        #expect(second.status == 0)
        #expect(try names.map { try folder.read("certs/\($0)") } == before)
        let forced = try await Portcullis.run(["certs", "init", "--force"], in: folder)
        #expect(forced.status == 0)
        #expect(try folder.read("certs/gateway.pem") != before[1])
        #expect(!(first.output + second.output + forced.output).contains("PRIVATE KEY"))
    }

    @Test(
        "help is there for every command and says what it does",
        arguments: [
            [], ["run"], ["check"], ["certs"], ["certs", "init"], ["client"], ["client", "add"], ["client", "list"],
            ["client", "remove"], ["token"],
            ["jose"], ["jose", "verify"], ["jose", "inspect"],
        ])
    func help(command: [String]) async throws {
        let run = try await Portcullis.run(command + ["--help"], in: TemporaryFolder())
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("OVERVIEW: "))
        #expect(run.output.contains("USAGE: portcullis \(command.joined(separator: " "))"))
        #expect(run.errors == "")
    }

    @Test("nothing at all shows the help, and the version is a number")
    func nothing() async throws {
        let folder = try TemporaryFolder()
        #expect(try await Portcullis.run([], in: folder).output.contains("USAGE: portcullis"))
        #expect(try await Portcullis.run(["--version"], in: folder).output.contains(/^\d+\.\d+\.\d+/))
    }

    @Test(
        "what is no command, or lacks something, is refused with the usage",
        arguments: [
            ["frobnicate"], ["run", "--log-level", "loud"], ["check", "--format", "xml"], ["token"],
            ["client", "remove"], ["run", "a", "b"],
            ["jose", "verify"], ["jose", "verify", "--key", "k", "--alg", "none"],
            ["jose", "verify", "--key", "k", "--alg", "HS256"],
        ])
    func usage(arguments: [String]) async throws {
        let run = try await Portcullis.run(arguments, in: TemporaryFolder())
        #expect(run.status == 64)
        #expect(run.errors.contains("Error:"))
        #expect(run.output == "")
    }

    @Test("commands about clients say what is missing where there is no authorization server")
    func noServer() async throws {
        try await GatewayHarness.run { harness in
            let run = try await Portcullis.run(["client", "list"], in: harness.gateway.folder)
            #expect(run.status == 1)
            #expect(run.errors.contains("authorization_server"))
        }
    }
}
