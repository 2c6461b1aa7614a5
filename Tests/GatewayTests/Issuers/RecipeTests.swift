import Foundation
import GatewayTesting
import JSON
import Testing

/// The entries of docs/issuers.md, as they stand there, against replicas of what these providers publish: where metadata
/// and keys lie, and what their tokens look like.
@Suite("recipes of docs/issuers.md", .tags(.timed))
struct RecipeTests {
    /// A provider as its documentation shows it.
    struct Provider: Sendable, CustomTestStringConvertible {
        /// The heading, and the entry's name.
        var heading: String
        var name: String
        var host: String
        /// Of the identifier, in front of `/.well-known/openid-configuration`.
        var path = ""
        var slash = ""
        var keys: String
        /// Its keys are on another host than its metadata.
        var keyHost: String?
        var header: JSONObject
        var good: [JSONObject]
        /// What each of these changes in the first good one makes of it.
        var bad: [(change: JSONObject, code: String)]
        /// What the route requires besides the issuer.
        var require = ""
        var testDescription: String { heading }
        var identifier: String { "https://\(host)\(path)\(slash)" }
    }

    private static let now = Int64(Date().timeIntervalSince1970)
    private static let times: JSONObject = ["iat": .integer(now), "exp": .integer(now + 3_600)]

    static let providers: [Provider] = [
        Provider(
            heading: "Amazon Cognito", name: "cognito", host: "cognito-idp.eu-central-1.amazonaws.com",
            path: "/eu-central-1_Example", keys: "/eu-central-1_Example/.well-known/jwks.json", header: [:],
            good: [
                [
                    "sub": "7a1e0000-0000-4000-8000-000000000001", "cognito:groups": ["staff"], "version": 2,
                    "client_id": "1example23456789", "origin_jti": "o", "event_id": "e", "token_use": "access",
                    "scope": "openid orders/read", "auth_time": .integer(now), "jti": "j", "username": "anna",
                ],
                [
                    "sub": "1example23456789", "client_id": "1example23456789", "token_use": "access", "version": 2,
                    "scope": "orders/read", "auth_time": .integer(now), "jti": "m",
                ],
            ],
            bad: [
                (["client_id": "another"], "wrong_audience"), (["token_use": "id"], "wrong_type"),
                (
                    ["client_id": .null, "aud": "1example23456789", "token_use": "id", "at_hash": "x"],
                    "malformed_claims"
                ),
                (["aud": "https://elsewhere.example"], "wrong_audience"),
                (["scope": "orders/write"], "insufficient_scope"),
            ], require: ", scopes: [orders/read]"),
        Provider(
            heading: "Google", name: "google", host: "accounts.google.com", keys: "/oauth2/v3/certs",
            keyHost: "www.googleapis.com", header: ["typ": "JWT"],
            good: [
                [
                    "aud": "https://api.example.com", "azp": "104", "sub": "104", "email_verified": true,
                    "email": "robot@project.iam.gserviceaccount.com",
                ]
            ],
            bad: [
                (["aud": "https://elsewhere.example"], "wrong_audience"), (["at_hash": "x"], "wrong_type"),
                (["email": "mallory@gmail.com"], "claim_mismatch"), (["email_verified": false], "claim_mismatch"),
            ],
            require:
                ", claims: {email: {equals: robot@project.iam.gserviceaccount.com}, email_verified: {equals: true}}"),
        Provider(
            heading: "Zitadel", name: "zitadel", host: "example.zitadel.cloud", keys: "/oauth/v2/keys",
            header: ["typ": "JWT"],
            good: [
                [
                    "aud": ["222@orders", "123456789012345678"], "sub": "333", "client_id": "222@orders",
                    "jti": "V2_1-at_2",
                    "nbf": .integer(now),
                    "urn:zitadel:iam:org:project:roles": ["reader": ["444": "example.zitadel.cloud"]],
                ]
            ],
            bad: [
                (["aud": ["222@orders"]], "wrong_audience"),
                (["urn:zitadel:iam:org:project:roles": [:]], "claim_mismatch"),
                (["urn:zitadel:iam:org:project:roles": ["reader": ["555": "other"]]], "claim_mismatch"),
            ], require: ", claims: {\"/urn:zitadel:iam:org:project:roles/reader/444\": {matches: \".+\"}}"),
        Provider(
            heading: "authentik", name: "authentik", host: "authentik.example.com", path: "/application/o/orders",
            slash: "/", keys: "/application/o/orders/jwks/", header: ["typ": "JWT"],
            good: [
                [
                    "aud": "Orders-client-id", "azp": "Orders-client-id", "sub": "hash", "uid": "u", "sid": "s",
                    "auth_time": .integer(now), "acr": "goauthentik.io/providers/oauth2/default", "amr": ["pwd"],
                    "nonce": .null, "scope": "openid orders:read", "groups": ["staff"],
                ]
            ],
            bad: [(["aud": "Another"], "wrong_audience"), (["scope": "openid"], "insufficient_scope")],
            require: ", scopes: [\"orders:read\"]"),
        Provider(
            heading: "Dex", name: "dex", host: "dex.example.com", keys: "/keys", header: [:],
            good: [
                [
                    "aud": "orders", "sub": "CgR1c2VyEgVsb2NhbA", "at_hash": "x", "c_hash": "y",
                    "email": "anna@example.com",
                    "email_verified": true, "name": "anna", "groups": ["staff"],
                ]
            ],
            bad: [
                (["aud": "web"], "wrong_audience"), (["email_verified": false], "wrong_type"),
                (["groups": ["guests"]], "claim_mismatch"), (["events": [:]], "wrong_type"),
            ], require: ", claims: {groups: {contains: staff}}"),
    ]

