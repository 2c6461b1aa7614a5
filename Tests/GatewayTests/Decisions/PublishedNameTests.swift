import Foundation
import GatewayTesting
import JSON
import Testing

/// What one half of the gateway publishes is asked of the other half.
@Suite("every name that is published is taken", .tags(.timed))
struct PublishedNameTests {
    private static let resourceMetadata = "/.well-known/oauth-protected-resource"

    /// Each kind of route beside the others: with the audience as its address, below it, on any host, with a path of its own,
    /// with audiences of its own, with a proof.
    private static let routes = """
        - {id: named, match: {hosts: [api.example.com], path: "/named/{rest...}"}, require: {issuers: [local]}, upstream: orders}
        - {id: deep, match: {hosts: [api.example.com], path: "/deep/{id}/x"}, require: {issuers: [local], audiences: ["https://api.example.com/deep"]}, upstream: orders}
        - {id: any, match: {path: "/any/{rest...}"}, require: {issuers: [local]}, upstream: orders}
        - {id: urn, match: {path: "/urn"}, require: {issuers: [local], audiences: ["urn:x"]}, upstream: orders}
        - {id: wild, match: {hosts: ["*.tenants.example"], path: "/{tenant}/y"}, require: {issuers: [local]}, upstream: orders}
        - {id: root, match: {hosts: [root.example.com], path: "/{rest...}"}, require: {issuers: [local]}, upstream: orders}
        - {id: open, match: {hosts: [api.example.com], path: "/open"}, public: true, upstream: orders}
        \(GatewayHarness.health)
        """

    private static func run<Value: Sendable>(_ body: (GatewayHarness, String) async throws -> Value) async throws
        -> Value
    {
        try await GatewayHarness.runOwnIssuer(
            routes: routes,
            edit: {
                $0.replacingOccurrences(
                    of: "local: {embedded: true}",
                    with:
                        "local: {embedded: true, audience: [https://api.example.com, https://api.example.com/deep, urn:x]}"
                )
            }, body)
    }

    private struct Answer {
        var status: Int
        var challenge: String
        var body: JSONObject
    }

    /// One request with a `Host` of its own, whatever the connection was made for.
    private static func ask(
        _ harness: GatewayHarness, _ host: String, _ path: String, fields: String = "", form: String? = nil
    ) async throws -> Answer {
        let client = try await harness.gateway.rawClient { $0.serverName = nil }
        let head = form.map {
            "POST \(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: \($0.utf8.count)\r\n\(fields)\r\n\($0)"
        }
        try await client.write(head ?? "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n")
        let answer = try await client.readAnswer()
        return Answer(
            status: answer.status, challenge: answer.value("www-authenticate") ?? "",
            body: (try? JSON.parse(answer.body).object) ?? JSONObject([]))
    }

    private static func client(_ harness: GatewayHarness) async throws -> String {
        let run = try await Portcullis.run(
            ["client", "add", "reader", "--unlisted-scope", "orders:read", "--json"], in: harness.gateway.folder)
        let object = try #require(try JSON.parse(Array(run.output.utf8)).object)
        return
            "client_id=\(try #require(object["client_id"]?.string))&client_secret=\(try #require(object["client_secret"]?.string))"
    }

