import Foundation
import GatewayTesting
import Glibc
import JSON
import Testing

@Suite("the program reads its files again")
struct ProgramReloadTests {
    private static let more =
        GatewayHarness.routes + "\n- id: more\n  match: {path: /more}\n  public: true\n  upstream: orders\n"

    @Test("when one changes, by itself")
    func change() async throws {
        try await GatewayHarness.run(runner: ProgramRunner.built()) { harness in
            let client = try harness.client()
            #expect(try await client.send(harness.request("/more")).status == 404)
            try harness.gateway.write(policy: harness.policy(routes: Self.more))
            try await eventually("the new route") { try await client.send(harness.request("/more")).status == 200 }
            // A link that is turned round, as mounted secrets are.
            let folder = harness.gateway.folder
            try folder.write(harness.policy(), to: "other.yaml")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("link"), withDestinationPath: folder.path("other.yaml"))
            try #require(rename(folder.path("link"), folder.path("routes.yaml")) == 0)
            try await eventually("the route to go") { try await client.send(harness.request("/more")).status == 404 }
            #expect(try await client.send(harness.request("/more")).connectCount == 0)
            try await harness.gateway.stop()
        }
    }

    @Test("on SIGHUP, and a broken one is in the log with its place")
    func hangup() async throws {
        try await GatewayHarness.run(runner: ProgramRunner.built()) { harness in
            try harness.gateway.write(policy: harness.policy(routes: Self.more))
            try await harness.gateway.reload()
            try await eventually("the new route") { try await harness.answer("/more").status == 200 }
            try harness.gateway.write(policy: "version: 1\nroutez: []\n")
            try await harness.gateway.reload()
            try await eventually("the reason in the log") {
                harness.gateway.running.log.contains { $0.contains("routez") }
            }
            #expect(try await harness.healthReport()["reload_error"]?.string?.contains("routes.yaml:2:1") == true)
            #expect(try await harness.answer("/more").status == 200)
            try await harness.gateway.stop()
        }
    }

    @Test("with errors it does not start: exit status 1, and all of them")
    func brokenAtStart() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            version: 1
            listeners:
              - address: nowhere
                tls: {certificates: [{chain: certs/none.pem, key: certs/none.key}]}
            routes:
              - id: a
                match: {path: relative}
                limit: x
                upstream: ghost
            """, to: "routes.yaml")
        let run = try await Portcullis.run(["run", "routes.yaml"], in: folder)
        #expect(run.status == 1)
        #expect(run.output == "")
        for place in ["routes.yaml:3:", "routes.yaml:4:", "routes.yaml:7:", "routes.yaml:8:", "routes.yaml:9:"] {
            #expect(run.errors.contains(place), "\(place) in \(run.errors)")
        }
        #expect(run.errors.contains("did you mean"))
        #expect(run.errors.contains("not started"))
        #expect(!run.errors.contains("Fatal error"))
    }

    @Test("without a policy it does not start, and says which file is missing")
    func missing() async throws {
        let run = try await Portcullis.run(["run", "none.yaml"], in: TemporaryFolder())
        #expect(run.status == 1)
        #expect(run.errors.contains("none.yaml"))
    }

    @Test("on a port that somebody has it does not start, and says which")
    func portTaken() async throws {
        try await GatewayHarness.run { harness in
            let text = harness.policy(edit: {
                $0.replacingOccurrences(of: "127.0.0.1:0", with: "127.0.0.1:\(harness.gateway.port)")
            })
            try harness.gateway.folder.write(text, to: "second.yaml")
            let run = try await Portcullis.run(["run", "second.yaml"], in: harness.gateway.folder)
            #expect(run.status == 1)
            #expect(run.errors.contains("127.0.0.1:\(harness.gateway.port)"))
            #expect(run.errors.lowercased().contains("in use"))
        }
    }

    @Test("SIGTERM ends it after what is under way, with exit status 0 and nothing lost")
    func terminate() async throws {
        try await GatewayHarness.run(runner: ProgramRunner.built()) { harness in
            harness.upstream.script([.gated("go", "late\n")], for: "/open/slow")
            async let slow = harness.answer("/open/slow")
            _ = try await harness.upstream.request("/open/slow") { $0.path == "/open/slow" }
            let program = try #require(harness.gateway.running as? ProgramGateway)
            program.process.send(signal: SIGTERM)
            try await eventually("nobody to listen") {
                do {
                    _ = try await harness.answer("/open/")
                    return false
                } catch { return true }
            }
            #expect(program.process.exitStatus == nil)
            harness.upstream.open(gate: "go")
            #expect(try await slow.text == "late\n")
            #expect(try await program.process.waitForExit() == 0)
            #expect(
                try harness.gateway.auditRecords().contains {
                    $0["path"] == "/open/slow" && $0["decision"] == "allowed"
                })
        }
    }
}
