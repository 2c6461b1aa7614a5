import JOSE
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 8414 and RFC 7517: what the server says of itself")
struct MetadataTests {
    private static let wellKnown = "/.well-known/oauth-authorization-server"

    @Test(
        "AS-053 the metadata lies at the well-known path, in front of the issuer's",
        arguments: [
            ("https://login.example.com", ""), ("https://login.example.com:8443", ""),
            ("https://login.example.com/tenant/a", "/tenant/a"), ("https://login.example.com/tenant/", "/tenant"),
        ])
    func path(issuer: String, suffix: String) async throws {
        let harness = try AuthorizationHarness(issuer: issuer)
        let answer = await harness.get(Self.wellKnown + suffix)
        #expect(answer.status == 200)
        #expect(answer.body["issuer"]?.string == issuer)
        if !suffix.isEmpty { #expect(await harness.get(Self.wellKnown).status == 404) }
    }

    @Test("AS-054 it is JSON, without empty arrays")
    func document() async throws {
        let answer = await (try AuthorizationHarness()).get(Self.wellKnown)
        #expect(answer.field("content-type") == "application/json")
        #expect(answer.field("cache-control") == "public, max-age=900")
        #expect(answer.body.members.filter { $0.value == [] }.map(\.name) == [])
    }

    @Test("AS-055 a forged Host changes nothing")
    func host() async throws {
        let harness = try AuthorizationHarness()
        let genuine = await harness.get(Self.wellKnown)
        #expect(await harness.get(Self.wellKnown, host: "evil.example").octets == genuine.octets)
        try await harness.register()
        let token = await harness.post(
            "grant_type=client_credentials", authorization: basic("shop", "s3cret"), host: "evil.example")
        #expect(try await harness.claims(of: token)["iss"]?.string == AuthorizationHarness.issuer)
    }

    @Test(
        "AS-056 AS-059 the members that must be there are there, each of the type that RFC 8414 and OpenID Connect Discovery give it"
    )
    func members() async throws {
        let body = await (try AuthorizationHarness()).get(Self.wellKnown).body
        for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
            #expect(body[name]?.string?.hasPrefix("https://") == true)
        }
        for name in [
            "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
            "grant_types_supported",
            "token_endpoint_auth_methods_supported",
        ] {
            #expect(body[name]?.array?.isEmpty == false)
        }
        for (name, value) in body.members {
            if name.hasSuffix("_supported") {
                if let list = value.array {
                    #expect(!list.isEmpty && list.allSatisfy { $0.string != nil })
                    #expect(
                        !list.contains("none") || name.hasPrefix("prompt")
                            || name.hasSuffix("_endpoint_auth_methods_supported"))
                } else {
                    #expect(value.bool != nil)
                }
            } else if name.hasSuffix("_endpoint") || name.hasSuffix("_uri") {
                #expect(value.string?.hasPrefix(AuthorizationHarness.issuer + "/") == true)
            }
        }
        #expect(body["id_token_signing_alg_values_supported"] == ["ES256", "RS256"])
        #expect(body["claims_parameter_supported"] == true)
        for name in [
            "revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint", "end_session_endpoint",
        ] {
            #expect(body[name]?.string?.hasPrefix("https://") == true)
        }
    }

    @Test("AS-057 revocation and introspection say how clients authenticate there, a public one only where it may")
    func otherEndpoints() async throws {
        let body = await (try AuthorizationHarness()).get(Self.wellKnown).body
        let methods = try #require(body["token_endpoint_auth_methods_supported"]?.array)
        #expect(body["revocation_endpoint_auth_methods_supported"] == .array(methods))
        #expect(body["introspection_endpoint_auth_methods_supported"] == .array(methods.filter { $0 != "none" }))
        for endpoint in ["revocation", "introspection"] {
            #expect(
                body["\(endpoint)_endpoint_auth_signing_alg_values_supported"]
                    == body["token_endpoint_auth_signing_alg_values_supported"])
        }
    }

    @Test("AS-049 AS-052 S256 alone is published, and that answers say who answers")
    func proofKey() async throws {
        let body = await (try AuthorizationHarness()).get(Self.wellKnown).body
        #expect(body["code_challenge_methods_supported"] == ["S256"])
        #expect(body["authorization_response_iss_parameter_supported"] == true)
    }

    @Test(
        "AS-058 the document for OpenID Connect is the same, and lies behind the issuer's path",
        arguments: ["", "/tenant", "/tenant/"])
    func openID(path: String) async throws {
        let harness = try AuthorizationHarness(issuer: "https://login.example.com" + path)
        let place = path.hasSuffix("/") ? String(path.dropLast()) : path
        let document = await harness.get(place + "/.well-known/openid-configuration")
        #expect(document.status == 200)
        #expect(document.octets == (await harness.get(Self.wellKnown + place)).octets)
        #expect(document.body["issuer"]?.string == "https://login.example.com" + path)
    }

    @Test("AS-134 every endpoint that stands in the metadata answers, and none of them with 404")
    func endpoints() async throws {
        let harness = try AuthorizationHarness()
        for (name, value) in await harness.get(Self.wellKnown).body.members
        where name.hasSuffix("_endpoint") || name == "jwks_uri" {
            let path = try #require(value.string).dropFirst(AuthorizationHarness.issuer.utf8.count)
            #expect(await harness.get(String(path)).status != 404)
        }
    }

    @Test("AS-057 every endpoint, grant type and authentication method that stands there works")
    func advertised() async throws {
        let harness = try AuthorizationHarness(issuer: "https://login.example.com:8443/tenant")
        try await harness.register()
        let body = await harness.get(Self.wellKnown + "/tenant").body
        #expect(body["token_endpoint"]?.string == "https://login.example.com:8443/oauth2/token")
        #expect(body["jwks_uri"]?.string == "https://login.example.com:8443/oauth2/jwks")
        #expect(await harness.get("/oauth2/jwks").status == 200)
        for grant in body["grant_types_supported"]?.array ?? [] {
            let answer = await harness.post(
                "grant_type=\(try #require(grant.string))", authorization: basic("shop", "s3cret"))
            #expect(answer.error != "unsupported_grant_type")
        }
        for method in body["token_endpoint_auth_methods_supported"]?.array ?? [] {
            switch method.string {
            case "client_secret_basic": #expect(await harness.token().status == 200)
            case "client_secret_post":
                #expect(
                    await harness.post("grant_type=client_credentials&client_id=shop&client_secret=s3cret").status
                        == 200)
            // Tests/AuthorizationServerTests/RFC7523 and RFC8705 show these.
            case "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth": break
            // Tests/AuthorizationServerTests/AuthorizationCode shows a public client.
            case "none": break
            default: Issue.record("\(method) has no test")
            }
        }
    }

    @Test("AS-057 what does not stand there does not exist", arguments: ["/oauth2/token/", "/"])
    func notThere(_ path: String) async throws {
        #expect(await (try AuthorizationHarness()).get(path).status == 404)
    }

    @Test("documents are read with GET and HEAD only", arguments: ["POST", "PUT", "DELETE", "OPTIONS"])
    func methods(_ method: String) async throws {
        let harness = try AuthorizationHarness()
        for path in [Self.wellKnown, "/oauth2/jwks"] {
            let answer = await harness.get(path, method: method)
            #expect(answer.status == 405)
            #expect(answer.field("allow") == "GET, HEAD")
            #expect(await harness.get(path, method: "HEAD").status == 200)
        }
    }

    @Test("AS-060 the key set holds public halves only, each with use, alg and kid")
    func keySet() async throws {
        let harness = try AuthorizationHarness()
        let answer = await harness.get("/oauth2/jwks")
        #expect(answer.field("cache-control") == "public, max-age=900")
        let keys = try #require(answer.body["keys"]?.array)
        #expect(keys.count == 1)
        for key in keys {
            let names = try #require(key.object?.names)
            #expect(names.sorted() == ["alg", "crv", "kid", "kty", "use", "x", "y"])
            #expect(key.object?["use"]?.string == "sig")
            #expect(key.object?["alg"]?.string == "ES256")
        }
        #expect(try JWKSet.parse(answer.octets).skipped.isEmpty)
    }

    @Test("AS-060 two keys with one kid are refused")
    func sameKid() throws {
        let key = try SigningKey.generate(.es256)
        #expect(
            SigningKeyRing([DatedSigningKey(key: key, signsFrom: 0), DatedSigningKey(key: key, signsFrom: 1)]) == nil)
        #expect(SigningKeyRing([]) == nil)
    }

    @Test("AS-132 a new key is published before it signs, the old one until its time is over")
    func rotation() throws {
        let old = try SigningKey.generate(.es256)
        let new = try SigningKey.generate(.es256)
        let ring = try #require(
            SigningKeyRing([
                DatedSigningKey(key: new, signsFrom: newYear2026 + 1_000),
                DatedSigningKey(key: old, signsFrom: 0, publishedUntil: newYear2026 + 5_000),
            ]))
        func kids(_ now: Int64) -> [String] {
            ring.publicSet(now: now).object?["keys"]?.array?.compactMap { $0.object?["kid"]?.string } ?? []
        }
        #expect(ring.current(now: newYear2026)?.kid == old.kid)
        #expect(kids(newYear2026) == [old.kid, new.kid])
        #expect(ring.current(now: newYear2026 + 1_000)?.kid == new.kid)
        #expect(kids(newYear2026 + 4_999) == [old.kid, new.kid])
        #expect(kids(newYear2026 + 5_000) == [new.kid])
    }

    @Test("with a clock that was set back before the first key, the oldest key signs")
    func clockBefore() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        let answer = await harness.token(now: newYear2026 - 200)
        #expect(answer.status == 200)
        #expect(answer.body["access_token"] != nil)
    }

    @Test("without a key that may sign the answer is 503, and no token")
    func noKey() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        harness.keys.replace(
            with: try #require(
                SigningKeyRing([DatedSigningKey(key: .generate(.es256), signsFrom: 0, publishedUntil: newYear2026)])))
        let answer = await harness.token(now: newYear2026)
        #expect(answer.status == 503)
        #expect(answer.error == "temporarily_unavailable")
        #expect(answer.body["access_token"] == nil)
    }
}
