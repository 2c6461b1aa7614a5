import Audit
import AuthorizationRecords
import AuthorizationServer
import Foundation
import GatewayTesting
import HTTP
import JOSE
import JSON
import Logging
import Policy
import Synchronization
import Testing

@testable import Gateway
@testable import Storage

@Suite("OpenID Connect Back-Channel Logout: telling applications")
struct LogoutDeliveryTests {
    /// A gateway on a store, at a time that the test gives, with applications that answer as the test says.
    private final class Node: Sendable {
        let store: any AuthorizationStore
        let now = Mutex(storeNow)
        /// What was sent where, and whether public addresses only were allowed.
        let sent = Mutex<[(url: String, form: String, isPublicOnly: Bool)]>([])
        let records = Mutex<[String]>([])
        let answer = Mutex<LogoutDelivery.Outcome>(.delivered)
        let log = RecordedLog()
        private let keys: SigningKeys

        init(_ store: any AuthorizationStore) throws {
            self.store = store
            let key = try SigningKey.generate(.es256)
            keys = SigningKeys(try #require(SigningKeyRing([DatedSigningKey(key: key, signsFrom: 0)])))
        }

        let made = Mutex<LogoutDelivery?>(nil)
        /// One for all looks, as a gateway has it.
        var delivery: LogoutDelivery {
            made.withLock { made in
                if let made { return made }
                let new = newDelivery
                made = new
                return new
            }
        }

        private var newDelivery: LogoutDelivery {
            LogoutDelivery(
                store: store,
                mint: LogoutTokenMint(issuer: "https://login.example.com", keys: keys, profile: .standard),
                way: OutgoingWay(), logger: log.logger, clock: { self.now.withLock { $0 } },
                record: { record in
                    self.records.withLock { $0.append(String(decoding: record.octets, as: UTF8.self)) }
                },
                send: { url, form, isPublicOnly in
                    self.sent.withLock {
                        $0.append((url.description, String(decoding: form, as: UTF8.self), isPublicOnly))
                    }
                    return self.answer.withLock { $0 }
                })
        }

        @discardableResult func look(after seconds: Int64 = 0) async -> Int64 {
            now.withLock { $0 += seconds }
            return await delivery.look()
        }

        var sentCount: Int { sent.withLock { $0.count } }
    }

    private func client(_ id: String, _ store: any AuthorizationStore, uri: String? = nil) async throws {
        var client = RegisteredClient(
            id: id, name: "", grants: [.authorizationCode], authenticationMethods: [.none], scopes: ["openid"],
            secrets: [], createdAt: storeNow)
        client.backChannelLogoutURI = uri ?? "https://\(id).example/logout"
        #expect(try await store.insert(client, now: storeNow))
    }

    /// A user is logged in at the clients, and the session ends.
    private func logOut(_ clients: [String], user: String = "u1", _ store: any AuthorizationStore) async throws {
        for id in clients {
            let client = LoggedInClient(clientID: id, userID: user, sessionID: "sid-\(user)", now: storeNow)
            #expect(try await store.commit(client.changes, now: storeNow))
        }
        #expect(try await store.commit(EndedSession.changes(.user(user)), now: storeNow))
        try await store.makeLogoutNotices(now: storeNow, random: .system)
    }

    private func waiting(_ store: any AuthorizationStore) async throws -> [LogoutNotice] {
        try await store.all(RecordQuery(.logoutNotice), LogoutNotice.init).whole()
    }

    @Test("an application's first failure is in the log, none of those that follow, and when it takes one again")
    func logged() async throws {
        let node = try Node(await StoreHarness(.sqlite).open())
        try await client("shop", node.store)
        try await logOut(["shop"], node.store)
        node.answer.withLock { $0 = .failed("it answered 503") }
        for seconds: Int64 in [0, 10, 60, 200] { await node.look(after: seconds) }
        #expect(node.sentCount == 4)
        #expect(node.log.count == 1)
        #expect(
            node.log.text.hasPrefix("warning an application cannot be told of a log-out")
                && node.log.text.contains("client_id=shop") && node.log.text.contains("reason=it answered 503"),
            "\(node.log.text)")
        node.answer.withLock { $0 = .delivered }
        await node.look(after: 1_000)
        #expect(node.log.count == 2 && node.log.text.contains("notice an application is told of log-outs again"))
    }

    @Test("an application is told once, and what was delivered is forgotten", arguments: StoreHarness.Kind.allCases)
    func delivered(kind: StoreHarness.Kind) async throws {
        let node = try Node(await StoreHarness(kind).open())
        try await client("shop", node.store)
        try await logOut(["shop"], node.store)
        await node.look()
        await node.look(after: 3_600)
        let sent = node.sent.withLock { $0 }
        #expect(sent.map(\.url) == ["https://shop.example/logout"])
        #expect(sent.first?.form.hasPrefix("logout_token=ey") == true)
        #expect(sent.first?.isPublicOnly == false)
        #expect(try await waiting(node.store).isEmpty)
        #expect(node.records.withLock { $0.isEmpty })
    }

