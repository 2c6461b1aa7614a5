import Admission
import DataPlane
import HTTP
import Issuers
import Logging
import Outgoing
import Policy
import Synchronization
import Transport

/// Asks one issuer about its tokens: drives its ledger, performs what the ledger asks for, and tells the event loops
/// when something is settled. Survives reloads as long as the issuer's entry says the same.
final class IntrospectionClient: IntrospectionSource {
    /// What the asking needs beside the entry: read anew with each reload.
    struct Setup: Sendable {
        let credentials: ClientCredentials
        /// nil: the issuer's keys and metadata are not fetched.
        let keys: IssuerKeyFetcher?
        /// Keys that are not fetched.
        let ownKeys: IssuerKeys?
    }

    let issuer: Issuer
    private let introspection: Introspection
    private let reader: IntrospectionAnswerReader
    private let state: Mutex<State>
    private let driver: FetchDriver
    private let logger: Logger

    private struct State {
        var ledger: IntrospectionLedger
        var setup: Setup
        /// Whose requests wait, by token and loop.
        var waiting: [Digest256: [Int: LoopBound<PendingRequests>]] = [:]
        /// The tasks of the calls that are under way, by the calls' numbers.
        var calls: [Int: Int] = [:]
        var connections: OutgoingConnections?
        var isOver = false
    }

    /// nil: this issuer is not asked.
    init?(_ issuer: Issuer, _ setup: Setup, logger: Logger, clock: ControlClock = .system) {
        guard let introspection = issuer.introspection, let reader = IntrospectionAnswerReader(issuer) else {
            return nil
        }
        self.issuer = issuer
        self.introspection = introspection
        self.reader = reader
        driver = FetchDriver(clock: clock)
        var logger = logger
        logger[metadataKey: "issuer"] = "\(issuer.name)"
        self.logger = logger
        let ledger = IntrospectionLedger(
            IntrospectionBounds(introspection), seed: (.random(in: .min ... .max), .random(in: .min ... .max)))
        state = Mutex(State(ledger: ledger, setup: setup))
    }

    // MARK: For deciding

    /// Called on event loops, for tokens about which the loop knows nothing: takes a lock for a moment, and never
    /// waits.
    /// - Parameter since: when this request began to ask, in monotonic nanoseconds.
    func asked(_ digest: Digest256, token: [UInt8], since: Int64, pending: LoopBound<PendingRequests>)
        -> IntrospectionStanding
    {
        if endpoint == nil, let unknown = askForMetadata() { return unknown }
        let now = clock.now()
        let (answer, commands): (IntrospectionLedger.Answer, [IntrospectionLedger.Command]) = state.withLock { state in
            guard !state.isOver else { return (.unknowable(retryAfterSeconds: 1), []) }
            let result = state.ledger.asked(
                digest, token: token, since: since, now: now, unixSeconds: clock.unixSeconds())
            if case .pending = result.answer { state.waiting[digest, default: [:]][pending.loop] = pending }
            return result
        }
        if !commands.isEmpty { perform(commands) }
        switch answer {
        case .active(let verdict, let freshUntil): return .active(verdict, freshUntil: freshUntil)
        case .inactive: return .inactive
        case .pending: return .pending(.token(issuer: issuer.name, digest))
        case .unknowable(let seconds): return .unknowable(retryAfterSeconds: seconds)
        }
    }

    /// nil: the issuer's metadata has not been read yet.
    private var endpoint: AbsoluteURL? {
        switch introspection.place {
        case .url(let url): url
        case .discovery: state.withLock { $0.setup.keys }?.introspectionURL
        }
    }

    private func askForMetadata() -> IntrospectionStanding? {
        guard let keys = state.withLock({ $0.setup.keys }) else { return .unknowable(retryAfterSeconds: 5) }
        switch keys.wanted(kid: nil) {
        case .pending: return .pending(.keys(keys.name))
        // It came in this moment.
        case .known: return endpoint == nil ? .unknowable(retryAfterSeconds: 5) : nil
        case .absent: return .unknowable(retryAfterSeconds: 5)
        case .unknowable(let seconds): return .unknowable(retryAfterSeconds: seconds)
        }
    }

    func status(now: Int64) -> (endpoint: String?, IntrospectionStatus) {
        (endpoint?.description, state.withLock { $0.ledger.status(now: now) })
    }

    // MARK: Life

    /// Asks, until `end` is called or the task is cancelled.
    func run() async {
        await driver.run { self.wake() }
        let old = state.withLock { state in
            state.isOver = true
            defer { (state.connections, state.waiting) = (nil, [:]) }
            return state.connections
        }
        old?.close()
    }

    /// The issuer's entry is in force no longer.
    func end() { driver.end() }

    /// Secrets, keys and files were read anew: new connections from here on.
    func renew(_ setup: Setup) {
        let old = state.withLock { state in
            state.setup = setup
            defer { state.connections = nil }
            return state.connections
        }
        old?.close()
    }

