import Foundation
import GatewayTesting
import JSON
import Testing

/// The built-in authorization server, as clients and operators meet it.
@Suite("tokens of the built-in authorization server", .tags(.timed))
struct TokenJourneyTests {
    private static func run<Value: Sendable>(
        runner: (any GatewayRunner)? = nil, limits: String = "", _ body: (GatewayHarness, String) async throws -> Value
    ) async throws -> Value {
        try await GatewayHarness.runOwnIssuer(sections: limits, runner: runner, body)
    }

    private func add(
        _ harness: GatewayHarness,
        _ arguments: [String] = ["billing", "--may", "orders.read", "--unlisted-scope", "orders:write"]
    ) async throws -> (id: String, secret: String) {
        let run = try await Portcullis.run(["client", "add"] + arguments + ["--json"], in: harness.gateway.folder)
        #expect(run.status == 0, "\(run.errors)")
        let object = try #require(try JSON.parse(Array(run.output.utf8)).object)
        return (try #require(object["client_id"]?.string), try #require(object["client_secret"]?.string))
    }

    private func post(_ harness: GatewayHarness, _ form: String, basic: (String, String)? = nil) async throws
        -> CurlResponse
    {
        var request = harness.request(
            "/oauth2/token", method: "POST", fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        if let (id, secret) = basic {
            request.fields.append(
                HeaderField("Authorization", "Basic " + Data("\(id):\(secret)".utf8).base64EncodedString()))
        }
        request.body = .text(form)
        return try await harness.client().send(request)
    }

    @Test("a client is added, obtains a token with Basic and with a form, and may call with it what its scope allows")
    func journey() async throws {
        try await Self.run { harness, _ in
            let (id, secret) = try await add(harness)
            let basic = try await post(harness, "grant_type=client_credentials&scope=orders:read", basic: (id, secret))
            #expect(basic.status == 200)
            #expect(basic.value("cache-control")?.contains("no-store") == true)
            let answer = try #require(try JSON.parse(basic.body).object)
            #expect(answer["token_type"]?.string?.lowercased() == "bearer")
            #expect(answer["scope"] == "orders:read")
            #expect((answer["expires_in"]?.int ?? 0) == 600)
            let token = try #require(answer["access_token"]?.string)
            let call = try await harness.answer("/orders/1", token: token)
            #expect(call.status == 200)
            let record = try await harness.record(of: call)
            #expect(record["client_id"]?.string == id)
            #expect(
                record["issuer"]?.string == "local" || record["issuer"]?.string?.hasPrefix("https://localhost") == true)

            let form = try await post(
                harness, "grant_type=client_credentials&scope=orders:write&client_id=\(id)&client_secret=\(secret)")
            #expect(form.status == 200)
            let other = try #require(try JSON.parse(form.body).object?["access_token"]?.string)
            #expect(try await harness.answer("/orders/1", token: other).status == 403)

            // Each request for a token has its record, without the secret or the token.
            let records = try await harness.gateway.auditRecords(atLeast: 4)
            #expect(records.filter { $0["route"] == "authorization_server.token" }.count == 2)
            let text = String(decoding: try harness.gateway.folder.read("audit.jsonl"), as: UTF8.self)
            for word in [secret, token, other] { #expect(!text.contains(word)) }
        }
    }

    @Test(
        "what is wrong with a request for a token is said in the words of RFC 6749 §5.2",
        arguments: [
            ("grant_type=client_credentials", "wrong", 401, "invalid_client"),
            ("grant_type=client_credentials&scope=payments", nil, 400, "invalid_scope"),
            ("grant_type=password", nil, 400, "unsupported_grant_type"),
            ("scope=orders:read", nil, 400, "invalid_request"),
            ("grant_type=client_credentials&grant_type=client_credentials", nil, 400, "invalid_request"),
            ("grant_type=client_credentials&resource=https://elsewhere.example", nil, 400, "invalid_target"),
        ] as [(String, String?, Int, String)])
    func refused(form: String, wrongSecret: String?, status: Int, error: String) async throws {
        try await Self.run { harness, _ in
            let (id, secret) = try await add(harness)
            let answer = try await post(harness, form, basic: (id, wrongSecret ?? secret))
            #expect(answer.status == status)
            #expect(try JSON.parse(answer.body).object?["error"]?.string == error)
            if status == 401 { #expect(answer.value("www-authenticate")?.hasPrefix("Basic ") == true) }
            #expect(answer.value("x-request-id")?.count == 32)
            #expect(try await harness.record(of: answer)["status"]?.int == Int64(status))
        }
    }

    @Test("metadata (RFC 8414) and keys (RFC 7517) are there for everybody, and nothing private in them")
    func published() async throws {
        try await Self.run { harness, issuer in
            let metadata = try #require(
                try JSON.parse(await harness.answer("/.well-known/oauth-authorization-server").body).object)
            #expect(metadata["issuer"]?.string == issuer)
            #expect(metadata["token_endpoint"]?.string == issuer + "/oauth2/token")
            #expect(metadata["grant_types_supported"]?.array?.contains("client_credentials") == true)
            let url = try #require(metadata["jwks_uri"]?.string)
            let keys = try await harness.client().get(url)
            #expect(keys.status == 200)
            let set = try #require(try JSON.parse(keys.body).object?["keys"]?.array)
            #expect(set.count == 1)
            #expect(set.first?.object?["d"] == nil)
            #expect(set.first?.object?["kty"] == "EC")
            #expect(try await harness.answer("/oauth2/token").status == 405)
            #expect(try await harness.answer("/oauth2/elsewhere").status == 404)
            let head = try await harness.client().head(harness.gateway.url + "/oauth2/jwks")
            #expect(head.status == 200)
            #expect(head.bodyCount == 0)
        }
    }

    @Test("\"portcullis token\" prints a token and nothing else")
    func tokenCommand() async throws {
        try await Self.run { harness, _ in
            let (id, secret) = try await add(harness)
            let folder = harness.gateway.folder
            let run = try await Portcullis.run(
                ["token", "--client-id", id, "--scope", "orders:read"], in: folder,
                environment: ["PORTCULLIS_CLIENT_SECRET": secret])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.lines.count == 1)
            #expect(try await harness.answer("/orders/1", token: run.lines.first ?? "").status == 200)

            try folder.write(secret + "\n", to: "secret", permissions: 0o600)
            let json = try await Portcullis.run(
                ["token", "--client-id", id, "--client-secret-file", "secret", "--json"], in: folder)
            #expect(try JSON.parse(Array(json.output.utf8)).object?["scope"] == "orders:read orders:write")

            let wrong = try await Portcullis.run(
                ["token", "--client-id", id], in: folder, environment: ["PORTCULLIS_CLIENT_SECRET": "wrong"])
            #expect(wrong.status == 1)
            #expect(wrong.output == "")
            #expect(wrong.errors.contains("invalid_client"))
            let none = try await Portcullis.run(
                ["token", "--client-id", id], in: folder, environment: ["PORTCULLIS_CLIENT_SECRET": ""])
            #expect(none.status == 1)
            #expect(none.errors.contains("PORTCULLIS_CLIENT_SECRET"))
        }
    }

    @Test("clients are listed without secrets, and one that is removed obtains nothing more")
    func listAndRemove() async throws {
        try await Self.run { harness, _ in
            let folder = harness.gateway.folder
            #expect(try await Portcullis.run(["client", "list"], in: folder).output.contains("no clients"))
            let (id, secret) = try await add(
                harness, ["billing", "--scope", "orders:read", "--name", "The billing service"])
            #expect(try await post(harness, "grant_type=client_credentials", basic: (id, secret)).status == 200)
            let list = try await Portcullis.run(["client", "list"], in: folder)
            #expect(list.lines.count == 1)
            #expect(
                list.output.contains("billing") && list.output.contains("orders:read")
                    && list.output.contains("The billing service"))
            #expect(!list.output.contains(secret))

            let twice = try await Portcullis.run(["client", "add", "billing", "--scope", "orders:read"], in: folder)
            #expect(twice.status == 1)
            #expect(twice.errors.contains("billing"))

            #expect(try await Portcullis.run(["client", "remove", "billing"], in: folder).status == 0)
            // A client that has just authenticated is remembered for a second.
            try await eventually("the client to be refused") {
                try await post(harness, "grant_type=client_credentials", basic: (id, secret)).status == 401
            }
            #expect(try await Portcullis.run(["client", "remove", "billing"], in: folder).status == 1)
            #expect(try await Portcullis.run(["client", "list"], in: folder).output.contains("no clients"))
        }
    }

