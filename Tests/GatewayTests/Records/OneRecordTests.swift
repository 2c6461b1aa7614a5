import GatewayTesting
import JSON
import Testing

@Suite("one record for each request, whatever happens to it", .tags(.timed))
struct OneRecordTests {
    /// What a client does, and what its record must say.
    struct Deed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let decision: String
        let code: String?
        let status: Int?
        let ending: String?
        /// Lines of `timeouts`: short only where the deed waits for one of them.
        let timeouts: [String]
        let act: @Sendable (GatewayHarness) async throws -> Void

        init(
            _ name: String, _ decision: String, _ code: String? = nil, status: Int?, ending: String? = nil,
            timeouts: [String] = [],
            _ act: @escaping @Sendable (GatewayHarness) async throws -> Void
        ) {
            testDescription = name
            self.decision = decision
            self.code = code
            self.status = status
            self.ending = ending
            self.timeouts = timeouts
            self.act = act
        }
    }

    static let deeds: [Deed] = [
        .init("it is served", "allowed", status: 200) { _ = try await $0.answer("/open/") },
        .init("its token is served", "allowed", status: 200) {
            _ = try await $0.answer("/orders/1", token: $0.issuer.token(.es256))
        },
        .init("it has no route", "refused", "no_route", status: 404) { _ = try await $0.answer("/nowhere") },
        .init("it has no token", "refused", "missing_token", status: 401) { _ = try await $0.answer("/orders/1") },
        .init("its token is bad", "refused", "malformed_token", status: 401) {
            _ = try await $0.answer("/orders/1", token: "x")
        },
        .init("it is no HTTP", "refused", "bad_framing", status: 400) { harness in
            let client = try await harness.gateway.rawClient()
            try await client.write("NONSENSE\r\n\r\n")
            #expect(try await client.readToEnd().answers.map(\.status) == [400])
        },
        .init("its head stays half", "refused", "request_timeout", status: 408, timeouts: ["header_read: 4s"]) {
            harness in
            let client = try await harness.gateway.rawClient()
            try await client.write("GET /open/ HTTP/1.1\r\nHost: loc")
            #expect(try await client.readToEnd().answers.map(\.status) == [408])
        },
        .init("its body stays half", "refused", "request_timeout", status: 408, timeouts: ["body_stall: 4s"]) {
            harness in
            let client = try await harness.gateway.rawClient()
            try await client.write("POST /open/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf")
            #expect(try await client.readToEnd().answers.map(\.status) == [408])
        },
        .init("its body is too large", "refused", "body_too_large", status: 413) { harness in
            _ = try? await harness.client().post(
                harness.gateway.url + "/small/", .octets([UInt8](repeating: 0, count: 100)))
        },
        .init("its chunks are bad", "refused", "bad_framing", status: 400) { harness in
            let client = try await harness.gateway.rawClient()
            try await client.write(
                "POST /open/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            #expect(try await client.readToEnd().answers.map(\.status) == [400])
        },
        .init("nobody answers behind", "refused", "upstream_unreachable", status: 502) { harness in
            harness.upstream.script([.closeBeforeAnswer], for: "/open/closes")
            _ = try await harness.answer("/open/closes", method: "POST")
        },
        .init("what comes from behind is no HTTP", "refused", "upstream_bad_response", status: 502) { harness in
            harness.upstream.script([.raw("garbage\r\n\r\n")], for: "/open/garbage")
            _ = try await harness.answer("/open/garbage")
        },
        .init(
            "the upstream does not answer in time", "refused", "upstream_timeout", status: 504,
            timeouts: ["upstream_first_byte: 500ms"]
        ) { harness in
            harness.upstream.script([.hang], for: "/open/hangs")
            _ = try await harness.answer("/open/hangs")
        },
        .init("the answer breaks off", "allowed", status: 200, ending: "upstream_broke_off") { harness in
            harness.upstream.script([.closeMidBody(promised: 1_000, sent: 10)], for: "/open/breaks")
            _ = try? await harness.answer("/open/breaks")
        },
        .init("the client goes before the answer", "abandoned", status: nil, ending: "client_gone") { harness in
            harness.upstream.script([.gated("never")], for: "/open/gone")
            let client = try await harness.gateway.rawClient()
            try await client.write("GET /open/gone HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try await harness.upstream.request("/open/gone") { $0.path == "/open/gone" }
            await client.reset()
        },
        .init("the client goes in the middle of its body", "abandoned", status: nil, ending: "client_gone") { harness in
            let client = try await harness.gateway.rawClient()
            try await client.write("POST /open/part HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nhalf")
            _ = try await harness.upstream.request("four octets") { $0.path == "/open/part" && $0.bodyCount == 4 }
            await client.reset()
        },
        .init("the client goes in the middle of the answer", "allowed", status: 200, ending: "client_gone") { harness in
            harness.upstream.script([.pattern(64 * 1_048_576)], for: "/open/large")
            let client = try await harness.gateway.rawClient { $0.receiveBufferBytes = 4_096 }
            try await client.write("GET /open/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await client.read(count: 10) == Array("HTTP/1.1 2".utf8))
            await client.reset()
        },
        .init("HEAD", "allowed", status: 200) { _ = try await $0.client().head($0.gateway.url + "/open/") },
        .init("an answer before the body", "allowed", status: 403) { harness in
            harness.upstream.script([.early(403, thenReadsBody: true)], for: "/open/early")
            _ = try await harness.client().post(
                harness.gateway.url + "/open/early", .octets([UInt8](repeating: 1, count: 100_000)))
        },
        .init("a service inside the gateway", "allowed", status: 200) { _ = try await $0.answer("/health") },
        .init("a body nobody asked for, to a service inside", "refused", "method_not_allowed", status: 405) { harness in
            _ = try await harness.client().post(harness.gateway.url + "/health", .text("x"))
        },
    ]

    private static let routes =
        GatewayHarness.routes + """

            - id: small
              match: {path: "/small/{rest...}"}
              public: true
              body_max: 10B
              upstream: orders
            """

    @Test("also when", arguments: deeds)
    func once(_ deed: Deed) async throws {
        try await GatewayHarness.run(routes: Self.routes, timeouts: deed.timeouts) { harness in
            try await deed.act(harness)
            let record = try #require(try await harness.gateway.auditRecords(atLeast: 1).first)
            #expect(
                record["decision"]?.string == deed.decision,
                "\(String(decoding: JSON.object(record).serialized(), as: UTF8.self))")
            #expect(record["code"]?.string == deed.code)
            if let status = deed.status { #expect(record["status"]?.int == Int64(status)) }
            #expect(record["ending"]?.string == deed.ending)
            // One event loop and one file: what stands behind the marker's record was there before.
            let marker = try await harness.answer("/marker")
            _ = try await harness.record(of: marker)
            #expect(try harness.gateway.auditRecords().count == 2)
        }
    }

    @Test("requests that wait behind one another on a connection have one each, in their order")
    func pipelined() async throws {
        try await GatewayHarness.run { harness in
            let client = try await harness.gateway.rawClient()
            let paths = (0..<20).map { $0 % 3 == 0 ? "/nowhere/\($0)" : "/open/\($0)" }
            try await client.write(paths.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
            for path in paths { #expect(try await client.readAnswer().status == (path.hasPrefix("/open") ? 200 : 404)) }
            let records = try await harness.gateway.auditRecords(atLeast: 20)
            #expect(records.compactMap { $0["path"]?.string } == paths)
            #expect(Set(records.compactMap { $0["request_id"]?.string }).count == 20)
        }
    }

    @Test("many clients at once: as many records as answers, each with the id of its answer")
    func many() async throws {
        try await GatewayHarness.run { harness in
            let token = try harness.issuer.token(.es256)
            let ids = try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        let client = try harness.client()
                        var ids: [String] = []
                        for number in 0..<25 {
                            let path = (worker + number) % 4 == 0 ? "/nowhere" : "/orders/\(number)"
                            let answer = try await client.send(harness.request(path, token: token))
                            #expect(answer.status == (path == "/nowhere" ? 404 : 200))
                            ids.append(answer.value("x-request-id") ?? "")
                        }
                        return ids
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let records = try await harness.gateway.auditRecords(atLeast: 200)
            #expect(records.compactMap { $0["request_id"]?.string }.sorted() == ids.sorted())
        }
    }

    @Test("what is under way when the gateway stops has its record, too")
    func stopped() async throws {
        try await GatewayHarness.run { harness in
            harness.upstream.script([.gated("go")], for: "/open/slow")
            async let slow = harness.answer("/open/slow")
            _ = try await harness.upstream.request("/open/slow") { $0.path == "/open/slow" }
            async let stopped: Void = harness.gateway.stop()
            harness.upstream.open(gate: "go")
            #expect(try await slow.status == 200)
            try await stopped
            #expect(try harness.gateway.auditRecords().map { $0["path"] } == ["/open/slow"])
        }
    }
}
