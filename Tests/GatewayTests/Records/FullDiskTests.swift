import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("when records cannot be kept")
struct FullDiskTests {
    /// The file of records is a link, and a link can lead to a full disk.
    private static func onFullDisk(_ folder: TemporaryFolder) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.path("audit.jsonl"), withDestinationPath: "/dev/full")
    }

    /// Asks until the gateway has noticed.
    private func refusal(_ stage: Stage, _ client: CurlClient) async throws -> (served: Int, refused: CurlResponse) {
        var served = 0
        let refused = try await eventually("a refusal") { () -> CurlResponse? in
            let answer = try await client.send(stage.request("/open/"))
            if answer.status == 200 { served += 1 }
            return answer.status == 200 ? nil : answer
        }
        return (served, refused)
    }

    @Test("nothing is served, and what was promised before is written when the disk has room again")
    func refuse() async throws {
        try await Stage.play(prepare: Self.onFullDisk) { stage in
            let client = try stage.client()
            let (served, refused) = try await refusal(stage, client)
            #expect(refused.status == 503)
            #expect(refused.code == "audit_unavailable")
            #expect(refused.value("retry-after") != nil)
            #expect(refused.value("content-type") == "application/problem+json")
            let seen = stage.upstream.requests.count
            #expect(seen == served)
            let health = try await stage.answer("/health")
            #expect(health.status == 503)
            #expect(try await client.send(stage.request("/orders/1")).status == 503)

            let file = stage.gateway.folder.path("audit.jsonl")
            try FileManager.default.removeItem(atPath: file)
            try await stage.gateway.reload()
            let answer = try await eventually("the gateway to serve again") { () -> CurlResponse? in
                let answer = try await client.send(stage.request("/open/again"))
                return answer.status == 200 ? answer : nil
            }
            _ = try await stage.record(of: answer)
            let records = try stage.gateway.auditRecords()
            #expect(records.filter { $0["path"] == "/open/" && $0["decision"] == "allowed" }.count == served)
            #expect(Set(records.compactMap { $0["request_id"]?.string }).count == records.count)
            #expect(stage.upstream.requests.count == seen + 1)
            #expect(try await stage.healthReport()["status"] == "ok")
        }
    }

    @Test("drop_and_count: everything is served, and health says how many records are missing")
    func dropAndCount() async throws {
        try await Stage.play(
            edit: Stage.audit("file: {path: audit.jsonl}, on_full: drop_and_count"), prepare: Self.onFullDisk
        ) { stage in
            let client = try stage.client()
            try await eventually("records to be dropped") {
                #expect(try await client.send(stage.request("/open/")).status == 200)
                return (try await stage.healthReport()["audit"]?.object?["dropped"]?.int ?? 0) > 0
            }
            let report = try await stage.healthReport()
            #expect(report["audit"]?.object?["state"] != "ok")
            #expect(report["audit"]?.object?["state"]?.string?.contains("No space") == true)
        }
    }

    @Test(
        "a program whose file may not grow refuses, and goes on by itself when it may again; no record is torn or lost")
    func sizeLimit() async throws {
        try await Stage.play(runner: LimitedRunner(octets: 20_000)) { stage in
            let client = try stage.client()
            var served: [String] = []
            let refused = try await eventually("a refusal") { () -> CurlResponse? in
                let answer = try await client.send(stage.request("/open/"))
                if answer.status == 200 { served.append(answer.value("x-request-id") ?? "") }
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 503)
            #expect(refused.code == "audit_unavailable")
            #expect(try stage.gateway.folder.read("audit.jsonl").count <= 20_000)
            let program = try #require(stage.gateway.running as? RunningProgram)
            let pid = try #require(program.process.output.first)
            let raise = try ChildProcess.start(
                "/usr/bin/env", ["prlimit", "--pid", pid, "--fsize=10000000:10000000"], in: "/")
            try #require(try await raise.waitForExit() == 0)
            let again = try await eventually("the gateway to serve again") { () -> CurlResponse? in
                let answer = try await client.send(stage.request("/open/"))
                return answer.status == 200 ? answer : nil
            }
            served.append(again.value("x-request-id") ?? "")
            _ = try await stage.record(of: again)
            let records = try stage.gateway.auditRecords()
            let allowed = records.filter { $0["decision"] == "allowed" }.compactMap { $0["request_id"]?.string }
            #expect(allowed == served)
            try await stage.gateway.stop()
        }
    }

    /// The program, whose files may have so many octets for now. Its number is the first line that it prints.
    private struct LimitedRunner: GatewayRunner {
        let octets: Int
        func start(policyPath: String, listeners: Int) async throws -> any RunningGateway {
            let folder = URL(filePath: policyPath).deletingLastPathComponent().path
            let script = "echo $$; exec prlimit --fsize=\(octets):10000000 \"$0\" run \"$1\""
            let program = try ProgramRunner.built().executable
            return try await RunningProgram(
                ChildProcess.start("/bin/sh", ["-c", script, program, policyPath], in: folder))
        }
    }
}
