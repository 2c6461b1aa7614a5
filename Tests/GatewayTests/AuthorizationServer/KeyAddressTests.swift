import GatewayTesting
import JSON
import Testing

@Suite("clients whose keys are at an address (RFC 7591 §2 jwks_uri)", .tags(.timed))
struct KeyAddressTests {
    private let key: TestSigningKey
    private let next: TestSigningKey

    init() throws {
        key = try TestSigningKey(.es256, kid: "first")
        next = try TestSigningKey(.es256, kid: "next")
    }

    @Test(
        "a client is known by the keys there, which are fetched once; a new key counts at once, and the old one no longer"
    )
    func rotation() async throws {
        try await KeyAddressHarness.run { harness in
            try harness.host.publish([key], at: "/shop")
            try await harness.add("shop", keysAt: harness.host.url("/shop"))
            #expect(harness.host.server.requests.isEmpty)
            for _ in 0..<3 {
                let answer = try await harness.token("shop", key)
                #expect(answer.status == 200, "\(answer.text)")
                let token = try #require(answer.members["access_token"]?.string)
                #expect(try await harness.base.answer("/orders/1", token: token).status == 200)
            }
            #expect(harness.host.fetches(of: "/shop") == 1)

            try harness.host.publish([next], at: "/shop")
            #expect(try await harness.token("shop", next).status == 200)
            #expect(harness.host.fetches(of: "/shop") == 2)
            for _ in 0..<3 {
                let answer = try await harness.token("shop", key)
                #expect(answer.status == 401)
                #expect(answer.oauthError == "invalid_client")
            }
            // It was looked for there a moment ago.
            #expect(harness.host.fetches(of: "/shop") == 2)
            #expect(harness.host.server.violations == [])
        }
    }

    @Test("an address that is dead is 503 for its client, and for nobody else, until it is back")
    func dead() async throws {
        try await KeyAddressHarness.run { harness in
            try harness.host.publish([key], at: "/good")
            harness.host.server.script([.closeBeforeAnswer], for: "/dead")
            for path in ["good", "dead"] { try await harness.add(path, keysAt: harness.host.url("/\(path)")) }
            let nobody = try TestUpstream.unusedPort()
            try await harness.add("gone", keysAt: "https://localhost:\(nobody)/keys")
            for id in ["dead", "gone"] {
                let answer = try await harness.token(id, key)
                #expect(answer.status == 503)
                #expect(answer.oauthError == "temporarily_unavailable")
                #expect(answer.value("retry-after") != nil)
                let record = try await harness.base.record(of: answer)
                #expect(record["error"]?.string == "temporarily_unavailable")
                #expect(record["status"] == 503)
            }
            #expect(try await harness.token("good", key).status == 200)
            try harness.host.publish([key], at: "/dead")
            try await eventually("the client whose address is back") {
                try await harness.token("dead", key).status == 200
            }
        }
    }

    @Test(
        "keys that are there already go on when the address is dead; what is signed by none of them is 503, since nobody can know"
    )
    func stale() async throws {
        try await KeyAddressHarness.run { harness in
            try harness.host.publish([key], at: "/shop")
            try await harness.add("shop", keysAt: harness.host.url("/shop"))
            #expect(try await harness.token("shop", key).status == 200)
            harness.host.server.script([.answer(500)], for: "/shop")
            #expect(try await harness.token("shop", next).status == 503)
            #expect(try await harness.token("shop", key).status == 200)
            #expect(try await harness.token("shop", next).status == 503)
        }
    }

    @Test("a client that registers itself may name an address on a host that the operator has named, and no other")
    func registration() async throws {
        try await KeyAddressHarness.run { harness in
            try harness.host.publish([key], at: "/mine")
            func metadata(_ url: String) -> JSON {
                [
                    "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
                    "jwks_uri": .string(url),
                    "scope": "orders:read",
                ]
            }
            let answer = try await harness.register(metadata(harness.host.url("/mine")))
            #expect(answer.status == 201, "\(answer.text)")
            let id = try #require(answer.members["client_id"]?.string)
            #expect(try await harness.token(id, key).status == 200)
            for url in [
                harness.host.url("/mine", host: "127.0.0.1"), "https://169.254.169.254/latest",
                "http://localhost:\(harness.host.server.port)/mine",
            ] {
                let refused = try await harness.register(metadata(url))
                #expect(refused.status == 400)
                #expect(refused.oauthError == "invalid_client_metadata")
            }
        }
    }

    @Test("\"portcullis client add\" takes https addresses only, and not together with keys")
    func commandLine() async throws {
        try await KeyAddressHarness.run { harness in
            let folder = harness.base.gateway.folder
            let http = try await Portcullis.run(
                ["client", "add", "x", "--auth-method", "private_key_jwt", "--jwks-uri", "http://localhost/keys"],
                in: folder)
            #expect(http.status == 1)
            #expect(http.errors.contains("jwks_uri must be an https URL"))
            let set: JSON = ["keys": [try key.jwk]]
            try folder.write(String(decoding: set.serialized(), as: UTF8.self), to: "keys.json")
            let both = try await Portcullis.run(
                [
                    "client", "add", "x", "--auth-method", "private_key_jwt", "--jwks", "keys.json", "--jwks-uri",
                    "https://localhost/keys",
                ], in: folder)
            #expect(both.status == 1)
            #expect(both.errors.contains("jwks and jwks_uri exclude each other"))
        }
    }
}
