package import AuthorizationRecords
import JOSE

/// What of the stored signing keys can be used. A key that cannot be read is missed where it would have to sign now;
/// where another one signs, only what it has signed can no longer be verified.
package struct SigningKeyCheck: Sendable {
    /// A signing key that is stored and cannot be used.
    package struct Unusable: Sendable, Equatable {
        /// Key ID, by which the record is found.
        package let kid: String
        /// Why, as for the start of a gateway.
        package let reason: String
    }

    /// In the order in which they were found.
    package let unusable: [Unusable]
    /// The keys to sign and verify with; or why there must be no signing now.
    package let ring: Result<SigningKeyRing, StorageError>
    /// The policy's `key_encryption_key` is missing, or opens none of the keys that are encrypted: a key that is made now
    /// would be stored in clear, or under another secret. nil: neither.
    package let sealFault: StorageError?

    /// - Parameters:
    ///   - name: of the database, for messages.
    ///   - seal: opens private keys that are encrypted.
    ///   - preference: what is signed with.
    ///   - now: seconds since 1970.
    init(
        _ keys: RecordList<StoredSigningKey>, name: String, seal: KeySeal?, preference: [Algorithm], now: Int64
    ) {
        var dated: [DatedSigningKey] = []
        var broken: [(times: Times, error: StorageError)] = []
        var withoutSeal: StorageError?
        var otherSeal: StorageError?
        for key in keys.values {
            do throws(StoredKeyError) {
                dated.append(try key.key(seal))
            } catch {
                let fault = Self.error(error, key.kid, name)
                broken.append((Times(key), fault))
                if error == .sealed { withoutSeal = withoutSeal ?? fault }
                if error == .otherSeal { otherSeal = otherSeal ?? fault }
            }
        }
        let faults =
            keys.damaged.map { (kid: $0.key, error: Self.unreadable($0.key, name)) }
            + broken.map { (kid: $0.times.kid, error: $0.error) }
        let usable = dated.map { Times($0) }
        // As `SigningKeyRing` signs: before the first key the oldest serves.
        let now = max(now, (usable + broken.map(\.times)).map(\.signsFrom).min() ?? now)
        let signing = broken.first { $0.times.mustSign(beside: usable, broken.map(\.times), preference, now) }
        // Without the secret, the policy is at fault and no key.
        var missing = withoutSeal ?? signing?.error
        let isOpened = keys.values.contains { key in key.isSealed && usable.contains { $0.kid == key.kid } }
        sealFault = withoutSeal ?? (isOpened ? nil : otherSeal)
        if missing == nil, let damaged = keys.damaged.first, !Self.areSignersKnown(usable, preference, now) {
            missing = Self.unreadable(damaged.key, name)
        }
        unusable = faults.map { Unusable(kid: $0.kid, reason: $0.error.message) }
        if let missing {
            ring = .failure(missing)
        } else if let usable = SigningKeyRing(dated, preference: preference) {
            ring = .success(usable)
        } else {
            ring = .failure(faults.first?.error ?? StorageError(name, "holds a signing key twice"))
        }
    }

    // MARK: Which keys sign

    /// When a key serves, as far as it can be read.
    private struct Times: SigningPeriod {
        let kid: String
        let algorithm: Algorithm
        let signsFrom: Int64
        let signsUntil: Int64?
        let publishedUntil: Int64?

        init(_ key: some SigningPeriod) {
            (kid, algorithm, signsFrom) = (key.kid, key.algorithm, key.signsFrom)
            (signsUntil, publishedUntil) = (key.signsUntil, key.publishedUntil)
        }

        /// Whether `SigningKeyRing` would sign with this key, which is broken, if it were not: the newest of each
        /// algorithm that is preferred signs, and the newest of all where there is none of these.
        func mustSign(beside usable: [Times], _ broken: [Times], _ preference: [Algorithm], _ now: Int64) -> Bool {
            guard maySign(at: now) else { return false }
            var rivals = usable.filter { $0.maySign(at: now) }
            if (rivals + broken).contains(where: { $0.maySign(at: now) && preference.contains($0.algorithm) }) {
                guard preference.contains(algorithm) else { return false }
                rivals.removeAll { $0.algorithm != algorithm }
            }
            return !rivals.contains { $0.signsFrom >= signsFrom }
        }
    }

    /// Of a record that cannot be read at all, nobody knows when it signs. It need not sign now if there is a key of
    /// each algorithm that does, and has no successor but one that is known.
    private static func areSignersKnown(_ keys: [Times], _ preference: [Algorithm], _ now: Int64) -> Bool {
        !preference.isEmpty
            && preference.allSatisfy { algorithm in
                let ours = keys.filter { $0.algorithm == algorithm }.sorted { $0.signsFrom < $1.signsFrom }
                guard let signer = ours.last(where: { $0.maySign(at: now) }) else { return false }
                return signer.publishedUntil == nil || ours.contains { $0.signsFrom > signer.signsFrom }
            }
    }

    // MARK: Messages

    private static func error(_ error: StoredKeyError, _ kid: String, _ name: String) -> StorageError {
        switch error {
        case .sealed:
            StorageError(
                name, "has encrypted signing keys; say with what, under authorization_server.key_encryption_key")
        case .otherSeal:
            StorageError(
                name,
                "has a signing key that authorization_server.key_encryption_key does not open (\(kid)); use the one that it was encrypted with"
            )
        case .unreadable: unreadable(kid, name)
        }
    }

    private static func unreadable(_ kid: String, _ name: String) -> StorageError {
        StorageError(name, "holds a signing key that cannot be read (\(kid)); restore it from a backup")
    }
}