    @Test(
        "of several gateways on one database one tells the application, also when they look at the same time",
        arguments: StoreHarness.Kind.databases)
    func once(kind: StoreHarness.Kind) async throws {
        let harness = try await StoreHarness(kind)
        var nodes: [Node] = []
        for _ in 0..<3 { nodes.append(try Node(await harness.open())) }
        let ids = (0..<6).map { "c\($0)" }
        for id in ids { try await client(id, nodes[0].store) }
        try await logOut(ids, nodes[0].store)
        await withTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { await node.look() } }
        }
        #expect(nodes.map(\.sentCount).reduce(0, +) == ids.count)
        #expect(try await waiting(nodes[0].store).isEmpty)
    }

    @Test("what cannot be delivered now is tried again, later each time, also by another gateway after a restart")
    func retried() async throws {
        let first = try Node(await StoreHarness(.memory).open())
        try await client("shop", first.store)
        try await logOut(["shop"], first.store)
        first.answer.withLock { $0 = .failed("it answered 503") }
        var next = await first.look()
        #expect(next == storeNow + LogoutNotice.backoffSeconds[0])
        await first.look(after: LogoutNotice.backoffSeconds[0] - 1)
        #expect(first.sentCount == 1)
        // It has gone; another one goes on.
        let second = try Node(first.store)
        second.answer.withLock { $0 = .failed("it answered 503") }
        next = await second.look(after: LogoutNotice.backoffSeconds[0])
        #expect(second.sentCount == 1)
        #expect(next == storeNow + LogoutNotice.backoffSeconds[0] + LogoutNotice.backoffSeconds[1])
        second.answer.withLock { $0 = .delivered }
        await second.look(after: LogoutNotice.backoffSeconds[1])
        #expect(second.sentCount == 2)
        #expect(try await waiting(first.store).isEmpty)
        let tokens = (first.sent.withLock { $0 } + second.sent.withLock { $0 }).map(\.form)
        #expect(Set(tokens).count == 3)
    }

    @Test("what a gateway had taken when it ended is sent by another when the attempt must be over")
    func lost() async throws {
        let node = try Node(await StoreHarness(.memory).open())
        try await client("shop", node.store)
        try await logOut(["shop"], node.store)
        let notice = try #require(try await waiting(node.store).first)
        #expect(try await node.store.commit([.replace(notice.taken(now: storeNow).record)], now: storeNow))
        await node.look(after: LogoutNotice.leaseSeconds - 1)
        #expect(node.sentCount == 0)
        await node.look(after: 1)
        #expect(node.sentCount == 1)
    }

    @Test(
        "what is refused, or fails too often, is given up: counted, logged and recorded, without a token",
        arguments: [true, false])
    func givenUp(isRefused: Bool) async throws {
        let node = try Node(await StoreHarness(.memory).open())
        try await client("shop", node.store)
        try await logOut(["shop"], node.store)
        node.answer.withLock { $0 = isRefused ? .refused("it answered 400") : .failed("it answered 503") }
        let delivery = node.delivery
        for seconds in [0] + LogoutNotice.backoffSeconds + [86_400] {
            node.now.withLock { $0 += seconds }
            _ = await delivery.look()
        }
        #expect(node.sentCount == (isRefused ? 1 : LogoutNotice.backoffSeconds.count + 1))
        #expect(try await waiting(node.store).isEmpty)
        #expect(delivery.status.undelivered == 1 && delivery.status.delivered == 0)
        let record = try #require(node.records.withLock { $0 }.first)
        #expect(
            record.contains("\"logout_notice\"") && record.contains("\"undelivered\"") && record.contains("\"shop\""))
        #expect(record.contains("it answered") && !record.contains("logout_token") && !record.contains("ey"))
    }

    @Test(
        "answers: success, perhaps later, never",
        arguments: [
            (200, .delivered), (204, .delivered), (301, .refused("it answered 301")),
            (400, .refused("it answered 400")),
            (404, .refused("it answered 404")), (408, .failed("it answered 408")), (429, .failed("it answered 429")),
            (500, .failed("it answered 500")), (503, .failed("it answered 503")),
        ] as [(Int, LogoutDelivery.Outcome)])
    func answers(status: Int, outcome: LogoutDelivery.Outcome) {
        #expect(LogoutDelivery.outcome(ofStatus: status) == outcome)
    }

    @Test("a host is sent a few at a time, and holds up nobody else's")
    func fair() async throws {
        let node = try Node(await StoreHarness(.memory).open())
        for number in 0..<10 {
            try await client("slow\(number)", node.store, uri: "https://slow.example/\(number)")
        }
        try await client("shop", node.store)
        try await logOut((0..<10).map { "slow\($0)" } + ["shop"], node.store)
        let next = await node.look()
        #expect(next == storeNow + 1)
        let sent = node.sent.withLock { $0.map(\.url) }
        #expect(sent.count { $0.contains("slow") } == LogoutDelivery.sendingToHostMax)
        #expect(sent.contains("https://shop.example/logout"))
        await node.look(after: 1)
        await node.look(after: 1)
        #expect(node.sentCount == 11)
    }

    @Test("clients that registered themselves are told at public addresses only; those that are gone are not told")
    func whose() async throws {
        let node = try Node(await StoreHarness(.memory).open())
        try await client("self", node.store)
        try await client("none", node.store)
        let token = StoredRecord(.registrationToken, "t", client: "self", body: [:])
        #expect(try await node.store.commit([.insert(token)], now: storeNow))
        try await logOut(["self", "none", "gone"], node.store)
        var none = try #require(try await node.store.client(id: "none"))
        none.backChannelLogoutURI = nil
        #expect(try await node.store.replace(none, now: storeNow))
        await node.look()
        #expect(node.sent.withLock { $0.map(\.isPublicOnly) } == [true])
        #expect(try await waiting(node.store).isEmpty)
    }

    @Test("one client's backlog is bounded, and displaces nobody else's")
    func bounded() async throws {
        let store = try await StoreHarness(.memory).open()
        try await logOut(["shop"], user: "first", store)
        for number in 0..<(LogoutNotice.perClient + 3) { try await logOut(["dead"], user: "u\(number)", store) }
        let kept = try await waiting(store)
        #expect(kept.count { $0.clientID == "dead" } == LogoutNotice.perClient)
        #expect(kept.count { $0.clientID == "shop" } == 1)
    }
}
