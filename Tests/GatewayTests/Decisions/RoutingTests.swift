import GatewayTesting
import JSON
import Testing

@Suite("where a request goes")
struct RoutingTests {
    private static let routes = """
        - id: read
          match: {hosts: [localhost], methods: [GET, HEAD], path: "/orders/{id}"}
          public: true
          upstream: orders
        - id: change
          match: {hosts: [localhost], methods: [PUT], path: "/orders/{id}"}
          public: true
          upstream: orders
        - id: export
          match: {hosts: [localhost], methods: [GET], path: /orders/export}
          public: true
          upstream: orders
        - id: encoded
          match: {path: "/files/{name}"}
          allow_path: [encoded_slash]
          public: true
          upstream: orders
        - id: rest
          match: {path: "/rest/{rest...}"}
          public: true
          upstream: orders
        """

    @Test("a path without a route is 404, and a host without one")
    func notFound() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            for path in ["/", "/orders", "/orders/1/lines", "/Orders/1"] {
                let answer = try await harness.answer(path)
                #expect(answer.status == 404)
                #expect(answer.code == "no_route")
                #expect(try await harness.record(of: answer)["code"] == "no_route")
            }
            let other = try await harness.client().get("https://api.example.com/orders/1")
            #expect(other.status == 404)
            #expect(other.code == "no_route")
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("a method that no route of the path has is 405, with those that it has")
    func methodNotAllowed() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let answer = try await harness.answer("/orders/1", method: "DELETE")
            #expect(answer.status == 405)
            #expect(answer.code == "method_not_allowed")
            #expect(
                answer.value("allow").map { Set($0.split(separator: ",").map { $0.filter { $0 != " " } }) } == [
                    "GET", "HEAD", "PUT",
                ])
            #expect(try await harness.record(of: answer)["code"] == "method_not_allowed")
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("the more specific route wins, whatever their order")
    func specific() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let (export, seven) = (try await harness.answer("/orders/export"), try await harness.answer("/orders/7"))
            #expect(try await harness.record(of: export)["route"] == "export")
            #expect(try await harness.record(of: seven)["route"] == "read")
        }
    }

    @Test("HEAD is answered without a body, with the length that GET would have")
    func head() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let answer = try await harness.client().head(harness.gateway.url + "/orders/1")
            #expect(answer.status == 200)
            #expect(answer.value("content-length") == "6")
            #expect(answer.bodyCount == 0)
            let refused = try await harness.client().head(harness.gateway.url + "/nowhere")
            #expect(refused.status == 404)
            #expect(refused.bodyCount == 0)
        }
    }

    @Test("an irregular path is refused unless its route allows it, and then forwarded as it was judged")
    func irregular() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            for path in [
                "/orders/a%2Fb", "/rest//", "/rest//x", "/orders/x/../1", "/rest/%2e/x", "/orders/1;v=2", "/files/a;b",
                "/rest/a%5Cb",
            ] {
                let answer = try await harness.answer(path)
                #expect(answer.status == 400, "\(path)")
                #expect(answer.code == "bad_path", "\(path)")
            }
            #expect(try await harness.answer("/files/a%2fb?x=%2f").status == 200)
            #expect(try await harness.answer("/orders/%7Ejoe").status == 200)
            #expect(harness.upstream.requests.map(\.target) == ["/files/a%2Fb?x=%2f", "/orders/~joe"])
        }
    }

    @Test("every refusal is a problem document with the request's id (RFC 9457)")
    func problem() async throws {
        try await GatewayHarness.run(routes: Self.routes) { harness in
            let answer = try await harness.answer("/nowhere")
            let document = try #require(try JSON.parse(answer.body).object)
            #expect(answer.value("content-type") == "application/problem+json")
            #expect(document["status"] == 404)
            #expect(document["title"]?.string != nil)
            #expect(document["detail"]?.string != nil)
            #expect(document["request_id"]?.string == answer.value("x-request-id"))
            #expect(answer.value("x-request-id")?.count == 32)
        }
    }
}
