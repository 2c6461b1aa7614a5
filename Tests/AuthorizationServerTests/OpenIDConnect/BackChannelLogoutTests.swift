import JOSE
import JSON
import Policy
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

@Suite("OpenID Connect Back-Channel Logout: who is told, and of what")
struct BackChannelLogoutTests {
    private static let openID: [(String, String?)] = [("scope", "openid")]

    private func flow(_ change: @escaping (inout RegisteredClient) -> Void = { _ in }) async throws -> CodeFlowHarness {
        try await CodeFlowHarness {
            $0.backChannelLogoutURI = "https://shop.example.com/logout"
            change(&$0)
        }
    }

    private func notices(_ flow: CodeFlowHarness) async throws -> [LogoutNotice] {
        // As a gateway does, in a moment.
        try await flow.base.store.makeLogoutNotices(now: newYear2026 + 61, random: .system)
        #expect(flow.base.store.count(.endedSession) == 0)
        return try await flow.base.store.all(RecordQuery(.logoutNotice), LogoutNotice.init).whole()
    }

    private func session(_ flow: CodeFlowHarness) async throws -> UserSession {
        try #require(try await flow.base.store.records(RecordQuery(.session), most: 1).first.flatMap(UserSession.init))
    }

    /// As the log-out page does.
    private func logOut(_ flow: CodeFlowHarness) async throws {
        let ending = SessionEnding(store: flow.base.store)
        #expect(try await ending.end(try await session(flow), in: BrowserCookie(.system), now: newYear2026 + 60))
    }