    @Test(
        "RS-120 from the challenge to the document, to the authorization server, and back with a token, for every route and host"
    )
    func resources() async throws {
        try await Self.run { harness, issuer in
            let credentials = try await Self.client(harness)
            let port = try #require(issuer.split(separator: ":").last)
            for (host, path) in [
                ("api.example.com", "/named/7"), ("api.example.com", "/deep/7/x"), ("api.example.com", "/any/7"),
                ("localhost", "/any"), ("root.example.com", "/urn"), ("a.tenants.example", "/t/y"),
                ("root.example.com", "/whatever"), ("API.example.com", "/named"),
            ] {
                for authority in [host, "\(host):\(port)"] {
                    let refused = try await Self.ask(harness, authority, path)
                    #expect(refused.status == 401, "\(authority)\(path)")
                    let parts = refused.challenge.components(separatedBy: "resource_metadata=\"https://")
                    let url = try #require(parts.last?.components(separatedBy: "\"").first)
                    let at = String(url.drop { $0 != "/" })
                    // The document that the challenge names, and those of the path itself.
                    for suffix in Set([at, Self.resourceMetadata + path]) {
                        let document = try await Self.ask(harness, authority, suffix)
                        #expect(document.status == 200, "\(authority)\(suffix)")
                        #expect(document.body["authorization_servers"] == [.string(issuer)], "\(authority)\(suffix)")
                        let resource = try #require(document.body["resource"]?.string)
                        let token = try await Self.ask(
                            harness, String(issuer.dropFirst(8)), "/oauth2/token",
                            form: "grant_type=client_credentials&\(credentials)&resource=\(resource)")
                        #expect(token.status == 200, "\(resource): \(token.body)")
                        let text = token.body["access_token"]?.string ?? ""
                        let call = try await Self.ask(
                            harness, authority, path, fields: "Authorization: Bearer \(text)\r\n")
                        #expect(call.status == 200, "\(resource) for \(authority)\(path): \(call.challenge)")
                    }
                }
            }
        }
    }

    @Test("what is not the gateway's is neither published as a resource of its server nor taken for one")
    func foreign() async throws {
        try await Self.run { harness, issuer in
            let credentials = try await Self.client(harness)
            let port = try #require(issuer.split(separator: ":").last)
            for (authority, path) in [
                ("elsewhere.example:\(port)", "/any"), ("evil.example", "/any"), ("localhost:1", "/any"),
                ("api.example.com", "/open"), ("api.example.com", "/nothing"), ("api.example.com", "/health"),
            ] {
                let document = try await Self.ask(harness, authority, Self.resourceMetadata + path)
                #expect(document.body["authorization_servers"] == nil, "\(authority)\(path)")
                let token = try await Self.ask(
                    harness, String(issuer.dropFirst(8)), "/oauth2/token",
                    form: "grant_type=client_credentials&\(credentials)&resource=https://\(authority)\(path)")
                #expect(token.body["error"] == "invalid_target", "\(authority)\(path)")
            }
        }
    }

    @Test(
        "every address in the authorization server's metadata answers, on its host, and its name is that of its tokens")
    func endpoints() async throws {
        try await Self.run { harness, issuer in
            let authority = String(issuer.dropFirst("https://".count))
            for place in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
                let metadata = try await Self.ask(harness, authority, place)
                #expect(metadata.body["issuer"]?.string == issuer)
                var addresses = 0
                for (name, value) in metadata.body.members where name.hasSuffix("_endpoint") || name.hasSuffix("_uri") {
                    addresses += 1
                    let url = try #require(value.string)
                    #expect(url.hasPrefix(issuer + "/"), "\(name)")
                    let answer = try await Self.ask(harness, authority, String(url.dropFirst(issuer.utf8.count)))
                    #expect(answer.status != 404, "\(name)")
                }
                #expect(addresses >= 8)
            }
        }
    }

    @Test("a reload changes what is published and what is taken together")
    func reload() async throws {
        try await Self.run { harness, issuer in
            let credentials = try await Self.client(harness)
            let text = String(decoding: try harness.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.gateway.write(
                policy: text.replacingOccurrences(of: "/any/{rest...}", with: "/some/{rest...}"))
            try await harness.gateway.reload()
            func taken(_ path: String) async throws -> Bool {
                try await Self.ask(
                    harness, String(issuer.dropFirst(8)), "/oauth2/token",
                    form: "grant_type=client_credentials&\(credentials)&resource=https://localhost\(path)"
                ).status == 200
            }
            _ = try await eventually("the new name") { () -> Bool? in try await taken("/some/7") ? true : nil }
            #expect(try await taken("/any/7") == false)
        }
    }
}
