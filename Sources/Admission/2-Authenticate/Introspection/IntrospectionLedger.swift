import HTTP
import JSON
import Octets

/// What one issuer has said about its tokens: whom to ask when, what to think of the answer, and how long it counts.
///
/// A state machine without I/O: events come with the time and randomness as arguments, commands go out. Whoever drives
/// it performs each command once, reports each call with `finished`, and calls `woke` at `wakeAt`. Times are monotonic
/// nanoseconds, but for `unixSeconds`, by which `exp` is judged.
///
/// Its rules: one question for each token at a time, however many requests ask; a second call beside one that is slow;
/// no answer counts beyond `exp`; what is cached are facts, never decisions; nothing grows without bound.
package struct IntrospectionLedger: Sendable {
    /// One POST that somebody must perform.
    package struct Call: Sendable, Equatable {
        /// To be given back with its result.
        package let number: Int
        /// Of the token; what the answer is remembered by.
        package let digest: Digest256
        /// The token itself: a secret.
        package let token: [UInt8]
        /// There is one under way that is slow or broke: this one takes another connection.
        package let isSecond: Bool
    }

    /// What the owner of the ledger has to do, in the order given.
    package enum Command: Sendable, Equatable {
        /// Perform this POST, and give its result back.
        case call(Call)
        /// Nobody waits for this call any longer.
        case cancel(Int)
        /// Whoever waits for an answer about this token is to be judged again.
        case settled(Digest256)
        /// For the log.
        case note(IntrospectionNote)
    }

    /// What can be said about a token.
    package enum Answer: Sendable {
        /// It is active, and this is what the issuer says of it. Counts until `freshUntil`, monotonic nanoseconds.
        case active(IntrospectionVerdict, freshUntil: Int64)
        case inactive
        /// It is being asked.
        case pending
        /// It cannot be found out now.
        case unknowable(retryAfterSeconds: Int)
    }

    private struct Key: TableKey {
        let digest: Digest256
        let slotHash: UInt64
        static func == (one: Key, other: Key) -> Bool { one.digest == other.digest }
    }
    private struct Known<Value: Sendable>: Sendable {
        var value: Value
        /// When the answer came: it counts for whoever had asked by then, whatever its lifetime.
        var cameAt: Int64
        var freshUntil: Int64
    }
    private struct Question {
        let token: [UInt8]
        let askedAt: Int64
        let isProbe: Bool
        /// When its first call began; nil: it waits in line.
        var begunAt: Int64?
        var calls: [Int] = []
        var hasSecond = false

        func deadline(_ bounds: IntrospectionBounds) -> Int64 { askedAt &+ bounds.deadline }
        func hedge(_ bounds: IntrospectionBounds) -> Int64 { (begunAt ?? askedAt) &+ bounds.hedgeAfter }
    }

    let bounds: IntrospectionBounds
    private let seed: SipHash.Seed
    private var active: RecentTable<Key, Known<IntrospectionVerdict>>
    private var inactive: RecentTable<Key, Known<Bool>>
    private var failed: RecentTable<Key, Known<Int>>
    private var questions: [Digest256: Question] = [:]
    /// Questions without a call, the oldest first.
    private var line: [Digest256] = []
    private var callsUnderWay: [Int: Digest256] = [:]
    private var callNumber = 0
    private var breaker: EndpointBreaker
    private var lastFailure: IntrospectionFailure?
    private var succeededAt: Int64?
    private var failingSince: Int64?
    private var answered = (active: 0, inactive: 0)
    private var failureCounts: [String: Int] = [:]

    /// - Parameter seed: random, drawn once: by it digests are spread over tables, so that nobody can pile them up.
    package init(_ bounds: IntrospectionBounds = IntrospectionBounds(), seed: (UInt64, UInt64)) {
        self.bounds = bounds
        self.seed = SipHash.Seed(k0: seed.0, k1: seed.1)
        active = RecentTable(capacity: bounds.activeMax)
        inactive = RecentTable(capacity: bounds.inactiveMax)
        failed = RecentTable(capacity: bounds.failedMax)
        breaker = EndpointBreaker(bounds)
    }

    /// Calls under way at most.
    package var callsMax: Int { bounds.callsMax }

    // MARK: Events

    /// When `woke` is to be called; nil: nothing is under way.
    package var wakeAt: Int64? {
        var next: Int64?
        for question in questions.values {
            let due =
                mayHaveSecond(question)
                ? min(question.deadline(bounds), question.hedge(bounds)) : question.deadline(bounds)
            next = min(next ?? .max, due)
        }
        return next
    }

    /// A request shows a token.
    /// - Parameter since: when this request began to ask; answers that came later count for it, fresh or not.
    package mutating func asked(
        _ digest: Digest256, token: [UInt8], since: Int64, now: Int64, unixSeconds: Int64
    ) -> (answer: Answer, commands: [Command]) {
        let key = key(digest)
        if let known = known(key, since: since, now: now, unixSeconds: unixSeconds) { return (known, []) }
        if questions[digest] != nil { return (.pending, []) }
        let isProbe: Bool
        switch breaker.pass(now: now) {
        case .refused(let seconds): return (.unknowable(retryAfterSeconds: seconds), [])
        case .probe: isProbe = true
        case .free: isProbe = false
        }
        guard callsUnderWay.count < bounds.callsMax || line.count < bounds.lineMax else {
            if isProbe { breaker.gaveUpProbe(now: now) }
            return (.unknowable(retryAfterSeconds: 1), [])
        }
        questions[digest] = Question(token: token, askedAt: now, isProbe: isProbe)
        line.append(digest)
        return (.pending, serveLine(now: now))
    }

    /// A call has come to its end. What nobody waits for is ignored.
    package mutating func finished(
        _ number: Int, _ result: Result<IntrospectionAnswer, IntrospectionFailure>, now: Int64, unixSeconds: Int64,
        random: UInt64
    ) -> [Command] {
        guard let digest = callsUnderWay.removeValue(forKey: number), var question = questions[digest] else {
            return serveLine(now: now)
        }
        question.calls.removeAll { $0 == number }
        questions[digest] = question
        switch result {
        case .success(let answer):
            var commands = noteSuccess(now: now)
            remember(answer, digest, now: now, unixSeconds: unixSeconds)
            commands += settle(digest, question)
            return commands + serveLine(now: now)
        case .failure(let failure):
            var commands = noteFailure(failure, question, now: now, random: random)
            if !question.calls.isEmpty { return commands + serveLine(now: now) }
            if failure.isWorthAnotherTry, mayHaveSecond(question), now < question.deadline(bounds),
                callsUnderWay.count < bounds.callsMax
            {
                return commands + [call(digest, isSecond: true)]
            }
            commands += fail(digest, question, now: now)
            return commands + serveLine(now: now)
        }
    }

    /// Some time has passed.
    package mutating func woke(now: Int64, random: UInt64) -> [Command] {
        var commands: [Command] = []
        for (digest, question) in questions {
            if now >= question.deadline(bounds) {
                // One that only waited in line says nothing about the endpoint; it was never asked.
                if question.begunAt != nil {
                    commands += noteFailure(.noAnswer(.timeout), question, now: now, random: random)
                }
                commands += fail(digest, question, now: now)
            } else if mayHaveSecond(question), now >= question.hedge(bounds), callsUnderWay.count < bounds.callsMax {
                commands.append(call(digest, isSecond: true))
            }
        }
        return commands + serveLine(now: now)
    }

    // MARK: What is known

    private mutating func known(_ key: Key, since: Int64, now: Int64, unixSeconds: Int64) -> Answer? {
        if let index = active.find(key) {
            let known = active[index]
            let isOver = known.value.expires.map { unixSeconds >= $0 } ?? false
            // Whoever asked for it hears it even so: that the token has expired is for the judge of its claims to say.
            if since <= known.cameAt || !isOver && now < known.freshUntil {
                return .active(known.value, freshUntil: known.freshUntil)
            }
            active.remove(at: index)
        }
        if let index = inactive.find(key) {
            let known = inactive[index]
            if now < known.freshUntil || since <= known.cameAt { return .inactive }
            inactive.remove(at: index)
        }
        if let index = failed.find(key) {
            let known = failed[index]
            if since <= known.cameAt { return .unknowable(retryAfterSeconds: known.value) }
            failed.remove(at: index)
        }
        return nil
    }

    private mutating func remember(_ answer: IntrospectionAnswer, _ digest: Digest256, now: Int64, unixSeconds: Int64) {
        let key = key(digest)
        forget(key)
        switch answer {
        case .active(let verdict):
            var lifetime = bounds.activeLifetime
            if let expires = verdict.expires {
                // Never beyond `exp` (RFC 7662 §4).
                let left = max(0, expires.saturatingSubtract(unixSeconds)).saturatingMultiply(
                    IntrospectionBounds.second)
                lifetime = min(lifetime, left)
            }
            active.insert(key, Known(value: verdict, cameAt: now, freshUntil: now &+ lifetime))
            answered.active &+= 1
        case .inactive:
            inactive.insert(key, Known(value: false, cameAt: now, freshUntil: now &+ bounds.inactiveLifetime))
            answered.inactive &+= 1
        }
    }

    private mutating func forget(_ key: Key) {
        if let index = active.peek(key) { active.remove(at: index) }
        if let index = inactive.peek(key) { inactive.remove(at: index) }
        if let index = failed.peek(key) { failed.remove(at: index) }
    }

    private func key(_ digest: Digest256) -> Key {
        var hash = SipHash(seed)
        hash.add(digest.leading.0)
        hash.add(digest.leading.1)
        return Key(digest: digest, slotHash: hash.finish().0)
    }

    // MARK: Questions

    private func mayHaveSecond(_ question: Question) -> Bool {
        question.begunAt != nil && !question.hasSecond && !question.isProbe
    }

    private mutating func serveLine(now: Int64) -> [Command] {
        var commands: [Command] = []
        while callsUnderWay.count < bounds.callsMax, !line.isEmpty {
            let digest = line.removeFirst()
            guard questions[digest] != nil else { continue }
            questions[digest]?.begunAt = now
            commands.append(call(digest, isSecond: false))
        }
        return commands
    }

    private mutating func call(_ digest: Digest256, isSecond: Bool) -> Command {
        callNumber &+= 1
        callsUnderWay[callNumber] = digest
        questions[digest]?.calls.append(callNumber)
        if isSecond { questions[digest]?.hasSecond = true }
        return .call(
            Call(number: callNumber, digest: digest, token: questions[digest]?.token ?? [], isSecond: isSecond))
    }

    private mutating func fail(_ digest: Digest256, _ question: Question, now: Int64) -> [Command] {
        if question.isProbe { breaker.gaveUpProbe(now: now) }
        let key = key(digest)
        forget(key)
        var seconds = 1
        if case .open(let until) = breaker.state {
            seconds = Int(max(0, until &- now) / IntrospectionBounds.second) + 1
        }
        failed.insert(key, Known(value: seconds, cameAt: now, freshUntil: now))
        return settle(digest, question)
    }

    private mutating func settle(_ digest: Digest256, _ question: Question) -> [Command] {
        questions[digest] = nil
        if question.begunAt == nil { line.removeAll { $0 == digest } }
        var commands: [Command] = []
        for number in question.calls {
            callsUnderWay[number] = nil
            commands.append(.cancel(number))
        }
        return commands + [.settled(digest)]
    }

    // MARK: How the endpoint is

    private mutating func noteSuccess(now: Int64) -> [Command] {
        let failures = breaker.failures
        let wasOpen = breaker.state != .closed
        breaker.succeeded()
        succeededAt = now
        failingSince = nil
        lastFailure = nil
        return failures > 0 || wasOpen ? [.note(.recovered(failures: failures))] : []
    }

    private mutating func noteFailure(
        _ failure: IntrospectionFailure, _ question: Question, now: Int64, random: UInt64
    ) -> [Command] {
        failureCounts[failure.word, default: 0] &+= 1
        guard failure.countsAgainstEndpoint else { return [.note(.refused(failure))] }
        var commands: [Command] = []
        if lastFailure != failure { commands.append(.note(.failed(failure))) }
        lastFailure = failure
        if failingSince == nil { failingSince = now }
        // While one question tries the endpoint, those from before it are no news.
        if breaker.state == .probing, !question.isProbe { return commands }
        if let length = breaker.failed(now: now, random: random) {
            commands.append(.note(.opened(failures: breaker.failures, milliseconds: length / 1_000_000)))
        }
        return commands
    }

    /// For health. Changes nothing. `now` is in monotonic nanoseconds.
    package func status(now: Int64) -> IntrospectionStatus {
        let breaker: IntrospectionStatus.Breaker =
            switch self.breaker.state {
            case .closed: .closed
            case .open: .open
            case .probing: .halfOpen
            }
        var retry: Int64?
        if case .open(let until) = self.breaker.state { retry = max(0, until &- now) }
        return IntrospectionStatus(
            breaker: breaker, retryNanoseconds: retry, succeededNanoseconds: succeededAt.map { max(0, now &- $0) },
            failingNanoseconds: failingSince.map { max(0, now &- $0) }, failure: lastFailure,
            failures: self.breaker.failures,
            callsUnderWay: callsUnderWay.count, waiting: line.count, active: active.count, inactive: inactive.count,
            answeredActive: answered.active, answeredInactive: answered.inactive, failureCounts: failureCounts)
    }
}
