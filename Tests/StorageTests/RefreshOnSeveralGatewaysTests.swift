import HTTP
import JOSE
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import LogIn
@testable import Storage

/// The grace of a refresh token that was replaced, on gateways that share nothing but a database.
@Suite("Refresh tokens on several gateways", .tags(.timed))
struct RefreshOnSeveralGatewaysTests {
    private struct Gateways: Sendable {
        let servers: [AuthorizationServer]
        let store: any AuthorizationStore

        init(_ kind: StoreHarness.Kind) async throws {
            let harness = try await StoreHarness(kind)
            let key = try SigningKey.generate(.es256)
            let ring = try #require(SigningKeyRing([DatedSigningKey(key: key, signsFrom: storeNow - 100)]))
            let pepper = try #require(SecretPepper(octets: [UInt8](repeating: 7, count: 32)))
            let settings = try harness.serverSettings { $0.limits = [] }
            store = try await harness.open()
            var servers: [AuthorizationServer] = []
            for _ in 0..<3 {
                servers.append(
                    AuthorizationServer(
                        settings: settings, keys: SigningKeys(ring), pepper: pepper, store: try await harness.open(),
                        clock: { storeNow }))
            }
            self.servers = servers
            let client = RegisteredClient(
                id: "app", name: "", grants: [.refreshToken], authenticationMethods: [.none],
                scopes: ["orders:read"], secrets: [], createdAt: storeNow)
            let user = StoredUser(id: "ada", name: "ada", createdAt: storeNow)
            try #require(try await store.commit([.insert(client.record), .insert(user.record)], now: storeNow))
        }

        /// A new family, by its first token.
        func family(_ id: String) async throws -> String {
            let grant = Grant(
                id: id, clientID: "app", subject: "ada", scopes: ["orders:read"], resources: [], createdAt: storeNow,
                expiresAt: storeNow + 86_400)
            let text = RandomText.refreshToken.make(.system)
            let token = RefreshToken(text: text, grant: grant, now: storeNow)
            try #require(try await store.commit([.insert(grant.record), .insert(token.record)], now: storeNow))
            return text
        }

        func refresh(_ token: String, on server: Int) async -> (status: Int, next: String?, event: String?) {
            let request = ServiceRequest(
                method: "POST", path: "/oauth2/token", host: "login.example.com",
                fields: [("content-type", "application/x-www-form-urlencoded")],
                body: Array("grant_type=refresh_token&client_id=app&refresh_token=\(token)".utf8),
                clientAddress: "192.0.2.1")
            let answer = await servers[server % servers.count].answer(
                request, now: storeNow + 1, monotonic: 1_000_000_000, random: .system)
            let next = (try? JSON.parse(answer.body))?.object?["refresh_token"]?.string
            return (answer.status, next, answer.facts.event)
        }
    }

    @Test(
        "a replaced token yields its successor on each of them, until the successor was used on any; then it ends the family",
        arguments: StoreHarness.Kind.databases)
    func graceEndsWithUse(kind: StoreHarness.Kind) async throws {
        let gateways = try await Gateways(kind)
        let token = try await gateways.family("g1")
        let next = try #require(await gateways.refresh(token, on: 0).next)
        for server in 0..<3 { #expect(await gateways.refresh(token, on: server).next == next) }
        let third = try #require(await gateways.refresh(next, on: 1).next)
        let reused = await gateways.refresh(token, on: 2)
        #expect(reused.status == 400 && reused.event == "refresh_token_reused")
        for (server, other) in [token, next, third].enumerated() {
            #expect(await gateways.refresh(other, on: server).status == 400)
        }
    }

    @Test(
        "of requests with a replaced token and its successor at once, none is answered that came after the successor's",
        arguments: StoreHarness.Kind.databases)
    func race(kind: StoreHarness.Kind) async throws {
        let gateways = try await Gateways(kind)
        for round in 0..<8 {
            let token = try await gateways.family("g\(round)")
            let next = try #require(await gateways.refresh(token, on: round).next)
            let clock = ContinuousClock()
            typealias Seen = (isOld: Bool, began: ContinuousClock.Instant, ended: ContinuousClock.Instant, status: Int)
            let seen = await withTaskGroup(of: Seen.self) { group in
                for index in 0..<24 {
                    group.addTask {
                        let isOld = index % 4 != 3
                        let began = clock.now
                        let answer = await gateways.refresh(isOld ? token : next, on: index)
                        return (isOld, began, clock.now, answer.status)
                    }
                }
                return await group.reduce(into: [Seen]()) { $0.append($1) }
            }
            #expect(seen.allSatisfy { $0.status == 200 || $0.status == 400 }, "\(seen.map(\.status))")
            let used = seen.filter { !$0.isOld && $0.status == 200 }.map(\.ended).min()
            if let used {
                #expect(!seen.contains { $0.isOld && $0.status == 200 && $0.began > used })
            }
            // Whatever the order was: now it was used, and the old one is good for nothing.
            _ = await gateways.refresh(next, on: round)
            #expect(await gateways.refresh(token, on: round + 1).status == 400)
            #expect(await gateways.refresh(next, on: round + 2).status == 400)
        }
    }
}