    @Test("the applications of the session are told when the user logs out, each once, with the sid of their ID tokens")
    func told() async throws {
        var flow = try await flow()
        let tokens = try await flow.tokens(Self.openID)
        _ = try await flow.tokens(Self.openID)
        let sid = try await flow.claims(tokens, "id_token")["sid"]?.string
        // In another browser the user stays logged in.
        let mine = flow.cookies
        let session = try await session(flow)
        try await flow.logIn()
        _ = try await flow.tokens(Self.openID)
        flow.cookies = mine
        let ending = SessionEnding(store: flow.base.store)
        #expect(try await ending.end(session, in: BrowserCookie(.system), now: newYear2026 + 60))
        let told = try await notices(flow)
        #expect(told.map(\.sessionID) == [sid])
        #expect(told.map(\.clientID) == ["shop"] && told.map(\.userID) == [CodeFlowHarness.userID])
        #expect(told.first?.dueAt == newYear2026 + 61)
        #expect(flow.base.store.count(.loggedInClient) == 1)
        // Its refresh token ends; that is not what the notice is for.
        #expect(
            await flow.refresh(try #require(tokens.body["refresh_token"]?.string), now: newYear2026 + 70).status == 400)
    }

    @Test("an application with offline_access is told, too, and keeps its refresh token")
    func offline() async throws {
        let flow = try await flow()
        let tokens = try await flow.tokens([("scope", "openid offline_access")])
        try await logOut(flow)
        #expect(try await notices(flow).count == 1)
        #expect(
            await flow.refresh(try #require(tokens.body["refresh_token"]?.string), now: newYear2026 + 70).status == 200)
    }

    @Test("nobody is told who has no address, no ID token, or no session")
    func untold() async throws {
        let without = try await flow { $0.backChannelLogoutURI = nil }
        _ = try await without.tokens(Self.openID)
        let oauth = try await flow()
        _ = try await oauth.tokens()
        for flow in [without, oauth] {
            #expect(flow.base.store.count(.loggedInClient) == 0)
            try await logOut(flow)
            #expect(try await notices(flow).isEmpty)
        }
    }

    @Test(
        "applications are told when the account is disabled or removed, or gets another password",
        arguments: [
            Administration.UserChange(isDisabled: true), .init(password: "quite another pass phrase"),
            .init(password: "quite another pass phrase", keepsGrants: true), nil,
        ])
    func byOperators(change: Administration.UserChange?) async throws {
        var flow = try await flow()
        _ = try await flow.tokens(Self.openID)
        try await flow.logIn()
        _ = try await flow.tokens(Self.openID)
        let administration = flow.base.administration
        if let change {
            _ = try await administration.changeUser(CodeFlowHarness.userID, change, now: newYear2026, random: .system)
        } else {
            _ = try await administration.removeUser(CodeFlowHarness.userID, now: newYear2026)
        }
        #expect(try await notices(flow).count == 2)
        #expect(Set(try await notices(flow).map(\.sessionID)).count == 2)
        #expect(flow.base.store.count(.loggedInClient) == 0)
    }

    @Test("what ends no session tells nobody")
    func others() async throws {
        let flow = try await flow()
        _ = try await flow.tokens(Self.openID)
        _ = try await flow.base.administration.changeUser(
            CodeFlowHarness.userID, .init(isDisabled: false), now: newYear2026, random: .system)
        #expect(try await notices(flow).isEmpty)
    }

    @Test(
        "who logs in once more in the same browser goes on: applications of before are told at the end, and not earlier"
    )
    func again() async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        try await harness.logIn(browser)
        func current() async throws -> UserSession {
            try #require(
                try await harness.store.records(RecordQuery(.session), most: 1).first.flatMap(UserSession.init))
        }
        func told() async throws -> [LogoutNotice] {
            try await harness.store.makeLogoutNotices(now: newYear2026, random: .system)
            return try await harness.store.all(RecordQuery(.logoutNotice), LogoutNotice.init).whole()
        }
        let first = try await current()
        let client = LoggedInClient(
            clientID: "shop", userID: harness.user.id, sessionID: first.sid, now: newYear2026)
        #expect(try await harness.store.commit(client.changes, now: newYear2026))
        for _ in 0..<3 { try await harness.logIn(browser) }
        #expect(try await told().isEmpty)
        let last = try await current()
        #expect(last.sid != first.sid)
        #expect(
            try await SessionEnding(store: harness.store).end(last, in: BrowserCookie(.system), now: newYear2026))
        #expect(try await told().map(\.sessionID) == [first.sid])
        #expect(harness.store.count(.sessionLink) == 0)
    }

    @Test("who logs in after the end is not told of it, however late a gateway comes")
    func later() async throws {
        let flow = try await flow()
        _ = try await flow.tokens(Self.openID)
        _ = try await flow.base.administration.changeUser(
            CodeFlowHarness.userID, .init(password: "quite another pass phrase"), now: newYear2026, random: .system)
        var next = flow
        try await next.logIn()
        _ = try await next.tokens(Self.openID)
        #expect(try await notices(flow).count == 1)
        #expect(flow.base.store.count(.loggedInClient) == 1)
    }

    @Test("a removed client is told nothing")
    func removedClient() async throws {
        let flow = try await flow()
        _ = try await flow.tokens(Self.openID)
        _ = try await flow.base.administration.removeClient("shop", now: newYear2026)
        try await logOut(flow)
        #expect(try await notices(flow).isEmpty)
    }

    @Test(
        "a logout token has typ, iss, aud, sub, sid, jti, events and two minutes, no nonce, and another jti each time")
    func token() async throws {
        let flow = try await flow()
        _ = try await flow.tokens(Self.openID)
        try await logOut(flow)
        let notice = try #require(try await notices(flow).first)
        let client = try #require(try await flow.base.store.client(id: "shop"))
        let mint = LogoutTokenMint(issuer: AuthorizationHarness.issuer, keys: flow.base.keys, profile: .standard)
        let now = newYear2026 + 90
        let text = try #require(mint.token(for: notice, client: client, now: now, random: .system))
        let set = try JWKSet.parse(await flow.base.get("/oauth2/jwks").octets)
        let verified = try CompactJWS(Array(text.utf8)).verified(by: set, allowing: [.es256])
        #expect(verified.header.typ == "logout+jwt")
        let claims = verified.payload
        #expect(claims.names.sorted() == ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"])
        #expect(claims["iss"]?.string == AuthorizationHarness.issuer)
        #expect(claims["aud"] == "shop" && claims["sub"]?.string == CodeFlowHarness.userID)
        #expect(claims["sid"]?.string == notice.sessionID)
        #expect(claims["iat"]?.int == now && claims["exp"]?.int == now + 120)
        #expect(claims["events"] == ["http://schemas.openid.net/event/backchannel-logout": [:]])
        let second = try #require(mint.token(for: notice, client: client, now: now, random: .system))
        let other = try CompactJWS(Array(second.utf8)).verified(by: set, allowing: [.es256]).payload
        #expect(other["jti"] != claims["jti"])
        // Neither an ID token nor an access token.
        #expect(IDTokenHints(issuer: AuthorizationHarness.issuer, keys: flow.base.keys).hint(text, now: now) == nil)
        #expect(await flow.userInfo(text, now: now).status == 401)
        // Signed as the client's ID tokens are, or not at all.
        var strict = client
        strict.idTokenAlgorithm = .rs256
        #expect(mint.token(for: notice, client: strict, now: now, random: .system) == nil)
    }

    @Test("the metadata says that applications are told, and of which session")
    func metadata() async throws {
        let body = await (try AuthorizationHarness()).get("/.well-known/openid-configuration").body
        #expect(body["backchannel_logout_supported"] == true)
        #expect(body["backchannel_logout_session_supported"] == true)
        #expect(body["frontchannel_logout_supported"] == nil)
    }

    @Test(
        "whoever registers itself names a place on a host of its own, by https",
        arguments: [
            ("https://shop.example/logout", true), ("https://shop.example:8443/logout?x=1", true),
            ("http://shop.example/logout", false), ("https://other.example/logout", false),
            ("https://shop.example/logout#x", false), ("https://user@shop.example/logout", false), ("x", false),
        ])
    func registration(uri: String, isGood: Bool) async throws {
        let harness = try AuthorizationHarness.registering()
        let answer = await harness.registration(
            "POST",
            [
                "redirect_uris": ["https://shop.example/back"], "backchannel_logout_uri": .string(uri),
                "backchannel_logout_session_required": true,
            ])
        #expect(answer.status == (isGood ? 201 : 400), "\(answer.body)")
        #expect(answer.body["backchannel_logout_uri"]?.string == (isGood ? uri : nil))
        guard isGood else { return }
        #expect(answer.body["backchannel_logout_session_required"] == true)
        let client = try await harness.store.client(id: #require(answer.body["client_id"]?.string))
        #expect(client?.backChannelLogoutURI == uri && client?.wantsLogoutSession == true)
    }

    @Test("an operator's client may be told wherever it is; one that anybody may have registered is told nothing")
    func whose() throws {
        let metadata: JSONObject = [
            "redirect_uris": ["https://shop.example/back"], "backchannel_logout_uri": "https://inside.example/logout",
        ]
        let own = try ClientMetadata(profile: .standard).client(metadata, id: "a", now: newYear2026)
        #expect(own.backChannelLogoutURI == "https://inside.example/logout")
        let open = try ClientMetadata(
            profile: .standard, scopes: [], keyHosts: .these([]), grantsAtMost: OpenRegistration.grants
        ).client(metadata, id: "a", now: newYear2026)
        #expect(open.backChannelLogoutURI == nil)
    }

    @Test("the applications of one user are bounded: the oldest make room")
    func bounded() async throws {
        let store = MemoryStore()
        for number in 0..<(LoggedInClient.perUser + 5) {
            let client = LoggedInClient(clientID: "c\(number)", userID: "u", sessionID: "s", now: newYear2026)
            #expect(try await store.commit(client.changes, now: newYear2026))
        }
        #expect(store.count(.loggedInClient) == LoggedInClient.perUser)
    }
}