    @Test(
        "a client is added for routes by their ids, and a scope that opens nothing is refused with the one that was meant"
    )
    func scopesOfRoutes() async throws {
        try await Self.run { harness, _ in
            let folder = harness.gateway.folder
            let (id, secret) = try await add(harness, ["--may", "orders.read", "--scope", "openid"])
            let answer = try await post(harness, "grant_type=client_credentials", basic: (id, secret))
            #expect(try JSON.parse(answer.body).object?["scope"] == "orders:read openid")
            for (arguments, words) in [
                (
                    ["--scope", "order:read"],
                    [
                        "no route asks for the scope \"order:read\"; did you mean \"orders:read\"?",
                        "--unlisted-scope order:read",
                    ]
                ),
                (["--may", "order.read"], ["there is no route \"order.read\"; did you mean \"orders.read\"?"]),
                (["--may", "gateway.health"], ["route \"gateway.health\" is public"]),
            ] {
                let run = try await Portcullis.run(["client", "add", "x"] + arguments, in: folder)
                #expect(run.status == 1)
                for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
            }
            #expect(try await Portcullis.run(["client", "list"], in: folder).lines.count == 1)
        }
    }

    @Test("keys outlive a restart: a token of yesterday counts, and the database is for its owner only")
    func restart() async throws {
        try await Self.run(runner: ProgramRunner.built()) { harness, issuer in
            let (id, secret) = try await add(harness)
            let answer = try await post(harness, "grant_type=client_credentials&scope=orders:read", basic: (id, secret))
            let token = try #require(try JSON.parse(answer.body).object?["access_token"]?.string)
            let keys = try await harness.answer("/oauth2/jwks").body
            let folder = harness.gateway.folder
            for name in ["var/portcullis.sqlite", "var/portcullis.sqlite-wal", "var/portcullis.sqlite-shm"]
            where folder.exists(name) {
                #expect(
                    try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions] as? Int
                        == 0o600, "\(name)")
            }
            try await harness.gateway.stop()
            let again = try await ProgramRunner.built().run(policyPath: folder.path("routes.yaml"))
            #expect(again.ports.map { "https://localhost:\($0)" } == [issuer])
            #expect(try await harness.answer("/orders/1", token: token).status == 200)
            #expect(try await harness.answer("/oauth2/jwks").body == keys)
            #expect(try await post(harness, "grant_type=client_credentials", basic: (id, secret)).status == 200)
            try await again.stop()
        }
    }
}
