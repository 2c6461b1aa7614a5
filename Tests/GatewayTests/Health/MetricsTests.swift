import Foundation
import Gateway
import GatewayTesting
import JSON
import Testing

@Suite("metrics, and the listener that tells how the gateway is")
struct MetricsTests {
    static func edit(_ text: String) -> String {
        text.replacingOccurrences(
            of: "listeners:\n", with: "listeners:\n  - {address: \"127.0.0.1:0\", serves: [health, metrics]}\n")
    }

    static func ask(_ harness: GatewayHarness, _ target: String, method: String = "GET", fields: String = "")
        async throws -> Told
    {
        let port = try #require(harness.gateway.running.ports.last)
        let client = try await RawTLSClient.connect(port: port, .plaintext)
        try await client.write("\(method) \(target) HTTP/1.1\r\nHost: monitor\r\n\(fields)\r\n")
        return Told(try await client.readAnswer())
    }

    /// What was answered.
    struct Told {
        let status: Int
        let text: String
        let type: String

        init(_ answer: RawAnswer) {
            status = answer.status
            text = String(decoding: answer.body, as: UTF8.self)
            type = answer.value("content-type") ?? ""
        }

        func value(_ series: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.map {
                String($0.dropFirst(series.count + 1))
            }
        }
    }

    @Test("requests are counted by route, method, status and code, and go on over a reload")
    func requests() async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            let token = try harness.issuer.token(.es256)
            for _ in 0..<3 { #expect(try await harness.answer("/open/").status == 200) }
            #expect(try await harness.answer("/orders/1", token: token).status == 200)
            #expect(try await harness.answer("/orders/1").status == 401)
            #expect(try await harness.answer("/nowhere/secret-path").status == 404)
            #expect(try await harness.answer("/open/", method: "BREW").status != 0)
            let before = try await Self.ask(harness, "/metrics")
            #expect(before.status == 200 && before.type == "text/plain; version=0.0.4; charset=utf-8")
            func count(_ answer: Told, _ labels: String) -> String? {
                answer.value("portcullis_requests_total{\(labels)}")
            }
            #expect(count(before, #"route="",method="GET",status="404",code="no_route""#) == "1", "\(before.text)")
            let allowed = before.text.split(separator: "\n").filter {
                $0.hasPrefix("portcullis_requests_total") && $0.contains("code=\"\"") && $0.contains("status=\"200\"")
            }
            #expect(allowed.contains { $0.contains("method=\"GET\"") && $0.hasSuffix(" 3") }, "\(allowed)")
            #expect(before.text.contains("status=\"401\",code=\"missing_token\"} 1"))
            #expect(before.text.contains("method=\"other\""))
            #expect(before.value("portcullis_requests_in_flight") == "0")
            // Nothing of clients, tokens or paths.
            for text in ["secret-path", token] { #expect(!before.text.contains(text), "\(text)") }
            try harness.gateway.write(policy: harness.policy(edit: Self.edit) + "# changed\n")
            try await harness.gateway.reload()
            try await eventually("the reload") {
                try await Self.ask(harness, "/metrics").value("portcullis_reloads_total") == "1"
            }
            #expect(try await harness.answer("/open/").status == 200)
            let after = try await Self.ask(harness, "/metrics")
            #expect(
                after.text.split(separator: "\n").contains { $0.contains("method=\"GET\",status=\"200\",code=\"\"} 4") }
            )
        }
    }

    @Test("tokens are counted by issuer: accepted from memory or anew, refused by code, unvouched apart")
    func tokens() async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            let token = try harness.issuer.token(.es256)
            let expired = try harness.issuer.draft(adding: ["exp": 1_000]).signed()
            let client = try harness.client()
            for (token, status) in [(token, 200), (token, 200), (token, 200), (expired, 401), ("nonsense", 401)] {
                #expect(try await client.send(harness.request("/orders/1", token: token)).status == status)
            }
            let told = try await Self.ask(harness, "/metrics")
            let wanted = [
                #"portcullis_tokens_accepted_total{issuer="partner",cache="hit"}"#: "2",
                #"portcullis_tokens_accepted_total{issuer="partner",cache="miss"}"#: "1",
                #"portcullis_tokens_refused_total{issuer="partner",code="expired_token"}"#: "1",
                #"portcullis_tokens_refused_total{issuer="",code="malformed_token"}"#: "1",
                "portcullis_token_cache_entries": "1",
            ]
            for (series, value) in wanted { #expect(told.value(series) == value, "\(series)\n\(told.text)") }
        }
    }

    @Test("limits, handshakes, connections to services, the build and how late the loops are have metrics of their own")
    func everythingElse() async throws {
        let routes = """
            - id: few
              match: {path: "/open/{rest...}"}
              public: true
              limits: [scarce]
              upstream: orders
            """
        try await GatewayHarness.run(
            routes: routes, sections: "limits:\n  scarce: {by: route, rate: 1/h}", edit: Self.edit
        ) { harness in
            let client = try harness.client()
            for status in [200, 429, 429] {
                #expect(try await client.send(harness.request("/open/")).status == status)
            }
            let told = try await Self.ask(harness, "/metrics")
            let endpoint = #"upstream="orders",endpoint="127.0.0.1:\#(harness.upstream.port)""#
            let wanted = [
                #"portcullis_rate_limited_total{route="few",limit="scarce"}"#: "2",
                "portcullis_rate_limit_keys": "1",
                #"portcullis_tls_handshakes_total{version="1.3"}"#: "1",
                "portcullis_upstream_connections{\(endpoint)}": "1",
                "portcullis_upstream_connections_idle{\(endpoint)}": "1",
                "portcullis_upstream_requests_waiting{\(endpoint)}": "0",
                "portcullis_upstream_endpoint_ejections_total{\(endpoint)}": "0",
            ]
            for (series, value) in wanted { #expect(told.value(series) == value, "\(series)\n\(told.text)") }
            #expect(told.text.contains("portcullis_build_info{version=\"\(Version.number)\",commit=\""))
            try await eventually("a loop to say how late it is") {
                let count = try await Self.ask(harness, "/metrics").value("portcullis_event_loop_lag_seconds_count")
                return Int(count ?? "") ?? 0 > 0
            }
        }
    }

    @Test("what went wrong with a service is counted by endpoint and reason")
    func upstreamFailures() async throws {
        let dead = try TestUpstream.unusedPort()
        let edit = { (text: String) -> String in
            Self.edit(text).replacing(#/endpoints: \[https://[^\]]*\]/#, with: "endpoints: [https://127.0.0.1:\(dead)]")
        }
        try await GatewayHarness.run(edit: edit) { harness in
            #expect(try await harness.answer("/open/").status == 502)
            let told = try await Self.ask(harness, "/metrics")
            let labels = #"upstream="orders",endpoint="127.0.0.1:\#(dead)",reason="refused""#
            #expect(told.value("portcullis_upstream_failures_total{\(labels)}") == "1", "\(told.text)")
        }
    }

    @Test("both formats are asked for by Accept, and promtool finds nothing wrong")
    func formats() async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            #expect(try await harness.answer("/open/").status == 200)
            let open = try await Self.ask(
                harness, "/metrics",
                fields: "Accept: application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5\r\n")
            #expect(open.type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(open.text.hasSuffix("\n# EOF\n"))
            #expect(open.text.contains("# TYPE portcullis_requests counter\n"))
            #expect(open.text.contains("# TYPE portcullis_policy info\nportcullis_policy_info{"))
            let text = try await Self.ask(harness, "/metrics").text
            #expect(text.contains("# TYPE portcullis_requests_total counter\n") && !text.contains("# EOF"))
            let folder = try TemporaryFolder("metrics")
            try folder.write(text, to: "metrics")
            let process = try ChildProcess.start(
                "/bin/sh", ["-c", "promtool check metrics <\"$0\" >\"$0.out\" 2>&1", folder.path("metrics")],
                in: folder.url.path)
            let status = try await process.waitForExit()
            let said = String(decoding: try folder.read("metrics.out"), as: UTF8.self)
            #expect(status == 0 && said.isEmpty, "\(said)")
        }
    }

    @Test("it answers while the audit log takes nothing, leaves no record, and is not among the requests")
    func fullDisk() async throws {
        try await GatewayHarness.run(
            edit: Self.edit,
            prepare: { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path("audit.jsonl"), withDestinationPath: "/dev/full")
            }
        ) { harness in
            try await eventually("a refusal") { try await harness.answer("/open/").status == 503 }
            #expect(try await Self.ask(harness, "/livez").status == 200)
            #expect(try await Self.ask(harness, "/readyz").status == 503)
            let health = try await Self.ask(harness, "/health")
            #expect(health.status == 503 && health.text.contains("\"status\":\"unavailable\""))
            let metrics = try await Self.ask(harness, "/metrics")
            #expect(metrics.status == 200 && metrics.value("portcullis_audit_failing") == "1")
            #expect(metrics.text.contains("code=\"audit_unavailable\""))
        }
    }

    @Test("health is degraded where a service has no usable endpoint, and says so")
    func withoutEndpoint() async throws {
        let dead = try TestUpstream.unusedPort()
        let edit = { (text: String) -> String in
            Self.edit(text).replacing(#/endpoints: \[https://[^\]]*\]/#, with: "endpoints: [https://127.0.0.1:\(dead)]")
        }
        try await GatewayHarness.run(edit: edit) { harness in
            func reasons() async throws -> JSON? {
                try JSON.parse(Array(try await Self.ask(harness, "/health").text.utf8)).object?["reasons"]
            }
            #expect(try await reasons() == [])
            try await eventually("the endpoint to fail too often") {
                _ = try await harness.answer("/open/")
                return try await reasons() == ["upstream_without_endpoint"]
            }
            #expect(try await Self.ask(harness, "/readyz").status == 200)
        }
    }

    @Test("one address may hold eight connections open, so that it keeps no other from asking")
    func connections() async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            let port = try #require(harness.gateway.running.ports.last)
            func ask() async throws -> RawTLSClient {
                let client = try await RawTLSClient.connect(port: port, .plaintext)
                try await client.write("GET /livez HTTP/1.1\r\nHost: monitor\r\n\r\n")
                return client
            }
            var open: [RawTLSClient] = []
            for _ in 0..<8 {
                let client = try await ask()
                #expect(try await client.readAnswer().status == 200)
                open.append(client)
            }
            await #expect(throws: (any Error).self) { try await ask().readAnswer() }
            _ = open
        }
    }

    @Test(
        "it serves what it says, to GET and HEAD without a body, and nothing else",
        arguments: [
            ("GET", "/livez", "", 200), ("HEAD", "/metrics", "", 200), ("GET", "/open/", "", 404),
            ("GET", "/", "", 404),
            ("POST", "/metrics", "", 405), ("GET", "/metrics", "Content-Length: 1\r\n", 413),
            ("GET", "/metrics", "Transfer-Encoding: chunked\r\n", 413),
            ("GET", "/metrics", "X-A: \(String(repeating: "a", count: 5_000))\r\n", 400),
        ] as [(String, String, String, Int)])
    func bounds(method: String, target: String, fields: String, status: Int) async throws {
        try await GatewayHarness.run(edit: Self.edit) { harness in
            let port = try #require(harness.gateway.running.ports.last)
            let client = try await RawTLSClient.connect(port: port, .plaintext)
            try await client.write("\(method) \(target) HTTP/1.1\r\nHost: monitor\r\n\(fields)\r\n")
            #expect(try await client.readAnswer(to: method).status == status)
            #expect(try harness.gateway.auditRecords().isEmpty)
        }
    }
}
