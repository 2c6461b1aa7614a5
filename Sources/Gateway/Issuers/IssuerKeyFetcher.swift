import Admission
import DataPlane
import HTTP
import Issuers
import Logging
import Outgoing
import Policy
import Synchronization
import Transport

/// Fetches one issuer's keys and metadata: drives its key ring, performs what the ring asks for, and tells when
/// something is settled. Survives reloads as long as the issuer's entry says the same.
final class IssuerKeyFetcher: IssuerKeySource {
    /// What `routes.yaml` calls the issuer.
    let name: String
    let identifier: String
    let fetching: KeyFetching
    private let ring: Mutex<KeyRing>
    private let isRunning = Mutex(false)
    private let driver: FetchDriver
    /// Those who wait for the fetch that is under way.
    private let waiters: Waiters<Bool>
    private let fetch: @Sendable (AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem>
    private let logger: Logger
    /// Called after each fetch with the issuer's name, to bring the keys into force; whoever waits goes on afterwards.
    private let onSettled: @Sendable (String) async -> Void

    init(
        name: String, identifier: String, fetching: KeyFetching, logger: Logger, clock: ControlClock = .system,
        fetch: (@Sendable (AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem>)? = nil,
        onSettled: @escaping @Sendable (String) async -> Void
    ) {
        self.name = name
        self.identifier = identifier
        self.fetching = fetching
        self.fetch = fetch ?? { url in await fetching.fetch(url) }
        self.onSettled = onSettled
        var logger = logger
        logger[metadataKey: "issuer"] = "\(name)"
        self.logger = logger
        ring = Mutex(KeyRing(KeySource(identifier, fetching)))
        driver = FetchDriver(clock: clock)
        waiters = Waiters(clock: clock)
    }

    // MARK: For deciding

    /// As they are now; nil: none.
    var keys: IssuerKeys? {
        ring.withLock { ring in ring.keys.map { IssuerKeys(set: $0.set, generation: $0.generation) } }
    }

    /// Where the issuer is asked about tokens, by its metadata; nil: not read yet, or not wanted.
    var introspectionURL: AbsoluteURL? { ring.withLock { $0.introspectionURL } }

    /// Where users log in at the issuer, by its metadata, or why nobody can; nil: not read yet.
    var provider: Result<ProviderEndpoints, ProviderEndpointsFault>? { ring.withLock { $0.provider } }

    /// Called on event loops, for tokens whose key is not known: takes a lock for a moment, and never waits.
    func wanted(kid: String?) -> KeyRing.Answer {
        // In the moment between a new policy and `run`, which begins the first fetch: nobody would perform one before.
        guard isRunning.withLock({ $0 }) else { return .pending }
        let (answer, commands) = ring.withLock { ring in
            ring.wanted(kid: kid, now: driver.clock.now(), random: FetchDriver.random())
        }
        if !commands.isEmpty { perform(commands) }
        return answer
    }

    /// The same for whoever has the time: suspends while the fetch is under way that may bring the key.
    /// - Parameter deadline: monotonic nanoseconds.
    /// - Returns: `pending` if it has not come to its end by then.
    func wanted(kid: String?, before deadline: Int64) async -> KeyRing.Answer {
        while true {
            let answer = wanted(kid: kid)
            guard answer == .pending else { return answer }
            let outcome = await waiters.wait(for: true, until: deadline) { self.isFetching }
            guard outcome == .settled, driver.clock.now() < deadline else { return .pending }
        }
    }

    private var isFetching: Bool {
        guard isRunning.withLock({ $0 }) else { return true }
        return ring.withLock { $0.isFetching }
    }

    func status(now: Int64) -> KeyRingStatus { ring.withLock { $0.status(now: now) } }

    // MARK: Life

    /// Fetches, until `end` is called or the task is cancelled.
    func run() async {
        isRunning.withLock { $0 = true }
        wake()
        await driver.run { self.wake() }
        isRunning.withLock { $0 = false }
    }

    /// The issuer's entry is in force no longer.
    func end() { driver.end() }

    private func wake() {
        perform(ring.withLock { $0.woke(now: driver.clock.now(), random: FetchDriver.random()) })
    }

    private func perform(_ commands: [KeyRing.Command]) {
        for command in commands {
            switch command {
            case .fetch(let fetch):
                driver.tasks.begin {
                    let result = await self.result(of: fetch)
                    self.perform(
                        self.ring.withLock {
                            $0.finished(
                                fetch.number, result, now: self.driver.clock.now(), random: FetchDriver.random())
                        })
                }
            case .settled:
                driver.tasks.begin {
                    await self.onSettled(self.name)
                    self.waiters.settle(true)
                }
            case .note(let note): log(note)
            }
        }
        driver.alarm.set(ring.withLock { $0.wakeAt })
    }

    private func result(of fetch: KeyRing.Fetch) async -> Result<OutgoingAnswer, KeyFetchFailure> {
        switch await self.fetch(fetch.url) {
        case .success(let answer):
            driver.detail = "\(fetch.url) answered \(answer.status)"
            return .success(answer)
        case .failure(let problem):
            driver.detail = problem.detail
            return .failure(problem.failure)
        }
    }

    // MARK: The log

    private func log(_ note: KeyRingNote) {
        switch note {
        case .keysChanged(let keys, let skipped):
            logger.info("keys fetched", metadata: ["keys": "\(keys)", "skipped": "\(skipped)"])
        case .exposed(let keys):
            logger.critical(
                "the issuer publishes private or symmetric keys; they are refused: tell it to replace them",
                metadata: ["keys": "\(keys)"])
        case .failed(let failure, let keysInForce):
            let metadata: Logger.Metadata = [
                "failure": "\(failure.word)", "detail": "\(driver.detail)",
                "keys_in_force": "\(keysInForce)",
            ]
            logger.error("keys cannot be fetched", metadata: metadata)
        case .recovered(let failures):
            logger.notice("keys can be fetched again", metadata: ["failures": "\(failures)"])
        case .withdrawn(let failure):
            logger.critical(
                "no keys in force: tokens of this issuer are answered with 503",
                metadata: ["failure": "\(failure.word)"])
        }
    }
}

extension KeyFetching {
    /// Asks one of the issuer's places.
    fileprivate func fetch(_ url: AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem> {
        await OutgoingHTTP(way.outgoing(isOwnPlace: !jwksHosts.contains(url.host))).fetchKeys(url)
    }
}

extension KeySource {
    init(_ identifier: String, _ fetching: KeyFetching) {
        let place: Place =
            switch fetching.place {
            case .discovery: .metadata(MetadataLocation.urls(ofIssuer: identifier))
            case .metadata(let url): .metadata([url])
            case .keySet(let url): .keySet(url)
            }
        // Where the identifier is a template, the tenant does not choose its host.
        let own = MetadataLocation.urls(
            ofIssuer: identifier.split(separator: Issuer.tenantPlace).joined(separator: "x"))
        self.init(
            identifier: identifier, place: place, keySetHosts: fetching.jwksHosts + own.prefix(1).map(\.host),
            allowsPlaintextLoopback: fetching.way.allowsPlaintext)
        keySetTypes = fetching.jwksMediaTypes
        wantsKeys = fetching.wantsKeys
        wantsIntrospection = fetching.wantsIntrospection
    }
}
