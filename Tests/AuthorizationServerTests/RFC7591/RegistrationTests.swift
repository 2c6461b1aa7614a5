import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

let registrationToken = "initial-access-token-of-32-octets"

extension AuthorizationHarness {
    static func registering(
        _ profile: SecurityProfile = .standard, jwksHosts: [String] = [], detailTypes: [String] = [],
        keySource: (any ClientKeySource)? = nil
    ) throws -> AuthorizationHarness {
        try AuthorizationHarness(registrationToken: registrationToken, keySource: keySource) {
            $0.profile = profile
            $0.registration = RegistrationSettings(
                initialAccessToken: .environment("X"), scopes: ["orders:read", "orders:write"])
            $0.registration?.jwksHosts = jwksHosts
            $0.registration?.authorizationDetailsTypes = detailTypes
        }
    }

    func registration(
        _ method: String = "POST", _ body: JSON? = nil, token: String? = registrationToken, query: String? = nil,
        now: Int64 = newYear2026
    ) async -> Answer {
        await send(
            method, "/oauth2/register", query: query,
            body.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? "", type: "application/json",
            fields: token.map { [("authorization", "Bearer " + $0)] } ?? [], now: now)
    }
}

/// For a client that acts for itself.
func machine(_ changed: [String: JSON?] = [:]) -> JSON {
    var members: [String: JSON] = ["grant_types": ["client_credentials"]]
    for (name, value) in changed { members[name] = value }
    return .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
}

@Suite("RFC 7591: clients that register themselves")
struct RegistrationTests {
    let harness: AuthorizationHarness
    init() throws { harness = try .registering() }

