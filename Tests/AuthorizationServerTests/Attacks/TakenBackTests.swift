import HTTP
import JSON
import Octets
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// Every memory of who somebody is, against every way of taking it back: what goes on afterwards, at the node where it was
/// taken back and at another one that remembers the same.
@Suite("Attack: somebody goes on with what was taken back")
struct TakenBackTests {
    /// Where it is remembered who somebody is, or what was allowed.
    enum Memory: String, CaseIterable, Sendable {
        /// That has authenticated by its secret a moment ago.
        case client
        /// A browser in which the user is logged in.
        case session
        /// A request to which the user has said yes on the consent page.
        case interaction
        case pushedRequest
        /// On its way from the browser to the application.
        case code
        /// A device that was let in and has not fetched its tokens.
        case device
        case refreshToken
        /// With `offline_access`.
        case offlineRefreshToken
        case accessToken
    }

    /// How it is taken back.
    enum Way: String, CaseIterable, Sendable {
        case nothingTaken
        case userDisabled, userDisabledKeepingGrants, userRemoved
        case passwordChanged, passwordChangedKeepingGrants
        case loggedOut
        /// By an operator.
        case sessionEnded, sessionsEnded, sessionsEndedWithGrants
        case grantRevoked
        case clientRemoved, secretRemoved, scopeNarrowed, redirectURIRemoved
        /// Tokens have to be bound to a key, which the holder does not show.
        case bindingDemanded

        /// What goes on. Everything else has ended when the command has returned.
        var leaves: Set<Memory> {
            switch self {
            case .nothingTaken: Set(Memory.allCases)
            case .userDisabled, .userDisabledKeepingGrants, .userRemoved, .passwordChanged: [.client, .pushedRequest]
            case .passwordChangedKeepingGrants:
                [.client, .pushedRequest, .refreshToken, .offlineRefreshToken, .accessToken]
            case .loggedOut: [.client, .pushedRequest, .device, .offlineRefreshToken]
            case .sessionEnded: [.client, .pushedRequest, .device, .offlineRefreshToken]
            case .sessionsEnded: [.client, .pushedRequest, .offlineRefreshToken]
            case .sessionsEndedWithGrants: [.client, .pushedRequest]
            case .grantRevoked: [.client, .session, .interaction, .pushedRequest, .code, .device]
            case .clientRemoved: [.session]
            case .secretRemoved: [.session, .interaction, .pushedRequest, .accessToken]
            case .scopeNarrowed: [.client, .session]
            case .bindingDemanded: [.client, .session, .interaction, .pushedRequest]
            case .redirectURIRemoved:
                [.client, .session, .device, .refreshToken, .offlineRefreshToken, .accessToken]
            }
        }
    }

    private static let scope = "openid orders:write"
    private static let deviceCode = String(repeating: "d", count: 43)

