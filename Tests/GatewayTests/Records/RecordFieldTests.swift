import Audit
import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("what a record says")
struct RecordFieldTests {
    @Test("everything about a request that was served")
    func complete() async throws {
        let routes = """
            - id: orders.write
              match: {methods: [POST], path: "/orders/{rest...}"}
              require: {issuers: [partner], scopes: ["orders:write"]}
              limits: [per_client]
              upstream: orders
            """
        try await GatewayHarness.run(routes: routes, sections: "limits: {per_client: {by: client_id, rate: 5/m}}") {
            harness in
            let client = try harness.gateway.client(certificate: harness.gateway.certificates.client)
            var request = harness.request(
                "/orders/7?secret=query", method: "POST",
                token: try harness.issuer.token(.es256, scope: "orders:write orders:read"),
                fields: [HeaderField("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])
            request.body = .text("twelve bytes")
            let answer = try await client.send(request)
            #expect(answer.status == 200)
            let record = try await harness.record(of: answer)
            let expected: [(String, JSON)] = [
                ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), ("client_address", "127.0.0.1"),
                ("client_port", .integer(Int64(answer.localPort))),
                ("tls_version", "1.3"), ("server_name", "localhost"),
                ("client_certificate", "spiffe://example.org/client"), ("method", "POST"),
                ("host", "localhost"), ("path", "/orders/7"), ("route", "orders.write"), ("subject", "alice"),
                ("client_id", "shop"),
                ("decision", "allowed"), ("scopes_required", "orders:write"),
                ("scopes_held", "orders:write orders:read"), ("limit", "per_client"),
                ("limit_remaining", 4), ("upstream_identity", "spiffe://example.org/orders"), ("attempts", 1),
                ("status", 200), ("bytes_in", 12),
                ("bytes_out", 6),
            ]
            for (name, value) in expected { #expect(record[name] == value, "\(name)") }
            for name in ["policy", "issuer", "token", "upstream", "time"] {
                #expect(record[name]?.string?.isEmpty == false, "\(name)")
            }
            for name in ["duration_us", "upstream_us", "limit_reset_s"] {
                #expect((record[name]?.int ?? -1) > 0, "\(name)")
            }
            #expect(record["upstream"]?.string?.hasSuffix("127.0.0.1:\(harness.upstream.port)") == true)
            #expect(record["code"] == nil)
            #expect(record["truncated"] == nil)
            #expect(record["token"]?.string?.count == 32)
            let time = try #require(record["time"]?.string)
            #expect(time.count == 24 && time.hasSuffix("Z"))
            let written = try #require(
                try? Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            #expect(abs(written.timeIntervalSinceNow) < 60)
        }
    }

    /// A target, what is said of it, and what the record has.
    static let targets: [(target: String, code: String, recorded: String)] = [
        ("/orders/%2e%2e%2fpayments", "bad_path", "/orders/%2e%2e%2fpayments"),
        ("/orders/%2E%2E/x?token=secret", "no_route", "/orders/%2E%2E/x"),
        ("/a/%00", "bad_path", "/a/%00"), ("/../../etc/passwd", "bad_path", "/../../etc/passwd"),
        ("no-path", "bad_framing", "no-path"), ("/a\u{1}b", "bad_framing", "/a"),
        ("ftp://user:word@localhost/x", "bad_framing", "ftp://***@localhost/x"),
        ("/%2e/" + String(repeating: "a", count: 600), "no_route", "/%2e/" + String(repeating: "a", count: 507)),
    ]

    @Test("a path that is refused stands in its record as it was sent, bounded, without query and password")
    func refusedPaths() async throws {
        try await GatewayHarness.run { harness in
            for (number, expected) in Self.targets.enumerated() {
                let client = try await harness.gateway.rawClient()
                try await client.write("GET \(expected.target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let answer = try await client.readAnswer()
                #expect(answer.status >= 400, "\(expected.target)")
                await client.reset()
                let record = try #require(try await harness.gateway.auditRecords(atLeast: number + 1).last)
                #expect(record["decision"] == "refused")
                #expect(record["code"]?.string == expected.code, "\(expected.target)")
                #expect((record["target"] ?? record["path"])?.string == expected.recorded)
            }
        }
    }

    @Test("where the request came in, at which instance, by which program, and the query if the policy wants it")
    func places() async throws {
        let settings = "file: {path: audit.jsonl}, instance: gw-1, query: true, unmatched_per_minute_max: 1"
        try await GatewayHarness.run(edit: GatewayHarness.audit(settings)) { harness in
            let request = harness.request(
                "/open/1?page=2&access_token=abc", fields: [HeaderField("User-Agent", "probe/1.0 \"x\"")])
            let record = try await harness.record(of: harness.client().send(request))
            #expect(record["listener"]?.string == "127.0.0.1:\(harness.gateway.port)")
            #expect(record["instance"] == "gw-1")
            #expect(record["user_agent"] == "probe/1.0 \"x\"")
            #expect(record["query"] == "page=2&access_token=***")
            for _ in 0..<2 { _ = try await harness.answer("/nowhere") }
            try await harness.gateway.stop()
            let repeated = try harness.gateway.auditRecords().filter { $0["repeated"] != nil }
            #expect(repeated.map { $0["instance"] } == ["gw-1"])
        }
    }

    @Test("no field but those of the table, each with a class that is not secret, but for the token's hash")
    func classed() async throws {
        let table = Dictionary(uniqueKeysWithValues: AuditField.allCases.map { ($0.name, $0.classification) })
        try await GatewayHarness.run { harness in
            _ = try await harness.answer("/orders/1", token: harness.issuer.token(.es256))
            _ = try await harness.answer("/orders/1")
            _ = try await harness.answer("/nowhere")
            for record in try await harness.gateway.auditRecords(atLeast: 3) {
                for name in record.names {
                    let classification = try #require(table[name], "\(name) is not in the table")
                    #expect(classification != .secret || name == "token", "\(name)")
                }
                #expect(Set(record.names).count == record.names.count)
            }
        }
    }

    @Test("the same token has the same name in all records of a process, another one another")
    func tokenNames() async throws {
        try await GatewayHarness.run { harness in
            let (one, two) = (try harness.issuer.token(.es256), try harness.issuer.token(.es256))
            for token in [one, two, one] { _ = try await harness.answer("/orders/1", token: token) }
            let names = try await harness.gateway.auditRecords(atLeast: 3).map { $0["token"]?.string ?? "" }
            #expect(names[0] == names[2])
            #expect(names[0] != names[1])
        }
    }

    @Test("hostile octets in what a client sends stay inside their strings, and one record stays one line")
    func hostile() async throws {
        try await GatewayHarness.run { harness in
            let client = try await harness.gateway.rawClient()
            let long = String(repeating: "a", count: 4_000)
            for target in ["/open/%22,%22decision%22:%22allowed", "/open/\(long)", "/nowhere/'\u{7B}\u{7D}'"] {
                try await client.write("GET \(target) HTTP/1.1\r\nHost: localhost\r\nX: \"}\\\r\n\r\n")
                _ = try? await client.readAnswer()
            }
            let weird = try await harness.gateway.rawClient()
            try await weird.write(
                Array("GE\"T\\ /\u{1}\"\n{\"decision\":\"allowed\"} HTTP/1.1\r\n\r\n".utf8) + [0xFF, 0xFE])
            _ = try? await weird.readToEnd()
            let records = try await harness.gateway.auditRecords(atLeast: 3)
            #expect(records.allSatisfy { ($0["path"]?.string?.utf8.count ?? 0) <= 520 })
        }
    }

    @Test("no token, secret or query stands anywhere in records or in the log, not even at the level trace")
    func secrecy() async throws {
        try await GatewayHarness.run(runner: TracingRunner()) { harness in
            let good = try harness.issuer.token(.es256)
            var spoiled = try harness.issuer.draft(.es256)
            spoiled.claims["exp"] = 1
            let expired = try spoiled.signed()
            let tokens = [good, expired, "opaque-token-of-somebody"]
            let client = try harness.client()
            for token in tokens {
                _ = try await client.send(harness.request("/orders/1?access_token=\(token)", token: token))
                _ = try await client.send(harness.request("/orders/1", token: token))
                _ = try await client.send(
                    harness.request("/open/?access_token=\(token)", fields: [HeaderField("Cookie", "session=\(token)")])
                )
            }
            let raw = try await harness.gateway.rawClient()
            try await raw.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(good)\r\nAuthorization : Bearer \(good)\r\n\r\n"
            )
            _ = try await raw.readToEnd()
            try await harness.gateway.reload()
            _ = try await harness.gateway.auditRecords(atLeast: 10)
            try await harness.gateway.stop()
            let text =
                String(decoding: try harness.gateway.folder.read("audit.jsonl"), as: UTF8.self)
                + harness.gateway.running.log.joined(separator: "\n")
            for token in tokens {
                #expect(!text.contains(token))
                for part in token.split(separator: ".") where part.count > 20 { #expect(!text.contains(part)) }
            }
            #expect(!harness.gateway.running.log.isEmpty)
            #expect(!text.contains("Bearer e"))
            #expect(!text.contains("PRIVATE KEY"))
        }
    }

    /// The program with all that it can log.
    private struct TracingRunner: GatewayRunner {
        func start(policyPath: String, listeners: Int) async throws -> any RunningGateway {
            let program = try ProgramRunner.built().executable
            let folder = URL(filePath: policyPath).deletingLastPathComponent().path
            let process = try ChildProcess.start(program, ["run", policyPath, "--log-level", "trace"], in: folder)
            return try await RunningProgram(process)
        }
    }
}
