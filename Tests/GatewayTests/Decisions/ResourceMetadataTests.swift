import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("protected-resource metadata (RFC 9728) and the challenges that lead there")
struct ResourceMetadataTests {
    private static let wellKnown = "/.well-known/oauth-protected-resource"

    private static let routes = """
        - id: orders.read
          match: {methods: [GET], path: "/orders/{rest...}"}
          require: {issuers: [partner, hidden], scopes: ["orders:read"]}
          upstream: orders
        - id: orders.write
          match: {methods: [POST], path: "/orders/{rest...}"}
          require: {issuers: [partner], any_scope: ["orders:write", "orders:admin"]}
          upstream: orders
        - id: mcp
          match: {path: /mcp}
          require: {issuers: [other]}
          upstream: orders
        - id: secret
          match: {path: "/secret/{id}"}
          require: {issuers: [hidden]}
          upstream: orders
        - id: elsewhere
          match: {hosts: [elsewhere.example.com], path: "/far/{rest...}"}
          require: {issuers: [partner], scopes: [far]}
          upstream: orders
        - id: catch.all
          match: {path: "/{rest...}"}
          public: true
          upstream: orders
        """

    /// `partner` for https://localhost/orders, `other` for no URL of this host, `hidden` for nobody to know of.
    private static func issuers() throws -> [TestIssuer] {
        [
            try TestIssuer(audience: "[urn:orders, https://localhost/orders]", algorithms: [.es256]),
            try TestIssuer(
                "other", identifier: "https://other.example/t/", audience: "urn:other", algorithms: [.es256]),
            try TestIssuer(
                "hidden", identifier: "https://hidden.example", audience: "urn:hidden", algorithms: [.es256]),
        ]
    }

    private static func run<Value: Sendable>(
        routes: String = Self.routes, sections: String = "", _ body: (GatewayHarness) async throws -> Value
    ) async throws -> Value {
        let hide: @Sendable (String) -> String = {
            $0.replacingOccurrences(
                of: "    issuer: https://hidden.example", with: "    listed: false\n    issuer: https://hidden.example")
        }
        return try await GatewayHarness.run(routes: routes, sections: sections, issuers: issuers(), edit: hide, body)
    }

    private static func document(_ answer: CurlResponse) throws -> JSONObject {
        #expect(answer.status == 200)
        #expect(answer.value("content-type") == "application/json")
        return try #require(try JSON.parse(answer.body).object)
    }

