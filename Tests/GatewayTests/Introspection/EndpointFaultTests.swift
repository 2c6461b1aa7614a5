import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("endpoints that are slow, dead, or lie", .tags(.timed))
struct EndpointFaultTests {
    private static let faults: [(String, UpstreamScript, String)] = [
        ("closes before it answers", .closeBeforeAnswer, "bad_answer"),
        ("refuses the gateway", .answer(401), "unauthorized"),
        ("forbids it", .answer(403), "unauthorized"),
        ("fails", .answer(500), "bad_status"),
        ("redirects", .answer(302, fields: [HeaderField("Location", "https://localhost:1/x")]), "redirected"),
        ("speaks HTML", .answer(fields: [HeaderField("Content-Type", "text/html")], "<p>"), "wrong_content_type"),
        (
            "speaks no JSON", .answer(fields: [HeaderField("Content-Type", "application/json")], "{\"active\":tru"),
            "not_json"
        ),
        (
            "speaks without end",
            .answer(fields: [HeaderField("Content-Type", "application/json")], String(repeating: " ", count: 70_000)),
            "too_large"
        ),
        ("says nothing", .hang, "timeout"),
    ]

    @Test("RS-076 an endpoint that does not do its part is 503 and never 401", arguments: faults.indices)
    func faulty(index: Int) async throws {
        let (name, script, failure) = Self.faults[index]
        try await IntrospectionHarness.run { harness async throws in
            harness.issuer.script(.introspection, script)
            let answer = try await harness.answer("t")
            #expect(answer.status == 503, "\(name)")
            #expect(answer.code == "introspection_unavailable", "\(name)")
            #expect(answer.value("www-authenticate") == nil)
            #expect((answer.value("retry-after").flatMap(Int.init)).map { (1...31).contains($0) } == true)
            let record = try await harness.base.record(of: answer)
            #expect(record["code"] == "introspection_unavailable")
            let state = try await harness.state()
            #expect(state["failure"]?.string == failure, "\(name)")
            #expect(try await harness.base.healthReport()["status"] == "degraded")
            // Others are served, and all is well once it behaves.
            #expect(try await harness.base.answer("/open/1").status == 200)
            harness.issuer.say(harness.issuer.facts())
            #expect(try await harness.answer("u").status == 200)
            #expect(try await harness.state()["alarms"] == [])
        }
    }

    @Test("RS-076 a question that the endpoint does not accept is 503 too, and says nothing of the endpoint")
    func oddQuestion() async throws {
        try await IntrospectionHarness.run { harness async throws in
            harness.issuer.script(.introspection, .answer(400))
            for number in 0..<8 {
                #expect(try await harness.answer("odd\(number)").code == "introspection_unavailable")
            }
            #expect(try await harness.state()["breaker"] == "closed")
            #expect(harness.issuer.questions.count == 8)
        }
    }

    @Test("RS-077 an endpoint whose certificate does not hold is shown no token")
    func foreignCertificate() async throws {
        try await IntrospectionHarness.run(make: { try FakeIssuer.start($0, certificate: $0.foreignOrders) }) {
            harness async throws in
            let answer = try await harness.answer("t")
            #expect(answer.code == "introspection_unavailable")
            #expect(harness.issuer.server.requests.isEmpty)
            #expect(try await harness.state()["failure"] == "tls_failed")
        }
        try await IntrospectionHarness.run(make: { try FakeIssuer.start($0, certificate: $0.expiredOrders) }) {
            harness async throws in
            #expect(try await harness.answer("t").code == "introspection_unavailable")
            #expect(harness.issuer.server.requests.isEmpty)
        }
    }

    @Test("a hundred requests with one token at once cause one question")
    func singleFlight() async throws {
        try await IntrospectionHarness.run { harness async throws in
            let octets = JSON.object(harness.issuer.facts()).serialized()
            let head = UpstreamScript.head(
                200,
                [HeaderField("Content-Type", "application/json"), HeaderField("Content-Length", "\(octets.count)")])
            harness.issuer.script(.introspection, .steps(.readBody, .waitForGate("answer"), .write(head + octets)))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 { group.addTask { try await harness.answer("t").status } }
                group.addTask {
                    _ = try await eventually("the question") { harness.issuer.questions.isEmpty ? nil : true }
                    harness.issuer.server.open(gate: "answer")
                    return 200
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count == 101)
            // On a machine that is too busy a second may have passed, or 300 ms: then there is a second call beside it.
            #expect(statuses.allSatisfy { $0 == 200 || $0 == 503 })
            #expect((1...2).contains(harness.issuer.questions.count))
        }
    }

    @Test("a call that is slow has a second one beside it, on another connection")
    func hedge() async throws {
        try await IntrospectionHarness.run { harness async throws in
            #expect(try await harness.answer("first").status == 200)
            let good = UpstreamScript.answer(
                fields: [HeaderField("Content-Type", "application/json")],
                String(decoding: JSON.object(harness.issuer.facts()).serialized(), as: UTF8.self))
            harness.issuer.server.script([.hang, good], for: harness.issuer.path(of: .introspection))
            #expect(try await harness.answer("second").status == 200)
            let questions = harness.issuer.questions.suffix(2)
            #expect(questions.count == 2)
            #expect(Set(questions.map(\.connection)).count == 2)
        }
    }

    @Test("questions one after the other share one connection")
    func pooled() async throws {
        try await IntrospectionHarness.run { harness async throws in
            for number in 0..<20 { #expect(try await harness.answer("t\(number)").status == 200) }
            #expect(Set(harness.issuer.questions.map(\.connection)).count == 1)
            // One that was closed meanwhile does no harm.
            try await harness.issuer.server.closeConnections()
            #expect(try await harness.answer("later").status == 200)
        }
    }

    @Test("RS-076 an endpoint that fails five times is left alone, and comes back by itself")
    func breaker() async throws {
        try await IntrospectionHarness.run { harness async throws in
            #expect(try await harness.answer("known").status == 200)
            harness.issuer.script(.introspection, .answer(500))
            for number in 0..<5 { #expect(try await harness.answer("t\(number)").status == 503) }
            let asked = harness.issuer.questions.count
            let state = try await harness.state()
            #expect(state["breaker"] != "closed")
            #expect(state["alarms"]?.array?.contains("introspection_suspended") == true)
            let answer = try await harness.answer("other")
            #expect(answer.status == 503)
            #expect(answer.value("retry-after") != nil)
            #expect(harness.issuer.questions.count == asked)
            // What is known carries on.
            #expect(try await harness.answer("known").status == 200)
            harness.issuer.say(harness.issuer.facts())
            try await eventually("the endpoint to be asked again") { try await harness.answer("again").status == 200 }
            #expect(try await harness.state()["breaker"] == "closed")
        }
    }
}
