import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("requests that wait for keys")
struct WaitingTests {
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

    @Test("they are judged when the keys come, each once, and in their order on a connection")
    func served() async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            let head = "Host: localhost\r\nAuthorization: Bearer \(token)\r\n"
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\n\(head)\r\nGET /open/2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            // Others are served meanwhile.
            #expect(try await play.stage.answer("/open/1").status == 200)
            play.issuer.server.open(gate: "keys")
            let first = try await client.readAnswer()
            // On a machine that is too busy the second of waiting may have passed.
            #expect([200, 503].contains(first.status))
            #expect(try await client.readAnswer().status == 200)
            let records = try await play.stage.gateway.auditRecords(atLeast: 3)
            #expect(records.count { $0["path"] == "/orders/1" } == 1)
        }
    }

    @Test("a body that arrives while they wait is passed on whole", arguments: [10, 3_000_000])
    func body(count: Int) async throws {
        try await IssuerStage.play(prepare: Self.gated, isReady: false) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            async let answer = play.stage.client().post(
                play.stage.gateway.url + "/orders/1", fields: [HeaderField("Authorization", "Bearer \(token)")],
                .octets([UInt8](repeating: 7, count: count)))
            try await Task.sleep(for: .milliseconds(50))
            play.issuer.server.open(gate: "keys")
            let status = try await answer.status
            #expect([200, 503].contains(status))
            if status == 200 {
                let request = try await play.stage.upstream.requests(atLeast: 1)[0]
                #expect(request.bodyCount == count)
            }
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
        try await IssuerStage.play(prepare: Self.gated, isReady: false) { play in
            try await waiting(play)
            let token = try play.issuer.token()
            let client = try await play.stage.gateway.rawClient()
            try await client.write(
                "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
            // So that it is there before its end is.
            #expect(try await play.stage.answer("/open/1").status == 200)
            await client.reset()
            let record = try await play.stage.gateway.auditRecord(where: "path", is: "/orders/1")
            #expect(["abandoned", "refused"].contains(record["decision"]?.string))
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
        try await IssuerStage.play(routes: routes, prepare: Self.gated, isReady: false) { play in
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
            async let answer = play.answer()
            try await Task.sleep(for: .milliseconds(50))
            try await play.stage.gateway.stop()
            #expect(try await answer.status == 503)
        }
    }
}
