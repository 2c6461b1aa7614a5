package import JOSE

/// When which signing key is made, announced, used, and given up. Decides by stored times, never by how long a process
/// runs, so that neither restarts nor several gateways change anything.
package struct KeySchedule: Sendable, Equatable {
    /// What is signed with, the first unless something asks for another.
    package var algorithms: [Algorithm]
    /// How long a key signs.
    package var rotationSeconds: Int64
    /// How long before it signs a key is published: caches of key sets hold them for a day at most (24 h in .NET).
    package var announceSeconds: Int64 = 48 * 3_600
    /// How long after its last signature a key stays published: the longest token that it can have signed, and whose
    /// clock is slow.
    package var retainSeconds: Int64

    /// - Parameter tokenSeconds: how long the longest token is valid.
    package init(algorithms: [Algorithm], rotationSeconds: Int64, tokenSeconds: Int64) {
        self.algorithms = algorithms
        self.rotationSeconds = rotationSeconds
        retainSeconds = max(Self.retainSecondsMin, tokenSeconds &+ 120)
    }

    /// A day, as services keep the key set for, and whose clock is slow.
    static let retainSecondsMin: Int64 = 24 * 3_600 + 120

    /// One step that somebody has to take, in the store.
    package enum Action: Sendable, Equatable {
        /// Make a key, and in the same step let those of its algorithm end that it follows: `follows` (nil: it follows
        /// none) is published until the last token of it has ended, and what would have begun to sign later goes.
        case create(Algorithm, signsFrom: Int64, follows: String?)
        /// It is not wanted any more, or there is a newer one: it goes at that time.
        case publishUntil(kid: String, Int64)
        /// Its last token has expired.
        case remove(kid: String)
        /// Give it up at once, by hand. `replaced`: a new key of this algorithm signs from now on.
        case retire(kid: String, replaced: Algorithm?)
    }

    /// What is to be done now with the keys that there are, one thing for each algorithm and key at most. Nothing to be
    /// done: empty.
    /// - Parameter wanted: what clients want their ID tokens signed by. There is a key of each, which has its times like
    ///   any other; but the first signs at once: nobody verifies by it but clients that have just asked for it, and access
    ///   tokens are signed by `algorithms` alone.
    package func actions(_ keys: [StoredSigningKey], wanted: Set<Algorithm> = [], now: Int64) -> [Action] {
        let others = Algorithm.allCases.filter { wanted.contains($0) && !algorithms.contains($0) }
        let living = keys.filter { !isGone($0, now) }
        var actions = keys.filter { isGone($0, now) }.map { Action.remove(kid: $0.kid) }
        for algorithm in algorithms + others {
            if let action = next(algorithm, living, now) { actions.append(action) }
        }
        // Keys whose algorithm is not wanted stay until something else signs in their place.
        if let first = algorithms.first, living.contains(where: { $0.algorithm == first && $0.signsFrom <= now }) {
            for key in living where !(algorithms + others).contains(key.algorithm) && key.publishedUntil == nil {
                // What was only announced has signed nothing that anybody could want to verify.
                let until = now &+ retainSeconds
                actions.append(
                    key.signsFrom < until ? .publishUntil(kid: key.kid, until) : .remove(kid: key.kid))
            }
        }
        return actions
    }

    /// A new key now, for `portcullis keys rotate`: announced like any other, or at once, when the old one must not
    /// sign any more.
    package func rotation(of algorithm: Algorithm, _ keys: [StoredSigningKey], now: Int64, atOnce: Bool) -> Action {
        let newest = keys.filter { $0.algorithm == algorithm && $0.publishedUntil == nil }.max {
            $0.signsFrom < $1.signsFrom
        }
        return .create(algorithm, signsFrom: atOnce ? now : now &+ announceSeconds, follows: newest?.kid)
    }

    /// Giving a key up at once. No key signs again in its place that had ended: where it signs, a new one does, until
    /// the one begins that is announced. If it is only announced, the key before it goes on.
    package func retirement(of key: StoredSigningKey, _ keys: [StoredSigningKey], now: Int64) -> Action {
        // Made to sign at once, by a clock that is ahead of this one: it signs elsewhere.
        let time = key.isAnnounced(at: now) ? now : max(now, key.signsFrom)
        let signing = keys.signing(now: time)
        let isWanted =
            algorithms.contains(key.algorithm)
            || !signing.contains { $0.kid != key.kid && algorithms.contains($0.algorithm) }
        let signs = signing.contains { $0.kid == key.kid }
        return .retire(kid: key.kid, replaced: signs && isWanted ? key.algorithm : nil)
    }

    /// Until when a key stays published whose successor signs from then on.
    package func publishedUntil(successorSignsFrom: Int64) -> Int64 { successorSignsFrom &+ retainSeconds }

    /// When there is something to do next if nobody changes anything; nil: no key.
    package func nextTime(_ keys: [StoredSigningKey], now: Int64) -> Int64? {
        let removals = keys.compactMap(\.publishedUntil)
        let successions = keys.filter { $0.publishedUntil == nil }.map {
            $0.signsFrom &+ rotationSeconds &- announceSeconds
        }
        return (removals + successions).filter { $0 > now }.min()
    }

    private func next(_ algorithm: Algorithm, _ keys: [StoredSigningKey], _ now: Int64) -> Action? {
        let ours = keys.filter { $0.algorithm == algorithm && $0.publishedUntil == nil }
        guard let newest = ours.max(by: { $0.signsFrom < $1.signsFrom }) else {
            // It signs until its successor does, and an older version has lost the successor.
            if let ending = keys.last(where: { $0.algorithm == algorithm && $0.maySign(at: now) }) {
                return .create(algorithm, signsFrom: ending.signsUntil ?? now, follows: ending.kid)
            }
            // The first of its kind. Where others sign already, whoever keeps our key set for a while learns of it
            // before it is used.
            let isAnnounced = algorithms.contains(algorithm) && !keys.signing(now: now).isEmpty
            return .create(algorithm, signsFrom: isAnnounced ? now &+ announceSeconds : now, follows: nil)
        }
        // Two that nobody follows: of a rotation that was interrupted by an older version, or by hand.
        if let older = ours.first(where: { $0.kid != newest.kid }) {
            return .publishUntil(kid: older.kid, publishedUntil(successorSignsFrom: max(newest.signsFrom, now)))
        }
        let due = newest.signsFrom &+ rotationSeconds
        guard now >= due &- announceSeconds else { return nil }
        return .create(algorithm, signsFrom: max(due, now &+ announceSeconds), follows: newest.kid)
    }

    private func isGone(_ key: StoredSigningKey, _ now: Int64) -> Bool { !key.isPublished(at: now) }
}

extension KeySchedule.Action: CustomStringConvertible {
    /// For the log.
    package var description: String {
        switch self {
        case .create(let algorithm, let signsFrom, let follows):
            "a new \(algorithm.rawValue) key signs from \(signsFrom)" + (follows.map { ", after \($0)" } ?? "")
        case .publishUntil(let kid, let time): "\(kid) is published until \(time)"
        case .remove(let kid): "\(kid) is removed"
        case .retire(let kid, let algorithm):
            "\(kid) is retired" + (algorithm.map { ", and a new \($0.rawValue) key signs" } ?? "")
        }
    }
}
