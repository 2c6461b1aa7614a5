package import JOSE
package import JSON
import Synchronization

/// A signing key and when it serves.
package struct DatedSigningKey: Sendable {
    package var key: SigningKey
    /// Seconds since 1970; before it the key is only announced, so that every copy of the key set knows it in time.
    package var signsFrom: Int64
    /// Seconds since 1970; from then on it signs no more. nil: until a newer one does.
    package var signsUntil: Int64?
    /// Seconds since 1970; from then on it is published no more. nil: not decided.
    package var publishedUntil: Int64?
    /// Clients want their ID tokens signed by its algorithm. Services that verify access tokens may know nothing of it: as
    /// long as there is another, it signs none.
    package var isForClients: Bool

    package init(
        key: SigningKey, signsFrom: Int64, signsUntil: Int64? = nil, publishedUntil: Int64? = nil,
        isForClients: Bool = false
    ) {
        self.key = key
        self.signsFrom = signsFrom
        self.signsUntil = signsUntil
        self.publishedUntil = publishedUntil
        self.isForClients = isForClients
    }
}

extension DatedSigningKey: SigningPeriod {
    package var kid: String { key.kid }
    package var algorithm: Algorithm { key.algorithm }
}

/// The keys of the authorization server: all that are announced, in use, or needed for tokens that still live.
package struct SigningKeyRing: Sendable {
    private let keys: [DatedSigningKey]
    private let preference: [Algorithm]

    /// nil when two keys have the same `kid`, or there is none.
    /// - Parameter preference: what is signed with, in this order, as soon as there is a key of it; empty: whatever is
    ///   newest.
    package init?(_ keys: [DatedSigningKey], preference: [Algorithm] = []) {
        guard !keys.isEmpty, Set(keys.map(\.key.kid)).count == keys.count else { return nil }
        self.keys = keys.sorted { $0.signsBefore($1) }
        self.preference = preference
    }

    /// Whether this key is among them.
    package func contains(_ kid: String) -> Bool { keys.contains { $0.key.kid == kid } }

    /// With these keys of another ring, as they were there.
    package func adding(_ kids: [String], from other: SigningKeyRing) -> SigningKeyRing {
        let found = other.keys.filter { key in
            kids.contains(key.key.kid) && !keys.contains { $0.key.kid == key.key.kid }
        }
        return SigningKeyRing(keys + found, preference: preference) ?? self
    }

    /// The one that signs, of the algorithm that is preferred.
    package func current(now: Int64) -> SigningKey? {
        let signing = keys.signing(now: now)
        for algorithm in preference {
            if let key = signing.first(where: { $0.algorithm == algorithm }) { return key.key }
        }
        return (signing.last { !$0.isForClients } ?? signing.last)?.key
    }

    /// The one of this algorithm that signs; nil: there is none (yet).
    package func current(_ algorithm: Algorithm, now: Int64) -> SigningKey? {
        keys.signing(now: now).first { $0.algorithm == algorithm }?.key
    }

    /// Whether the clock stands before the first key: it was set back, or was wrong when the key was made.
    package func begins(after now: Int64) -> Bool { keys.first.map { now < $0.signsFrom } ?? false }

    /// Which keys there are and when they serve: two rings with the same timetable are the same.
    package var timetable: [String] {
        keys.map { key in
            let ends = [key.signsUntil, key.publishedUntil].map { $0.map { String($0) } ?? "-" }
            return "\(key.kid) \(key.signsFrom) \(ends.joined(separator: " "))"
        }.sorted() + preference.map(\.rawValue)
    }

    /// The JWK Set for everybody (RFC 7517 §5): public halves only, each with `kid`, `use` and `alg`.
    package func publicSet(now: Int64) -> JSON {
        ["keys": .array(published(now: now).map(\.publicJWK))]
    }

    /// The same keys for the gateway itself, which verifies its own tokens without asking itself over the network.
    package func verificationKeys(now: Int64) -> JWKSet { JWKSet(published(now: now).map(\.verificationKey)) }

    /// What tokens are signed by, each once.
    package func algorithms(now: Int64) -> [String] { Set(published(now: now).map(\.algorithm.rawValue)).sorted() }

    private func published(now: Int64) -> [SigningKey] {
        keys.filter { $0.isPublished(at: now) }.map(\.key)
    }
}

/// The keys as they are at the moment: whoever rotates them puts a new ring in place, everybody else reads.
package final class SigningKeys: Sendable {
    private let current: Mutex<SigningKeyRing>

    /// - Parameter ring: what was read from the store at the start.
    package init(_ ring: SigningKeyRing) { current = Mutex(ring) }

    package var ring: SigningKeyRing { current.withLock { $0 } }

    /// Counts for whoever reads from now on.
    package func replace(with ring: SigningKeyRing) { current.withLock { $0 = ring } }

    /// For the gateway itself: see `SigningKeyRing`.
    package func verificationKeys(now: Int64) -> JWKSet { ring.verificationKeys(now: now) }
}
