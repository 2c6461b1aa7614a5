import Foundation
import GatewayTesting
import JSON
import Testing

/// The issuer answers when a test says so. Requests wait longer for it than any machine takes for the rest of the test, so
/// that each has one right answer; only where they wait in vain (the issuer never answers) the time is the one that ships.
@Suite("requests that wait for keys")
struct WaitingTests {
    private static let patient = InProcessRunner(waitMax: .seconds(120))

    private static func gated(_ issuer: FakeIssuer) throws {
        let set: JSON = ["keys": [try issuer.key.jwk]]
        let octets = set.serialized()
        let head = UpstreamScript.head(
            200, [HeaderField("Content-Type", "application/json"), HeaderField("Content-Length", "\(octets.count)")])
        issuer.script(.keys, .steps(.readBody, .waitForGate("keys"), .write(head + octets)))
    }

    private func waiting(_ harness: IssuerHarness) async throws {
        try await eventually("the fetch of keys") { harness.issuer.fetches(of: .keys) == 1 }
    }

    /// There is one event loop: when a later request has been answered, what came before it has been read, and waits.
    private func expectServed(_ harness: IssuerHarness) async throws {
        #expect(try await harness.base.answer("/open/1").status == 200)
    }

    @Test("they are judged when the keys come, each once, and in their order on a connection")
    func served() async throws {
        try await IssuerHarness.run(prepare: Self.gated, isReady: false, runner: Self.patient) { harness in
            try await waiting(harness)
            let token = try harness.issuer.token()
            let client = try await harness.base.gateway.rawClient()
            let head = "Host: localhost\r\nAuthorization: Bearer \(token)\r\n"
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\n\(head)\r\nGET /open/2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            // Others are served meanwhile.
            try await expectServed(harness)
            #expect(harness.base.upstream.requests.map(\.path) == ["/open/1"])
            harness.issuer.server.open(gate: "keys")
            #expect(try await client.readAnswer().status == 200)
            #expect(try await client.readAnswer().status == 200)
            #expect(harness.base.upstream.requests.map(\.path) == ["/open/1", "/orders/1", "/open/2"])
            let records = try await harness.base.gateway.auditRecords(atLeast: 3)
            #expect(records.count { $0["path"] == "/orders/1" } == 1)
        }
    }

    @Test("a body that arrives while they wait is passed on whole", arguments: [10, 3_000_000])
    func body(count: Int) async throws {
        try await IssuerHarness.run(prepare: Self.gated, isReady: false, runner: Self.patient) { harness in
            try await waiting(harness)
            let token = try harness.issuer.token()
            let client = try await harness.base.gateway.rawClient()
            let body = [UInt8](repeating: 7, count: count)
            let head =
                "POST /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(count)\r\n\r\n"
            try await client.write(Array(head.utf8) + body.prefix(9))
            // What does not fit into buffers on the way is taken when the keys are there.
            async let rest: Void = client.write(Array(body.dropFirst(9)))
            try await expectServed(harness)
            harness.issuer.server.open(gate: "keys")
            try await rest
            #expect(try await client.readAnswer(to: "POST").status == 200)
            let request = try #require(
                try await harness.base.upstream.requests(atLeast: 2).first { $0.path == "/orders/1" })
            #expect(request.bodyCount == count)
        }
    }

    @Test("after a second they are answered with 503, and the keys may come later")
    func inVain() async throws {
        try await IssuerHarness.run(prepare: Self.gated, isReady: false) { harness in
            try await waiting(harness)
            let began = ContinuousClock.now
            let answer = try await harness.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect(answer.value("retry-after") != nil)
            #expect(ContinuousClock.now - began > .milliseconds(900))
            let record = try await harness.base.record(of: answer)
            #expect(record["decision"] == "refused")
            #expect(record["code"] == "keys_unavailable")
            harness.issuer.server.open(gate: "keys")
            try await harness.ready()
            #expect(try await harness.answer().status == 200)
        }
    }

    @Test("a client that goes away while it waits leaves one record and nothing else")
    func gone() async throws {
        try await IssuerHarness.run(prepare: Self.gated, isReady: false, runner: Self.patient) { harness in
            try await waiting(harness)
            let token = try harness.issuer.token()
            let client = try await harness.base.gateway.rawClient()
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
            // So that it is there before its end is.
            try await expectServed(harness)
            await client.reset()
            let record = try await harness.base.gateway.auditRecord(where: "path", is: "/orders/1")
            #expect(record["decision"] == "abandoned")
            harness.issuer.server.open(gate: "keys")
            try await harness.ready()
            let answer = try await harness.answer()
            #expect(answer.status == 200)
            // One event loop and one file: what stands behind this record was there before.
            _ = try await harness.base.record(of: answer)
            #expect(try harness.base.gateway.auditRecords().count { $0["path"] == "/orders/1" } == 2)
            #expect(harness.base.upstream.requests.count { $0.path == "/orders/1" } == 1)
        }
    }

    @Test("a body that is too large while they wait is refused, once")
    func tooLarge() async throws {
        let routes = IssuerHarness.routes.replacingOccurrences(
            of: "  require: {issuers: [kc]", with: "  body_max: 10B\n  require: {issuers: [kc]")
        try await IssuerHarness.run(routes: routes, prepare: Self.gated, isReady: false, runner: Self.patient) {
            harness in
            try await waiting(harness)
            let token = try harness.issuer.token()
            let client = try await harness.base.gateway.rawClient()
            try await client.write(
                "POST /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n"
            )
            try await client.write(String(repeating: "x", count: 32) + "\r\n")
            #expect(try await client.readAnswer().status == 413)
            harness.issuer.server.open(gate: "keys")
            try await harness.ready()
            _ = try await harness.base.record(of: try await harness.base.answer("/open/1"))
            #expect(try harness.base.gateway.auditRecords().count { $0["path"] == "/orders/1" } == 1)
        }
    }

    @Test("a gateway that stops does not wait for keys")
    func stopped() async throws {
        try await IssuerHarness.run(prepare: Self.gated, isReady: false) { harness in
            try await waiting(harness)
            let client = try await harness.base.gateway.rawClient()
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(harness.issuer.token())\r\n\r\n")
            try await expectServed(harness)
            try await harness.base.gateway.stop()
            #expect(try await client.readAnswer().status == 503)
        }
    }
}
