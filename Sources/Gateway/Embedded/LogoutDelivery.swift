import Audit
import AuthorizationRecords
import AuthorizationServer
import Foundation
import HTTP
import Issuers
import JSON
import Logging
import Outgoing
import Policy
import ServiceLifecycle
import Synchronization
import Transport

/// Tells applications that sessions of their users have ended (OpenID Connect Back-Channel Logout 1.0 §2.5): what waits in
/// the store, whoever put it there.
///
/// Several gateways do the same on one database: who sends a notice takes it first, by compare-and-swap, and has it alone
/// for as long as an attempt can take. A gateway that ends meanwhile is as an attempt that failed.
final class LogoutDelivery: Service {
    /// Of one look, in all and to one host, at the same time: a look takes no longer than the slowest of them, so that a host
    /// that does not answer holds up nobody else's.
    static let sendingMax = 32
    static let sendingToHostMax = 4
    /// For the whole of a request.
    static let timeout: Duration = .seconds(5)
    /// Octets of an answer, of which nothing is read.
    static let answerOctetsMax = 16_384
    /// How often it is looked at least, though nothing was heard: what another attempt may be late by.
    static let lookSeconds: Int64 = 5

    /// Counts since the start.
    struct Status: Sendable {
        var delivered = 0
        var undelivered = 0
    }

    /// What became of an attempt.
    enum Outcome: Sendable, Equatable {
        case delivered
        /// Perhaps later.
        case failed(String)
        /// The application will not have it, or there is no way to it.
        case refused(String)
    }

    private let store: any AuthorizationStore
    private let mint: LogoutTokenMint
    private let send: @Sendable (AbsoluteURL, _ form: [UInt8], _ isPublicOnly: Bool) async -> Outcome
    private let record: @Sendable (ChangeRecord) -> Void
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let counts = Mutex(Status())
    /// Applications of which the log says that they cannot be told. Bounded by `failingMax`.
    private let failing = Mutex<Set<String>>([])
    private static let failingMax = 10_000

    /// - Parameters:
    ///   - record: into the audit log.
    ///   - send: nil: over the network, as `way` says.
    init(
        store: any AuthorizationStore, mint: LogoutTokenMint, way: OutgoingWay, logger: Logger,
        clock: @escaping @Sendable () -> Int64, record: @escaping @Sendable (ChangeRecord) -> Void,
        send: (@Sendable (AbsoluteURL, _ form: [UInt8], _ isPublicOnly: Bool) async -> Outcome)? = nil
    ) {
        self.store = store
        self.mint = mint
        self.record = record
        self.logger = logger
        self.clock = clock
        let own = Self.http(way, isPublicOnly: false)
        let strangers = Self.http(way, isPublicOnly: true)
        self.send = send ?? { await Self.outcome(of: $2 ? strangers : own, $0, $1) }
    }

    var status: Status { counts.withLock { $0 } }