    @Test(
        "RS-119 RS-120 RS-121 RS-122 RS-124 it names resource, issuers and scopes as the routes have them, and nothing empty"
    )
    func documents() async throws {
        try await Self.run { harness in
            let origin = harness.gateway.url
            let orders = try Self.document(try await harness.answer(Self.wellKnown + "/orders"))
            #expect(
                orders == [
                    "resource": .string("\(origin)/orders"), "authorization_servers": ["https://login.partner.example"],
                    "scopes_supported": ["orders:read", "orders:write", "orders:admin"],
                    "bearer_methods_supported": ["header"],
                ])
            let mcp = try Self.document(try await harness.answer(Self.wellKnown + "/mcp"))
            #expect(
                mcp == [
                    "resource": .string("\(origin)/mcp"), "authorization_servers": ["https://other.example/t/"],
                    "bearer_methods_supported": ["header"],
                ])
            // An issuer that is not listed is not named, and no empty array stands in its place.
            let secret = try await harness.answer(Self.wellKnown + "/secret")
            #expect(try Self.document(secret).names == ["resource", "bearer_methods_supported"])
            #expect(!secret.text.contains("hidden"))
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("RS-124 it says which tokens must be bound, where every route of the resource demands it")
    func bound() async throws {
        func route(_ id: String, _ path: String, _ proof: String) -> String {
            "- {id: \(id), match: {path: \"\(path)\"}, require: {issuers: [partner]\(proof)}, upstream: orders}\n"
        }
        let routes =
            route("a", "/dpop/{rest...}", ", proof: dpop") + route("b", "/dpop/x", ", proof: dpop")
            + route("c", "/mtls", ", proof: mtls") + route("d", "/mixed/a/{id}", ", proof: dpop")
            + route("e", "/mixed/a/{id}/x", "") + route("f", "/any", ", proof: any")
        try await Self.run(routes: routes) { harness in
            for (path, dpop, mtls) in [
                ("/dpop", true, false), ("/dpop/x", true, false), ("/mtls", false, true), ("/mixed/a", false, false),
                ("/any", false, false),
            ] {
                let document = try Self.document(try await harness.answer(Self.wellKnown + path))
                #expect(document["dpop_bound_access_tokens_required"] == (dpop ? true : nil), "\(path)")
                #expect(document["tls_client_certificate_bound_access_tokens"] == (mtls ? true : nil), "\(path)")
            }
            let challenge = try await harness.answer("/dpop/x").value("www-authenticate") ?? ""
            #expect(challenge.hasPrefix("DPoP realm=") && challenge.contains("algs="))
            #expect(challenge.hasSuffix(", resource_metadata=\"\(harness.gateway.url)\(Self.wellKnown)/dpop/x\""))
            let either = try await harness.answer("/any").value("www-authenticate") ?? ""
            #expect(
                either.components(separatedBy: "resource_metadata=").count
                    == either.components(separatedBy: "realm=").count)
        }
    }

    @Test("RS-120 RS-123 below a resource the document names the path that was asked for; beside it there is none")
    func below() async throws {
        try await Self.run { harness in
            let deep = try Self.document(try await harness.answer(Self.wellKnown + "/orders/7/lines"))
            #expect(deep["resource"] == .string("\(harness.gateway.url)/orders/7/lines"))
            #expect(deep["authorization_servers"] == ["https://login.partner.example"])
            for path in ["", "/", "/ordersx", "/nothing", "/far/x"] {
                let answer = try await harness.answer(Self.wellKnown + path)
                #expect(answer.status == 404, "\(path)")
            }
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("RS-126 what is told is told for the host that is asked, and nothing behind a route can answer instead")
    func hosts() async throws {
        try await Self.run { harness in
            let client = try await harness.gateway.rawClient { $0.serverName = nil }
            try await client.write("GET \(Self.wellKnown)/far HTTP/1.1\r\nHost: elsewhere.example.com\r\n\r\n")
            let far = try await client.readAnswer()
            let document = try #require(try JSON.parse(far.body).object)
            #expect(document["resource"] == "https://elsewhere.example.com/far")
            #expect(document["scopes_supported"] == ["far"])
            try await client.write("GET \(Self.wellKnown)/orders HTTP/1.1\r\nHost: LOCALHOST:443\r\n\r\n")
            let near = try #require(try JSON.parse(try await client.readAnswer().body).object)
            #expect(near["resource"] == "https://localhost/orders")
            #expect(harness.upstream.requests.isEmpty)
        }
    }

    @Test("RS-007 RS-123 every 401 names the document, and that names what was asked for")
    func challenges() async throws {
        try await Self.run { harness in
            let address = "\(harness.gateway.url)\(Self.wellKnown)/orders"
            let token = try harness.issuer.token(.es256, scope: "x", adding: ["aud": "urn:orders"])
            let expired = try harness.issuer.token(.es256, adding: ["aud": "urn:orders", "exp": 1000])
            for (path, token, status, code) in [
                ("/orders", nil, 401, "missing_token"), ("/orders/7", nil, 401, "missing_token"),
                ("/orders/7", "x.y.z", 401, "malformed_token"), ("/orders/7", expired, 401, "expired_token"),
                ("/orders/7", token, 403, "insufficient_scope"),
            ] as [(String, String?, Int, String)] {
                let answer = try await harness.answer(path, token: token)
                #expect(answer.status == status && answer.code == code, "\(code)")
                #expect(answer.value("www-authenticate")?.hasSuffix(", resource_metadata=\"\(address)\"") == true)
                #expect(answer.values("www-authenticate").count == 1)
            }
            let document = try Self.document(
                try await CurlFollower.follow(harness, try await harness.answer("/orders")))
            #expect(document["resource"] == .string("\(harness.gateway.url)/orders"))
            // Whoever asks for a public path, or for none, is not sent anywhere.
            let open = try await harness.answer("/open")
            #expect(open.value("www-authenticate") == nil)
        }
    }

    @Test(
        "several issuers: an answer to a token of one that is not listed is that to a token of nobody; the record knows"
    )
    func leaks() async throws {
        try await Self.run { harness in
            let hidden = try Self.issuers()[2]
            let changes: [(JSONObject) -> JSONObject] = [
                { $0 }, { $0.with("kid", "none") }, { $0.with("alg", "RS256") }, { $0.with("typ", "JWT") },
            ]
            for change in changes {
                var answers: Set<String> = []
                for iss in ["https://hidden.example", "https://login.partner.example", "https://nobody.example"] {
                    var draft = try hidden.draft(.es256)
                    draft.claims["iss"] = .string(iss)
                    draft.header = change(draft.header)
                    draft.signer = .octets(Array(repeating: 7, count: 64))
                    let answer = try await harness.answer("/secret/7", token: draft.signed())
                    #expect(answer.status == 401)
                    let text = try #require(try JSON.parse(answer.body).object).with("request_id", nil)
                    answers.insert("\(answer.values("www-authenticate")) \(text)")
                    let record = try await harness.record(of: answer)
                    #expect((record["code"] == "wrong_issuer") == (iss != "https://hidden.example"))
                }
                #expect(answers.count == 1, "\(answers)")
            }
        }
    }

    @Test("it goes the way of all requests: record, method, limit, strict path")
    func walk() async throws {
        let sections = "limits: {slow: {by: ip, rate: 3/h}}\nresource_metadata: {limits: [slow]}"
        let routes = Self.routes.components(separatedBy: "- id: catch.all")[0]
        try await Self.run(routes: routes, sections: sections) { harness in
            let first = try await harness.answer(Self.wellKnown + "/orders")
            #expect(first.status == 200)
            #expect(first.value("ratelimit") != nil)
            let record = try await harness.record(of: first)
            #expect(record["route"] == "resource_metadata.any_host")
            #expect(record["decision"] == "allowed")
            #expect(try await harness.answer(Self.wellKnown + "/orders", method: "POST").status == 405)
            #expect(try await harness.answer(Self.wellKnown + "/orders%2F7").code == "bad_path")
            #expect(try await harness.answer(Self.wellKnown + "/orders", method: "HEAD").status == 200)
            #expect(try await harness.answer(Self.wellKnown + "/orders").status == 200)
            #expect(try await harness.answer(Self.wellKnown + "/orders").code == "rate_limited")
        }
    }

    @Test("switched off, there is no document and no address in challenges; the path is the operator's")
    func off() async throws {
        try await Self.run(sections: "resource_metadata: {enabled: false}") { harness in
            let refused = try await harness.answer("/orders")
            #expect(refused.value("www-authenticate")?.contains("resource_metadata") == false)
            let own = try await harness.answer(Self.wellKnown + "/orders")
            #expect(own.status == 200)
            #expect(harness.upstream.requests.map(\.path) == [Self.wellKnown + "/orders"])
        }
    }

    @Test("a reload changes what is told")
    func reload() async throws {
        try await Self.run { harness in
            let old = try Self.document(try await harness.answer(Self.wellKnown + "/orders"))
            #expect(old["scopes_supported"] == ["orders:read", "orders:write", "orders:admin"])
            let text = String(decoding: try harness.gateway.folder.read("routes.yaml"), as: UTF8.self)
            try harness.gateway.write(
                policy: text.replacingOccurrences(of: "[\"orders:read\"]", with: "[\"orders:see\"]"))
            try await harness.gateway.reload()
            _ = try await eventually("the new scopes") { () -> Bool? in
                let new = try Self.document(try await harness.answer(Self.wellKnown + "/orders"))
                return new["scopes_supported"] == ["orders:see", "orders:write", "orders:admin"] ? true : nil
            }
        }
    }
}

extension JSONObject {
    fileprivate func with(_ name: String, _ value: JSON?) -> JSONObject {
        var copy = self
        copy[name] = value
        return copy
    }
}

/// Asks for the address that a challenge names, as a client does that knows nothing else.
private enum CurlFollower {
    static func follow(_ harness: GatewayHarness, _ answer: CurlResponse) async throws -> CurlResponse {
        let challenge = answer.value("www-authenticate") ?? ""
        let parts = challenge.components(separatedBy: "resource_metadata=\"")
        let url = try #require(parts.last?.components(separatedBy: "\"").first)
        return try await harness.client().send(CurlRequest("GET", url))
    }
}
