import HTTP
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("who is logged in where, and logging users out")
struct SessionTests {
    private struct Setting {
        let admin: AdministrationHarness
        /// Ids of the accounts.
        var alice = ""
        var bob = ""
        /// Of Alice on two devices, and of Bob.
        var sids: [String] = []
    }

    private static func setting() async throws -> Setting {
        var setting = Setting(admin: try AdministrationHarness())
        setting.alice = try await setting.admin.user("alice").id
        setting.bob = try await setting.admin.user("bob").id
        for (user, agent, time) in [
            (setting.alice, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", newYear2026 - 30),
            (setting.alice, "Mozilla/5.0 (iPhone) Safari/605", newYear2026 - 20),
            (setting.bob, "x\u{1B}[2J", newYear2026),
        ] {
            var session = UserSession(
                key: RandomText.session.key(of: RandomText.session.make(.system)), userID: user,
                authentication: UserAuthentication(time: time, acr: "mfa", methods: ["pwd", "otp"]),
                expiresAt: newYear2026 + 600, endsAt: newYear2026 + 900)
            session.begin(at: time, userAgent: agent, address: "192.0.2.7")
            setting.sids.append(session.sid)
            #expect(try await setting.admin.base.store.commit([.insert(session.record)], now: newYear2026))
        }
        return setting
    }

    private static func grant(_ id: String, _ setting: Setting, _ sid: String?, scopes: [String]) async throws {
        var grant = Grant(
            id: id, clientID: "shop", subject: setting.alice, scopes: scopes, resources: [], createdAt: newYear2026,
            expiresAt: newYear2026 + 5_000)
        grant.sessionID = sid
        #expect(try await setting.admin.base.store.commit([.insert(grant.record)], now: newYear2026))
    }

    private static func ids(_ answer: Answer) -> Set<String> {
        Set((answer.body["items"]?.array ?? []).compactMap { $0.object?["id"]?.string })
    }

    @Test("a session says whose it is, since when, from where, by what, and which applications came of it")
    func shown() async throws {
        let setting = try await Self.setting()
        try await Self.grant("g1", setting, setting.sids[0], scopes: ["openid"])
        let answer = await setting.admin.send("GET", "sessions/\(setting.sids[0])")
        #expect(answer.status == 200)
        let expected: JSONObject = [
            "id": .string(setting.sids[0]), "user_id": .string(setting.alice), "user": "alice",
            "created_at": .integer(newYear2026 - 30), "last_used_at": .integer(newYear2026 - 30),
            "expires_at": .integer(newYear2026 + 600), "ends_at": .integer(newYear2026 + 900),
            "auth_time": .integer(newYear2026 - 30), "acr": "mfa", "amr": ["pwd", "otp"], "address": "192.0.2.7",
            "device": "Firefox on Linux", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "applications": ["shop"],
        ]
        #expect(answer.body == expected)
    }

    @Test("lists select by user and by client, and have neither sessions that are over nor the secret that lets in")
    func listed() async throws {
        let setting = try await Self.setting()
        let (admin, sids) = (setting.admin, setting.sids)
        try await Self.grant("g1", setting, sids[1], scopes: ["openid"])
        #expect(Self.ids(await admin.send("GET", "sessions")) == Set(sids))
        #expect(Self.ids(await admin.send("GET", "sessions?user=\(setting.alice)")) == Set(sids.prefix(2)))
        #expect(Self.ids(await admin.send("GET", "users/\(setting.bob)/sessions")) == [sids[2]])
        #expect(Self.ids(await admin.send("GET", "sessions?client=shop")) == [sids[1]])
        #expect(Self.ids(await admin.send("GET", "sessions?client=other")).isEmpty)
        for (path, status) in [
            ("sessions?name=alice", 400), ("sessions/none", 404), ("users/none/sessions", 404),
        ] {
            #expect(await admin.send("GET", path).status == status, "\(path)")
        }
        let first = await admin.send("GET", "sessions?limit=1")
        #expect(first.body["items"]?.array?.count == 1 && first.body["next"] != nil)
        #expect(Self.ids(await admin.send("GET", "sessions", now: newYear2026 + 601)).isEmpty)
    }

    @Test("one session is ended, with its OpenID grants, and the record says whose it was")
    func endedOne() async throws {
        let setting = try await Self.setting()
        let (admin, sids) = (setting.admin, setting.sids)
        try await Self.grant("mine", setting, sids[0], scopes: ["openid"])
        try await Self.grant("offline", setting, sids[0], scopes: ["openid", "offline_access"])
        try await Self.grant("other", setting, sids[1], scopes: ["openid"])
        let path = "sessions/\(sids[0])"
        #expect(await admin.send("DELETE", path).status == 428)
        #expect(await admin.send("DELETE", path, nil, [("if-match", "\"7\"")]).status == 412)
        let tag = try #require(await admin.send("GET", path).field("etag"))
        #expect(await admin.send("DELETE", path, nil, [("if-match", tag)]).status == 204)
        #expect(Self.ids(await admin.send("GET", "sessions")) == Set(sids.dropFirst()))
        #expect(await admin.send("GET", path).status == 404)
        let grants = try await admin.base.store.all(RecordQuery(.grant), Grant.init).values.map(\.id)
        #expect(Set(grants) == ["offline", "other"])
        #expect(admin.base.store.count(.endedSession) == 1, "applications are told")
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .sessionEnded && change.id == sids[0] && change.after == nil)
        #expect(change.before?["user"] == "alice")
        #expect(change.settling == ManagedChange.settling)
    }

    @Test("all sessions of a user are ended, and of others none", arguments: [false, true])
    func endedAll(withGrants: Bool) async throws {
        let setting = try await Self.setting()
        let (admin, sids) = (setting.admin, setting.sids)
        try await Self.grant("mine", setting, sids[0], scopes: ["openid"])
        try await Self.grant("offline", setting, sids[1], scopes: ["openid", "offline_access"])
        let path = "users/\(setting.alice)/sessions" + (withGrants ? "?grants=end" : "")
        #expect(await admin.send("DELETE", path).status == 428)
        #expect(
            await admin.send("DELETE", path + (withGrants ? "&x=1" : "?grants=all"), nil, [("if-match", "*")]).status
                == 400)
        #expect(await admin.send("DELETE", path, nil, [("if-match", "*")]).status == 204)
        #expect(Self.ids(await admin.send("GET", "sessions")) == [sids[2]])
        let grants = try await admin.base.store.all(RecordQuery(.grant), Grant.init).values.map(\.id)
        #expect(grants == (withGrants ? [] : ["offline"]))
        let change = try #require(admin.log.changes.last ?? nil)
        #expect(change.action == .sessionsEnded && change.id == setting.alice)
        #expect(change.after?["ended"] == ["sessions": 2, "grants": withGrants ? 2 : 1])
    }
}
