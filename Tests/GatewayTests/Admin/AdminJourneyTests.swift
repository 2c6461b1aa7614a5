import Foundation
import GatewayTesting
import JSON
import Testing

/// The management interface over sockets and TLS, with tokens of the built-in server.
@Suite("the management interface")
struct AdminJourneyTests {
    @Test("a client that is made through it obtains tokens, and when it is removed they end; both changes are recorded")
    func life() async throws {
        try await AdminHarness.run { admin in
            let made = try await admin.send("POST", "clients", AdminHarness.client("billing"))
            try #require(made.status == 201, "\(made.text)")
            #expect(made.value("location") == "/admin/v1/clients/billing")
            #expect(made.value("cache-control") == "no-store")
            let secret = try #require(made.object["client_secret"]?.string)
            let token = try await AdminHarness.obtain(.init(id: "billing", secret: secret), in: admin.base)
            #expect(try await admin.base.answer("/orders/1", token: token).status == 200)

            let removed = try await admin.send("DELETE", "clients/billing", ifMatch: "*")
            #expect(removed.status == 204)
            let deadline = ContinuousClock.now + .seconds(1)
            var answer = try await admin.base.answer("/orders/1", token: token)
            while answer.status == 200, .now < deadline {
                answer = try await admin.base.answer("/orders/1", token: token)
            }
            #expect(answer.code == "revoked_token")

            let first = try await admin.base.gateway.changeRecord(of: made)
            #expect(first["change"] == "client_added")
            #expect(first["outcome"] == "done")
            #expect(first["object"] == "billing")
            #expect(first["actor_client"] == "operator")
            #expect(first["before"] == nil)
            #expect(first["after"]?.object?["scope"] == "orders:read")
            let second = try await admin.base.gateway.changeRecord(of: removed)
            #expect(second["change"] == "client_removed")
            #expect(second["after"] == nil)
            let request = try await admin.base.record(of: made)
            #expect(request["event"] == "client_added")
            #expect(request["client_id"] == "operator")
        }
    }

    @Test("no record has a secret, a password or what one is recognised by")
    func noSecrets() async throws {
        try await AdminHarness.run { admin in
            let made = try await admin.send("POST", "clients", AdminHarness.client("billing"))
            let more = try await admin.send("POST", "clients/billing/secrets", ifMatch: made.value("etag"))
            #expect(more.status == 201, "\(more.text)")
            let user = try await admin.send("POST", "users", ["name": "alice", "password": "correct horse battery"])
            #expect(user.status == 201, "\(user.text)")
            let id = try #require(user.object["id"]?.string)
            let changed = try await admin.send(
                "PATCH", "users/\(id)", ["password": "another long secret"], ifMatch: "*")
            #expect(changed.status == 200, "\(changed.text)")
            _ = try await admin.base.gateway.changeRecord(of: changed)
            let records = String(decoding: try admin.base.gateway.folder.read("audit.jsonl"), as: UTF8.self)
            #expect(records.contains("client_secret_added"))
            let secrets = try [made, more].map { try #require($0.object["client_secret"]?.string) }
            for secret in secrets + ["correct horse", "another long", "scrypt", "\"mac\"", admin.token] {
                #expect(!records.contains(secret))
            }
        }
    }

    @Test("who may only read changes nothing, and who has neither scope, or no token, sees nothing")
    func scopes() async throws {
        try await AdminHarness.run(scopes: ["admin:read"]) { admin in
            #expect(try await admin.send("GET", "clients").status == 200)
            let refused = try await admin.send("DELETE", "clients/operator", ifMatch: "*")
            #expect(refused.status == 403)
            #expect(refused.code == "insufficient_scope")
            #expect(try await admin.send("GET", "clients/operator").status == 200)
            let other = try await AdminHarness.add("other", scopes: ["orders:read", "admin"], in: admin.base)
            let token = try await AdminHarness.obtain(other, in: admin.base)
            #expect(try await admin.send("GET", "clients", token: token).code == "insufficient_scope")
            #expect(try await admin.send("GET", "clients", token: .some(nil)).status == 401)
        }
    }

    @Test("on a listener that others can reach it does not exist, whatever the method and the token")
    func foreignListener() async throws {
        try await AdminHarness.run(foreign: true) { admin in
            let ports = admin.base.gateway.running.ports
            try #require(ports.count == 2)
            for method in ["GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS"] {
                for token in [admin.token, nil] {
                    let answer = try await admin.send(method, "clients", token: .some(token), port: ports[1])
                    #expect(answer.status == 404, "\(method)")
                    #expect(method == "HEAD" || answer.code == "no_route")
                    #expect(answer.value("allow") == nil)
                    #expect(answer.value("www-authenticate") == nil)
                }
            }
            #expect(try await admin.send("GET", "clients", port: ports[0]).status == 200)
            #expect(try await admin.send("OPTIONS", "clients", port: ports[0]).status == 405)
        }
    }

    @Test("with insecure_any_listener it exists there, and health says so")
    func anyListener() async throws {
        try await AdminHarness.run(admin: "{insecure_any_listener: true}", foreign: true) { admin async throws in
            let ports = admin.base.gateway.running.ports
            #expect(try await admin.send("GET", "clients", port: ports.last).status == 200)
            #expect(
                try await admin.base.healthReport()["insecure"] == ["authorization_server.admin.insecure_any_listener"]
            )
        }
    }