    @Test("AS-129 201 with client_id, secret and its end, and all that was registered; the secret works")
    func registers() async throws {
        let asked = machine([
            "client_name": "Billing", "scope": "orders:read", "contacts": ["a@example.com"],
            "client_uri": "https://billing.example",
            "software_id": "b-1", "unknown_member": ["x": 1], "client_name#ja": "x",
        ])
        let answer = await harness.registration("POST", asked)
        #expect(answer.status == 201)
        #expect(answer.field("cache-control") == "no-store")
        let body = answer.body
        let id = try #require(body["client_id"]?.string)
        let secret = try #require(body["client_secret"]?.string)
        #expect(body["client_secret_expires_at"] == 0)
        #expect(body["client_id_issued_at"] == .integer(newYear2026))
        for name in ["client_name", "scope", "contacts", "client_uri", "software_id", "grant_types"] {
            #expect(body[name] == asked.object?[name])
        }
        #expect(body["token_endpoint_auth_method"] == "client_secret_basic")
        #expect(body["response_types"] == [])
        #expect(body["unknown_member"] == nil)
        #expect(
            body["registration_client_uri"]?.string == "\(AuthorizationHarness.issuer)/oauth2/register?client_id=\(id)")
        #expect(await harness.token(id: id, secret: secret).status == 200)
        #expect(await harness.token("&scope=orders:write", id: id, secret: secret).error == "invalid_scope")
    }

    @Test("AS-128 unknown metadata is ignored; jwks and jwks_uri together are invalid_client_metadata")
    func keys() async throws {
        let keys = try KeyedClient().keySet
        #expect(await harness.registration("POST", machine(["whatever": true])).status == 201)
        let both = await harness.registration(
            "POST",
            machine([
                "token_endpoint_auth_method": "private_key_jwt", "jwks": keys, "jwks_uri": "https://a.example/jwks",
            ]))
        #expect(both.status == 400)
        #expect(both.error == "invalid_client_metadata")
    }

    @Test(
        "AS-128 metadata that makes no sense is invalid_client_metadata",
        arguments: [
            ["token_endpoint_auth_method": "private_key_jwt"], ["token_endpoint_auth_method": "magic"],
            ["token_endpoint_auth_method": "none"],
            ["grant_types": ["password"]], ["grant_types": []], ["grant_types": "client_credentials"],
            ["response_types": ["token"]],
            ["scope": "admin"], ["scope": "orders:read  x"], ["scope": 1], ["client_name": 7], ["client_name": "a\nb"],
            ["jwks": ["keys": []]],
            ["jwks": "x"], ["client_uri": "javascript:alert(1)"], ["logo_uri": "http://a.example/x.png"],
            ["contacts": [1]],
            ["dpop_bound_access_tokens": "yes"], ["tls_client_auth_san_dns": "a.example"],
            ["jwks_uri": "http://a.example"],
            ["jwks_uri": "https://a.example/jwks"],
        ] as [[String: JSON?]])
    func refused(changed: [String: JSON?]) async throws {
        let answer = await harness.registration("POST", machine(changed))
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_client_metadata")
    }

    @Test("AS-103 tls_client_auth has exactly one name", arguments: [0, 1, 2, 5])
    func names(count: Int) async throws {
        var changed: [String: JSON?] = ["token_endpoint_auth_method": "tls_client_auth"]
        let values: [String: JSON] = [
            "tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example",
            "tls_client_auth_san_uri": "spiffe://a/b",
            "tls_client_auth_san_ip": "192.0.2.1", "tls_client_auth_san_email": "a@b.example",
        ]
        for (name, value) in values.prefix(count) { changed[name] = value }
        let answer = await harness.registration("POST", machine(changed))
        #expect(answer.status == (count == 1 ? 201 : 400))
        #expect(count == 1 || answer.error == "invalid_client_metadata")
    }

    @Test(
        "AS-103 a name that no certificate has is refused",
        arguments: ["tls_client_auth_subject_dn", "tls_client_auth_san_ip", "tls_client_auth_san_email"])
    func malformedNames(member: String) async throws {
        let answer = await harness.registration(
            "POST", machine(["token_endpoint_auth_method": "tls_client_auth", member: "nonsense"]))
        #expect(answer.error == "invalid_client_metadata")
    }

    @Test(
        "AS-130 AS-127 redirect URIs are https, http to this machine, or of a reversed domain; without fragment",
        arguments: [
            ("https://app.example/cb", true), ("https://app.example:8443/cb?x=1", true), ("http://127.0.0.1/cb", true),
            ("http://127.0.0.1:49152/cb", true),
            ("http://[::1]:1/cb", true), ("http://localhost/cb", true), ("com.example.app:/cb", true),
            ("http://app.example/cb", false),
            ("https://app.example/cb#x", false), ("https://app.example/cb#", false), ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("app:/cb", false), ("/cb", false), ("", false), ("https:///cb", false),
            ("https://a@app.example/cb", false), ("https://app.example/ä", false),
            ("https://app.example/a b", false), ("http://127.0.0.1.evil.example/cb", false),
            ("http://localhost@evil.example/", false),
            ("https://app.example:x/", false), ("file:///etc/passwd", false), ("com..app:/cb", false),
            ("https:app.example", false),
        ])
    func redirectURIs(uri: String, isGood: Bool) async throws {
        #expect((RedirectURIRule.objection(to: uri) == nil) == isGood)
        let answer = await harness.registration("POST", machine(["redirect_uris": [.string(uri)]]))
        #expect(answer.status == (isGood ? 201 : 400))
        #expect(isGood || answer.error == "invalid_redirect_uri")
    }

    @Test(
        "AS-130 where users go after they have logged out is registered by the same rules, and given back",
        arguments: [
            ("https://app.example/bye", true), ("com.example.app:/bye", true), ("http://app.example/bye", false),
            ("javascript:alert(1)", false),
        ])
    func postLogoutURIs(uri: String, isGood: Bool) async throws {
        let answer = await harness.registration("POST", machine(["post_logout_redirect_uris": [.string(uri)]]))
        #expect(answer.status == (isGood ? 201 : 400))
        #expect(answer.body["post_logout_redirect_uris"] == (isGood ? [.string(uri)] : nil))
        #expect(isGood || answer.error == "invalid_client_metadata")
    }

    @Test("of a key only what checking a signature takes is kept", arguments: [Algorithm.es256, .ps256, .edDSA])
    func keyMembers(algorithm: Algorithm) async throws {
        let key = try KeyedClient("x", algorithm)
        var jwk = try #require(key.key.publicJWK.object)
        let own = jwk
        for number in 0..<50 { jwk["member\(number)"] = [["a": "b"], [1, 2, 3]] }
        jwk["x5c"] = [.string(String(repeating: "A", count: 3_000))]
        jwk["x5t#S256"] = "AAAA"
        jwk["key_ops"] = ["verify"]
        jwk["ext"] = nil
        let answer = await harness.registration(
            "POST",
            machine(["token_endpoint_auth_method": "private_key_jwt", "jwks": ["keys": [.object(jwk)]]]))
        #expect(answer.status == 201)
        let kept = try #require(answer.body["jwks"]?.object?["keys"]?.array?.first?.object)
        #expect(kept.members.allSatisfy { own[$0.name] == $0.value })
        #expect(try VerificationKey(jwk: .object(kept)).kid == key.key.kid)
        let id = try #require(answer.body["client_id"]?.string)
        #expect(try await harness.store.client(id: id)?.keySet == ["keys": [.object(kept)]])
    }

    @Test("metadata that is too large as a whole is invalid_client_metadata, and leaves nothing behind")
    func wholeMetadata() async throws {
        // Each is within its own bound; with their escapes they would not be read again.
        let uris = (100..<116).map {
            JSON.string("https://shop.example/\($0)/" + String(repeating: "a", count: 1_900))
        }
        func register(_ count: Int, _ contact: String) async -> Answer {
            await harness.registration(
                "POST",
                machine([
                    "redirect_uris": .array(uris), "post_logout_redirect_uris": .array(Array(uris.prefix(count))),
                    "contacts": .array(Array(repeating: .string(contact), count: 10)),
                ]))
        }
        let long = await register(15, "a")
        #expect(long.status == 400)
        #expect(long.error == "invalid_client_metadata")
        // As many octets as are taken, but some take two where they are stored.
        #expect(await register(12, String(repeating: "\"", count: 256)).error == "invalid_client_metadata")
        #expect(try await harness.store.clients().isEmpty)
        #expect(await register(12, String(repeating: "a", count: 256)).status == 201)
    }

    @Test("AS-139 keys that are too small, private or symmetric are refused at registration")
    func smallKeys() async throws {
        let small: JSON = [
            "kty": "RSA", "n": .string(Base64URL.encode([0x80] + [UInt8](repeating: 1, count: 127))), "e": "AQAB",
        ]
        let symmetric: JSON = ["kty": "oct", "k": "AAAA"]
        for key in [small, symmetric, ["kty": "EC", "crv": "P-192", "x": "AA", "y": "AA"]] as [JSON] {
            let answer = await harness.registration(
                "POST", machine(["token_endpoint_auth_method": "private_key_jwt", "jwks": ["keys": [key]]]))
            #expect(answer.error == "invalid_client_metadata")
        }
        let good = try KeyedClient("x", .ps256)
        #expect(
            await harness.registration(
                "POST", machine(["token_endpoint_auth_method": "private_key_jwt", "jwks": good.keySet])
            ).status == 201)
    }

    @Test("without the initial access token nobody registers anything", arguments: [nil, "wrong", ""])
    func guarded(token: String?) async throws {
        let answer = await harness.registration("POST", machine(), token: token)
        #expect(answer.status == 401)
        #expect(answer.field("www-authenticate")?.hasPrefix("Bearer ") == true)
        #expect(try await harness.store.clients().whole().isEmpty)
    }

    @Test("registration is off unless it is switched on, and the metadata says which")
    func off() async throws {
        let closed = try AuthorizationHarness()
        #expect(await closed.registration("POST", machine()).status == 404)
        let path = "/.well-known/oauth-authorization-server"
        #expect(await closed.get(path).body["registration_endpoint"] == nil)
        #expect(
            await harness.get(path).body["registration_endpoint"]?.string == AuthorizationHarness.issuer
                + "/oauth2/register")
    }

    @Test("a body that is no JSON object is refused", arguments: ["", "[]", "{", "x=1"])
    func notJSON(body: String) async throws {
        let answer = await harness.send(
            "POST", "/oauth2/register", body, type: "application/json",
            fields: [("authorization", "Bearer " + registrationToken)])
        #expect(answer.error == "invalid_client_metadata")
    }
}
