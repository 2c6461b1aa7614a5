import Foundation
import GatewayTesting
import Glibc
import JSON
import Testing

@Suite("when records cannot be kept")
struct FullDiskTests {
    /// The file of records is a link, and a link can lead to a full disk.
    private static func onFullDisk(_ folder: TemporaryFolder) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.path("audit.jsonl"), withDestinationPath: "/dev/full")
    }

    /// Asks until the gateway has noticed.
    private func refusal(_ harness: GatewayHarness, _ client: CurlClient) async throws -> (
        served: Int, refused: CurlResponse
    ) {
        var served = 0
        let refused = try await eventually("a refusal") { () -> CurlResponse? in
            let answer = try await client.send(harness.request("/open/"))
            if answer.status == 200 { served += 1 }
            return answer.status == 200 ? nil : answer
        }
        return (served, refused)
    }

    @Test("nothing is served, and what was promised before is written when the disk has room again")
    func refuse() async throws {
        try await GatewayHarness.run(prepare: Self.onFullDisk) { harness in
            let client = try harness.client()
            let (served, refused) = try await refusal(harness, client)
            #expect(refused.status == 503)
            #expect(refused.code == "audit_unavailable")
            #expect(refused.value("retry-after") != nil)
            #expect(refused.value("content-type") == "application/problem+json")
            let seen = harness.upstream.requests.count
            #expect(seen == served)
            let health = try await harness.answer("/health")
            #expect(health.status == 503)
            #expect(try await client.send(harness.request("/orders/1")).status == 503)

            let file = harness.gateway.folder.path("audit.jsonl")
            try FileManager.default.removeItem(atPath: file)
            try await harness.gateway.reload()
            let answer = try await eventually("the gateway to serve again") { () -> CurlResponse? in
                let answer = try await client.send(harness.request("/open/again"))
                return answer.status == 200 ? answer : nil
            }
            _ = try await harness.record(of: answer)
            let records = try harness.gateway.auditRecords()
            #expect(records.filter { $0["path"] == "/open/" && $0["decision"] == "allowed" }.count == served)
            #expect(Set(records.compactMap { $0["request_id"]?.string }).count == records.count)
            #expect(harness.upstream.requests.count == seen + 1)
            #expect(try await harness.healthReport()["status"] == "ok")
        }
    }

    @Test("drop_and_count: everything is served, and health says how many records are missing")
    func dropAndCount() async throws {
        try await GatewayHarness.run(
            edit: GatewayHarness.audit("file: {path: audit.jsonl}, on_full: drop_and_count"), prepare: Self.onFullDisk
        ) { harness in
            let client = try harness.client()
            try await eventually("records to be dropped") {
                #expect(try await client.send(harness.request("/open/")).status == 200)
                return (try await harness.healthReport()["audit"]?.object?["dropped"]?.int ?? 0) > 0
            }
            let report = try await harness.healthReport()
            #expect(report["audit"]?.object?["state"] != "ok")
            #expect(report["audit"]?.object?["state"]?.string?.contains("No space") == true)
        }
    }

    @Test(
        "a program whose file may not grow refuses, and goes on by itself when it may again; no record is torn or lost")
    func sizeLimit() async throws {
        try await GatewayHarness.run(runner: LimitedRunner(octets: 20_000)) { harness in
            let client = try harness.client()
            var served: [String] = []
            let refused = try await eventually("a refusal") { () -> CurlResponse? in
                let answer = try await client.send(harness.request("/open/"))
                if answer.status == 200 { served.append(answer.value("x-request-id") ?? "") }
                return answer.status == 200 ? nil : answer
            }
            #expect(refused.status == 503)
            #expect(refused.code == "audit_unavailable")
            #expect(try harness.gateway.folder.read("audit.jsonl").count <= 20_000)
            let program = try #require(harness.gateway.running as? RunningProgram)
            let pid = try #require(program.process.output.first)
            let raise = try ChildProcess.start(
                "/usr/bin/env", ["prlimit", "--pid", pid, "--fsize=10000000:10000000"], in: "/")
            try #require(try await raise.waitForExit() == 0)
            let again = try await eventually("the gateway to serve again") { () -> CurlResponse? in
                let answer = try await client.send(harness.request("/open/"))
                return answer.status == 200 ? answer : nil
            }
            served.append(again.value("x-request-id") ?? "")
            _ = try await harness.record(of: again)
            let records = try harness.gateway.auditRecords()
            let allowed = records.filter { $0["decision"] == "allowed" }.compactMap { $0["request_id"]?.string }
            #expect(allowed == served)
            try await harness.gateway.stop()
        }
    }

    @Test("records that cannot be written at the end are counted in the log, and the exit status is 1")
    func lostAtTheEnd() async throws {
        try await GatewayHarness.run(runner: LimitedRunner(octets: 20_000)) { harness in
            _ = try await refusal(harness, harness.client())
            let program = try #require(harness.gateway.running as? RunningProgram)
            program.process.send(signal: SIGTERM)
            #expect(try await program.process.waitForExit(within: .seconds(60)) == 1)
            #expect(program.log.contains { $0.contains("the audit log ended before") && !$0.contains("lost=0") })
            #expect(program.log.contains { $0.contains("Error: audit records were lost at the end") })
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
