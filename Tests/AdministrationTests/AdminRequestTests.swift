import Foundation
import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("requests to the management interface")
struct AdminRequestTests {
    @Test(
        "what is malformed, unknown or not for this address is refused with its own word, and nothing is changed",
        arguments: Case.all)
    func refused(_ test: Case) async throws {
        let admin = try AdministrationHarness()
        _ = try await admin.client()
        let before = admin.log.changes.count
        let answer = await admin.send(test.method, test.target, test.body, test.fields, type: test.type, raw: test.raw)
        #expect(answer.status == test.status)
        #expect(answer.body["code"] == .string(test.code))
        #expect(answer.field("content-type") == "application/problem+json")
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.body["request_id"] == "0123")
        #expect(answer.field("allow") == test.allow)
        #expect(admin.log.changes.count == before)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var method: String
        var target: String
        var body: JSONObject?
        var fields: [ServiceRequest.Field] = []
        var type: String? = "application/json"
        var raw: [UInt8]?
        var status: Int
        var code: String
        var allow: String?

        static let metadata: JSONObject = ["grant_types": ["client_credentials"], "scope": "a"]
        static let all = [
            Case(
                testDescription: "no resource", method: "GET", target: "things", status: 404, code: "no_such_resource"),
            Case(
                testDescription: "an empty segment", method: "GET", target: "clients//shop", status: 404,
                code: "no_such_resource"),
            Case(
                testDescription: "an encoded segment", method: "GET", target: "clients/%73hop", status: 404,
                code: "no_such_resource"),
            Case(
                testDescription: "no such client", method: "GET", target: "clients/nobody", status: 404,
                code: "no_such_resource"),
            Case(
                testDescription: "no such grant", method: "DELETE", target: "grants/none", fields: [("if-match", "*")],
                status: 404, code: "no_such_resource"),
            Case(
                testDescription: "PUT to a list", method: "PUT", target: "clients", status: 405,
                code: "method_not_allowed", allow: "GET, HEAD, POST"),
            Case(
                testDescription: "POST to grants", method: "POST", target: "grants", status: 405,
                code: "method_not_allowed", allow: "GET, HEAD"),
            Case(
                testDescription: "POST to a client", method: "POST", target: "clients/shop", status: 405,
                code: "method_not_allowed", allow: "GET, HEAD, PUT, PATCH, DELETE"),
            Case(
                testDescription: "GET of secrets", method: "GET", target: "clients/shop/secrets", status: 405,
                code: "method_not_allowed", allow: "POST"),
            Case(
                testDescription: "a page in a browser", method: "GET", target: "clients",
                fields: [("origin", "https://login.example.com")], status: 403, code: "origin_refused"),
            Case(
                testDescription: "a form", method: "POST", target: "clients", body: metadata,
                type: "application/x-www-form-urlencoded", status: 415, code: "unsupported_media_type"),
            Case(
                testDescription: "no media type", method: "POST", target: "clients", body: metadata, type: nil,
                status: 415, code: "unsupported_media_type"),
            Case(
                testDescription: "no JSON", method: "POST", target: "clients", raw: Array("{".utf8), status: 400,
                code: "bad_document"),
            Case(
                testDescription: "a list", method: "POST", target: "clients", raw: Array("[]".utf8), status: 400,
                code: "bad_document"),
            Case(
                testDescription: "a member twice", method: "POST", target: "clients",
                raw: Array(#"{"scope":"a","scope":"b"}"#.utf8), status: 400, code: "bad_document"),
            Case(
                testDescription: "an unknown member", method: "POST", target: "clients", body: ["scopes": "a"],
                status: 400, code: "bad_member"),
            Case(
                testDescription: "secrets of one's own", method: "POST", target: "clients", body: ["secrets": []],
                status: 400, code: "bad_member"),
            Case(
                testDescription: "a flag as a text", method: "POST", target: "clients",
                body: ["first_party": "yes", "scope": "a"], status: 400, code: "bad_member"),
            Case(
                testDescription: "bad metadata", method: "POST", target: "clients", body: ["grant_types": ["password"]],
                status: 422, code: "refused"),
            Case(
                testDescription: "metadata that is too large as a whole", method: "POST", target: "clients",
                body: [
                    "grant_types": ["client_credentials"], "scope": "a",
                    "redirect_uris": .array(
                        (100..<116).map { .string("https://a.example/\($0)" + String(repeating: "a", count: 1_900)) }),
                    "post_logout_redirect_uris": .array(
                        (100..<115).map { .string("https://a.example/\($0)" + String(repeating: "a", count: 1_900)) }),
                ], status: 422, code: "refused"),
            Case(
                testDescription: "resources that are too large as a whole", method: "POST", target: "clients",
                body: [
                    "grant_types": ["client_credentials"], "scope": "a",
                    "resources": .array(
                        (100..<189).map { .string("https://a.example/\($0)" + String(repeating: "a", count: 710)) }),
                ], status: 422, code: "refused"),
            Case(
                testDescription: "an id that is none", method: "POST", target: "clients",
                body: ["client_id": "a b", "grant_types": ["client_credentials"], "scope": "a"], status: 422,
                code: "refused"),
            Case(
                testDescription: "an id that is taken", method: "POST", target: "clients",
                body: ["client_id": "shop", "grant_types": ["client_credentials"], "scope": "a"], status: 409,
                code: "conflict"),
            Case(
                testDescription: "PUT without If-Match", method: "PUT", target: "clients/shop", body: metadata,
                status: 428, code: "precondition_required"),
            Case(
                testDescription: "DELETE without If-Match", method: "DELETE", target: "clients/shop", status: 428,
                code: "precondition_required"),
            Case(
                testDescription: "a secret without If-Match", method: "POST", target: "clients/shop/secrets",
                status: 428, code: "precondition_required"),
            Case(
                testDescription: "another version", method: "DELETE", target: "clients/shop",
                fields: [("if-match", "\"2\"")], status: 412, code: "precondition_failed"),
            Case(
                testDescription: "a weak tag", method: "DELETE", target: "clients/shop",
                fields: [("if-match", "W/\"1\"")], status: 412, code: "precondition_failed"),
            Case(
                testDescription: "the older of one secret", method: "DELETE", target: "clients/shop/secrets/older",
                fields: [("if-match", "*")], status: 409, code: "conflict"),
            Case(
                testDescription: "a limit of 0", method: "GET", target: "clients?limit=0", status: 400,
                code: "bad_query"),
            Case(
                testDescription: "a limit of 201", method: "GET", target: "clients?limit=201", status: 400,
                code: "bad_query"),
            Case(
                testDescription: "a parameter twice", method: "GET", target: "clients?limit=1&limit=2", status: 400,
                code: "bad_query"),
            Case(
                testDescription: "an unknown parameter", method: "GET", target: "clients?offset=1", status: 400,
                code: "bad_query"),
            Case(
                testDescription: "a short password", method: "POST", target: "users",
                body: ["name": "bob", "password": "short"], status: 422, code: "refused"),
            Case(
                testDescription: "a user without password", method: "POST", target: "users", body: ["name": "bob"],
                status: 400, code: "bad_member"),
        ]
    }

    @Test("a list names records that are damaged, goes on behind them, and leaves nothing else out")
    func damagedInLists() async throws {
        let admin = try AdministrationHarness()
        for id in ["a", "b", "c", "d", "e"] { _ = try await admin.client(id) }
        for id in ["b", "e"] { admin.store.damage(.client, id) }
        var (items, damaged, pages) = ([String](), [String](), 0)
        var after = ""
        repeat {
            let page = await admin.send("GET", "clients?limit=2" + after).body
            items += (page["items"]?.array ?? []).compactMap { $0.object?["client_id"]?.string }
            damaged += page.strings("damaged")
            after = page["next"]?.string.map { "&after=\($0)" } ?? ""
            pages += 1
        } while !after.isEmpty
        #expect(items == ["a", "c", "d"])
        #expect(damaged == ["b", "e"])
        #expect(pages == 3)
        #expect(await admin.send("GET", "clients?limit=1").body["damaged"] == nil)
    }

    @Test("of grants those that are over are not missed when they are damaged; of keys the others are listed")
    func damagedGrantsAndKeys() async throws {
        let admin = try AdministrationHarness()
        try await admin.grant("g1")
        try await admin.grant("g2")
        try await admin.grant("g3", expiresAt: newYear2026 + 1)
        for id in ["g2", "g3"] { admin.store.damage(.grant, id) }
        let grants = await admin.send("GET", "grants", now: newYear2026 + 2).body
        #expect(grants["items"]?.array?.count == 1)
        #expect(grants.strings("damaged") == ["g2"])
        for _ in 0..<2 { #expect(await admin.send("POST", "keys", ["at_once": true]).status == 201) }
        let kids = try await admin.store.signingKeys().whole().map(\.kid)
        admin.store.damage(.signingKey, kids[0])
        let keys = await admin.send("GET", "keys").body
        #expect(keys["items"]?.array?.count == kids.count - 1)
        #expect(keys.strings("damaged") == [kids[0]])
        #expect(await admin.send("GET", "keys/\(kids[0])").body["code"] == "damaged_record")
        #expect(await admin.send("GET", "keys/\(kids[1])").status == 200)
        // What is decided about keys depends on all of them.
        #expect(await admin.send("POST", "keys", ["at_once": true]).body["code"] == "damaged_record")
    }

    @Test(
        "a damaged record is neither shown nor changed, and does not pass for absent",
        arguments: ["clients/shop", "users/U"])
    func damaged(target: String) async throws {
        let admin = try AdministrationHarness()
        _ = try await admin.client()
        let user = try await admin.user().id
        admin.store.damage(.client, "shop")
        admin.store.damage(.user, user)
        let target = target.replacingOccurrences(of: "U", with: user)
        for method in ["GET", "DELETE"] {
            let answer = await admin.send(method, target, nil, [("if-match", "*")])
            #expect(answer.status == 500)
            #expect(answer.body["code"] == "damaged_record")
        }
    }

    @Test("without a log that takes records nothing is changed, but what is there can be read")
    func unrecorded() async throws {
        let admin = try AdministrationHarness()
        let (etag, _) = try await admin.client()
        admin.log.fill()
        let refused = await admin.send("DELETE", "clients/shop", nil, [("if-match", etag)])
        #expect(refused.status == 503)
        #expect(refused.body["code"] == "audit_unavailable")
        #expect(await admin.send("GET", "clients/shop").status == 200)
    }

    @Test("where the store fails nobody knows what was done: 503, and a record that says so")
    func unknown() async throws {
        let admin = try AdministrationHarness()
        admin.store.fail(true)
        let answer = await admin.send("POST", "clients", ["grant_types": ["client_credentials"], "scope": "a"])
        #expect(answer.status == 503)
        #expect(answer.body["code"] == "store_unavailable")
        #expect(answer.field("retry-after") == "5")
        #expect(admin.log.changes == [nil])
        #expect(await admin.send("GET", "clients").body["code"] == "store_unavailable")
        #expect(admin.log.changes.count == 1)
    }

    @Test("docs/admin.md lists every code with its status, and no other")
    func document() throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/admin.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.wholeMatch(of: /\| `[a-z_]+` \| \d\d\d \|.*/) != nil }.map {
            line in
            line.split(separator: "|").prefix(2).map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
        }
        #expect(
            rows.map { $0.joined(separator: " ") }.sorted()
                == AdminProblem.allCases.map { "\($0.rawValue) \($0.status)" }.sorted())
    }
}
