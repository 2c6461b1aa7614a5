import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("clients that take all descriptors", .tags(.timed))
struct DescriptorTests {
    /// Processor time of a process so far, in seconds.
    private func processorSeconds(_ process: ChildProcess) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / 100
    }

    @Test("cost no processor time, one line of the log, and no endpoint its name; when they leave all is as before")
    func exhausted() async throws {
        var runner = try ProgramRunner.built()
        // The soft one would not do for a start: it is raised.
        runner.descriptors = (soft: 24, hard: 80)
        try await DataPlaneHarness.run(
            runner: runner,
            change: {
                $0.hasTLS = false
                $0.timeouts.append("header_read: 10m")
                $0.routes = """
                    - id: health
                      match: {path: "/health"}
                      public: true
                      local: health

                    """ + $0.routes
            }
        ) { harness in
            let program = try #require(harness.gateway.running as? ProgramGateway)
            #expect(program.log.contains { $0.contains("too_few_descriptors") || $0.contains("connections_max") })
            var clients: [RawTLSClient] = []
            for _ in 0..<90 { clients.append(try await harness.gateway.rawClient { $0 = .plaintext }) }
            try await eventually("a line of the log") { program.log.contains { $0.contains("process_descriptors") } }

            let (begin, used) = (ContinuousClock.now, try processorSeconds(program.process))
            try await eventually("a second to pass") { ContinuousClock.now - begin > .seconds(1) }
            #expect(try processorSeconds(program.process) - used < 0.5)

            let first = clients[0]
            for _ in 0..<8 {
                try await first.write(Ask.get("/x"))
                let answer = try await first.readAnswer()
                #expect(answer.status == 503 && answer.text.contains("too_many_in_flight"))
            }
            try await first.write(Ask.get("/health"))
            let health = try await first.readAnswer()
            #expect(health.status == 200)
            #expect(health.text.contains("\"alarm\":\"process_descriptors\""))
            #expect(health.text.contains("\"ejected\":false"))
            #expect(program.log.count { $0.contains("process_descriptors") } == 1)

            for client in clients.dropFirst() { await client.reset() }
            let newcomer = try await harness.gateway.rawClient { $0 = .plaintext }
            for client in [first, newcomer] {
                try await client.write(Ask.get("/x"))
                #expect(try await client.readAnswer().status == 200)
            }
        }
    }
}
