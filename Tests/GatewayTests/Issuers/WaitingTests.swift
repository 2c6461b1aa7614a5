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

    private func waiting(_ play: IssuerStage) async throws {
        try await eventually("the fetch of keys") { play.issuer.fetches(of: .keys) == 1 }
    }

    /// There is one event loop: when a later request has been answered, what came before it has been read, and waits.
    private func expectServed(_ play: IssuerStage) async throws {
        #expect(try await play.stage.answer("/open/1").status == 200)
    }

    @Test("they are judged when the keys come, each once, and in their order on a connection")
    func served() async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false, runner: Self.patient) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            let head = "Host: localhost\r\nAuthorization: Bearer \(token)\r\n"
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\n\(head)\r\nGET /open/2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            // Others are served meanwhile.
            try await expectServed(play)
            #expect(play.stage.upstream.requests.map(\.path) == ["/open/1"])
            play.issuer.server.open(gate: "keys")
            #expect(try await client.readAnswer().status == 200)
            #expect(try await client.readAnswer().status == 200)
            #expect(play.stage.upstream.requests.map(\.path) == ["/open/1", "/orders/1", "/open/2"])
            let records = try await play.stage.gateway.auditRecords(atLeast: 3)
            #expect(records.count { $0["path"] == "/orders/1" } == 1)
        }
    }

    @Test("a body that arrives while they wait is passed on whole", arguments: [10, 3_000_000])
    func body(count: Int) async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false, runner: Self.patient) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            let body = [UInt8](repeating: 7, count: count)
            let head =
                "POST /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(count)\r\n\r\n"
            try await client.write(Array(head.utf8) + body.prefix(9))
            // What does not fit into buffers on the way is taken when the keys are there.
            async let rest: Void = client.write(Array(body.dropFirst(9)))
            try await expectServed(play)
            play.issuer.server.open(gate: "keys")
            try await rest
            #expect(try await client.readAnswer(to: "POST").status == 200)
            let request = try #require(
                try await play.stage.upstream.requests(atLeast: 2).first { $0.path == "/orders/1" })
            #expect(request.bodyCount == count)
        }
    }

    @Test("after a second they are answered with 503, and the keys may come later")
    func inVain() async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false) { play in
            try await waiting(play)
            let began = ContinuousClock.now
            let answer = try await play.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect(answer.value("retry-after") != nil)
            #expect(ContinuousClock.now - began > .milliseconds(900))
            let record = try await play.stage.record(of: answer)
            #expect(record["decision"] == "refused")
            #expect(record["code"] == "keys_unavailable")
            play.issuer.server.open(gate: "keys")
            try await play.ready()
            #expect(try await play.answer().status == 200)
        }
    }

    @Test("a client that goes away while it waits leaves one record and nothing else")
    func gone() async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false, runner: Self.patient) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
            // So that it is there before its end is.
            try await expectServed(play)
            await client.reset()
            let record = try await play.stage.gateway.auditRecord(where: "path", is: "/orders/1")
            #expect(record["decision"] == "abandoned")
            play.issuer.server.open(gate: "keys")
            try await play.ready()
            let answer = try await play.answer()
            #expect(answer.status == 200)
            // One event loop and one file: what stands behind this record was there before.
            _ = try await play.stage.record(of: answer)
            #expect(try play.stage.gateway.auditRecords().count { $0["path"] == "/orders/1" } == 2)
            #expect(play.stage.upstream.requests.count { $0.path == "/orders/1" } == 1)
        }
    }

    @Test("a body that is too large while they wait is refused, once")
    func tooLarge() async throws {
        let routes = IssuerStage.routes.replacingOccurrences(
            of: "  require: {issuers: [kc]", with: "  body_max: 10B\n  require: {issuers: [kc]")
        try await IssuerStage.play(routes: routes, prepare: Self.gated, isReady: false, runner: Self.patient) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            try await client.write(
                "POST /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n"
            )
            try await client.write(String(repeating: "x", count: 32) + "\r\n")
            #expect(try await client.readAnswer().status == 413)
            play.issuer.server.open(gate: "keys")
            try await play.ready()
            _ = try await play.stage.record(of: try await play.stage.answer("/open/1"))
            #expect(try play.stage.gateway.auditRecords().count { $0["path"] == "/orders/1" } == 1)
        }
    }

    @Test("a gateway that stops does not wait for keys")
    func stopped() async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false) { play in
            try await waiting(play)
            let client = try await play.stage.gateway.rawClient()
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(play.issuer.token())\r\n\r\n")
            try await expectServed(play)
            try await play.stage.gateway.stop()
            #expect(try await client.readAnswer().status == 503)
        }
    }
}
