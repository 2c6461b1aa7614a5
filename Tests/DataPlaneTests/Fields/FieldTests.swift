import GatewayTesting
import JSON
import Testing

@Suite("fields")
struct FieldTests {
    @Test("about the client's connection do not reach the upstream")
    func requestHops() async throws {
        try await DataPlaneHarness.run { harness in
            let hops = [
                "Connection: keep-alive, X-Nominated", "connection: TE , x-other", "X-Nominated: 1", "x-OTHER: 2",
                "Keep-Alive: timeout=5", "TE: trailers",
                "Trailer: X-Sum", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eDp5", "Upgrade: h2c",
                "HTTP2-Settings: AAA",
            ]
            let client = try await harness.sending(Ask.head("GET", "/", hops + ["X-Kept: yes", "Accept: */*"]))
            #expect(try await client.readAnswer().status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.value("x-kept") == "yes")
            #expect(request.value("accept") == "*/*")
            for name in [
                "connection", "x-nominated", "x-other", "keep-alive", "te", "trailer", "proxy-connection",
                "proxy-authorization", "upgrade", "http2-settings",
            ] {
                #expect(request.values(name) == [], "\(name)")
            }
        }
    }

    @Test("about the upstream's connection do not reach the client")
    func answerHops() async throws {
        let answer = [
            "HTTP/1.1 200 OK", "Connection: X-Nominated, keep-alive", "X-Nominated: 1", "Keep-Alive: timeout=5",
            "Proxy-Authenticate: Basic", "Upgrade: h2c",
            "Trailer: X-Sum", "X-Kept: yes", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Request-Id: theirs",
            "Content-Length: 2", "", "ok",
        ].joined(separator: "\r\n")
        try await DataPlaneHarness.run(.says(answer)) { harness in
            let answer = try await harness.gateway.client().get("\(harness.gateway.url)/")
            #expect(answer.value("x-kept") == "yes")
            #expect(answer.values("set-cookie") == ["a=1", "b=2"])
            for name in ["connection", "x-nominated", "keep-alive", "proxy-authenticate", "upgrade", "trailer"] {
                #expect(answer.values(name) == [], "\(name)")
            }
            // One request id, and it is the one that the upstream was told.
            #expect(answer.values("x-request-id").count == 1)
            #expect(answer.value("x-request-id") == harness.upstream.requests.first?.value("x-request-id"))
        }
    }

    @Test(
        "that say who calls cannot be sent by a client, in whatever spelling",
        arguments: [
            "X-Auth-Subject", "X-Auth-Client-Id", "X-Auth-Scope", "X-Auth-Issuer", "Forwarded", "X-Forwarded-For",
            "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "X-Real-IP",
        ])
    func spoofing(name: String) async throws {
        try await DataPlaneHarness.run { harness in
            let spellings = ["-", "_", "."].flatMap { mark in
                let spelling = name.replacing("-", with: mark)
                return [spelling, spelling.uppercased(), spelling.lowercased()]
            }
            let token = try TestIssuer.partner().token(subject: "alice")
            for (path, authorization) in [("/", []), ("/secret/1", ["Authorization: Bearer \(token)"])] {
                let client = try await harness.sending(
                    Ask.head("GET", path, spellings.map { "\($0): spoofed" } + authorization))
                #expect(try await client.readAnswer().status == 200)
            }
            for request in try await harness.upstream.requests(atLeast: 2) {
                #expect(request.fields.filter { $0.value.contains("spoofed") } == [])
            }
        }
    }

    @Test("tell the upstream who calls, from where, and by which names the request is known")
    func forwarded() async throws {
        try await DataPlaneHarness.run { harness in
            let token = try TestIssuer.partner().token(subject: "alice", clientID: "shop")
            let answer = try await harness.gateway.client().send(
                CurlRequest("GET", "\(harness.gateway.url)/secret/1?a=b").bearer(token))
            #expect(answer.status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.target == "/secret/1?a=b")
            #expect(request.values("x-auth-subject") == ["alice"])
            #expect(request.values("x-auth-client-id") == ["shop"])
            #expect(request.values("x-auth-scope") == ["orders:read"])
            #expect(request.values("authorization") == [])
            #expect(request.values("x-forwarded-for") == ["127.0.0.1"])
            #expect(request.values("x-forwarded-proto") == ["https"])
            #expect(request.values("x-forwarded-host") == ["localhost:\(harness.gateway.port)"])
            #expect(
                request.values("forwarded") == ["for=127.0.0.1;proto=https;host=\"localhost:\(harness.gateway.port)\""])
            #expect(request.values("host") == ["localhost:\(harness.gateway.port)"])
            #expect(request.peer?.uris == ["spiffe://example.org/gateway"])
            #expect(request.tlsVersion == "TLSv1.3")
        }
    }

    @Test("carry the token on only where the route says so")
    func token() async throws {
        try await DataPlaneHarness.run(change: {
            $0.routes = $0.routes.replacing(
                "scopes: [\"orders:read\"]}", with: "scopes: [\"orders:read\"]}\n  forward_token: true")
        }) { harness in
            let token = try TestIssuer.partner().token()
            #expect(
                try await harness.gateway.client().send(
                    CurlRequest("GET", "\(harness.gateway.url)/secret/1").bearer(token)
                )
                .status == 200)
            #expect(try await harness.upstream.requests(atLeast: 1)[0].values("authorization") == ["Bearer \(token)"])
        }
    }

    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test("of a trace are continued", arguments: ["00", "01"])
    func traceContinued(flags: String) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.sending(
                Ask.get("/", fields: "traceparent: 00-\(Self.trace)-\(Self.span)-\(flags)", "tracestate: a=b"))
            #expect(try await client.readAnswer().status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            let parts = try #require(request.value("traceparent")).split(separator: "-")
            #expect(parts.map(\.count) == [2, 32, 16, 2])
            #expect(parts[1] == Self.trace)
            #expect(parts[2] != Self.span)
            #expect(parts[3] == flags)
            #expect(request.value("tracestate") == "a=b")
            #expect(try await harness.gateway.auditRecord(where: "trace_id", is: .string(Self.trace))["status"] == 200)
        }
    }

    @Test(
        "of a trace that cannot be read begin a new one",
        arguments: [
            [], ["00-\(trace)-\(span)"], ["00-\(trace.uppercased())-\(span)-01"],
            ["00-00000000000000000000000000000000-\(span)-01"], ["00-\(trace)-0000000000000000-01"],
            ["ff-\(trace)-\(span)-01"], ["00-\(trace)-\(span)-01-more"],
            ["00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01"], ["00-\(trace)-\(span)-0g"],
        ])
    func traceBegun(lines: [String]) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try await harness.sending(
                Ask.head("GET", "/", lines.map { "traceparent: \($0)" } + ["tracestate: a=b"]))
            #expect(try await client.readAnswer().status == 200)
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.values("traceparent").count == 1)
            let parts = try #require(request.value("traceparent")).split(separator: "-")
            #expect(parts.map(\.count) == [2, 32, 16, 2])
            #expect(parts[1] != Self.trace)
            #expect(request.value("tracestate") == nil)
        }
    }
}