    @Test("what was taken back ends when the command returns, on every node", arguments: Way.allCases)
    func takenBack(_ way: Way) async throws {
        for memory in Memory.allCases {
            for isOther in [false, true] {
                var here = try await CodeFlowHarness(isFirstParty: memory != .interaction) { client in
                    client.grants.insert(.deviceCode)
                    client.secrets.append(StoredSecret(mac: .none, createdAt: 0))
                }
                try await here.register("portal") { $0.isFirstParty = true }
                here.cookies[BrowserCookie.name] = RandomText.browser.make(.system)
                let there = isOther ? try here.atAnotherNode() : here
                let (shown, grant) = try await begin(memory, here)
                // Both nodes have seen the client by now.
                #expect(await introspects(there))
                try await take(back: way, grant, here)
                var after = there
                after.now += way == .nothingTaken ? 0 : 1
                #expect(
                    await goesOn(memory, shown, after) == way.leaves.contains(memory),
                    "\(memory) after \(way), \(isOther ? "another" : "the same") node")
            }
        }
    }

    /// Prepares a memory; what the holder has of it, and the grant where there is one.
    private func begin(_ memory: Memory, _ harness: CodeFlowHarness) async throws -> (String, grant: String?) {
        let scope = memory == .offlineRefreshToken ? Self.scope + " offline_access" : Self.scope
        func grant() async throws -> (Answer, String?) {
            let tokens = try await harness.tokens([("scope", scope)])
            return (tokens, try await harness.claims(tokens)["grant_id"]?.string)
        }
        switch memory {
        case .client, .session: return ("", nil)
        case .interaction:
            let page = await harness.authorize([("scope", scope)])
            let id = try #require(page.redirect["interaction"])
            let key = RandomText.interaction.key(of: id)
            var interaction = try #require(
                try await harness.base.store.record(.interaction, key).flatMap { Interaction($0, id: id) })
            let isAnswered = interaction.decide(.given)
            #expect(isAnswered)
            #expect(try await harness.base.store.commit([.replace(interaction.record)], now: harness.now))
            return (id, nil)
        case .pushedRequest:
            let pushed = await harness.send(
                "/oauth2/par", form: CodeFlowHarness.query([("scope", scope)]), cookies: [:],
                authorization: basic("shop", "s3cret"))
            return (try #require(pushed.body["request_uri"]?.string), nil)
        case .code: return (try await harness.code([("scope", scope)]), nil)
        case .device:
            var device = DeviceRequest(
                deviceCode: Self.deviceCode, userCode: "BCDFGHJK", clientID: "shop",
                scopes: ["openid", "orders:write"],
                resources: [], now: harness.now)
            device.state = .approved(
                DeviceRequest.Approval(
                    userID: CodeFlowHarness.userID, authentication: UserAuthentication(time: harness.now),
                    scopes: device.scopes))
            try await harness.put(device.record)
            return (Self.deviceCode, nil)
        case .refreshToken, .offlineRefreshToken:
            let (tokens, grant) = try await grant()
            return (try #require(tokens.body["refresh_token"]?.string), grant)
        case .accessToken:
            let (tokens, grant) = try await grant()
            return (try #require(tokens.body["access_token"]?.string), grant)
        }
    }

    private func take(back way: Way, _ grant: String?, _ harness: CodeFlowHarness) async throws {
        let administration = harness.base.administration
        let now = harness.now
        func change(_ change: Administration.UserChange) async throws {
            _ = try await administration.changeUser(CodeFlowHarness.userID, change, now: now, random: .system)
        }
        func replace(_ metadata: JSONObject) async throws {
            let all: JSONObject = [
                "grant_types": .strings([
                    "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
                ]),
                "scope": metadata["scope"] ?? .string(CodeFlowHarness.scopes.joined(separator: " ")),
                "redirect_uris": metadata["redirect_uris"] ?? [.string(CodeFlowHarness.redirectURI)],
            ]
            _ = try await administration.replaceClient(
                "shop", metadata: all, terms: .init(isFirstParty: true), now: now, random: .system)
        }
        switch way {
        case .nothingTaken: break
        case .userDisabled: try await change(.init(isDisabled: true))
        case .userDisabledKeepingGrants: try await change(.init(isDisabled: true, keepsGrants: true))
        case .userRemoved: _ = try await administration.removeUser(CodeFlowHarness.userID, now: now)
        case .passwordChanged: try await change(.init(password: "a quite new password"))
        case .passwordChangedKeepingGrants:
            try await change(.init(password: "a quite new password", keepsGrants: true))
        case .loggedOut: try await logOut(harness)
        case .sessionEnded:
            let session = try #require(
                try await harness.base.store.all(RecordQuery(.session), UserSession.init).values.first)
            _ = try await administration.endSession(session.sid, now: now)
        case .sessionsEnded: _ = try await administration.endSessions(ofUser: CodeFlowHarness.userID, now: now)
        case .sessionsEndedWithGrants:
            _ = try await administration.endSessions(ofUser: CodeFlowHarness.userID, endsGrants: true, now: now)
        case .grantRevoked: if let grant { _ = try await administration.revokeGrant(grant, now: now) }
        case .clientRemoved: _ = try await administration.removeClient("shop", now: now)
        case .secretRemoved:
            // The older one, that the client shows.
            let client = try #require(try await harness.base.store.client(id: "shop"))
            var turned = client
            turned.secrets = client.secrets.reversed()
            #expect(try await harness.base.store.replace(turned, now: now))
            _ = try await administration.removeSecret(ofClient: "shop", newer: false, now: now)
        case .scopeNarrowed: try await replace(["scope": "openid orders:read"])
        case .bindingDemanded:
            _ = try await administration.changeClient(
                "shop", merging: ["dpop_bound_access_tokens": true], now: now, random: .system)
        case .redirectURIRemoved: try await replace(["redirect_uris": ["https://shop.example.com/other"]])
        }
    }

    private func logOut(_ harness: CodeFlowHarness) async throws {
        let page = Shown(await harness.send("/oauth2/logout").response)
        let request = ServiceRequest(
            method: "POST", path: "/oauth2/logout", host: "login.example.com",
            fields: [
                ("cookie", harness.cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")),
                ("content-type", "application/x-www-form-urlencoded"), ("origin", AuthorizationHarness.issuer),
            ],
            body: Array("form_token=\(PercentEncoding.encoded(page.hidden["form_token"] ?? ""))".utf8))
        #expect(await harness.base.server.answer(request, now: harness.now, random: .system).status == 200)
    }

    private func introspects(_ harness: CodeFlowHarness) async -> Bool {
        await harness.send(
            "/oauth2/introspect", form: "token=x", cookies: [:], authorization: basic("shop", "s3cret")
        ).status == 200
    }

    /// Whether a holder still gets with it what was to be taken: for tokens, one that may write orders.
    private func goesOn(_ memory: Memory, _ shown: String, _ harness: CodeFlowHarness) async -> Bool {
        func mayWrite(_ answer: Answer) -> Bool {
            answer.status == 200 && answer.body["scope"]?.string?.contains("orders:write") == true
        }
        switch memory {
        case .client: return await introspects(harness)
        case .session:
            let answer = await harness.authorize([("client_id", "portal"), ("prompt", "none")])
            return answer.redirect["code"] != nil
        case .interaction:
            return await harness.send("/oauth2/authorize", query: "interaction=\(shown)").redirect["code"] != nil
        case .pushedRequest:
            let query = "client_id=shop&request_uri=\(PercentEncoding.encoded(shown))"
            let answer = await harness.send("/oauth2/authorize", query: query)
            return answer.status == 303 && answer.redirect["error"] == nil
        case .code: return mayWrite(await harness.redeem(shown))
        case .device:
            return mayWrite(
                await harness.token([("grant_type", GrantType.deviceCode.rawValue), ("device_code", shown)]))
        case .refreshToken, .offlineRefreshToken: return mayWrite(await harness.refresh(shown))
        case .accessToken: return await harness.userInfo(shown).status == 200
        }
    }
}
