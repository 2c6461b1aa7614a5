import Admission
import DataPlane
import HTTP
import Issuers
import Logging
import Outgoing
import Policy
import Synchronization
import Transport

/// Keeps one issuer's keys up to date: drives its key ring, performs what the ring asks for, and tells when something
/// is settled. Survives reloads as long as the issuer's entry says the same.
final class KeyKeeper: IssuerKeySource {
    /// What `routes.yaml` calls the issuer.
    let name: String
    let identifier: String
    let fetching: KeyFetching
    private let ring: Mutex<KeyRing>
    private let life = Mutex(Life())
    private let logger: Logger
    /// Called after each fetch, from any thread.
    private let onSettled: @Sendable (String) -> Void

    private struct Life {
        var isRunning = false
        var sleep: Task<Void, Never>?
        /// What the transport said of the last failure, for the log.
        var detail = ""
    }

    init(
        name: String, identifier: String, fetching: KeyFetching, logger: Logger,
        onSettled: @escaping @Sendable (String) -> Void
    ) {
        self.name = name
        self.identifier = identifier
        self.fetching = fetching
        self.onSettled = onSettled
        var logger = logger
        logger[metadataKey: "issuer"] = "\(name)"
        self.logger = logger
        ring = Mutex(KeyRing(KeySource(identifier, fetching)))
    }

    // MARK: For deciding

    /// As they are now; nil: none.
    var keys: IssuerKeys? {
        ring.withLock { ring in ring.keys.map { IssuerKeys(set: $0.set, generation: $0.generation) } }
    }

    /// Where the issuer is asked about tokens, by its metadata; nil: not read yet, or not wanted.
    var introspectionURL: AbsoluteURL? { ring.withLock { $0.introspectionURL } }

    /// Where people log in at the issuer, by its metadata, or why nobody can; nil: not read yet.
    var provider: Result<ProviderEndpoints, ProviderEndpointsFault>? { ring.withLock { $0.provider } }

    /// Called on event loops, for tokens whose key is not known: takes a lock for a moment, and never waits.
    func wanted(kid: String?) -> KeyRing.Answer {
        // In the moment between a new policy and `start`, which begins the first fetch: nobody would perform one
        // before.
        guard life.withLock({ $0.isRunning }) else { return .pending }
        let (answer, commands) = ring.withLock { ring in
            ring.wanted(kid: kid, now: Clock.monotonicNanoseconds(), random: Self.random())
        }
        if !commands.isEmpty { perform(commands) }
        return answer
    }

    func status(now: Int64) -> KeyRingStatus { ring.withLock { $0.status(now: now) } }

    // MARK: Life

    func start() {
        let isNew = life.withLock { life in
            defer { life.isRunning = true }
            return !life.isRunning
        }
        if isNew { wake() }
    }

    func stop() {
        life.withLock { life in
            life.isRunning = false
            life.sleep?.cancel()
            life.sleep = nil
        }
    }

    private func wake() {
        perform(ring.withLock { $0.woke(now: Clock.monotonicNanoseconds(), random: Self.random()) })
    }

    private func perform(_ commands: [KeyRing.Command]) {
        guard life.withLock({ $0.isRunning }) else { return }
        for command in commands {
            switch command {
            case .fetch(let fetch):
                Task {
                    let result = await self.fetch(fetch)
                    self.perform(
                        self.ring.withLock {
                            $0.finished(fetch.number, result, now: Clock.monotonicNanoseconds(), random: Self.random())
                        })
                }
            case .settled: onSettled(name)
            case .note(let note): log(note)
            }
        }
        sleep()
    }

    /// Until the ring wants to be woken.
    private func sleep() {
        let wakeAt = ring.withLock { $0.wakeAt }
        life.withLock { life in
            life.sleep?.cancel()
            guard life.isRunning else { return }
            life.sleep = Task { [weak self] in
                let left = max(0, max(0, wakeAt) &- Clock.monotonicNanoseconds())
                do { try await Task.sleep(for: .nanoseconds(left)) } catch { return }
                self?.wake()
            }
        }
    }

    private static func random() -> UInt64 { .random(in: .min ... .max) }

    // MARK: Fetching

    private func fetch(_ fetch: KeyRing.Fetch) async -> Result<Fetched, KeyFetchFailure> {
        do throws(OutgoingHTTP.Failure) {
            let answer = try await OutgoingHTTP(
                fetching.way.outgoing(isOwnPlace: !fetching.jwksHosts.contains(fetch.url.host))
            ).get(
                fetch.url,
                fields: [("Accept", "application/jwk-set+json, application/json"), ("User-Agent", "portcullis")])
            life.withLock { $0.detail = "\(fetch.url) answered \(answer.status)" }
            return .success(
                Fetched(
                    status: answer.status, contentType: answer.value("content-type"),
                    cacheControl: answer.value("cache-control"), age: answer.value("age"), body: answer.body))
        } catch {
            life.withLock { $0.detail = error.description }
            return .failure(KeyFetchFailure(error.reason))
        }
    }

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
                "failure": "\(failure.rawValue)", "detail": "\(life.withLock { $0.detail })",
                "keys_in_force": "\(keysInForce)",
            ]
            logger.error("keys cannot be fetched", metadata: metadata)
        case .recovered(let failures):
            logger.notice("keys can be fetched again", metadata: ["failures": "\(failures)"])
        case .withdrawn(let failure):
            logger.critical(
                "no keys in force: tokens of this issuer are answered with 503",
                metadata: ["failure": "\(failure.rawValue)"])
        }
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
        // Where the identifier is a template, its host is none of the tenant's choosing.
        let own = MetadataLocation.urls(
            ofIssuer: identifier.split(separator: Issuer.tenantPlace).joined(separator: "x"))
        self.init(
            identifier: identifier, place: place, keySetHosts: fetching.jwksHosts + own.prefix(1).map(\.host),
            allowsPlaintextLoopback: fetching.way.allowsPlaintext)
        wantsKeys = fetching.wantsKeys
        wantsIntrospection = fetching.wantsIntrospection
    }
}

extension OutgoingWay {
    /// - Parameter isOwnPlace: the issuer's own; another host, which was named besides, is where its name says.
    func outgoing(isOwnPlace: Bool) -> OutgoingHTTP.Settings {
        let rule = AddressRule(allowed: allowedAddresses)
        var settings = OutgoingHTTP.Settings()
        settings.authorities = authorities
        settings.certificate = certificate?.transport
        if isOwnPlace { settings.connectTo = connectTo.map { .init(host: $0.host, port: $0.port) } }
        settings.proxy = proxy.map { .init(host: $0.host, port: $0.port) }
        settings.permits = { rule.permits($0) }
        settings.allowsPlaintext = allowsPlaintext
        return settings
    }
}

extension KeyFetchFailure {
    init(_ reason: OutgoingHTTP.Failure.Reason) {
        self =
            switch reason {
            case .unreachable: .unreachable
            case .tlsFailed: .tlsFailed
            case .timeout: .timeout
            case .tooLarge: .tooLarge
            case .forbiddenAddress: .forbiddenAddress
            case .badAnswer: .badAnswer
            case .badSettings: .badSettings
            }
    }
}
