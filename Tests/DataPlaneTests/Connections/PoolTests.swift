import GatewayTesting
import JSON
import Testing

@Suite("connections to an upstream", .tags(.timed))
struct PoolTests {
    @Test("are not more than connections_per_worker_max; who finds none stands in line")
    func line() async throws {
        try await DataPlaneHarness.run(
            .gated("go"),
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 2"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { harness in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await harness.gateway.client().get("\(harness.gateway.url)/").status }
                }
                _ = try await harness.upstream.requests(atLeast: 2)
                #expect(try await settled("requests") { harness.upstream.requests.count } == 2)
                harness.upstream.open(gate: "go")
                for try await status in group { #expect(status == 200) }
            }
            #expect(harness.upstream.connectionsAccepted == 2)
        }
    }

    @Test("that end make room for those in line")
    func room() async throws {
        try await DataPlaneHarness.run(
            .answer(), paths: ["/slow": .gated("go")],
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 2"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { harness in
            let first = try await harness.sending(Ask.get("/slow"))
            let second = try await harness.sending(Ask.get("/slow"))
            _ = try await harness.upstream.requests(atLeast: 2)
            let third = try await harness.sending(Ask.get("/third"))
            await first.reset()
            #expect(try await third.readAnswer().status == 200)
            harness.upstream.open(gate: "go")
            #expect(try await second.readAnswer().status == 200)
        }
    }

    @Test("lead to a service by its name, and are used again")
    func name() async throws {
        try await DataPlaneHarness.run(
            edit: { $0.replacing("endpoints: [https://127.0.0.1:", with: "endpoints: [https://localhost:") }
        ) { harness in
            let client = try harness.gateway.client()
            for _ in 0..<3 { #expect(try await client.get("\(harness.gateway.url)/").status == 200) }
            #expect(harness.upstream.requests.count == 3)
            #expect(Set(harness.upstream.requests.map(\.connection)).count == 1)
        }
    }

    @Test("that are all busy for too long are the gateway's fault, not the endpoint's")
    func tooLong() async throws {
        try await DataPlaneHarness.run(
            .gated("go"),
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 1", "ejection: {after_failures: 1, time: 60s}"]
                $0.timeouts.append("upstream_connect: 1500ms")
            }
        ) { harness in
            let first = try await harness.sending(Ask.get())
            _ = try await harness.upstream.requests(atLeast: 1)
            let second = try await harness.gateway.client().get("\(harness.gateway.url)/")
            #expect(second.status == 503)
            #expect(second.value("retry-after") != nil)
            #expect(try await harness.gateway.auditRecord(of: second)["code"] == "too_many_in_flight")
            harness.upstream.open(gate: "go")
            #expect(try await first.readAnswer().status == 200)
        }
    }

    @Test("serve the next in line at once, though the client before reads slowly", arguments: [1_000_000, 4_000_000])
    func slowReader(count: Int) async throws {
        try await DataPlaneHarness.run(
            .answer(), paths: ["/big": .pattern(count)],
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 1"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { harness in
            for extra in 0..<4 {
                harness.upstream.script([.pattern(count + extra * 16_384)], for: "/big")
                let slow = try await harness.sending(Ask.get("/big")) { $0.receiveBufferBytes = 16_384 }
                _ = try await slow.read(count: 12)
                let next = try await harness.sending(Ask.get("/next"))
                let body = try await slow.read(count: count + extra * 16_384)
                #expect(body.count == count + extra * 16_384)
                #expect(try await next.readAnswer().text == "hello\n")
                await slow.reset()
            }
        }
    }

    @Test("are made to a name that has several addresses, of which one answers")
    func severalAddresses() async throws {
        try await DataPlaneHarness.run(edit: { $0.replacing("https://127.0.0.1:", with: "https://localhost:") }) {
            harness in
            let client = try harness.gateway.client()
            for _ in 0..<5 {
                #expect(try await client.get("\(harness.gateway.url)/").status == 200)
                try await harness.upstream.closeConnections()
            }
        }
    }

    @Test("are closed when nobody uses them")
    func idle() async throws {
        try await DataPlaneHarness.run(change: { $0.timeouts.append("upstream_idle: 300ms") }) { harness in
            let client = try harness.gateway.client()
            #expect(try await client.get("\(harness.gateway.url)/").status == 200)
            try await harness.upstreamIsLeft()
            #expect(try await client.get("\(harness.gateway.url)/").status == 200)
        }
    }

    @Test("of a policy that is gone end with their last answer")
    func reload() async throws {
        try await DataPlaneHarness.run(.answer(), paths: ["/slow": .gated("go")]) { harness in
            let client = try await harness.sending(Ask.get("/slow"))
            _ = try await harness.upstream.requests(atLeast: 1)
            let text = String(decoding: try harness.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.gateway.write(
                policy: text.replacing(
                    "identity: spiffe://example.org/orders",
                    with: "identity: spiffe://example.org/orders\n    connections_per_worker_max: 7"))
            try await harness.gateway.reload()
            harness.upstream.open(gate: "go")
            #expect(try await client.readAnswer().status == 200)
            try await harness.upstreamIsLeft()
            try await client.write(Ask.get("/next"))
            #expect(try await client.readAnswer().status == 200)
        }
    }
}