    private func perform(_ commands: [IntrospectionLedger.Command]) {
        for command in commands {
            switch command {
            case .call(let call): begin(call)
            case .cancel(let number):
                if let task = state.withLock({ $0.calls.removeValue(forKey: number) }) { driver.tasks.cancel(task) }
            case .settled(let digest): settle(digest)
            case .note(let note): log(note)
            }
        }
        driver.alarm.set(state.withLock { $0.ledger.wakeAt })
    }

    private func begin(_ call: IntrospectionLedger.Call) {
        // Under the lock, so that its end finds its number.
        state.withLock { state in
            state.calls[call.number] = driver.tasks.begin {
                let result = await self.ask(call)
                let commands = self.state.withLock { state in
                    state.calls[call.number] = nil
                    return state.ledger.finished(
                        call.number, result, now: self.clock.now(), unixSeconds: self.clock.unixSeconds(),
                        random: FetchDriver.random())
                }
                self.perform(commands)
            }
        }
    }

    private func settle(_ digest: Digest256) {
        let subject = PendingRequests.Subject.token(issuer: issuer.name, digest)
        for pending in (state.withLock { $0.waiting.removeValue(forKey: digest) } ?? [:]).values {
            pending.execute { $0.answered(subject) }
        }
    }

    private func wake() {
        perform(state.withLock { $0.ledger.woke(now: clock.now(), random: FetchDriver.random()) })
    }

    private var clock: ControlClock { driver.clock }

    // MARK: Asking

    /// RFC 7662 §2.1: a POST with the token in its form, by a client that shows who it is.
    private func ask(_ call: IntrospectionLedger.Call) async -> Result<IntrospectionAnswer, IntrospectionFailure> {
        let setup = state.withLock { $0.setup }
        guard let connections = connections() else { return .failure(.noAnswer(.unreachable)) }
        do {
            var form = FormText()
            form.add("token", call.token)
            form.add("token_type_hint", "access_token")
            var fields = [("Accept", reader.mediaType), ("User-Agent", "portcullis")]
            if let field = try setup.credentials.show(in: &form, unixSeconds: clock.unixSeconds()) {
                fields.append(field)
            }
            let answer = try await connections.postForm(form.octets, fields: fields, attempt: call.isSecond ? 1 : 0)
            return understand(answer, about: call.digest, setup)
        } catch let failure as OutgoingHTTP.Failure {
            driver.detail = failure.description
            return .failure(.noAnswer(failure.reason))
        } catch {
            driver.detail = "the gateway cannot show who it is: \(error)"
            return .failure(.noAnswer(.badSettings))
        }
    }

    private func understand(
        _ answer: OutgoingAnswer, about digest: Digest256, _ setup: Setup
    ) -> Result<IntrospectionAnswer, IntrospectionFailure> {
        do throws(IntrospectionFailure) {
            let keys = setup.keys.map { $0.keys } ?? setup.ownKeys
            return .success(try reader.read(answer, about: digest, keys: keys, unixSeconds: clock.unixSeconds()))
        } catch {
            driver.detail = "it answered \(answer.status)"
            if error == .unknownKey { _ = setup.keys?.wanted(kid: reader.keyID(of: answer)) }
            return .failure(error)
        }
    }

    private func connections() -> OutgoingConnections? {
        guard let endpoint else { return nil }
        return state.withLock { state in
            guard !state.isOver else { return nil }
            if let connections = state.connections, connections.url == endpoint { return connections }
            state.connections?.close()
            let isOwn = !(state.setup.keys?.fetching.jwksHosts.contains(endpoint.host) ?? false)
            var settings = introspection.way.outgoing(isOwnPlace: isOwn)
            settings.timeout = introspection.deadline
            settings.bodyBytesMax = IntrospectionAnswerReader.answerBytesMax
            let connections = OutgoingConnections(endpoint, settings, connectionsMax: state.ledger.callsMax)
            state.connections = connections
            return connections
        }
    }

    private func log(_ note: IntrospectionNote) {
        let detail = driver.detail
        switch note {
        case .failed(let failure):
            logger.error(
                "the issuer cannot be asked about tokens",
                metadata: ["failure": "\(failure.word)", "detail": "\(detail)"])
        case .refused(let failure):
            logger.warning(
                "the issuer does not accept a question about a token",
                metadata: ["failure": "\(failure.word)", "detail": "\(detail)"])
        case .opened(let failures, let milliseconds):
            logger.error(
                "the issuer is not asked about tokens for a while: 503 for those that are not known",
                metadata: ["failures": "\(failures)", "milliseconds": "\(milliseconds)"])
        case .recovered(let failures):
            logger.notice("the issuer can be asked about tokens again", metadata: ["failures": "\(failures)"])
        }
    }
}