    private static let key = Result { try TestSigningKey(.rs256, kid: "key-1") }

    /// The one block of YAML below the heading.
    private static func recipe(_ provider: Provider) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/issuers.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## \(provider.heading)\n").dropFirst().first)
        let blocks = section.components(separatedBy: "\n## ")[0].components(separatedBy: "```yaml\n")
        #expect(blocks.count == 2)
        return try #require(blocks.last?.components(separatedBy: "```").first)
    }

    @Test("each serves tokens of its provider, and refuses others of the same one", arguments: providers)
    func recipe(provider: Provider) async throws {
        let certificates = try TestCertificates.shared()
        let certificate = try certificates.upstreamAuthority.issue(
            TestCertificateRequest("issuer", dnsNames: [provider.host, "localhost"], purpose: .server))
        let server = try TestUpstream.start(
            UpstreamManner(tls: TLSSettings(certificate: certificate)), otherwise: .answer(404, "no such thing\n"))
        let key = try Self.key.get()
        func serve(_ path: String, _ document: JSON) {
            let text = String(decoding: document.serialized(), as: UTF8.self)
            server.script(
                [.answer(200, fields: [HeaderField("Content-Type", "application/json")], text)], for: path)
        }
        let keyOrigin = provider.keyHost == nil ? "https://\(provider.host)" : "https://localhost:\(server.port)"
        serve(
            provider.path + "/.well-known/openid-configuration",
            [
                "issuer": .string(provider.identifier), "jwks_uri": .string(keyOrigin + provider.keys),
                "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"],
            ])
        var published = try #require(try key.jwk.object)
        for (name, value) in [("alg", "RS256"), ("use", "sig")] { published[name] = .string(value) }
        published["x5c"] = .null
        serve(provider.keys, ["keys": [.object(published)]])

        // The entry as it stands there, but for the way to the replica.
        var entry = try Self.recipe(provider)
        let way =
            "    connect_to: 127.0.0.1:\(server.port)\n    authorities: certs/upstream-ca.pem\n    algorithms: ["
        #expect(entry.contains("    algorithms: ["))
        entry = entry.replacingOccurrences(of: "    algorithms: [", with: way)
        if let host = provider.keyHost {
            #expect(entry.contains("jwks_hosts: [\(host)]"))
            entry = entry.replacingOccurrences(of: "[\(host)]", with: "[localhost]")
        }
        let routes = """
            - id: orders
              match: {path: "/orders/{rest...}"}
              require: {issuers: [\(provider.name)]\(provider.require)}
              upstream: orders
            \(GatewayHarness.health)
            """
        try await GatewayHarness.run(routes: routes, sections: entry, issuers: []) { harness in
            try await eventually("the keys of the provider") {
                let issuers = try await harness.healthReport()["issuers"]?.array ?? []
                return (issuers.first?.object?["keys"]?.int ?? 0) > 0
            }
            func answer(_ changes: JSONObject, to base: JSONObject) async throws -> CurlResponse {
                var claims = base
                claims["iss"] = .string(provider.identifier)
                for (name, value) in Self.times.members + changes.members { claims[name] = value }
                var header = provider.header
                header["alg"] = "RS256"
                header["kid"] = .string(key.kid)
                let token = try TokenDraft(header: header, claims: claims, signer: .key(key)).signed()
                return try await harness.answer("/orders/1", token: token)
            }
            for claims in provider.good { #expect(try await answer([:], to: claims).status == 200, "\(claims)") }
            for (change, code) in provider.bad {
                let refused = try await answer(change, to: provider.good[0])
                #expect(refused.code == code, "\(change)")
            }
        }
    }
}
