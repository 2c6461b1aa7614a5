import Crypto
package import HTTP
package import JOSE

/// The keys of one issuer that are fetched over the network: when to fetch what, what to think of the answer, and which
/// keys count meanwhile.
///
/// A state machine without I/O: events come with the time (monotonic nanoseconds) and randomness as arguments, commands
/// go out. Whoever drives it performs each command once, reports each fetch with `finished`, and calls `woke` at
/// `wakeAt`.
///
/// Its rules: one fetch at a time; refreshed ahead of expiry; an unknown `kid` causes one fetch each 30 s at most; keys
/// that cannot be fetched anew count up to 24 h longer, with an alarm; nothing that an issuer sends grows without
/// bound.
package struct KeyRing: Sendable {
    /// Keys as they were fetched last.
    package struct Keys: Sendable {
        package let set: JWKSet
        /// Of the octets fetched: the same while they are.
        package let generation: UInt64
        /// Keys that were refused because their secret half was published (RFC 7517 §9.2).
        package let exposedKeys: Int
    }

    /// One GET that somebody must perform.
    package struct Fetch: Sendable, Equatable {
        /// To be given back with its result.
        package let number: Int
        package let url: AbsoluteURL
    }

    /// What the owner of the ring has to do, in the order given.
    package enum Command: Sendable, Equatable {
        /// GET this, and give the result back.
        case fetch(Fetch)
        /// Whoever waits is to be judged again: keys changed, or it is known now that they do not.
        case settled
        /// For the log.
        case note(KeyRingNote)
    }

    /// What can be said about a key that somebody asks for.
    package enum Answer: Sendable, Equatable {
        /// It is among the keys.
        case known
        /// The issuer was asked for it and does not have it.
        case absent
        /// A fetch is under way that may bring it.
        case pending
        /// It cannot be found out now.
        case unknowable(retryAfterSeconds: Int)
    }

    private enum Step: Equatable {
        /// Places tried before this one.
        case metadata(tried: Int)
        case keySet
    }
    private struct UnderWay {
        var number: Int
        var step: Step
        var since: Int64
        /// Asked for before it began: if they are not in what it brings, the issuer does not have them.
        var kids: [String]
        var failure: KeyFetchFailure?
    }

    package let source: KeySource
    let bounds: KeyRingBounds
    /// Those in force; nil: none were fetched yet, or they are too old.
    package private(set) var keys: Keys?

    private var underWay: UnderWay?
    private var fetchNumber = 0
    private var fetchedAt: Int64?
    private var freshUntil: Int64 = 0
    private var nextFetchAt: Int64 = .min
    private var failures = 0
    private var failure: KeyFetchFailure?
    private var degradedSince: Int64?
    private var kidFetchAt: Int64?
    private var absent: AbsentKids
    /// `kid`s that could not be asked for yet; the next fetch answers for them.
    private var suspects: [String] = []
    /// From metadata.
    private var keySetURL: AbsoluteURL?
    /// From metadata: where the issuer is asked about tokens.
    package private(set) var introspectionURL: AbsoluteURL?
    /// From metadata: where users log in, or why nobody can; nil: none was read yet.
    package private(set) var provider: Result<ProviderEndpoints, ProviderEndpointsFault>?
    private var metadataReadAt: Int64 = 0
    /// The place that answered last is asked first.
    private var metadataPlace = 0

    /// Asks for nothing yet: the first fetch is due at once.
    package init(_ source: KeySource, bounds: KeyRingBounds = KeyRingBounds()) {
        self.source = source
        self.bounds = bounds
        absent = AbsentKids(countMax: bounds.absentKidsMax)
    }

    /// A fetch is under way, which `settled` will follow.
    package var isFetching: Bool { underWay != nil }

    // MARK: Events

    /// When `woke` is to be called.
    package var wakeAt: Int64 {
        let next = underWay.map { $0.since &+ bounds.fetchMax } ?? nextFetchAt
        guard keys != nil, let fetchedAt else { return next }
        return min(next, fetchedAt &+ bounds.staleMax)
    }

    /// Some time has passed; the first call begins the first fetch.
    /// - Parameter mayFetch: false: nobody could perform a fetch now; it is begun with a later call.
    package mutating func woke(now: Int64, random: UInt64, mayFetch: Bool = true) -> [Command] {
        var commands: [Command] = []
        if let underWay, now >= underWay.since &+ bounds.fetchMax {
            commands += failed(.noAnswer(.timeout), now: now, random: random)
        }
        if keys != nil, let fetchedAt, now >= fetchedAt &+ bounds.staleMax {
            keys = nil
            commands += [.note(.withdrawn(.noAnswer(.timeout))), .settled]
        }
        if mayFetch, underWay == nil, now >= nextFetchAt { commands += begin(now: now, random: random) }
        return commands
    }

    /// The keys did not do for somebody who cannot say which one is missing: they are fetched anew, as seldom as for an
    /// unknown `kid`. While there are none, nothing comes of it: `woke` fetches those.
    package mutating func missed(now: Int64, random: UInt64) -> [Command] {
        guard keys != nil, isDue(missed: true, now: now) else { return [] }
        kidFetchAt = now
        return begin(now: now, random: random)
    }

    /// Whether `woke` would begin a fetch now, or `missed`.
    package func isDue(missed: Bool, now: Int64) -> Bool {
        guard underWay == nil else { return false }
        if now >= nextFetchAt { return true }
        // After a failure, not before its time.
        guard missed, keys != nil, failures == 0 else { return false }
        return kidFetchAt.map { now >= $0 &+ bounds.unknownKidCooldown } ?? true
    }

    /// A token names a `kid` that is not among the keys, or there are no keys (then `kid` may be nil).
    package mutating func wanted(kid: String?, now: Int64, random: UInt64) -> (answer: Answer, commands: [Command]) {
        guard let keys else {
            if underWay != nil { return (.pending, []) }
            guard now >= nextFetchAt else { return (unknowable(until: nextFetchAt, now: now), []) }
            let commands = begin(now: now, random: random)
            return (answerAfterBeginning, commands)
        }
        guard let kid else { return (.known, []) }
        if keys.set.keys.contains(where: { $0.kid?.utf8.elementsEqual(kid.utf8) == true }) { return (.known, []) }
        guard kid.utf8.count <= bounds.kidBytesMax else { return (.absent, []) }
        if absent.contains(kid, now: now) { return (.absent, []) }
        suspect(kid)
        if underWay != nil { return (.pending, []) }
        if let kidFetchAt, now < kidFetchAt &+ bounds.unknownKidCooldown {
            return (unknowable(until: kidFetchAt &+ bounds.unknownKidCooldown, now: now), [])
        }
        if failures > 0, now < nextFetchAt { return (unknowable(until: nextFetchAt, now: now), []) }
        kidFetchAt = now
        let commands = begin(now: now, random: random)
        return (answerAfterBeginning, commands)
    }

    /// A fetch has come to its end. What is not the one under way is too late, and ignored.
    package mutating func finished(
        _ number: Int, _ result: Result<OutgoingAnswer, KeyFetchFailure>, now: Int64, random: UInt64
    ) -> [Command] {
        guard let underWay, underWay.number == number else { return [] }
        switch underWay.step {
        case .metadata(let tried):
            do throws(KeyFetchFailure) {
                let answer = try result.get()
                let metadata = try IssuerMetadata(answer, of: source)
                keySetURL = metadata.keySet
                introspectionURL = metadata.introspection
                provider = metadata.provider
                metadataReadAt = now
                metadataPlace = place(tried)
                if !source.wantsKeys { return succeeded(JWKSet([]), answer, [], now: now, random: random) }
                return fetch(.keySet, now: now, random: random)
            } catch {
                // The words of an issuer weigh more than its silence.
                let failure = underWay.failure.flatMap { $0.isMisconduct ? $0 : nil } ?? error
                self.underWay?.failure = failure
                guard error.isWorthAnotherPlace, tried + 1 < placeCount else {
                    return failed(failure, now: now, random: random)
                }
                return fetch(.metadata(tried: tried + 1), now: now, random: random)
            }
        case .keySet:
            do throws(KeyFetchFailure) {
                let answer = try result.get()
                return succeeded(
                    try KeySetAnswer(answer, types: source.keySetTypes).keys, answer, underWay.kids, now: now,
                    random: random)
            } catch {
                return failed(error, now: now, random: random)
            }
        }
    }

    // MARK: Fetching

    private mutating func begin(now: Int64, random: UInt64) -> [Command] {
        underWay = UnderWay(number: 0, step: .keySet, since: now, kids: suspects)
        suspects = []
        switch source.place {
        case .keySet: return fetch(.keySet, now: now, random: random)
        case .metadata:
            let isFresh = keySetURL != nil && failures == 0 && now < metadataReadAt &+ bounds.metadataLifetime
            return fetch(isFresh ? .keySet : .metadata(tried: 0), now: now, random: random)
        }
    }

    private mutating func fetch(_ step: Step, now: Int64, random: UInt64) -> [Command] {
        let url: AbsoluteURL?
        switch (source.place, step) {
        case (.keySet(let own), _): url = own
        case (.metadata(let urls), .metadata(let tried)): url = urls.isEmpty ? nil : urls[place(tried)]
        case (.metadata, .keySet): url = keySetURL
        }
        guard let url else { return failed(.missingKeySetURL, now: now, random: random) }
        fetchNumber += 1
        underWay?.number = fetchNumber
        underWay?.step = step
        underWay?.since = now
        return [.fetch(Fetch(number: fetchNumber, url: url))]
    }

    private var placeCount: Int {
        if case .metadata(let urls) = source.place { urls.count } else { 0 }
    }

    private func place(_ tried: Int) -> Int { placeCount == 0 ? 0 : (metadataPlace + tried) % placeCount }

    // MARK: What comes of it

    private mutating func succeeded(
        _ set: JWKSet, _ answer: OutgoingAnswer, _ kids: [String], now: Int64, random: UInt64
    ) -> [Command] {
        var commands: [Command] = []
        let generation = SHA256.hash(data: answer.body).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let exposed = set.skipped.count { $0.error.isExposure }
        if keys?.generation != generation {
            if source.wantsKeys {
                commands.append(.note(.keysChanged(keys: set.keys.count, skipped: set.skipped.count)))
            }
            if exposed > 0 { commands.append(.note(.exposed(keys: exposed))) }
        }
        if failures > 0 { commands.append(.note(.recovered(failures: failures))) }
        keys = Keys(set: set, generation: generation, exposedKeys: exposed)
        for kid in kids where !set.keys.contains(where: { $0.kid?.utf8.elementsEqual(kid.utf8) == true }) {
            absent.insert(kid, until: now &+ bounds.absentKidLifetime, now: now)
        }
        let said = Freshness.seconds(cacheControl: answer.cacheControl, age: answer.age)
        let lifetime = min(
            max(said.map { $0 * KeyRingBounds.second } ?? bounds.lifetimeDefault, bounds.lifetimeMin),
            bounds.lifetimeMax)
        fetchedAt = now
        freshUntil = now &+ lifetime
        // Somewhere between three quarters and nine tenths of it, so that many gateways do not ask at once.
        nextFetchAt = now &+ lifetime / 4 * 3 &+ Self.share(of: lifetime / 20 * 3, random)
        failures = 0
        failure = nil
        degradedSince = nil
        underWay = nil
        return commands + [.settled]
    }

    private mutating func failed(_ failure: KeyFetchFailure, now: Int64, random: UInt64) -> [Command] {
        var commands: [Command] = []
        let kids = underWay?.kids ?? []
        underWay = nil
        for kid in kids { suspect(kid) }
        failures = min(failures + 1, 1_000)
        if self.failure != failure || failures == 1 {
            commands.append(.note(.failed(failure, keysInForce: keys != nil)))
        }
        self.failure = failure
        if degradedSince == nil { degradedSince = now }
        // The issuer itself says that none of its keys counts any longer.
        if failure == .noUsableKey, keys != nil {
            keys = nil
            commands.append(.note(.withdrawn(failure)))
        }
        let doublings = min(failures - 1, 20)
        let backoff = min(bounds.backoffMin << Int64(doublings), bounds.backoffMax)
        nextFetchAt = now &+ backoff / 5 * 4 &+ Self.share(of: backoff / 5 * 2, random)
        return commands + [.settled]
    }

    private mutating func suspect(_ kid: String) {
        let isKnown = (suspects + (underWay?.kids ?? [])).contains { $0.utf8.elementsEqual(kid.utf8) }
        guard suspects.count < bounds.absentKidsMax, !isKnown else { return }
        suspects.append(kid)
    }

    /// It may be that nothing can be fetched at all.
    private var answerAfterBeginning: Answer { underWay == nil ? .unknowable(retryAfterSeconds: 1) : .pending }

    private func unknowable(until time: Int64, now: Int64) -> Answer {
        let left = max(0, time &- now)
        return .unknowable(retryAfterSeconds: Int(left / KeyRingBounds.second) + 1)
    }

    /// From 0 to `whole`, by 53 bits of randomness.
    private static func share(of whole: Int64, _ random: UInt64) -> Int64 {
        Int64(Double(whole) * (Double(random >> 11) / 9_007_199_254_740_992))
    }

    // MARK: How it is

    /// For health. Changes nothing. `now` is in monotonic nanoseconds.
    package func status(now: Int64) -> KeyRingStatus {
        KeyRingStatus(
            keys: keys?.set.keys.count, ageNanoseconds: fetchedAt.map { max(0, now &- $0) },
            nextFetchNanoseconds: underWay != nil ? 0 : max(0, nextFetchAt == .min ? 0 : nextFetchAt &- now),
            degradedNanoseconds: degradedSince.map { max(0, now &- $0) }, failure: failure, failures: failures,
            isStale: keys != nil && now >= freshUntil, exposedKeys: keys?.exposedKeys ?? 0, isFetching: isFetching)
    }
}

extension KeyFetchFailure {
    /// Metadata may lie at the other place; a host that does not answer will not answer there either.
    fileprivate var isWorthAnotherPlace: Bool {
        switch self {
        case .noAnswer(.unreachable), .noAnswer(.tlsFailed), .noAnswer(.timeout), .noAnswer(.forbiddenAddress),
            .noAnswer(.badSettings):
            false
        case .noAnswer(.tooLarge), .noAnswer(.badAnswer), .redirected, .badStatus, .wrongContentType, .metadataNotJSON,
            .wrongIssuer,
            .missingKeySetURL, .forbiddenKeySetURL, .missingIntrospectionURL, .forbiddenIntrospectionURL, .badKeySet,
            .tooManyKeys, .noUsableKey:
            true
        }
    }
}
