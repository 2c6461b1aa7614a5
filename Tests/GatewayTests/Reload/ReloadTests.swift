import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("files that are read again")
struct ReloadTests {
    private static let more =
        GatewayHarness.routes + """

            - id: more
              match: {path: /more}
              public: true
              upstream: orders
            """

    /// Reloads, and waits until the gateway says that it has.
    private func reload(_ harness: GatewayHarness, times: Int64 = 1) async throws {
        try await harness.gateway.reload()
        try await eventually("reload \(times)") { try await harness.healthReport()["reloads"]?.int == times }
    }

    @Test("a new policy takes effect, and connections survive it")
    func takesEffect() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            let before = try await client.send(harness.request("/more"))
            #expect(before.status == 404)
            try harness.gateway.write(policy: harness.policy(routes: Self.more))
            try await reload(harness)
            let after = try await client.send(harness.request("/more"))
            #expect(after.status == 200)
            #expect(after.connectCount == 0)
            let (old, new) = (
                try await harness.record(of: before)["policy"], try await harness.record(of: after)["policy"]
            )
            #expect(old != new)
            #expect(try await harness.healthReport()["policy"] == new)
            // The connection to the upstream is used again, too.
            _ = try await client.send(harness.request("/open/"))
            #expect(harness.upstream.connectionsAccepted == 1)
        }
    }

    @Test("words, languages and the brand of the pages change without a restart")
    func pages() async throws {
        let settings = ["login: {languages: {de: german.yaml}}"]
        try await GatewayHarness.runOwnIssuer(
            routes: GatewayHarness.health, server: settings,
            prepare: { try $0.write("device: {title: Erstens}", to: "german.yaml") }
        ) { harness, _ in
            let client = try harness.client()
            func device() async throws -> String {
                let request = harness.request("/oauth2/device", fields: [HeaderField("Accept-Language", "de")])
                return String(decoding: try await client.send(request).body, as: UTF8.self)
            }
            #expect(try await device().contains("<h1>Erstens</h1>"))
            try harness.gateway.folder.write("device: {title: Zweitens}", to: "german.yaml")
            try await reload(harness)
            #expect(try await device().contains("<h1>Zweitens</h1>"))
        }
    }

    @Test("a broken policy changes nothing, health says what is wrong and where, and a mended one takes effect")
    func broken() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            let policy = try await harness.healthReport()["policy"]
            let text = harness.policy(routes: Self.more)
            try harness.gateway.write(
                policy: text.replacingOccurrences(of: "  public: true", with: "  publik: true")
                    + "unknown_section: {}\n")
            try await harness.gateway.reload()
            let report = try await eventually("the reason") { () -> JSONObject? in
                let report = try await harness.healthReport()
                return report["reload_error"] == .null ? nil : report
            }
            let reason = try #require(report["reload_error"]?.string)
            #expect(reason.contains("routes.yaml:"))
            #expect(reason.contains("publik"))
            #expect(reason.contains("unknown_section"))
            #expect(report["status"] == "degraded")
            #expect(report["policy"] == policy)
            #expect(report["reloads"] == 0)
            #expect(try await client.send(harness.request("/open/")).status == 200)
            #expect(try await client.send(harness.request("/more")).status == 404)
            try harness.gateway.write(policy: text)
            try await reload(harness)
            #expect(try await harness.healthReport()["reload_error"] == .null)
            #expect(try await client.send(harness.request("/more")).status == 200)
        }
    }

    @Test(
        "what cannot change under open sockets is refused, with the reason",
        arguments: [
            ("  - address: 127.0.0.1:0", "  - address: 127.0.0.2:0", "listeners"),
            ("audit: {file: {path: audit.jsonl}}", "audit: {file: {path: other.jsonl}}", "audit"),
            ("workers: 1", "workers: 2", "workers"),
            ("listeners:\n", "listeners:\n  - address: 127.0.0.1:0\n    insecure_plaintext: true\n", "listener"),
            ("  - address: 127.0.0.1:0\n", "  - address: 127.0.0.1:0\n    connections_max: 7\n", "listener"),
            ("bounds:\n", "bounds:\n  head_max: 32KiB\n", "bounds"),
            ("bounds:\n", "bounds:\n  limit_keys_max: 1000\n", "bounds"),
            ("bad_tokens_per_minute_max: 0", "bad_tokens_per_minute_max: 9", "bounds"),
        ])
    func refused(old: String, new: String, reason: String) async throws {
        try await GatewayHarness.run { harness in
            let policy = try await harness.healthReport()["policy"]
            let text = harness.policy(routes: Self.more).replacingOccurrences(of: old, with: new)
            try #require(text.contains(new))
            try harness.gateway.write(policy: text)
            try await harness.gateway.reload()
            let report = try await eventually("the reason") { () -> JSONObject? in
                let report = try await harness.healthReport()
                return report["reload_error"] == .null && report["reloads"] == 0 ? nil : report
            }
            #expect(report["reload_error"]?.string?.contains(reason) == true)
            #expect(report["reload_error"]?.string?.contains("restart") == true)
            // As check says it: in a line of what was changed.
            let reasons = report["reload_error"]?.string ?? ""
            let place = reasons.split(separator: ":").dropFirst().first.flatMap { Int($0) } ?? 0
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(reasons.contains("routes.yaml:\(place):") && reasons.contains(": error: \""), "\(reasons)")
            #expect(
                lines.indices.contains(place - 1)
                    && new.split(separator: "\n").contains { lines[place - 1].hasSuffix($0) }, "\(reasons)")
            #expect(report["policy"] == policy)
            #expect(try await harness.answer("/more").status == 404)
        }
    }

    @Test("a request that is under way keeps the policy that it began with, though its route and upstream are gone")
    func inFlight() async throws {
        let routes =
            GatewayHarness.routes + "\n- id: slow\n  match: {path: /slow}\n  public: true\n  upstream: orders\n"
        try await GatewayHarness.run(routes: routes) { harness in
            let policy = try await harness.healthReport()["policy"]
            harness.upstream.script([.gated("go", "late\n")], for: "/slow")
            let client = try harness.client()
            async let slow = client.send(harness.request("/slow"))
            _ = try await harness.upstream.request("/slow") { $0.path == "/slow" }
            let other = try TestUpstream.start(.orders(harness.gateway.certificates))
            let text = harness.policy().replacingOccurrences(of: ":\(harness.upstream.port)]", with: ":\(other.port)]")
            try harness.gateway.write(policy: text)
            try await reload(harness)
            #expect(try await harness.answer("/slow").status == 404)
            #expect(try await harness.answer("/open/").status == 200)
            #expect(other.requests.map(\.path) == ["/open/"])
            harness.upstream.open(gate: "go")
            let answer = try await slow
            #expect(answer.status == 200)
            #expect(answer.text == "late\n")
            let record = try await harness.record(of: answer)
            #expect(record["policy"] == policy)
            #expect(record["route"] == "slow")
            #expect(record["upstream"]?.string?.hasSuffix(":\(harness.upstream.port)") == true)
            // Nobody will use the old pool again: its connections end.
            try await eventually("the old upstream's connections to end") { harness.upstream.connectionsOpen == 0 }
        }
    }

    @Test(
        "RS-065 keys: a new one counts after the reload, and one that was withdrawn counts no more, though its token is remembered"
    )
    func keys() async throws {
        let (old, new) = (try TestIssuer(algorithms: [.es256]), try TestIssuer(algorithms: [.es256]))
        try await GatewayHarness.run(issuers: [old]) { harness in
            let client = try harness.client()
            let (before, after) = (try old.token(), try new.token())
            #expect(try await client.send(harness.request("/orders/1", token: before)).status == 200)
            #expect(try await client.send(harness.request("/orders/1", token: after)).status == 401)
            try new.writeKeys(to: harness.gateway.folder)
            try await reload(harness)
            #expect(try await client.send(harness.request("/orders/1", token: after)).status == 200)
            #expect(try await client.send(harness.request("/orders/1", token: before)).status == 401)
        }
    }

    @Test("a key file that is broken changes nothing")
    func brokenKeys() async throws {
        try await GatewayHarness.run { harness in
            try harness.gateway.folder.write("{\"keys\": [", to: "certs/partner.jwks.json")
            try await harness.gateway.reload()
            let report = try await eventually("the reason") { () -> JSONObject? in
                let report = try await harness.healthReport()
                return report["reload_error"] == .null && report["reloads"] == 0 ? nil : report
            }
            #expect(report["reload_error"]?.string?.contains("partner.jwks.json") == true)
            #expect(try await harness.answer("/orders/1", token: harness.issuer.token(.es256)).status == 200)
        }
    }

    @Test("a new certificate is shown to new connections, and the old ones live on")
    func certificate() async throws {
        try await GatewayHarness.run { harness in
            let client = try harness.client()
            let before = try await client.send(harness.request("/open/"))
            let renewed = try harness.gateway.certificates.authority.issue(
                .init("renewed gateway", dnsNames: ["localhost"], addresses: ["127.0.0.1"], purpose: .server))
            try harness.gateway.folder.write(renewed.chain, to: "certs/gateway.pem")
            try harness.gateway.folder.write(renewed.key, to: "certs/gateway.key", permissions: 0o600)
            try await reload(harness)
            let same = try await client.send(harness.request("/open/"))
            #expect(same.status == 200)
            #expect(same.connectCount == 0)
            let other = try await harness.answer("/open/")
            #expect(before.peer?.commonName == "gateway")
            #expect(other.peer?.commonName == "renewed gateway")
        }
    }

    @Test("a certificate without its key changes nothing")
    func mismatchedCertificate() async throws {
        try await GatewayHarness.run { harness in
            let renewed = try harness.gateway.certificates.authority.issue(
                .init("renewed gateway", dnsNames: ["localhost"], purpose: .server))
            try harness.gateway.folder.write(renewed.chain, to: "certs/gateway.pem")
            try await harness.gateway.reload()
            let report = try await eventually("the reason") { () -> JSONObject? in
                let report = try await harness.healthReport()
                return report["reload_error"] == .null && report["reloads"] == 0 ? nil : report
            }
            #expect(report["reload_error"]?.string?.contains("gateway") == true)
            #expect(try await harness.answer("/open/").peer?.commonName == "gateway")
        }
    }

    @Test("what the gateway shows to an upstream, and whom it trusts there, is read again")
    func upstreamCertificates() async throws {
        try await GatewayHarness.run { harness in
            #expect(try await harness.answer("/open/1").status == 200)
            let renewed = try harness.gateway.certificates.upstreamAuthority.issue(
                .init("renewed", uris: ["spiffe://example.org/renewed-gateway"], purpose: .client))
            try harness.gateway.folder.write(renewed.chain, to: "certs/gateway-client.pem")
            try harness.gateway.folder.write(renewed.key, to: "certs/gateway-client.key", permissions: 0o600)
            try await reload(harness)
            #expect(try await harness.answer("/open/2").status == 200)
            #expect(
                harness.upstream.requests.map { $0.peer?.uris ?? [] } == [
                    ["spiffe://example.org/gateway"], ["spiffe://example.org/renewed-gateway"],
                ])
            // An authority that did not sign the upstream's certificate: connections made under the old one do not
            // count.
            try harness.gateway.folder.write(
                harness.gateway.certificates.foreignAuthority.pem, to: "certs/upstream-ca.pem")
            try await reload(harness, times: 2)
            let refused = try await harness.answer("/open/3")
            #expect(refused.status == 502)
            #expect(refused.code == "wrong_upstream_identity")
            #expect(harness.upstream.requests.count == 2)
        }
    }

    @Test("reloads that come together leave the newest policy in force")
    func together() async throws {
        try await GatewayHarness.run { harness in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    try harness.gateway.write(
                        policy: harness.policy(
                            routes: GatewayHarness.routes
                                + "\n- id: new\n  match: {path: /new\(number)}\n  public: true\n  upstream: orders\n"))
                    group.addTask { try await harness.gateway.reload() }
                }
                try await group.waitForAll()
            }
            #expect(try await harness.answer("/new7").status == 200)
            #expect(try await harness.answer("/new6").status == 404)
        }
    }
}
