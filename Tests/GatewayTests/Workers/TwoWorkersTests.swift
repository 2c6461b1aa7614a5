import Foundation
import GatewayTesting
import JSON
import Testing

/// What event loops share: a gateway with two workers, asked over several connections. The kernel's connections are
/// handed out in turn, so two that follow each other are on different loops.
@Suite("two workers decide as one", .tags(.timed))
struct TwoWorkersTests {
    private static let connections = 6

    private static func twoWorkers(_ text: String) -> String {
        text.replacingOccurrences(of: "workers: 1", with: "workers: 2")
    }

    /// A client for each connection, each of which has made its connection.
    private static func clients(_ harness: GatewayHarness) async throws -> [CurlClient] {
        var clients: [CurlClient] = []
        for _ in 0..<connections {
            let client = try harness.client()
            #expect(try await client.send(harness.request("/open/")).status == 200)
            clients.append(client)
        }
        return clients
    }

    /// The same request over every connection at once; the answers in no order.
    private static func everywhere(_ clients: [CurlClient], _ request: CurlRequest) async throws -> [CurlResponse] {
        try await withThrowingTaskGroup(of: CurlResponse.self) { group in
            for client in clients { group.addTask { try await client.send(request) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("RS-109 a proof that was used on one loop is a replay on every other")
    func replay() async throws {
        let routes =
            GatewayHarness.routes + """

                - id: proved
                  match: {path: "/proved/{rest...}"}
                  require: {issuers: [partner], proof: dpop}
                  upstream: orders
                """
        try await GatewayHarness.run(routes: routes, edit: Self.twoWorkers) { harness in
            let clients = try await Self.clients(harness)
            let prover = try ProvingClient()
            let token = try prover.token(of: harness.issuer)
            for _ in 0..<5 {
                let fields = try prover.fields("GET", harness.gateway.url + "/proved/1", token: token)
                let answers = try await Self.everywhere(clients, harness.request("/proved/1", fields: fields))
                #expect(answers.count { $0.status == 200 } == 1)
                #expect(answers.count { $0.status == 401 && $0.code == "replayed_proof" } == Self.connections - 1)
            }
        }
    }

    @Test("a rate limit counts what all loops have let through")
    func limit() async throws {
        let routes = """
            - id: limited
              match: {path: /limited}
              require: {issuers: [partner]}
              limits: [per_client]
              upstream: orders
            \(GatewayHarness.routes)
            """
        try await GatewayHarness.run(
            routes: routes, sections: "limits: {per_client: {by: client_id, rate: 8/h, burst: 8}}",
            edit: Self.twoWorkers
        ) { harness in
            let clients = try await Self.clients(harness)
            let request = harness.request("/limited", token: try harness.issuer.token(.es256))
            var statuses: [Int] = []
            for _ in 0..<4 { statuses += try await Self.everywhere(clients, request).map(\.status) }
            #expect(statuses.count { $0 == 200 } == 8)
            #expect(statuses.count { $0 == 429 } == 4 * Self.connections - 8)
        }
    }

    @Test("bad tokens count together, and what one loop knows of a good token it alone knows")
    func limited() async throws {
        try await GatewayHarness.run(bounds: ["bad_tokens_per_minute_max: 6"], edit: Self.twoWorkers) { harness in
            let clients = try await Self.clients(harness)
            let known = harness.request("/orders/1", token: try harness.issuer.token(.es256))
            #expect(try await Self.everywhere(clients, known).allSatisfy { $0.status == 200 })
            #expect(
                try await Self.everywhere(clients, harness.request("/orders/1", token: "bad")).allSatisfy {
                    $0.status == 401
                })
            let fresh = harness.request("/orders/1", token: try harness.issuer.token(.es256))
            #expect(
                try await Self.everywhere(clients, fresh).allSatisfy {
                    $0.status == 429 && $0.code == "too_many_bad_tokens"
                })
            // Every loop has verified this one.
            #expect(try await Self.everywhere(clients, known).allSatisfy { $0.status == 200 })
        }
    }

    @Test("after a reload every loop judges by the new policy, tokens that they know as well")
    func reload() async throws {
        try await GatewayHarness.run(edit: Self.twoWorkers) { harness in
            let clients = try await Self.clients(harness)
            let request = harness.request("/orders/1", token: try harness.issuer.token(.es256))
            for _ in 0..<3 { #expect(try await Self.everywhere(clients, request).allSatisfy { $0.status == 200 }) }
            let text = try String(decoding: harness.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.gateway.write(
                policy: text.replacingOccurrences(of: "[\"orders:read\"]", with: "[\"orders:audit\"]"))
            try await harness.gateway.reload()
            try await eventually("the reload") { try await harness.healthReport()["reloads"] == 1 }
            let answers = try await Self.everywhere(clients, request)
            #expect(answers.allSatisfy { $0.status == 403 && $0.code == "insufficient_scope" })
        }
    }

    @Test("an unannounced key is fetched once, and requests that wait for it on both loops are served")
    func keys() async throws {
        try await IssuerHarness.run(edit: Self.twoWorkers) { harness in
            var clients: [CurlClient] = []
            for _ in 0..<Self.connections {
                let client = try harness.base.client()
                #expect(
                    try await client.send(harness.base.request("/orders/1", token: try harness.issuer.token())).status
                        == 200
                )
                clients.append(client)
            }
            let new = try TestSigningKey(.es256, kid: "second")
            try harness.issuer.publish([harness.issuer.key, new])
            harness.issuer.sign(with: new)
            let answers = try await Self.everywhere(
                clients, harness.base.request("/orders/1", token: try harness.issuer.token()))
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(harness.issuer.fetches(of: .keys) == 2)
        }
    }

    @Test("every answer of either loop has its one record")
    func records() async throws {
        try await GatewayHarness.run(edit: Self.twoWorkers) { harness in
            let clients = try await Self.clients(harness)
            let answers = try await Self.everywhere(
                clients, harness.request("/orders/1", token: try harness.issuer.token(.es256)))
            for answer in answers {
                #expect(answer.status == 200)
                #expect(try await harness.record(of: answer)["decision"] == "allowed")
            }
        }
    }
}
