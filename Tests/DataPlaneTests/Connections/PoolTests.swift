import GatewayTesting
import JSON
import Testing

@Suite("connections to an upstream", .tags(.timed))
struct PoolTests {
    @Test("are not more than connections_per_worker_max; who finds none stands in line")
    func line() async throws {
        try await Scene.play(
            .gated("go"),
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 2"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { scene in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await scene.gateway.client().get("\(scene.gateway.url)/").status }
                }
                _ = try await scene.upstream.requests(atLeast: 2)
                #expect(try await settled("requests") { scene.upstream.requests.count } == 2)
                scene.upstream.open(gate: "go")
                for try await status in group { #expect(status == 200) }
            }
            #expect(scene.upstream.connectionsAccepted == 2)
        }
    }

    @Test("that end make room for those in line")
    func room() async throws {
        try await Scene.play(
            .answer(), paths: ["/slow": .gated("go")],
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 2"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { scene in
            let first = try await scene.sending(Ask.get("/slow"))
            let second = try await scene.sending(Ask.get("/slow"))
            _ = try await scene.upstream.requests(atLeast: 2)
            let third = try await scene.sending(Ask.get("/third"))
            await first.reset()
            #expect(try await third.readAnswer().status == 200)
            scene.upstream.open(gate: "go")
            #expect(try await second.readAnswer().status == 200)
        }
    }

    @Test("that are all busy for too long are the gateway's fault, not the endpoint's")
    func tooLong() async throws {
        try await Scene.play(
            .gated("go"),
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 1", "ejection: {after_failures: 1, time: 60s}"]
                $0.timeouts.append("upstream_connect: 1500ms")
            }
        ) { scene in
            let first = try await scene.sending(Ask.get())
            _ = try await scene.upstream.requests(atLeast: 1)
            let second = try await scene.gateway.client().get("\(scene.gateway.url)/")
            #expect(second.status == 503)
            #expect(second.value("retry-after") != nil)
            #expect(try await scene.gateway.auditRecord(of: second)["code"] == "too_many_in_flight")
            scene.upstream.open(gate: "go")
            #expect(try await first.readAnswer().status == 200)
        }
    }

    @Test("serve the next in line at once, though the client before reads slowly", arguments: [1_000_000, 4_000_000])
    func slowReader(count: Int) async throws {
        try await Scene.play(
            .answer(), paths: ["/big": .pattern(count)],
            change: {
                $0.upstreams[0].lines = ["connections_per_worker_max: 1"]
                $0.timeouts.append("upstream_connect: 20s")
            }
        ) { scene in
            for extra in 0..<4 {
                scene.upstream.script([.pattern(count + extra * 16_384)], for: "/big")
                let slow = try await scene.sending(Ask.get("/big")) { $0.receiveBufferBytes = 16_384 }
                _ = try await slow.read(count: 12)
                let next = try await scene.sending(Ask.get("/next"))
                let body = try await slow.read(count: count + extra * 16_384)
                #expect(body.count == count + extra * 16_384)
                #expect(try await next.readAnswer().text == "hello\n")
                await slow.reset()
            }
        }
    }

    @Test("are made to a name that has several addresses, of which one answers")
    func severalAddresses() async throws {
        try await Scene.play(edit: { $0.replacing("https://127.0.0.1:", with: "https://localhost:") }) { scene in
            let client = try scene.gateway.client()
            for _ in 0..<5 {
                #expect(try await client.get("\(scene.gateway.url)/").status == 200)
                try await scene.upstream.closeConnections()
            }
        }
    }

    @Test("are closed when nobody uses them")
    func idle() async throws {
        try await Scene.play(change: { $0.timeouts.append("upstream_idle: 300ms") }) { scene in
            let client = try scene.gateway.client()
            #expect(try await client.get("\(scene.gateway.url)/").status == 200)
            try await scene.upstreamIsLeft()
            #expect(try await client.get("\(scene.gateway.url)/").status == 200)
        }
    }

    @Test("of a policy that is gone end with their last answer")
    func reload() async throws {
        try await Scene.play(.answer(), paths: ["/slow": .gated("go")]) { scene in
            let client = try await scene.sending(Ask.get("/slow"))
            _ = try await scene.upstream.requests(atLeast: 1)
            let text = String(decoding: try scene.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try scene.gateway.write(
                policy: text.replacing(
                    "identity: spiffe://example.org/orders",
                    with: "identity: spiffe://example.org/orders\n    connections_per_worker_max: 7"))
            try await scene.gateway.reload()
            scene.upstream.open(gate: "go")
            #expect(try await client.readAnswer().status == 200)
            try await scene.upstreamIsLeft()
            try await client.write(Ask.get("/next"))
            #expect(try await client.readAnswer().status == 200)
        }
    }
}
