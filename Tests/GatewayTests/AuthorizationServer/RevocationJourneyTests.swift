import AuthorizationRecords
import Foundation
import Gateway
import GatewayTesting
import JSON
import Storage
import Testing

/// Tokens of the built-in server, taken back while the gateway runs: over sockets, on two event loops, by this process
/// and by others.
@Suite("revocation takes effect on the data path at once", .tags(.timed))
struct RevocationJourneyTests {
    private static func run<Value: Sendable>(
        runner: (any GatewayRunner)? = nil, _ body: (GatewayHarness) async throws -> Value
    )
        async throws -> Value
    {
        try await GatewayHarness.runOwnIssuer(
            runner: runner, edit: { $0.replacingOccurrences(of: "workers: 1", with: "workers: 2") }
        ) { harness, _ in
            try await body(harness)
        }
    }

    private struct Client {
        let id: String
        let secret: String
    }

    private func add(_ harness: GatewayHarness, _ id: String = "billing") async throws -> Client {
        let run = try await Portcullis.run(
            ["client", "add", id, "--scope", "orders:read", "--json"], in: harness.gateway.folder)
        #expect(run.status == 0, "\(run.errors)")
        let object = try #require(try JSON.parse(Array(run.output.utf8)).object)
        return Client(id: id, secret: try #require(object["client_secret"]?.string))
    }

    private func post(_ harness: GatewayHarness, _ path: String, _ form: String, as client: Client) async throws
        -> CurlResponse
    {
        var request = harness.request(
            path, method: "POST", fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        request.fields.append(
            HeaderField("Authorization", "Basic " + Data("\(client.id):\(client.secret)".utf8).base64EncodedString()))
        request.body = .text(form)
        return try await harness.client().send(request)
    }

    private func token(_ harness: GatewayHarness, _ client: Client) async throws -> String {
        let answer = try await post(harness, "/oauth2/token", "grant_type=client_credentials", as: client)
        return try #require(try JSON.parse(answer.body).object?["access_token"]?.string, "\(answer.text)")
    }

    /// Eight connections, so that both loops have some, each asked until it refuses; all of them within the second.
    private func expectRefused(_ harness: GatewayHarness, _ token: String, since: ContinuousClock.Instant) async throws
    {
        for _ in 0..<8 {
            let client = try harness.client()
            while true {
                let answer = try await client.send(harness.request("/orders/1", token: token))
                if answer.status == 401 {
                    #expect(answer.code == "revoked_token")
                    #expect(answer.value("www-authenticate")?.contains("invalid_token") == true)
                    break
                }
                guard since.duration(to: .now) < .seconds(1) else {
                    Issue.record("still accepted after a second: \(answer.status)")
                    return
                }
            }
        }
    }

    @Test(
        "AS-078 RS-129 a token that its client gives back is refused within a second, on every loop, and the record says why"
    )
    func endpoint() async throws {
        try await Self.run { harness in
            let client = try await add(harness)
            let token = try await token(harness, client)
            let other = try await self.token(harness, client)
            for _ in 0..<8 { #expect(try await harness.answer("/orders/1", token: token).status == 200) }
            #expect(
                try await post(harness, "/oauth2/introspect", "token=\(token)", as: client).text.contains(
                    "\"active\":true"))

            let revoked = try await post(harness, "/oauth2/revoke", "token=\(token)", as: client)
            #expect(revoked.status == 200)
            try await expectRefused(harness, token, since: .now)
            #expect(
                try await post(harness, "/oauth2/introspect", "token=\(token)", as: client).text == "{\"active\":false}"
            )
            #expect(try await harness.answer("/orders/1", token: other).status == 200)
            #expect(try await harness.record(of: revoked)["event"] == "token_revoked")
            let refused = try await harness.answer("/orders/1", token: token)
            #expect(try await harness.record(of: refused)["code"] == "revoked_token")
            #expect(try await harness.healthReport()["revocations"] == ["live": 1, "failure": .null])
        }
    }

    @Test("AS-078 what another process writes into the database is in force within a second")
    func otherProcess() async throws {
        try await Self.run(runner: ProgramRunner.built()) { harness in
            let client = try await add(harness)
            let token = try await token(harness, client)
            #expect(try await harness.answer("/orders/1", token: token).status == 200)
            let now = Int64(Date().timeIntervalSince1970)
            let store = try SQLiteAuthorizationStore.open(
                path: harness.gateway.folder.path("var/portcullis.sqlite"), creating: false, now: now, random: .system)
            #expect(try await store.commit(Revoker.changes(ending: .subject(client.id), now: now), now: now))
            try await expectRefused(harness, token, since: .now)
        }
    }

    @Test("AS-078 a client that an operator removes has its tokens refused within a second")
    func removedClient() async throws {
        try await Self.run(runner: ProgramRunner.built()) { harness in
            let client = try await add(harness)
            let token = try await token(harness, client)
            #expect(try await harness.answer("/orders/1", token: token).status == 200)
            #expect(try await Portcullis.run(["client", "remove", client.id], in: harness.gateway.folder).status == 0)
            try await expectRefused(harness, token, since: .now)
        }
    }

    @Test(
        "AS-095 a token that was exchanged is refused within a second of the end of the one that it came from",
        arguments: [true, false])
    func exchangedToken(isClientRemoved: Bool) async throws {
        try await Self.run(runner: ProgramRunner.built()) { harness in
            let front = try await add(harness, "front")
            let added = try await Portcullis.run(
                [
                    "client", "add", "orders-api", "--scope", "orders:read", "--grant",
                    "urn:ietf:params:oauth:grant-type:token-exchange", "--resource", "https://api.example.com",
                    "--json",
                ], in: harness.gateway.folder)
            let secret = try JSON.parse(Array(added.output.utf8)).object?["client_secret"]?.string
            let service = Client(id: "orders-api", secret: try #require(secret, "\(added.errors)"))
            let first = try await token(harness, front)
            var last = first
            for _ in 0..<2 {
                let form =
                    "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=\(last)&subject_token_type=urn:ietf:params:oauth:token-type:access_token"
                let answer = try await post(harness, "/oauth2/token", form, as: service)
                last = try #require(try JSON.parse(answer.body).object?["access_token"]?.string, "\(answer.text)")
            }
            #expect(try await harness.answer("/orders/1", token: last).status == 200)
            if isClientRemoved {
                #expect(
                    try await Portcullis.run(["client", "remove", "front"], in: harness.gateway.folder).status == 0)
            } else {
                #expect(try await post(harness, "/oauth2/revoke", "token=\(first)", as: front).status == 200)
            }
            try await expectRefused(harness, last, since: .now)
        }
    }

    @Test("RS-129 a revocation outlives a restart: it is known before the first request")
    func restart() async throws {
        try await Self.run(runner: ProgramRunner.built()) { harness in
            let client = try await add(harness)
            let token = try await token(harness, client)
            #expect(try await post(harness, "/oauth2/revoke", "token=\(token)", as: client).status == 200)
            try await harness.gateway.stop()
            let again = try await ProgramRunner.built().run(policyPath: harness.gateway.folder.path("routes.yaml"))
            let answer = try await harness.answer("/orders/1", token: token)
            #expect(answer.code == "revoked_token")
            try await again.stop()
        }
    }

    @Test("AS-078 a hundred revocations at the same time: each token is refused, and no other")
    func parallel() async throws {
        try await Self.run { harness in
            let client = try await add(harness)
            var tokens: [String] = []
            for _ in 0..<100 { tokens.append(try await token(harness, client)) }
            let kept = try await token(harness, client)
            let all = tokens
            try await withThrowingTaskGroup(of: Int.self) { group in
                for token in all {
                    group.addTask {
                        try await self.post(harness, "/oauth2/revoke", "token=\(token)", as: client).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
            let since = ContinuousClock.now
            let connection = try harness.client()
            for token in all {
                while try await connection.send(harness.request("/orders/1", token: token)).status != 401 {
                    guard since.duration(to: .now) < .seconds(1) else {
                        Issue.record("still accepted after a second")
                        return
                    }
                }
            }
            #expect(try await harness.answer("/orders/1", token: kept).status == 200)
        }
    }
}
