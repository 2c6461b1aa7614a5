import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// Somebody with an account, or a script that has one, logs in and asks for tokens for ever.
@Suite("Attack: filling the store with an account")
struct FilledByUserTests {
    private func records(_ kind: RecordKind, _ store: MemoryStore, subject: String) async throws -> Int {
        var (count, query) = (0, Optional(RecordQuery(kind, subject: subject)))
        while let next = query {
            let page = try await store.page(next, most: 200)
            count += page.records.count
            query = page.next
        }
        return count
    }

    private func seed(_ store: MemoryStore, _ count: Int, _ record: (Int) -> StoredRecord) async throws {
        for number in 0..<count {
            #expect(try await store.commit([.insert(record(number))], now: newYear2026))
        }
    }

    @Test("the hundred browsers that were used last stay logged in, and what is under way is as bounded")
    func sessions() async throws {
        let harness = try await LogInHarness()
        let used = harness.browser()
        try await harness.logIn(used)
        var last = harness.browser()
        for number in 0..<UserShare.sessions {
            last = harness.browser()
            try await harness.logIn(last, now: newYear2026 + Int64(number))
            // Used again after a while, it is not the oldest.
            if number == 50 { _ = await used.get("/oauth2/account", now: newYear2026 + 3_600) }
        }
        try await harness.logIn(harness.browser(), now: newYear2026 + 200)
        #expect(harness.store.count(.session) == UserShare.sessions)
        #expect(harness.store.count(.interaction) == UserShare.underWay)
        for browser in [used, last] {
            #expect(await browser.get("/oauth2/account", now: newYear2026 + 3_600).status == 200)
        }
    }

    enum Way: CaseIterable { case deviceApproval, sameBrowser }

    @Test(
        "neither devices nor the history of a browser grow without end",
        arguments: Way.allCases)
    func others(way: Way) async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        let (kind, most): (RecordKind, Int) =
            switch way {
            case .deviceApproval: (.deviceCode, UserShare.underWay)
            case .sameBrowser: (.sessionLink, UserShare.sessionLinks)
            }
        try await harness.logIn(browser)
        try await seed(harness.store, most + 5) { number in
            StoredRecord(
                kind, "seed \(number)", expiresAt: newYear2026 + 600, client: "shop", subject: harness.user.id,
                body: [:])
        }
        switch way {
        case .deviceApproval:
            let request = DeviceRequest(
                deviceCode: "device", userCode: "WDJBMJHT", clientID: "shop", scopes: ["orders:read"],
                resources: [AuthorizationHarness.audience], now: newYear2026)
            let changes: [StoreChange] = [.insert(request.userCodeRecord), .insert(request.record)]
            #expect(try await harness.store.commit(changes, now: newYear2026))
            let next = await browser.send(await browser.get("/oauth2/device"), ["user_code": "WDJBMJHT"])
            let page = await browser.get("/oauth2/device", next.location?.split(separator: "?").last.map(String.init))
            #expect(await browser.send(page, ["decision": "allow"]).facts.event == "device_approved")
        case .sameBrowser: try await harness.logIn(browser)
        }
        #expect(try await records(kind, harness.store, subject: harness.user.id) == most)
    }

    @Test("grants of one application make room for its own first; with them go their refresh tokens")
    func grants() async throws {
        let flow = try await CodeFlowHarness()
        let store = flow.base.store
        let user = CodeFlowHarness.userID
        func grant(_ id: String, _ client: String) -> Grant {
            Grant(
                id: id, clientID: client, subject: user, scopes: ["orders:read"], resources: [], createdAt: flow.now,
                expiresAt: flow.now + 86_400)
        }
        try await seed(store, 3) { grant("other \($0)", "other").record }
        try await seed(store, UserShare.grantsPerClient + 50) { grant("shop \($0)", "shop").record }
        try await seed(store, UserShare.grantsPerClient + 50) {
            RefreshToken(text: "r\($0)", grant: grant("shop \($0)", "shop"), now: flow.now).record
        }
        // One of eight is counted.
        var answers = 0
        while store.count(.grant) > UserShare.grantsPerClient + 3, answers < 200 {
            #expect(try await flow.tokens().status == 200)
            answers += 1
        }
        #expect(store.count(.grant) == UserShare.grantsPerClient + 3)
        #expect(store.count(.refreshToken) == UserShare.grantsPerClient)
        #expect(try await store.record(.grant, "other 0") != nil)
        #expect(try await store.record(.grant, "shop 0") == nil)
        #expect(try await store.record(.refreshToken, RandomText.refreshToken.key(of: "r0")) == nil)
    }

    @Test(
        "a grant that makes room ends with its access tokens: whoever takes the application's access away takes theirs, too"
    )
    func displacedAccess() async throws {
        let flow = try await CodeFlowHarness()
        let store = flow.base.store
        let first = try await flow.tokens()
        let token = try #require(first.body["access_token"]?.string)
        let id = try #require(try await store.records(RecordQuery(.grant), most: 2).first?.key)
        try await seed(store, UserShare.grantsPerClient) { number in
            Grant(
                id: "seed \(number)", clientID: "shop", subject: CodeFlowHarness.userID, scopes: ["orders:read"],
                resources: [], createdAt: flow.now, expiresAt: flow.now + 86_400
            ).record
        }
        var answers = 0
        while try await store.record(.grant, id) != nil, answers < 200 {
            #expect(try await flow.tokens().status == 200)
            answers += 1
        }
        #expect(try await store.record(.grant, id) == nil)
        let revoked = try await store.record(.revocation, Revocation.Target.grant(id).key)
        #expect(revoked != nil, "\(token)")
        // No longer than such a token can live.
        let end = try #require(revoked?.expiresAt)
        #expect(end <= flow.now + 3_600)
    }

    @Test("a grant whose tokens are refreshed for ever ends, rather than forget the first of them")
    func refreshing() async throws {
        let flow = try await CodeFlowHarness { client in
            client.authenticationMethods = [.none]
            client.secrets = []
        }
        let code = try await flow.code()
        let first = await flow.asPublic(
            [("grant_type", "authorization_code"), ("code", code), ("code_verifier", CodeFlowHarness.verifier)],
            id: "shop")
        #expect(first.status == 200, "\(first.body)")
        let stolen = try #require(first.body["refresh_token"]?.string)
        var token = stolen
        let store = flow.base.store
        let id = try #require(try await store.records(RecordQuery(.grant), most: 2).first?.key)
        try await seed(store, UserShare.refreshTokensPerGrant + 5) {
            StoredRecord(
                .refreshToken, "seed \($0)", expiresAt: newYear2026 + 600, client: "shop",
                subject: CodeFlowHarness.userID,
                grant: id, body: [:])
        }
        var answers = 0
        while answers < 200 {
            let answer = await flow.asPublic([("grant_type", "refresh_token"), ("refresh_token", token)], id: "shop")
            guard let next = answer.body["refresh_token"]?.string else { break }
            token = next
            answers += 1
        }
        #expect(answers < 200)
        #expect(store.count(.refreshToken) == 0)
        for one in [stolen, token] {
            let last = await flow.asPublic([("grant_type", "refresh_token"), ("refresh_token", one)], id: "shop")
            #expect(last.error == "invalid_grant")
        }
    }

    @Test("nobody chooses which are counted: one in eight")
    func counted() {
        let names = (0..<4_000).map { _ in RandomText.grantID.make(.system) }
        #expect((400...600).contains(names.count(where: UserShare.isCounted)))
    }
}
