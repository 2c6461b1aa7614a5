import Foundation
import GatewayTesting
import Glibc
import JSON
import Testing

@Suite("the file of records")
struct AuditFileTests {
    private func records(in folder: TemporaryFolder, _ names: [String]) throws -> [JSONObject] {
        try names.filter(folder.exists).flatMap { name in
            // What stands behind the last line feed is still being written.
            try folder.read(name).split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map {
                try #require(try JSON.parse(Array($0)).object)
            }
        }
    }

    @Test("is for its owner only")
    func mode() async throws {
        try await Stage.play { stage in
            _ = try await stage.record(of: stage.answer("/open/"))
            let attributes = try FileManager.default.attributesOfItem(atPath: stage.gateway.folder.path("audit.jsonl"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("is rotated by size, and no record is lost or written twice by that")
    func rotation() async throws {
        try await Stage.play(edit: Stage.audit("file: {path: audit.jsonl, rotate_at: 64KiB, keep: 9}")) { stage in
            let client = try stage.client()
            let path = "/open/\(String(repeating: "p", count: 300))"
            var ids: [String] = []
            for _ in 0..<300 { ids.append(try await client.send(stage.request(path)).value("x-request-id") ?? "") }
            let names = (1...9).reversed().map { "audit.jsonl.\($0)" } + ["audit.jsonl"]
            let records = try await eventually("300 records") { () -> [JSONObject]? in
                let records = try self.records(in: stage.gateway.folder, names)
                // A rotation between two of these reads would show records twice, or not at all.
                return records.count == 300 ? records : nil
            }
            #expect(records.compactMap { $0["request_id"]?.string } == ids)
            #expect(stage.gateway.folder.exists("audit.jsonl.2"))
            for name in names where stage.gateway.folder.exists(name) {
                #expect(try stage.gateway.folder.read(name).count <= 65_536, "\(name)")
            }
        }
    }

    @Test("only as many old files are kept as the policy says")
    func keep() async throws {
        try await Stage.play(edit: Stage.audit("file: {path: audit.jsonl, rotate_at: 64KiB, keep: 1}")) { stage in
            let client = try stage.client()
            let path = "/open/\(String(repeating: "p", count: 400))"
            for _ in 0..<300 { _ = try await client.send(stage.request(path)) }
            _ = try await stage.record(of: client.send(stage.request("/open/last")))
            #expect(stage.gateway.folder.exists("audit.jsonl.1"))
            #expect(!stage.gateway.folder.exists("audit.jsonl.2"))
        }
    }

    @Test("is opened anew on SIGHUP, for a rotation by somebody else")
    func reopened() async throws {
        try await Stage.play(runner: ProgramRunner.built()) { stage in
            let first = try await stage.answer("/open/1")
            _ = try await stage.record(of: first)
            let folder = stage.gateway.folder
            try #require(rename(folder.path("audit.jsonl"), folder.path("moved.jsonl")) == 0)
            try await stage.gateway.reload()
            try await eventually("the new file") { folder.exists("audit.jsonl") }
            let second = try await stage.answer("/open/2")
            _ = try await stage.record(of: second)
            #expect(try records(in: folder, ["moved.jsonl"]).compactMap { $0["path"]?.string } == ["/open/1"])
            #expect(try records(in: folder, ["audit.jsonl"]).compactMap { $0["path"]?.string } == ["/open/2"])
        }
    }

    @Test("is appended to by the next start")
    func appended() async throws {
        try await Stage.play { stage in
            _ = try await stage.record(of: stage.answer("/open/1"))
            try await stage.gateway.stop()
            let again = try await ProgramRunner.built().run(policyPath: stage.gateway.folder.path("routes.yaml"))
            let client = try CurlClient(
                CurlSettings(authorities: stage.gateway.certificates.authority.pem, port: again.ports[0]))
            _ = try await client.get("https://localhost:\(again.ports[0])/open/2")
            try await again.stop()
            #expect(
                try records(in: stage.gateway.folder, ["audit.jsonl"]).compactMap { $0["path"]?.string } == [
                    "/open/1", "/open/2",
                ])
        }
    }

    @Test("that cannot be opened keeps the gateway from starting, with the reason")
    func cannotBeOpened() async throws {
        await #expect {
            try await Stage.play(edit: Stage.audit("file: {path: /proc/nowhere/audit.jsonl}")) { _ in }
        } throws: { error in
            "\(error)".contains("/proc/nowhere")
        }
    }

    @Test("standard output instead of a file: one line of JSON for each request, beside the lines for people")
    func standardOutput() async throws {
        try await Stage.play(runner: KeepingRunner(), edit: Stage.audit("standard_output: true")) { stage in
            let answer = try await stage.answer("/open/1")
            let process = try #require(stage.gateway.running as? RunningProgram).process
            let line = try await eventually("the record") { process.output.first { $0.hasPrefix("{") } }
            let record = try #require(try JSON.parse(Array(line.utf8)).object)
            #expect(record["request_id"]?.string == answer.value("x-request-id"))
        }
    }

    private struct KeepingRunner: GatewayRunner {
        func start(policyPath: String, listeners: Int) async throws -> any RunningGateway {
            let folder = URL(filePath: policyPath).deletingLastPathComponent().path
            return try await RunningProgram(
                ChildProcess.start(ProgramRunner.built().executable, ["run", policyPath], in: folder))
        }
    }
}
