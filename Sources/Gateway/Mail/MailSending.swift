package import AuthorizationRecords
import Foundation
import JSON
package import LogIn
import Logging
import Octets
import Outgoing
package import Policy
import ServiceLifecycle
import Synchronization

/// Sends mail to users, one message after the other, after the pages that asked for it have answered.
///
/// What waits is bounded, and lives in memory only: a link that was lost with the process is asked for again. What a server
/// does not take for now is tried again three times within a quarter of an hour.
package final class MailSending: MailQueue, Service {
    /// Work that waits at most; each has some hundred octets.
    static let waitingMax = 256
    /// Seconds before each further attempt.
    static let pausesSeconds: [Int64] = [15, 90, 600]

    private let settings: MailSettings
    private let server: any MailDelivery
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let work: AsyncStream<Work>
    private let continuation: AsyncStream<Work>.Continuation
    private let state = Mutex(State())
    private let random: Randomness
    private let pause: @Sendable (_ seconds: Int64) async -> Void
    private let tasks = ChildTasks()

    private enum Work: Sendable {
        case ask(MailWork)
        case again(UserMail, attempt: Int)
    }

    private struct State {
        var waiting = 0
        var counts = MailCounts()
    }

    /// - Parameters:
    ///   - pause: waits before another attempt; returns at once when its task is cancelled.
    ///   - server: nil: over the network, as the settings say.
    init(
        _ settings: MailSettings, host: String, logger: Logger, random: Randomness = .system,
        clock: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable (_ seconds: Int64) async -> Void = { try? await Task.sleep(for: .seconds($0)) },
        server other: (any MailDelivery)? = nil
    ) throws {
        self.settings = settings
        self.logger = logger
        self.clock = clock
        self.random = random
        self.pause = pause
        (work, continuation) = AsyncStream.makeStream(of: Work.self)
        // Read at the start as well, so that a mistake is seen then.
        if let password = settings.password { _ = try SecretReader.read(password, octetsMin: 1) }
        self.server = other ?? Self.server(settings, host: host)
    }

    private static func server(_ settings: MailSettings, host: String) -> MailServer {
        var server = MailServer.Settings(
            host: settings.host, port: settings.port,
            security: settings.security.map { $0 == .startTLS ? .startTLS : .implicit } ?? .insecurePlaintext,
            name: host)
        server.authorities = settings.authorities
        server.timeout = settings.timeout
        if let user = settings.user, let password = settings.password {
            server.login = MailServer.Login(user: user) { try SecretReader.read(password, octetsMin: 1) }
        }
        return MailServer(server)
    }

    /// Hands over one message and waits until it is taken: for commands. Throws `MailFault`.
    /// - Parameters:
    ///   - host: what this host calls itself.
    ///   - now: seconds since 1970.
    package static func deliver(
        _ mail: UserMail, _ settings: MailSettings, host: String, now: Int64, random: Randomness = .system
    ) async throws {
        try await server(settings, host: host).deliver(message(mail, settings, now: now, random))
    }

    private static func message(_ mail: UserMail, _ settings: MailSettings, now: Int64, _ random: Randomness)
        -> MailMessage
    {
        MailMessage(
            from: settings.from, fromName: settings.fromName, to: mail.to, subject: mail.subject, text: mail.text,
            date: now, id: RandomText.tokenID.make(random))
    }

    /// What became of the mail since the start.
    var counts: MailCounts { state.withLock { $0.counts } }

    package func later(_ work: @escaping MailWork) -> Bool { add(.ask(work)) }

    private func add(_ work: Work) -> Bool {
        let isTaken = state.withLock { state in
            guard state.waiting < Self.waitingMax else {
                state.counts.dropped += 1
                return false
            }
            state.waiting += 1
            return true
        }
        if isTaken { continuation.yield(work) }
        return isTaken
    }

    /// As long as the gateway runs; what waits then is lost.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            self.tasks.begin { await self.keepSending() }
            await self.tasks.run()
        }
    }

    private func keepSending() async {
        for await next in work {
            if Task.isCancelled { break }
            state.withLock { $0.waiting -= 1 }
            switch next {
            case .ask(let ask): await send(await prepared(ask))
            case .again(let mail, let attempt): await send(mail, attempt: attempt)
            }
        }
    }

    /// What is to be sent.
    private func prepared(_ ask: MailWork) async -> [UserMail] {
        do {
            return try await ask(clock())
        } catch {
            state.withLock { $0.counts.failed += 1 }
            logger.error("mail cannot be prepared", metadata: ["reason": "\(error)"])
            return []
        }
    }

    private func send(_ mails: [UserMail]) async {
        for mail in mails { await send(mail, attempt: 0) }
    }

    private func send(_ mail: UserMail, attempt: Int) async {
        let message = Self.message(mail, settings, now: clock(), random)
        var metadata: Logger.Metadata = ["kind": "\(mail.kind)", "server": "\(settings.host):\(settings.port)"]
        guard let fault = await outcome(message) else {
            state.withLock { $0.counts.sent += 1 }
            logger.info("mail was sent", metadata: metadata)
            return
        }
        metadata["reason"] = "\(fault)"
        metadata["attempt"] = "\(attempt + 1)"
        let isOver = fault.isPermanent || attempt >= Self.pausesSeconds.count
        state.withLock { state in
            if isOver { state.counts.failed += 1 }
            state.counts.lastFault = fault.word
        }
        guard !isOver else {
            logger.error("mail was not sent", metadata: metadata)
            return
        }
        logger.warning("mail was not sent yet, and is tried again", metadata: metadata)
        let seconds = Self.pausesSeconds[attempt]
        tasks.begin {
            await self.pause(seconds)
            if !Task.isCancelled { _ = self.add(.again(mail, attempt: attempt + 1)) }
        }
    }

    /// nil: the server has it.
    private func outcome(_ message: MailMessage) async -> MailFault? {
        do throws(MailFault) {
            try await server.deliver(message)
            return nil
        } catch {
            return error
        }
    }
}

/// What became of the mail to users since the start.
package struct MailCounts: Sendable, Equatable {
    /// Taken by the server.
    package var sent = 0
    /// Refused for good, or tried too often.
    package var failed = 0
    /// Asked for while too much waited.
    package var dropped = 0
    /// Of the last attempt that failed, one word; nil: none has.
    package var lastFault: String?

    package init() {}

    var json: JSON {
        .object(
            JSONObject([
                ("sent", .integer(Int64(sent))), ("failed", .integer(Int64(failed))),
                ("dropped", .integer(Int64(dropped))), ("last_fault", lastFault.map { .string($0) } ?? .null),
            ]))
    }
}
