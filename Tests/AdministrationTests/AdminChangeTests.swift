import Foundation
import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("changes through the management interface")
struct AdminChangeTests {
    @Test("a client is made with a secret that works, is shown this once, and stands in no record")
    func made() async throws {
        let admin = try AdministrationHarness()
        let answer = await admin.send(
            "POST", "clients", ["client_id": "shop", "grant_types": ["client_credentials"], "scope": "orders:read"])
        #expect(answer.status == 201)
        #expect(answer.field("location") == "/admin/v1/clients/shop")
        #expect(answer.field("cache-control") == "no-store")
        let secret = try #require(answer.body["client_secret"]?.string)
        let shown = await admin.send("GET", "clients/shop")
        #expect(shown.field("etag") == answer.field("etag"))
        #expect(await admin.base.token(secret: secret).status == 200)
        #expect(shown.body["client_secret"] == nil)
        #expect(shown.body["secrets"]?.array?.count == 1)
        let change = try #require(admin.log.changes.first ?? nil)
        #expect(change.action == .clientAdded)
        #expect(change.before == nil)
        #expect(change.after?["scope"] == "orders:read")
    }

    @Test("what was read can be changed and sent back; the record has only what differs")
    func replaced() async throws {
        let admin = try AdministrationHarness()
        let (etag, secret) = try await admin.client()
        var document = await admin.send("GET", "clients/shop").body
        document["scope"] = "orders:read orders:write"
        let answer = await admin.send("PUT", "clients/shop", document, [("if-match", etag)])
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.field("etag") != etag)
        #expect(answer.body["scope"] == "orders:read orders:write")
        #expect(answer.body["client_secret"] == nil)
        #expect(await admin.send("GET", "clients/shop").field("etag") == answer.field("etag"))
        // Its secret counts as before, in either way.
        let form = "grant_type=client_credentials&scope=orders:write&client_id=shop&client_secret=\(secret)"
        #expect(await admin.base.post(form).status == 200)
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .clientChanged)
        #expect(change.before == ["scope": "orders:read"])
        #expect(change.after == ["scope": "orders:read orders:write"])
        // As it is shown there.
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let questions = try String(contentsOf: root.appending(path: "docs/audit-questions.md"), encoding: .utf8)
        let (before, after) = (change.before ?? [:], change.after ?? [:])
        let record =
            #""before":\#(String(decoding: JSON.object(before).serialized(), as: UTF8.self)),"after":\#(String(decoding: JSON.object(after).serialized(), as: UTF8.self))}"#
        #expect(questions.contains(record))
        // The first version is a thing of the past.
        #expect(await admin.send("PUT", "clients/shop", document, [("if-match", etag)]).status == 412)
    }

    @Test("types of authorization_details are registered by the interface, as far as there are such types")
    func detailTypes() async throws {
        let admin = try AdministrationHarness()
        var document: JSONObject = [
            "client_id": "payer", "grant_types": ["client_credentials"], "scope": "orders:read",
            "authorization_details_types": ["payment"],
        ]
        let made = await admin.send("POST", "clients", document)
        #expect(made.status == 201 && made.body["authorization_details_types"] == ["payment"])
        let etag = try #require(made.field("etag"))
        document["authorization_details_types"] = ["payment", "nonsense"]
        #expect(await admin.send("PUT", "clients/payer", document, [("if-match", etag)]).status == 422)
        document["authorization_details_types"] = nil
        let without = await admin.send("PUT", "clients/payer", document, [("if-match", etag)])
        #expect(without.status == 200 && without.body["authorization_details_types"] == nil)
    }

    @Test(
        "what a client may ask for and what it serves are two lists, each of which can be left out, and a change keeps both"
    )
    func served() async throws {
        let admin = try AdministrationHarness()
        let both: JSONObject = ["resources": ["https://a.example"], "served_resources": []]
        for (id, lists) in [
            ("both", both), ("first", ["resources": ["https://a.example"]]),
            ("second", ["served_resources": ["https://b.example"]]), ("none", [:]),
        ] as [(String, JSONObject)] {
            var document: JSONObject = [
                "client_id": .string(id), "grant_types": ["client_credentials"], "scope": "orders:read",
            ]
            for (name, value) in lists.members { document[name] = value }
            let made = await admin.send("POST", "clients", document)
            #expect(made.status == 201, "\(made.body)")
            let etag = try #require(made.field("etag"))
            var read = await admin.send("GET", "clients/\(id)").body
            read["client_name"] = "Another"
            let changed = await admin.send("PUT", "clients/\(id)", read, [("if-match", etag)])
            #expect(changed.status == 200)
            for name in ["resources", "served_resources"] { #expect(changed.body[name] == lists[name]) }
        }
        let wrong = await admin.send(
            "POST", "clients",
            ["grant_types": ["client_credentials"], "scope": "a", "served_resources": "https://a.example"])
        #expect(wrong.status == 400)
    }

    @Test("who may exchange a client's tokens is set, kept, taken away; and shuts others out at once")
    func mayAct() async throws {
        let admin = try AdministrationHarness()
        let document: JSONObject = ["client_id": "shop", "grant_types": ["client_credentials"], "scope": "orders:read"]
        var etag = try #require(await admin.send("POST", "clients", document).field("etag"))
        for (value, ends) in [("gate", true), ("gate", false), ("other", true), (nil, false)] as [(String?, Bool)] {
            var read = await admin.send("GET", "clients/shop").body
            read["may_act"] = value.map { .string($0) }
            let changed = await admin.send("PUT", "clients/shop", read, [("if-match", etag)])
            #expect(changed.status == 200 && changed.body["may_act"]?.string == value, "\(changed.body)")
            #expect(
                changed.facts.settling == (ends ? ManagedChange.overtaking : ManagedChange.settling),
                "\(value ?? "nobody")")
            etag = try #require(changed.field("etag"))
        }
        for bad in ["", "two words", .string(String(repeating: "x", count: 129)), ["gate"]] as [JSON] {
            var read = await admin.send("GET", "clients/shop").body
            read["may_act"] = bad
            let refused = await admin.send("PUT", "clients/shop", read, [("if-match", etag)])
            #expect([400, 422].contains(refused.status), "\(bad)")
        }
    }

    @Test(
        "of two writers who have seen the same version one is told to look again, even if both were let in at once",
        arguments: ["PUT", "DELETE", "POST"])
    func race(_ method: String) async throws {
        let first = try AdministrationHarness()
        let racing = RacingStore(first.store)
        let admin = try AdministrationHarness(store: racing)
        let (etag, _) = try await admin.client()
        racing.before {
            let record = try await racing.store.record(.client, "shop")
            _ = try await racing.store.commit([.replace(try #require(record))], now: newYear2026)
        }
        let body: JSONObject? =
            method == "PUT" ? ["grant_types": ["client_credentials"], "scope": "orders:write"] : nil
        let answer = await admin.send(
            method, method == "POST" ? "clients/shop/secrets" : "clients/shop", body, [("if-match", etag)])
        #expect(answer.status == 412)
        #expect(admin.log.changes.count == 1)
        #expect(await admin.send("GET", "clients/shop").body["scope"] == "orders:read")
    }

    @Test(
        "what an account is called, may and belongs to is changed by PATCH; null takes away, and what is not there stays"
    )
    func userProfile() async throws {
        let admin = try AdministrationHarness(users: .groups(["clerks", "night"]))
        let (id, etag) = try await admin.user()
        var tag = etag
        func patch(_ body: JSONObject) async throws -> Answer {
            let answer = await admin.send("PATCH", "users/\(id)", body, [("if-match", tag)])
            tag = answer.field("etag") ?? tag
            return answer
        }
        var answer = try await patch([
            "display_name": "Alice A.", "email": "alice@example.com", "may": ["orders:read"], "groups": ["clerks"],
        ])
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body["groups"] == ["clerks"])
        #expect(answer.body["may"] == ["orders:read"])
        #expect(answer.body["email"] == "alice@example.com")
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .userChanged)
        #expect(change.after?["groups"] == ["clerks"])
        answer = try await patch(["display_name": .null, "may": .null])
        #expect(answer.body["display_name"] == nil && answer.body["may"] == nil)
        #expect(answer.body["groups"] == ["clerks"])
        answer = try await patch(["may": []])
        #expect(answer.body["may"] == [])
        #expect(try await patch(["groups": .null]).body["groups"] == nil)
        let made = await admin.send(
            "POST", "users",
            [
                "name": "bob", "password": "correct horse battery",
                "attributes": ["department": "law", "x": ["1", "2"]],
            ])
        #expect(made.status == 201 && made.body["attributes"] == ["department": "law", "x": ["1", "2"]])
        #expect(
            await admin.send(
                "POST", "users", ["name": "cyd", "password": "correct horse battery", "attributes": ["a b": "x"]]
            ).status == 422)
        answer = try await patch(["attributes": ["department": "sales", "region": ["eu", "us"], "old": "x"]])
        #expect(answer.body["attributes"] == ["department": "sales", "old": "x", "region": ["eu", "us"]])
        answer = try await patch(["attributes": ["old": .null, "department": "law"]])
        #expect(answer.body["attributes"] == ["department": "law", "region": ["eu", "us"]])
        #expect(try #require(admin.log.changes.last ?? nil).after?["attributes"] == answer.body["attributes"])
        #expect(try await patch(["attributes": .null]).body["attributes"] == nil)
        for (body, code) in [
            (["groups": ["clerk"]], "refused"), (["groups": "clerks"], "bad_member"),
            (["may": ["two words"]], "refused"),
            (["may": [7]], "bad_member"), (["email": "a\u{0}b"], "refused"), (["role": "clerk"], "bad_member"),
            ([:], "bad_member"), (["keep_grants": true], "bad_member"),
            (["attributes": ["two words": "a"]], "refused"), (["attributes": ["a": "b\u{0}"]], "refused"),
            (["attributes": ["a": ""]], "refused"), (["attributes": ["a": []]], "bad_member"),
            (["attributes": ["a": 7]], "bad_member"), (["attributes": ["a": ["b", 7]]], "bad_member"),
            (["attributes": [:]], "bad_member"), (["attributes": "a"], "bad_member"),
            (["attributes": ["a": .string(String(repeating: "x", count: 257))]], "refused"),
            (["attributes": .object(JSONObject((0..<33).map { ("a\($0)", "x") }))], "refused"),
            (["attributes": ["a": .strings((0..<129).map { "\($0)" })]], "refused"),
            (
                ["attributes": ["a": .strings((0..<20).map { "\($0)" + String(repeating: "x", count: 250) })]],
                "refused"
            ),
            (["may": .array((0..<101).map { .string("s\($0)") })], "bad_member"),
        ] as [(JSONObject, String)] {
            let before = tag
            #expect(try await patch(body).body["code"]?.string == code, "\(body)")
            #expect(tag == before)
        }
    }

    @Test("what changes nothing makes no version and no record")
    func nothingChanged() async throws {
        let admin = try AdministrationHarness(users: .groups(["clerks"]))
        let (user, userTag) = try await admin.user()
        let (clientTag, _) = try await admin.client()
        var document = await admin.send("GET", "clients/shop").body
        for name in ["client_id_issued_at", "secrets"] { document[name] = Optional<JSON>.none }
        let count = admin.log.changes.count
        for (method, path, body, tag) in [
            ("PATCH", "users/\(user)", ["disabled": false], userTag),
            ("PATCH", "users/\(user)", ["email": .null, "groups": []], userTag),
            ("PUT", "clients/shop", document, clientTag),
        ] as [(String, String, JSONObject, String)] {
            let answer = await admin.send(method, path, body, [("if-match", tag)])
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.field("etag") == tag, "\(method) \(path)")
            // Somebody else may have made it so a moment ago.
            #expect(answer.facts.settling == ManagedChange.settling)
            #expect(answer.facts.event == nil)
        }
        #expect(admin.log.changes.count == count)
        // Disabled twice: the second time there is nothing to end.
        let once = await admin.send("PATCH", "users/\(user)", ["disabled": true], [("if-match", userTag)])
        #expect(admin.log.changes.count == count + 1)
        let tag = try #require(once.field("etag"))
        #expect(
            await admin.send("PATCH", "users/\(user)", ["disabled": true], [("if-match", tag)]).field("etag") == tag)
        #expect(admin.log.changes.count == count + 1)
    }

    @Test("a secret is replaced while both count, and then the older does not")
    func secrets() async throws {
        let admin = try AdministrationHarness()
        let (etag, old) = try await admin.client()
        let added = await admin.send("POST", "clients/shop/secrets", nil, [("if-match", etag)])
        #expect(added.status == 201)
        let new = try #require(added.body["client_secret"]?.string)
        for secret in [old, new] { #expect(await admin.base.token(secret: secret).status == 200) }
        let third = await admin.send("POST", "clients/shop/secrets", nil, [("if-match", "*")])
        #expect(third.body["code"] == "conflict")
        #expect(await admin.send("DELETE", "clients/shop/secrets/older", nil, [("if-match", "*")]).status == 204)
        #expect(await admin.base.token(secret: new).status == 200)
        #expect(await admin.send("GET", "clients/shop").body["secrets"]?.array?.count == 1)
        #expect(admin.log.changes.compactMap { $0?.action } == [.clientAdded, .secretAdded, .secretRemoved])
    }

    @Test(
        "an account of a provider's user is made with issuer and subject, has no password and gets none, and leaves nothing behind"
    )
    func providerAccount() async throws {
        let admin = try AdministrationHarness()
        let identity: JSON = ["issuer": "https://id.example", "subject": "u-1"]
        let made = await admin.send("POST", "users", ["name": "ada", "identity": identity])
        #expect(made.status == 201, "\(made.body)")
        #expect(made.body["identity"] == identity)
        #expect(made.body["has_password"] == false)
        let id = try #require(made.body["id"]?.string)
        let refused: [(JSONObject, String)] = [
            (["name": "eve", "identity": identity], "conflict"),
            (["name": "ada", "identity": ["issuer": "https://id.example", "subject": "u-2"]], "conflict"),
            (["name": "eve", "identity": identity, "password": "correct horse battery"], "bad_member"),
            (["name": "eve"], "bad_member"),
            (["name": "eve", "identity": ["issuer": "https://id.example"]], "bad_member"),
            (["name": "eve", "identity": "u-1"], "bad_member"),
            (
                ["name": "eve", "identity": ["issuer": "https://id.example", "subject": "u-3", "email": "x"]],
                "bad_member"
            ),
        ]
        for (body, code) in refused {
            let answer = await admin.send("POST", "users", body)
            #expect((400..<500).contains(answer.status))
            #expect(answer.body["code"]?.string == code, "\(body)")
        }
        let password = await admin.send(
            "PATCH", "users/\(id)", ["password": "correct horse battery"], [("if-match", "*")])
        #expect((400..<500).contains(password.status))
        #expect(await admin.send("DELETE", "users/\(id)", nil, [("if-match", "*")]).status == 204)
        #expect(try await admin.store.records(RecordQuery(.identity), most: 10).isEmpty)
    }

    @Test("operators say whether an address is the user's, and only of an account that has one")
    func verifiedAddress() async throws {
        let admin = try AdministrationHarness()
        let password: JSON = "correct horse battery"
        let made = await admin.send("POST", "users", ["name": "ada", "password": password, "email": "ada@example.com"])
        #expect(made.body["email_verified"] == false)
        let id = try #require(made.body["id"]?.string)
        let changed = await admin.send("PATCH", "users/\(id)", ["email_verified": true], [("if-match", "*")])
        #expect(changed.body["email_verified"] == true)
        #expect(admin.log.changes.last??.after == ["email_verified": true])
        #expect(try await admin.store.user(id: id)?.isEmailVerified == true)
        let verified = await admin.send(
            "POST", "users",
            ["name": "bob", "password": password, "email": "bob@example.com", "email_verified": true])
        #expect(verified.body["email_verified"] == true)
        let without = await admin.send("POST", "users", ["name": "eve", "password": password])
        let other = try #require(without.body["id"]?.string)
        #expect(without.body["email_verified"] == nil)
        #expect(
            await admin.send("PATCH", "users/\(other)", ["email_verified": true], [("if-match", "*")]).status == 422)
        #expect(
            await admin.send("POST", "users", ["name": "x", "password": password, "email_verified": true]).status == 422
        )
    }

    @Test("a removed client is gone with its grants, and its tokens end")
    func removed() async throws {
        let admin = try AdministrationHarness()
        let (etag, secret) = try await admin.client()
        try await admin.grant()
        let answer = await admin.send("DELETE", "clients/shop", nil, [("if-match", etag)])
        #expect(answer.status == 204)
        #expect(answer.octets.isEmpty)
        #expect(await admin.send("GET", "clients/shop").status == 404)
        #expect(await admin.base.token(secret: secret, now: newYear2026 + 3_600).status == 401)
        #expect(try await admin.store.record(.grant, "g1") == nil)
        #expect(try await admin.store.record(.revocation, Revocation.Target.client("shop").key) != nil)
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .clientRemoved)
        #expect(change.after == nil)
    }

    @Test(
        "a user is made, disabled with all that was granted, gets a new password, and is removed; no password and no hash is in a record"
    )
    func users() async throws {
        let admin = try AdministrationHarness()
        let (id, etag) = try await admin.user()
        try await admin.grant(subject: id)
        let disabled = await admin.send(
            "PATCH", "users/\(id)", ["disabled": true], [("if-match", etag)], type: "application/merge-patch+json")
        #expect(disabled.status == 200)
        #expect(disabled.body["disabled"] == true)
        #expect(disabled.body["ended"] == ["grants": 1])
        #expect(disabled.facts.settling == ManagedChange.settling)
        #expect(try await admin.store.record(.grant, "g1") == nil)
        #expect(await admin.send("PATCH", "users/\(id)", ["disabled": false], [("if-match", etag)]).status == 412)
        let soon = await admin.send("PATCH", "users/\(id)", ["disabled": false], [("if-match", "*")])
        #expect(soon.status == 409 && soon.body["detail"]?.string?.contains("ends within 3 s") == true)
        let password = await admin.send(
            "PATCH", "users/\(id)", ["password": "another long secret", "disabled": false], [("if-match", "*")],
            now: newYear2026 + 3)
        #expect(password.status == 200)
        #expect(password.body["ended"] == nil)
        #expect(password.facts.settling == .seconds(3))
        try await admin.grant(subject: id)
        let kept = await admin.send(
            "PATCH", "users/\(id)", ["password": "another long secret", "keep_grants": true], [("if-match", "*")],
            now: newYear2026 + 3)
        #expect(kept.status == 200 && kept.body["ended"] == nil)
        #expect(try await admin.store.record(.grant, "g1") != nil)
        #expect(
            await admin.send("POST", "users", ["name": "ALICE", "password": "another long secret"]).body["code"]
                == "conflict")
        #expect(await admin.send("PATCH", "users/\(id)", [:], [("if-match", "*")]).body["code"] == "bad_member")
        #expect(await admin.send("DELETE", "users/\(id)", nil, [("if-match", "*")]).status == 204)
        #expect(await admin.send("GET", "users/\(id)").status == 404)
        #expect(try await admin.store.user(name: "alice") == nil)
        let changes = admin.log.changes.compactMap { $0 }
        #expect(changes.map(\.action) == [.userAdded, .userChanged, .userChanged, .userChanged, .userRemoved])
        #expect(changes[1].before == ["disabled": false])
        #expect(changes[1].after == ["disabled": true, "ended": ["grants": 1]])
        #expect(changes[2].after == ["disabled": false, "password": "changed"])
        let text = "\(changes)"
        for secret in ["correct horse", "another long", "scrypt"] { #expect(!text.contains(secret)) }
    }

    @Test("a grant is ended with what came from it; one whose end has come is none")
    func grants() async throws {
        let admin = try AdministrationHarness()
        try await admin.grant("g1")
        try await admin.grant("g2", expiresAt: newYear2026)
        let shown = await admin.send("GET", "grants/g1")
        #expect(shown.body["subject"] == "user-1")
        #expect(await admin.send("GET", "grants/g2").status == 404)
        #expect(await admin.send("GET", "grants").body["items"]?.array?.count == 1)
        #expect(await admin.send("GET", "grants/g1", nil, [("if-none-match", shown.field("etag") ?? "")]).status == 304)
        #expect(await admin.send("DELETE", "grants/g1", nil, [("if-match", shown.field("etag") ?? "")]).status == 204)
        #expect(try await admin.store.record(.grant, "g1") == nil)
        #expect(try await admin.store.record(.revocation, Revocation.Target.grant("g1").key) != nil)
        #expect(admin.log.changes.map { $0?.action } == [.grantRevoked])
    }

    @Test(
        "the next signing key is made ahead of time or at once, and one is given up; no record has anything of a private key"
    )
    func keys() async throws {
        let admin = try AdministrationHarness()
        let first = await admin.send("POST", "keys", ["at_once": true])
        try #require(first.status == 201, "\(first.body)")
        #expect(first.body["state"] == "signing")
        let second = await admin.send("POST", "keys", [:])
        #expect(second.body["state"] == "announced")
        #expect(second.body["signs_from"] == .integer(newYear2026 + 48 * 3_600))
        let kid = try #require(first.body["kid"]?.string)
        let shown = await admin.send("GET", "keys/\(kid)")
        #expect(shown.body["published_until"]?.int != nil)
        #expect(await admin.send("GET", "keys").body["items"]?.array?.count == 2)
        #expect(await admin.send("DELETE", "keys/\(kid)").body["code"] == "precondition_required")
        // Its successor has made it another version.
        #expect(await admin.send("DELETE", "keys/\(kid)", nil, [("if-match", first.field("etag") ?? "")]).status == 412)
        #expect(await admin.send("DELETE", "keys/\(kid)", nil, [("if-match", shown.field("etag") ?? "")]).status == 204)
        // Nothing else signed, so a new one does.
        let left = await admin.send("GET", "keys").body["items"]?.array?.compactMap { $0.object?["state"]?.string }
        #expect(left == ["signing", "announced"])
        #expect(await admin.send("POST", "keys", ["algorithm": "RS256"]).body["code"] == "refused")
        #expect(await admin.send("POST", "keys", ["algorithm": "none"]).body["code"] == "bad_member")
        let changes = admin.log.changes.compactMap { $0 }
        #expect(changes.map(\.action) == [.keysRotated, .keysRotated, .keyRetired])
        #expect(changes[2].after?[kid] == nil)
        #expect(!"\(changes)".contains("PRIVATE"))
    }

    @Test(
        "whoever retires the key that signs gets a new one at once, and what was rotated away stays away; the record and the list say so",
        arguments: [[true], [true, true], [true, false], [false]])
    func retiredSigner(atOnce rotations: [Bool]) async throws {
        let admin = try AdministrationHarness()
        func keys() async -> [String: String] {
            var states: [String: String] = [:]
            for item in await admin.send("GET", "keys").body["items"]?.array ?? [] {
                states[item.object?["kid"]?.string ?? ""] = item.object?["state"]?.string
            }
            return states
        }
        _ = await admin.send("POST", "keys", ["at_once": true])
        for atOnce in rotations { _ = await admin.send("POST", "keys", ["at_once": .bool(atOnce)]) }
        let before = await keys()
        let signer = try #require(before.first { $0.value == "signing" }?.key)
        let tag = await admin.send("GET", "keys/\(signer)").field("etag") ?? ""
        #expect(await admin.send("DELETE", "keys/\(signer)", nil, [("if-match", tag)]).status == 204)
        let after = await keys()
        let new = try #require(after.first { $0.value == "signing" }?.key)
        #expect(before[new] == nil)
        #expect(after.values.count { $0 == "signing" } == 1)
        for (kid, state) in before where kid != signer { #expect(after[kid] == state) }
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.before?[signer] != nil)
        #expect(change.after?[new] != nil)
    }

    @Test("lists come in pages, each thing once, also of one client or one subject", arguments: [1, 7, 50, 200])
    func pages(_ limit: Int) async throws {
        let admin = try AdministrationHarness()
        for number in 0..<60 {
            try await admin.grant(
                "grant-\(number)", client: number % 2 == 0 ? "shop" : "other",
                subject: number % 3 == 0 ? "a b&c" : "user-2")
        }
        for (filter, expected) in [("", 60), ("&client=shop", 30), ("&client=shop&subject=a+b%26c", 10)] {
            var seen: [String] = []
            var target: String? = "grants?limit=\(limit)\(filter)"
            while let next = target {
                let answer = await admin.send("GET", next)
                try #require(answer.status == 200, "\(next): \(answer.body)")
                let items = answer.body["items"]?.array ?? []
                #expect(items.count <= limit)
                seen += items.compactMap { $0.object?["id"]?.string }
                let link = answer.field("link")
                #expect((link == nil) == (answer.body["next"] == nil))
                target = link.map { String($0.dropFirst("</admin/v1/".count).prefix { $0 != ">" }) }
            }
            #expect(Set(seen).count == expected)
            #expect(seen.count == expected)
        }
    }
}

extension UserRules {
    fileprivate static func groups(_ names: [String]) -> UserRules {
        var rules = UserRules()
        rules.groups = names.map { UserGroup(name: $0) }
        return rules
    }
}
