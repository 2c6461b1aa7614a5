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
        try await GatewayHarness.run { harness in
            _ = try await harness.record(of: harness.answer("/open/"))
            let attributes = try FileManager.default.attributesOfItem(
                atPath: harness.gateway.folder.path("audit.jsonl"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("is rotated by size, and no record is lost or written twice by that")
    func rotation() async throws {
        try await GatewayHarness.run(edit: GatewayHarness.audit("file: {path: audit.jsonl, rotate_at: 64KiB, keep: 9}"))
        { harness in
            let client = try harness.client()
            let path = "/open/\(String(repeating: "p", count: 300))"
            var ids: [String] = []
            for _ in 0..<300 { ids.append(try await client.send(harness.request(path)).value("x-request-id") ?? "") }
            let names = (1...9).reversed().map { "audit.jsonl.\($0)" } + ["audit.jsonl"]
            let records = try await eventually("300 records") { () -> [JSONObject]? in
                let records = try self.records(in: harness.gateway.folder, names)
                // A rotation between two of these reads would show records twice, or not at all.
                return records.count == 300 ? records : nil
            }
            #expect(records.compactMap { $0["request_id"]?.string } == ids)
            #expect(harness.gateway.folder.exists("audit.jsonl.2"))
            for name in names where harness.gateway.folder.exists(name) {
                #expect(try harness.gateway.folder.read(name).count <= 65_536, "\(name)")
            }
        }
    }

    @Test("only as many old files are kept as the policy says")
    func keep() async throws {
        try await GatewayHarness.run(edit: GatewayHarness.audit("file: {path: audit.jsonl, rotate_at: 64KiB, keep: 1}"))
        { harness in
            let client = try harness.client()
            let path = "/open/\(String(repeating: "p", count: 400))"
            for _ in 0..<300 { _ = try await client.send(harness.request(path)) }
            _ = try await harness.record(of: client.send(harness.request("/open/last")))
            #expect(harness.gateway.folder.exists("audit.jsonl.1"))
            #expect(!harness.gateway.folder.exists("audit.jsonl.2"))
        }
    }

    @Test("is opened anew on SIGHUP, for a rotation by somebody else")
    func reopened() async throws {
        try await GatewayHarness.run(runner: ProgramRunner.built()) { harness in
            let first = try await harness.answer("/open/1")
            _ = try await harness.record(of: first)
            let folder = harness.gateway.folder
            try #require(rename(folder.path("audit.jsonl"), folder.path("moved.jsonl")) == 0)
            try await harness.gateway.reload()
            try await eventually("the new file") { folder.exists("audit.jsonl") }
            let second = try await harness.answer("/open/2")
            _ = try await harness.record(of: second)
            #expect(try records(in: folder, ["moved.jsonl"]).compactMap { $0["path"]?.string } == ["/open/1"])
            #expect(try records(in: folder, ["audit.jsonl"]).compactMap { $0["path"]?.string } == ["/open/2"])
        }
    }

    @Test("that is removed while the gateway runs is made again, and health and the log say so until SIGHUP")
    func removed() async throws {
        try await GatewayHarness.run(runner: KeepingRunner()) { harness in
            let folder = harness.gateway.folder
            _ = try await harness.record(of: harness.answer("/open/1"))
            try FileManager.default.removeItem(atPath: folder.path("audit.jsonl"))
            _ = try await harness.record(of: harness.answer("/open/2"))
            // What was written in the last second before may be there again.
            let paths = try records(in: folder, ["audit.jsonl"]).compactMap { $0["path"]?.string }
            #expect(paths.contains("/open/2"))
            let report = try await harness.healthReport()
            #expect(report["status"] == "degraded")
            #expect(report["audit"]?.object?["state"] == "ok")
            #expect(report["audit"]?.object?["alarms"] == 1)
            #expect(report["audit"]?.object?["alarm"]?.string?.contains("the audit file was removed") == true)
            let process = try #require(harness.gateway.running as? RunningProgram).process
            try await eventually("the log line") {
                process.errors.contains { $0.contains("error") && $0.contains("the audit file was removed") }
            }
            try await harness.gateway.reload()
            try await eventually("the alarm to be over") {
                try await harness.healthReport()["status"] == "ok"
            }
        }
    }

    @Test("is appended to by the next start")
    func appended() async throws {
        try await GatewayHarness.run { harness in
            _ = try await harness.record(of: harness.answer("/open/1"))
            try await harness.gateway.stop()
            let again = try await ProgramRunner.built().run(policyPath: harness.gateway.folder.path("routes.yaml"))
            let client = try CurlClient(
                CurlSettings(authorities: harness.gateway.certificates.authority.pem, port: again.ports[0]))
            _ = try await client.get("https://localhost:\(again.ports[0])/open/2")
            try await again.stop()
            #expect(
                try records(in: harness.gateway.folder, ["audit.jsonl"]).compactMap { $0["path"]?.string } == [
                    "/open/1", "/open/2",
                ])
        }
    }

    @Test("that cannot be opened keeps the gateway from starting, with the reason")
    func cannotBeOpened() async throws {
        await #expect {
            try await GatewayHarness.run(edit: GatewayHarness.audit("file: {path: /proc/nowhere/audit.jsonl}")) { _ in }
        } throws: { error in
            "\(error)".contains("/proc/nowhere")
        }
    }

    @Test("standard output instead of a file: one line of JSON for each request, beside the lines for people")
    func standardOutput() async throws {
        try await GatewayHarness.run(runner: KeepingRunner(), edit: GatewayHarness.audit("standard_output: true")) {
            harness in
            let answer = try await harness.answer("/open/1")
            let process = try #require(harness.gateway.running as? RunningProgram).process
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
