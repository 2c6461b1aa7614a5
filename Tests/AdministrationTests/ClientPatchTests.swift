import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("some of a client is changed, and the rest stays (RFC 7396)")
struct ClientPatchTests {
    private static let whole: JSONObject = [
        "client_id": "shop", "client_name": "Shop", "grant_types": ["authorization_code", "refresh_token"],
        "scope": "orders:read orders:write", "redirect_uris": ["https://shop.example/a", "https://shop.example/b"],
        "backchannel_logout_uri": "https://shop.example/logout", "backchannel_logout_session_required": true,
        "resources": ["https://api.example.com"], "served_resources": [], "first_party": true, "may_act": "other",
    ]

    private static func admin() async throws -> (AdministrationHarness, tag: String) {
        let admin = try AdministrationHarness()
        let answer = await admin.send("POST", "clients", whole)
        return (admin, try #require(answer.field("etag")))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let patch: JSONObject
        /// Members that are another then; null: that are not there.
        let differs: JSONObject
        /// Access tokens of before end.
        var narrows = false
    }

    static let cases: [Case] = [
        Case(testDescription: "a name", patch: ["client_name": "The shop"], differs: ["client_name": "The shop"]),
        Case(testDescription: "no name", patch: ["client_name": .null], differs: ["client_name": .null]),
        Case(
            testDescription: "a further scope", patch: ["scope": "orders:read orders:write payments"],
            differs: ["scope": "orders:read orders:write payments"]),
        Case(
            testDescription: "a scope less", patch: ["scope": "orders:read"], differs: ["scope": "orders:read"],
            narrows: true),
        Case(
            testDescription: "another list of addresses", patch: ["redirect_uris": ["https://shop.example/c"]],
            differs: ["redirect_uris": ["https://shop.example/c"]]),
        Case(
            testDescription: "a grant type less", patch: ["grant_types": ["authorization_code"]],
            differs: ["grant_types": ["authorization_code"]], narrows: true),
        Case(
            testDescription: "no code any more", patch: ["grant_types": ["client_credentials"]],
            differs: ["grant_types": ["client_credentials"], "response_types": []], narrows: true),
        Case(
            testDescription: "more resources",
            patch: ["resources": ["https://api.example.com", "https://b.example.com"]],
            differs: ["resources": ["https://api.example.com", "https://b.example.com"]]),
        Case(testDescription: "all resources", patch: ["resources": .null], differs: ["resources": .null]),
        Case(
            testDescription: "other resources", patch: ["resources": ["https://b.example.com"]],
            differs: ["resources": ["https://b.example.com"]], narrows: true),
        Case(
            testDescription: "serves what it may ask for", patch: ["served_resources": .null],
            differs: ["served_resources": .null]),
        Case(testDescription: "asks users", patch: ["first_party": false], differs: ["first_party": false]),
        Case(
            testDescription: "another actor", patch: ["may_act": "third"], differs: ["may_act": "third"], narrows: true),
        Case(testDescription: "anybody", patch: ["may_act": .null], differs: ["may_act": .null]),
        Case(
            testDescription: "tokens that have to be bound to a key", patch: ["dpop_bound_access_tokens": true],
            differs: ["dpop_bound_access_tokens": true], narrows: true),
        Case(
            testDescription: "tokens that have to be bound to a certificate",
            patch: ["tls_client_certificate_bound_access_tokens": true],
            differs: ["tls_client_certificate_bound_access_tokens": true], narrows: true),
        Case(
            testDescription: "is told of no log-out", patch: ["backchannel_logout_uri": .null],
            differs: ["backchannel_logout_uri": .null, "backchannel_logout_session_required": .null]),
        Case(testDescription: "without PKCE", patch: ["require_pkce": false], differs: ["require_pkce": false]),
    ]

    @Test("what is named changes, null takes away, and whoever may less loses access tokens", arguments: cases)
    func changes(_ test: Case) async throws {
        let (admin, tag) = try await Self.admin()
        let before = await admin.send("GET", "clients/shop").body
        let answer = await admin.send("PATCH", "clients/shop", test.patch, [("if-match", tag)])
        #expect(answer.status == 200, "\(answer.body)")
        var expected = before
        for (name, value) in test.differs.members { expected[name] = value.isNull ? Optional<JSON>.none : value }
        #expect(answer.body == expected)
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .clientChanged)
        #expect(change.settling == (test.narrows ? ManagedChange.overtaking : ManagedChange.settling))
        // The secret goes on.
        #expect(answer.body["secrets"] == before["secrets"] && answer.body["client_secret"] == nil)
    }

    @Test("keys in the document and at an address, and names in certificates, take each other's place")
    func keys() async throws {
        let (admin, first) = try await Self.admin()
        var tag = first
        func patch(_ body: JSONObject) async throws -> JSONObject {
            let answer = await admin.send("PATCH", "clients/shop", body, [("if-match", tag)])
            #expect(answer.status == 200, "\(answer.body)")
            tag = answer.field("etag") ?? tag
            return answer.body
        }
        let key = try KeyedClient().keySet
        var body = try await patch(["token_endpoint_auth_method": "private_key_jwt", "jwks": key])
        #expect(body["jwks"] != nil && body["secrets"] == [])
        body = try await patch(["jwks_uri": "https://shop.example/jwks"])
        #expect(body["jwks"] == nil && body["jwks_uri"] == "https://shop.example/jwks")
        body = try await patch([
            "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "shop.internal",
            "jwks_uri": .null,
        ])
        #expect(body["tls_client_auth_san_dns"] == "shop.internal")
        body = try await patch(["tls_client_auth_san_uri": "spiffe://example.org/shop"])
        #expect(body["tls_client_auth_san_dns"] == nil)
        // One that begins to authenticate by a secret gets one.
        body = try await patch(["token_endpoint_auth_method": "client_secret_basic", "tls_client_auth_san_uri": .null])
        #expect(body["client_secret"] != nil)
    }

    @Test("what cannot be is refused, and nothing changes")
    func refused() async throws {
        let (admin, tag) = try await Self.admin()
        for (patch, status) in [
            (["redirect_uris": .null], 422), (["grant_types": ["client_credentials"], "scope": .null], 422),
            (["first_party": "yes"], 400), (["resources": "all"], 400), (["client_id": "other"], 400),
            (["secrets": []], 400), (["colour": "red"], 400), ([:], 400), (["redirect_uris": ["/relative"]], 422),
            (["token_endpoint_auth_method": "private_key_jwt"], 422),
        ] as [(JSONObject, Int)] {
            let answer = await admin.send("PATCH", "clients/shop", patch, [("if-match", tag)])
            #expect(answer.status == status, "\(patch) \(answer.body)")
        }
        #expect(await admin.send("PATCH", "clients/shop", ["client_name": "x"]).status == 428)
        #expect(await admin.send("PATCH", "clients/none", ["client_name": "x"], [("if-match", "*")]).status == 404)
        #expect(await admin.send("GET", "clients/shop").field("etag") == tag)
        // What changes nothing makes no version and no record.
        let count = admin.log.changes.count
        let same = await admin.send("PATCH", "clients/shop", ["client_name": "Shop"], [("if-match", tag)])
        #expect(same.status == 200 && same.field("etag") == tag && admin.log.changes.count == count)
    }
}
