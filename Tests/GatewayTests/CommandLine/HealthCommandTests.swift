import Foundation
import GatewayTesting
import Testing

@Suite("portcullis health")
struct HealthCommandTests {
    /// The program that the other tests of commands run.
    private static func ask(_ folder: TemporaryFolder, _ words: String...) async throws -> (status: Int32, said: String)
    {
        try await ask(folder, words)
    }

    private static func ask(_ folder: TemporaryFolder, _ words: [String]) async throws -> (status: Int32, said: String)
    {
        let run = try await Portcullis.run(["health"] + words, in: folder)
        return (run.status, run.output + run.errors)
    }

    private static func edit(_ text: String) -> String {
        text.replacingOccurrences(
            of: "listeners:\n", with: "listeners:\n  - {address: \"127.0.0.1:0\", serves: [health, metrics]}\n")
    }

    @Test("it says how the gateway is, and its exit status says it to probes")
    func states() async throws {
        let dead = try TestUpstream.unusedPort()
        let edit = { (text: String) -> String in
            Self.edit(text).replacing(#/endpoints: \[https://[^\]]*\]/#, with: "endpoints: [https://127.0.0.1:\(dead)]")
        }
        let folder = try TemporaryFolder("health")
        var place = ""
        try await GatewayHarness.run(edit: edit) { harness in
            place = "http://127.0.0.1:\(try #require(harness.gateway.running.ports.last))"
            #expect(try await Self.ask(folder, place) == (0, "ok\n"))
            #expect(try await Self.ask(folder, place, "--live") == (0, "alive\n"))
            let degraded = "degraded: upstream_without_endpoint\n"
            try await eventually("the endpoint to fail too often") {
                _ = try await harness.answer("/open/")
                return try await Self.ask(folder, place).said == degraded
            }
            for (words, status) in [(["--strict"], Int32(3)), ([], 0)] {
                let told = try await Self.ask(folder, [place] + words)
                #expect(told == (status, degraded), "\(told)")
            }
            try await harness.gateway.stop()
        }
        let gone = try await Self.ask(folder, place)
        #expect(gone.status == 1 && gone.said.hasPrefix("no answer from \(place): "), "\(gone.said)")
    }

    @Test(
        "a policy names the listener, and who has none is told what to add",
        arguments: [
            ("", Int32(2), "no listener serves health; add to its listeners"),
            (
                "  - {address: \"127.0.0.1:PORT\", serves: [health]}\n", 1,
                "no answer from http://127.0.0.1:PORT: connection refused"
            ),
            (
                "  - {address: \"0.0.0.0:PORT\", serves: [health], insecure_any_address: true}\n", 1,
                "no answer from http://127.0.0.1:PORT: "
            ),
            ("  - {address: \"127.0.0.1:PORT\", serves: [metrics]}\n", 2, "no listener serves health"),
            ("  - {adress: x}\n", 2, "listener 2 has no \"address\""),
        ])
    func policies(listener: String, status: Int32, said: String) async throws {
        let folder = try TemporaryFolder("health")
        let port = "\(try TestUpstream.unusedPort())"
        try folder.write(
            """
            version: 1
            listeners:
              - {address: "127.0.0.1:0", insecure_plaintext: true}
            \(listener.replacingOccurrences(of: "PORT", with: port))
            routes:
              - {id: health, match: {path: /health}, public: true, local: health}
            audit: {file: {path: audit.jsonl}}

            """, to: "routes.yaml")
        let told = try await Self.ask(folder, "routes.yaml")
        #expect(
            told.status == status && told.said.contains(said.replacingOccurrences(of: "PORT", with: port)), "\(told)")
    }

    @Test(
        "a file with an error says nothing of the gateway, which runs by the policy of before: probes name its address")
    func brokenFile() async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            let place = "http://127.0.0.1:\(try #require(harness.gateway.running.ports.last))"
            try harness.gateway.write(policy: "routes: [")
            try await harness.gateway.reload()
            let folder = harness.gateway.folder
            try await eventually("the refusal") {
                try await Self.ask(folder, place) == (0, "degraded: reload_failed\n")
            }
            let told = try await Self.ask(folder, "routes.yaml")
            #expect(
                told.status == 2 && told.said.contains("ask it by its URL, such as http://127.0.0.1:9901"), "\(told)")
        }
    }

    @Test("a full disk is no reason to restart: the gateway is alive, and says what it lacks")
    func fullDisk() async throws {
        let folder = try TemporaryFolder("health")
        try await GatewayHarness.run(
            edit: Self.edit,
            prepare: { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path("audit.jsonl"), withDestinationPath: "/dev/full")
            }
        ) { harness in
            let place = "http://127.0.0.1:\(try #require(harness.gateway.running.ports.last))"
            try await eventually("a refusal") { try await harness.answer("/open/").status == 503 }
            let told = try await Self.ask(folder, place)
            #expect(told.status == 1 && told.said.hasPrefix("unavailable: the audit log takes no records: "), "\(told)")
            #expect(try await Self.ask(folder, place, "--live").status == 0)
        }
    }

    @Test("whoever asks is answered until the last request has ended: not ready, draining, and alive")
    func draining() async throws {
        let folder = try TemporaryFolder("health")
        try await GatewayHarness.run(
            paths: [
                "/open/slow": .steps(
                    .waitForGate("slow"), .write(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)))
            ], timeouts: ["drain: 20s"], edit: Self.edit
        ) {
            harness in
            let place = "http://127.0.0.1:\(try #require(harness.gateway.running.ports.last))"
            let slow = Task { try await harness.answer("/open/slow").status }
            _ = try await harness.upstream.requests(atLeast: 1)
            let end = Task { try await harness.gateway.stop() }
            try await eventually("the gateway to drain") {
                try await Self.ask(folder, place).said == "unavailable: draining\n"
            }
            #expect(try await Self.ask(folder, place, "--live") == (0, "alive\n"))
            harness.upstream.open(gate: "slow")
            #expect(try await slow.value == 200)
            try await end.value
            #expect(try await Self.ask(folder, place).status == 1)
        }
    }
}
