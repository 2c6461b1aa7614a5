package import JOSE

/// When a signing key serves. Which of several keys signs is decided here only, so that what lists show, what a start
/// checks and what signs are the same.
package protocol SigningPeriod {
    /// Key ID: the thumbprint of the public key (RFC 7638).
    var kid: String { get }
    /// The only one that it signs with.
    var algorithm: Algorithm { get }
    /// Seconds since 1970. Before, it is only published.
    var signsFrom: Int64 { get }
    /// Seconds since 1970: its successor signs from then on, and it does not sign again, even if the successor is
    /// retired. nil: no successor has been made yet.
    var signsUntil: Int64? { get }
    /// Seconds since 1970; from then on it is published no more. nil: not decided.
    var publishedUntil: Int64? { get }
}

extension SigningPeriod {
    /// The order in which keys sign. Of two that begin in one second, the one that goes on is the newer.
    package func signsBefore(_ other: any SigningPeriod) -> Bool {
        (signsFrom, publishedUntil ?? .max, kid) < (other.signsFrom, other.publishedUntil ?? .max, other.kid)
    }

    /// Whether it may sign by its times: of several of an algorithm the newest does.
    package func maySign(at now: Int64) -> Bool {
        signsFrom <= now && now < signsUntil ?? .max && isPublished(at: now)
    }

    /// Whether the key set has it.
    package func isPublished(at now: Int64) -> Bool { now < publishedUntil ?? .max }
}

extension Array where Element: SigningPeriod {
    /// The key of each algorithm that signs, the newest last. None: the algorithm has no key, or it is only announced.
    ///
    /// Two clocks can be wrong. Before the first key of all the oldest serves: everybody has it, and no token at all
    /// would help nobody. Where the last key of an algorithm has ended and the next has not begun (it was made at once
    /// by a machine whose clock is some seconds ahead), the next serves: what was rotated away does not sign again.
    /// - Parameter now: seconds since 1970.
    package func signing(now: Int64) -> [Element] {
        let now = Swift.max(now, map(\.signsFrom).min() ?? now)
        var signers: [Element] = []
        let sorted = self.sorted { $0.signsBefore($1) }
        for algorithm in Set(map(\.algorithm)) {
            let ours = sorted.filter { $0.algorithm == algorithm }
            let hasBegun = ours.contains { $0.signsFrom <= now }
            if let newest = ours.last(where: { $0.maySign(at: now) })
                ?? (hasBegun ? ours.first { $0.signsFrom > now && $0.isPublished(at: now) } : nil)
            {
                signers.append(newest)
            }
        }
        return signers.sorted { $0.signsBefore($1) }
    }
}