    /// As long as the gateway runs.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { for await _ in self.store.writes(of: .endedSession) { _ = await self.look() } }
                group.addTask {
                    while !Task.isCancelled {
                        let next = await self.look()
                        let seconds = max(1, min(next - self.clock(), Self.lookSeconds))
                        do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
                    }
                }
            }
        }
    }

    // MARK: What is due

    /// Sends what is due. Returns when to look again.
    func look() async -> Int64 {
        do {
            let now = clock()
            try await store.makeLogoutNotices(now: now, random: .system)
            let waiting = try await store.all(RecordQuery(.logoutNotice), LogoutNotice.init).values
            let chosen = try await choose(from: waiting.filter { $0.dueAt <= now && now < $0.expiresAt })
            await withTaskGroup(of: Void.self) { group in
                for (notice, client, url) in chosen.due { group.addTask { await self.deliver(notice, client, url) } }
            }
            if chosen.isMore { return now + 1 }
            guard !waiting.isEmpty else { return now + Self.lookSeconds }
            // Those that failed are due at another time by now.
            let left = try await store.all(RecordQuery(.logoutNotice), LogoutNotice.init).values
            return left.map { max($0.dueAt, now + 1) }.min() ?? now + Self.lookSeconds
        } catch {
            logger.error(
                "applications cannot be told of log-outs now; it is tried again", metadata: ["reason": "\(error)"])
            return clock() + Self.lookSeconds
        }
    }

    private typealias Due = (notice: LogoutNotice, client: RegisteredClient, url: AbsoluteURL)

    /// The oldest first, as many as are sent at the same time. What nobody wants any more goes.
    private func choose(from notices: [LogoutNotice]) async throws -> (due: [Due], isMore: Bool) {
        var due: [Due] = []
        var ofHost: [String: Int] = [:]
        var clients: [String: RegisteredClient?] = [:]
        var isMore = false
        for notice in notices.sorted(by: { $0.dueAt < $1.dueAt }) {
            guard due.count < Self.sendingMax else { return (due, true) }
            if clients[notice.clientID] == nil {
                clients[notice.clientID] = .some(try await store.client(id: notice.clientID))
            }
            guard let client = clients[notice.clientID] ?? nil,
                let url = client.backChannelLogoutURI.flatMap({ AbsoluteURL($0) }), url.isHTTPS
            else {
                _ = try await store.commit(
                    [.remove(.logoutNotice, key: notice.id, version: notice.version)], now: clock())
                continue
            }
            guard ofHost[url.host, default: 0] < Self.sendingToHostMax else {
                isMore = true
                continue
            }
            ofHost[url.host, default: 0] += 1
            due.append((notice, client, url))
        }
        return (due, isMore)
    }

    // MARK: One of them

    private func deliver(_ notice: LogoutNotice, _ client: RegisteredClient, _ url: AbsoluteURL) async {
        do {
            var taken = notice.taken(now: clock())
            // Another gateway has it.
            guard try await store.commit([.replace(taken.record)], now: clock()) else { return }
            taken.version += 1
            let outcome = await attempt(taken, client, url)
            try await settle(taken, url, outcome)
        } catch {
            logger.error(
                "what became of telling an application of a log-out cannot be stored; it may be told again",
                metadata: ["client_id": "\(client.id)", "reason": "\(error)"])
        }
    }

    private func attempt(_ notice: LogoutNotice, _ client: RegisteredClient, _ url: AbsoluteURL) async -> Outcome {
        guard let token = mint.token(for: notice, client: client, now: clock(), random: .system) else {
            return .failed("there is no key that signs by its id_token_signed_response_alg")
        }
        do {
            // Whoever registers itself must not reach what lies behind a firewall with the gateway's help.
            let registration = try await store.records(RecordQuery(.registrationToken, client: client.id), most: 1)
            let isStranger = !registration.isEmpty || client.openUntil != nil || client.documentReadAt != nil
            return await send(url, Array("logout_token=\(token)".utf8), isStranger)
        } catch {
            return .failed("the database cannot be read: \(error)")
        }
    }

    private func settle(_ notice: LogoutNotice, _ url: AbsoluteURL, _ outcome: Outcome) async throws {
        let removal = StoreChange.remove(.logoutNotice, key: notice.id, version: notice.version)
        switch outcome {
        case .delivered:
            _ = try await store.commit([removal], now: clock())
            counts.withLock { $0.delivered += 1 }
            if failing.withLock({ $0.remove(notice.clientID) }) != nil {
                logger.notice("an application is told of log-outs again", metadata: ["client_id": "\(notice.clientID)"])
            }
        case .failed(let reason):
            begin(notice, url, reason)
            if let later = notice.postponed(now: clock()) {
                _ = try await store.commit([.replace(later.record)], now: clock())
            } else if try await store.commit([removal], now: clock()) {
                report(notice, url, reason)
            }
        case .refused(let reason):
            if try await store.commit([removal], now: clock()) { report(notice, url, reason) }
        }
    }

    /// The first of an application's failures is said, and none of those that follow until it takes one again.
    private func begin(_ notice: LogoutNotice, _ url: AbsoluteURL, _ reason: String) {
        let isFirst = failing.withLock { $0.count < Self.failingMax && $0.insert(notice.clientID).inserted }
        guard isFirst else { return }
        logger.warning(
            "an application cannot be told of a log-out; it is tried again for some hours",
            metadata: ["client_id": "\(notice.clientID)", "host": "\(url.host)", "reason": "\(reason)"])
    }

    /// Nobody tries any longer: the user may go on in that application.
    private func report(_ notice: LogoutNotice, _ url: AbsoluteURL, _ reason: String) {
        counts.withLock { $0.undelivered += 1 }
        logger.warning(
            "an application was not told of a log-out: its user may still be logged in there",
            metadata: [
                "client_id": "\(notice.clientID)", "subject": "\(notice.userID)", "attempts": "\(notice.attempts)",
                "reason": "\(reason)",
            ])
        record(
            ChangeRecord(
                at: Clock.wallNanoseconds(),
                [
                    (.change, "logout_notice"), (.outcome, "undelivered"), (.object, notice.clientID),
                    (.actorSubject, notice.userID),
                ], before: nil,
                after: [
                    "attempts": .integer(Int64(notice.attempts)), "host": .string(url.host),
                    "reason": .string(String(reason.prefix(256))),
                ]))
    }

    // MARK: Over the network

    private static func http(_ way: OutgoingWay, isPublicOnly: Bool) -> OutgoingHTTP {
        var settings = way.outgoing(isOwnPlace: false)
        let rule = AddressRule(allowed: way.allowedAddresses, isPublicOnly: isPublicOnly)
        settings.permits = { rule.permits($0) }
        settings.timeout = timeout
        settings.bodyBytesMax = answerOctetsMax
        return OutgoingHTTP(settings)
    }

    /// §2.8: 200 is success, 204 is taken for it. That the token is refused, or the place is another, does not change by
    /// trying again.
    private static func outcome(of http: OutgoingHTTP, _ url: AbsoluteURL, _ form: [UInt8]) async -> Outcome {
        do throws(OutgoingHTTP.Failure) {
            let answer = try await http.postForm(
                url, form: form, fields: [("Cache-Control", "no-store"), ("User-Agent", "portcullis")])
            return outcome(ofStatus: answer.status)
        } catch {
            return .failed(error.description)
        }
    }

    static func outcome(ofStatus status: Int) -> Outcome {
        switch status {
        case 200..<300: .delivered
        case 408, 425, 429, 500...: .failed("it answered \(status)")
        default: .refused("it answered \(status)")
        }
    }
}