    @Test("a page in a browser is refused, whatever token it has")
    func origin() async throws {
        try await AdminHarness.run { admin in
            let answer = try await admin.send("GET", "clients", fields: [HeaderField("Origin", "https://localhost")])
            #expect(answer.status == 403)
            #expect(answer.code == "origin_refused")
            #expect(answer.value("access-control-allow-origin") == nil)
        }
    }

    @Test(
        "of many writers at the same time with the same version exactly one changes something, and one change is recorded"
    )
    func race() async throws {
        try await AdminHarness.run { admin in
            let made = try await admin.send("POST", "clients", AdminHarness.client("billing"))
            let etag = try #require(made.value("etag"))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        var document = AdminHarness.client("billing")
                        document["client_name"] = .string("writer \(number)")
                        return try await admin.send("PUT", "clients/billing", document, ifMatch: etag).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 1)
            #expect(statuses.count { $0 == 412 } == 15)
            let last = try await admin.send("GET", "clients/billing")
            _ = try await admin.base.record(of: last)
            let changes = try admin.base.gateway.auditRecords().filter { $0["change"] == "client_changed" }
            #expect(changes.count == 1)
            #expect(changes.first?["after"]?.object?["client_name"] == last.object["client_name"])
        }
    }

    @Test("three hundred clients come in pages, each once, in order")
    func pages() async throws {
        try await AdminHarness.run { admin in
            let client = try admin.base.client()
            for number in 0..<300 {
                let answer = try await admin.send("POST", "clients", AdminHarness.client("c\(number)"), on: client)
                try #require(answer.status == 201, "\(answer.text)")
            }
            var seen: [String] = []
            var target: String? = "clients"
            var pages = 0
            while let next = target {
                let answer = try await admin.send("GET", next, on: client)
                seen += (answer.object["items"]?.array ?? []).compactMap { $0.object?["client_id"]?.string }
                pages += 1
                target = answer.value("link").map { String($0.dropFirst("</admin/v1/".count).prefix { $0 != ">" }) }
            }
            #expect(pages == 7)
            #expect(seen == (["operator"] + (0..<300).map { "c\($0)" }).sorted())
        }
    }

    @Test("a body that is too large, of another type, or malformed is refused before anything is read from the store")
    func bodies() async throws {
        try await AdminHarness.run { admin in
            var large = AdminHarness.client("billing")
            large["client_name"] = .string(String(repeating: "x", count: 70_000))
            #expect(try await admin.send("POST", "clients", large).status == 413)
            let form = try await admin.send(
                "POST", "clients", fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
            #expect(form.status == 415)
            let unknown = try await admin.send("TRACE", "clients")
            #expect(unknown.status == 405)
        }
    }
}
