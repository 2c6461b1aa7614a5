import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// Somebody exchanges a token while it is good, so that what it may do goes on after it was taken back.
@Suite("Attack: a token that was exchanged outlives the one that it came from")
struct OutlivedTokenTests {
    /// How the last token comes from the first: who exchanges in turn. The first is "front"'s.
    enum Chain: CaseIterable {
        case one, two, seven, byItself, asActor, actorThenAnother

        var exchangers: [String] {
            switch self {
            case .one: ["orders-api"]
            case .two: ["orders-api", "stock-api"]
            case .seven:
                ["orders-api", "stock-api", "orders-api", "orders-api", "stock-api", "stock-api", "orders-api"]
            case .byItself: ["front"]
            case .asActor: ["front"]
            case .actorThenAnother: ["front", "stock-api"]
            }
        }
        /// The token that is taken back was shown as the actor's; the subject's is another client's.
        var showsActor: Bool { self == .asActor || self == .actorThenAnother }
    }

    enum Ending: CaseIterable {
        case clientRemoved, tokenRevoked, grantRevoked, grantEndedByReuse, userDisabled, userRemoved
    }

    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        for id in ["orders-api", "stock-api", "front", "other"] {
            try await harness.register(id, grants: [.tokenExchange]) { $0.resources = [AuthorizationHarness.audience] }
        }
        let user = StoredUser(id: "ada", name: "ada", createdAt: newYear2026)
        #expect(
            try await harness.store.commit(
                [
                    .insert(user.record),
                    .insert(StoredRecord(.userName, "ada", subject: "ada", body: ["id": "ada"])),
                ], now: newYear2026))
        try await harness.grant(client: "front")
    }

    private func exchange(_ subject: String, as client: String, actor: String? = nil, now: Int64) async -> Answer {
        var form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=\(subject)"
        form += "&subject_token_type=\(TokenExchangeTests.accessToken)"
        if let actor { form += "&actor_token=\(actor)&actor_token_type=\(TokenExchangeTests.accessToken)" }
        return await harness.send("/oauth2/token", form, as: (client, "s3cret"), now: now)
    }

    /// The last of a chain that begins with this one.
    private func last(of chain: Chain, from first: String, now: Int64) async throws -> String {
        var token = chain.showsActor ? try harness.accessToken(client: "other", subject: "bob") : first
        for (step, client) in chain.exchangers.enumerated() {
            let answer = await exchange(
                token, as: client, actor: step == 0 && chain.showsActor ? first : nil, now: now)
            token = try #require(answer.body["access_token"]?.string, "\(answer.error ?? "")")
        }
        return token
    }

    private func end(_ token: String, by ending: Ending, now: Int64) async throws {
        let administration = harness.administration
        switch ending {
        case .clientRemoved: _ = try await administration.removeClient("front", now: now)
        case .tokenRevoked: #expect(await harness.revoke(token, as: ("front", "s3cret"), now: now).status == 200)
        case .grantRevoked: _ = try await administration.revokeGrant("g1", now: now)
        case .grantEndedByReuse: try await harness.store.end(grant: "g1", now: now)
        case .userDisabled:
            _ = try await administration.changeUser(
                "ada", .init(isDisabled: true), now: now, random: harness.random)
        case .userRemoved: _ = try await administration.removeUser("ada", now: now)
        }
    }

    @Test(
        "AS-095 whatever takes back the first of a chain takes back the last, for introspection, userinfo and exchange",
        arguments: Chain.allCases, Ending.allCases)
    func ends(_ chain: Chain, _ ending: Ending) async throws {
        let first = try harness.accessToken(client: "front") { $0.grantID = "g1" }
        let token = try await last(of: chain, from: first, now: newYear2026)
        let holder = try #require(chain.exchangers.last)
        let observer = holder == "front" ? "orders-api" : holder
        #expect(await harness.introspect(token, as: (observer, "s3cret")).body["active"] == true)
        let later = newYear2026 + 60
        try await end(first, by: ending, now: later)
        #expect(await harness.introspect(token, as: (observer, "s3cret"), now: later).body["active"] == false)
        #expect(await exchange(token, as: observer, now: later).error == "invalid_request")
        let info = await harness.send(
            "/oauth2/userinfo", "", as: nil, fields: [("authorization", "Bearer " + token)], now: later)
        #expect(info.status == 401 && info.facts.event == "revoked_token")
    }

    @Test("AS-095 a token in the middle of a chain ends what comes behind it, and nothing before it")
    func middle() async throws {
        let first = try harness.accessToken(client: "front")
        let middle = try #require(
            await exchange(first, as: "orders-api", now: newYear2026).body["access_token"]?.string)
        let last = try #require(await exchange(middle, as: "stock-api", now: newYear2026).body["access_token"]?.string)
        #expect(await harness.revoke(middle, as: ("orders-api", "s3cret")).status == 200)
        for (token, isActive) in [(first, true), (middle, false), (last, false)] {
            #expect(await harness.introspect(token, as: ("stock-api", "s3cret")).body["active"] == .bool(isActive))
        }
    }

    @Test("a client that is registered again ends nothing of what it gets from then on")
    func again() async throws {
        _ = try await harness.administration.removeClient("front", now: newYear2026)
        let later = newYear2026 + 60
        try await harness.register("front", grants: [.tokenExchange]) { _ in }
        let token = try await last(
            of: .two, from: try harness.accessToken(client: "front", now: later), now: later)
        #expect(await harness.introspect(token, as: ("stock-api", "s3cret"), now: later).body["active"] == true)
    }

    @Test("what stands behind a token is nobody's business, has a bound, and must be readable")
    func claim() async throws {
        var token = try harness.accessToken(client: "front")
        for round in 0..<(TokenOrigin.countMax + 2) {
            let answer = await exchange(token, as: "orders-api", now: newYear2026)
            guard round < TokenOrigin.countMax else {
                #expect(answer.error == "invalid_request")
                continue
            }
            token = try #require(answer.body["access_token"]?.string)
            #expect(try await harness.claims(of: answer)[TokenOrigin.claim]?.array?.count == round + 1)
        }
        let known = await harness.introspect(token, as: ("orders-api", "s3cret"))
        #expect(known.body["active"] == true && known.body[TokenOrigin.claim] == nil)
        for damaged: JSON in ["x", [1], [["jti": "a", "client_id": "b", "sub": "c"]]] {
            var claims = AuthorizationHarness.claims
            claims[TokenOrigin.claim] = damaged
            #expect(
                await harness.introspect(try harness.signed(claims), as: ("orders-api", "s3cret")).body["active"]
                    == false)
        }
    }
}
