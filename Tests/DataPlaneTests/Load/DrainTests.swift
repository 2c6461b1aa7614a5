import Foundation
import GatewayTesting
import JSON
import Synchronization
import Testing

@Suite("SIGTERM", .tags(.timed))
struct DrainTests {
    @Test("under load loses no request that was accepted")
    func load() async throws {
        let script = UpstreamScript { _ in
            [
                .readBody, .write(UpstreamScript.head(200, [HeaderField("Content-Length", "6")])),
                .drip(Array("hello\n".utf8), pause: .milliseconds(1)),
            ]
        }
        try await DataPlaneHarness.run(
            script, runner: try ProgramRunner.built(), change: { $0.timeouts = ["drain: 20s"] }
        ) {
            harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            let counts = try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let client = try harness.gateway.client()
                        var (whole, failures) = (0, [String]())
                        while true {
                            do {
                                let answer = try await client.post("\(harness.gateway.url)/", .text("body"))
                                #expect(answer.text == "hello\n")
                                whole += 1
                            } catch let failure as CurlFailure {
                                failures.append("\(failure.kind) \(failure.partial.status) \(failure.description)")
                                break
                            }
                        }
                        return (whole, failures)
                    }
                }
                _ = try await harness.upstream.requests(atLeast: 60)
                program.process.send(signal: SIGTERM)
                return try await group.reduce(into: (0, [String]())) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
            }
            let status = try await program.process.waitForExit()
            #expect(status == 0)
            let (whole, failures) = counts
            #expect(whole == harness.upstream.requests.count, "\(failures)")
            #expect(harness.upstream.requests.allSatisfy { $0.isComplete })
            let records = try harness.gateway.auditRecords()
            #expect(records.count == whole)
            #expect(records.filter { $0["ending"] != nil }.isEmpty)
        }
    }

    @Test("answers connections that wait in the kernel, whose clients have sent a request already")
    func waiting() async throws {
        try await DataPlaneHarness.run(
            runner: try ProgramRunner.built(),
            change: {
                $0.hasTLS = false
                $0.timeouts = ["drain: 20s"]
            }
        ) { harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            // While the process stands still the kernel completes connections for it.
            program.process.send(signal: SIGSTOP)
            var clients: [RawTLSClient] = []
            for index in 0..<200 {
                let client = try await harness.gateway.rawClient { $0 = .plaintext }
                try await client.write(Ask.get("/waiting/\(index)"))
                clients.append(client)
            }
            program.process.send(signal: SIGTERM)
            program.process.send(signal: SIGCONT)
            for client in clients {
                let (answers, ending) = try await client.readToEnd()
                // With `Connection: close`, unless it was given before the signal was noticed.
                #expect(answers.map(\.status) == [200])
                #expect(ending == .closed)
            }
            let status = try await program.process.waitForExit()
            #expect(status == 0)
            #expect(try harness.gateway.auditRecords().count == 200)
        }
    }

    @Test("lets answers that are on their way come to their end, and says Connection: close")
    func finishing() async throws {
        try await DataPlaneHarness.run(
            .gated("go"), runner: try ProgramRunner.built(), change: { $0.timeouts = ["drain: 20s"] }
        ) { harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            let waiting = try await harness.sending(Ask.get("/waiting"))
            let idle = try await harness.gateway.rawClient()
            let halfway = try await harness.sending("GET /halfway HTTP/1.1\r\n")
            _ = try await harness.upstream.requests(atLeast: 1)
            program.process.send(signal: SIGTERM)
            try await eventually("the end of listening") {
                guard let client = try? await harness.gateway.rawClient() else { return true }
                await client.reset()
                return false
            }
            try await halfway.write("Host: localhost\r\n\r\n")
            harness.upstream.open(gate: "go")
            for client in [waiting, halfway] {
                let (answers, ending) = try await client.readToEnd()
                #expect(answers.map(\.status) == [200])
                #expect(answers.first?.value("connection") == "close")
                #expect(ending == .closed)
            }
            #expect(try await idle.readToEnd().answers.isEmpty)
            let status = try await program.process.waitForExit()
            #expect(status == 0)
            #expect(try harness.gateway.auditRecords().count == 2)
        }
    }

    @Test("cuts a tunnel when the policy's drain is over, and its record says so")
    func tunnel() async throws {
        try await DataPlaneHarness.run(
            .upgradeEcho(), runner: try ProgramRunner.built(), change: { $0.timeouts = ["drain: 300ms"] }
        ) { harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            let upgrade = ["Connection: Upgrade", "Upgrade: websocket"]
            let open = try await harness.sending(Ask.head("GET", "/ws/1", upgrade))
            #expect(try await open.readAnswer().status == 101)
            let left = try await harness.sending(Ask.head("GET", "/ws/2", upgrade))
            #expect(try await left.readAnswer().status == 101)
            await left.reset()
            _ = try await harness.gateway.auditRecords(atLeast: 1)
            program.process.send(signal: SIGTERM)
            let status = try await program.process.waitForExit()
            #expect(status == 0)
            _ = try? await open.readToEnd()
            let records = try harness.gateway.auditRecords()
            #expect(records.map { $0["path"] } == ["/ws/2", "/ws/1"])
            #expect(records.map { $0["ending"] } == [nil, "shut_down"])
            #expect(records.map { $0["status"] } == [101, 101])
        }
    }

    @Test("waits no longer than the policy's drain, and records what it broke off")
    func noLonger() async throws {
        try await DataPlaneHarness.run(
            .hang, runner: try ProgramRunner.built(), change: { $0.timeouts = ["drain: 300ms"] }
        ) {
            harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            let client = try await harness.sending(Ask.get())
            _ = try await harness.upstream.requests(atLeast: 1)
            program.process.send(signal: SIGTERM)
            let status = try await program.process.waitForExit()
            #expect(status == 0)
            #expect(try await client.readToEnd().answers.isEmpty)
            let records = try harness.gateway.auditRecords()
            #expect(records.map { $0["ending"] } == ["shut_down"])
        }
    }
}
