/// What a key ring has to tell, for the log.
package enum KeyRingNote: Sendable, Equatable {
    /// Other keys than before are in force.
    case keysChanged(keys: Int, skipped: Int)
    /// The issuer publishes private or symmetric keys; they are refused, and somebody must tell it (RFC 7517 §9.2).
    case exposed(keys: Int)
    /// The first failure, or one of another kind than the last.
    case failed(KeyFetchFailure, keysInForce: Bool)
    case recovered(failures: Int)
    /// No keys count any longer: too old, or the issuer withdrew them all.
    case withdrawn(KeyFetchFailure)
}

/// The state of an issuer's keys, for health.
package struct KeyRingStatus: Sendable, Equatable {
    /// Usable ones; nil: none were fetched yet, or what was fetched is too old.
    package var keys: Int?
    /// Since the last success.
    package var ageNanoseconds: Int64?
    package var nextFetchNanoseconds: Int64
    /// Since the first failure after the last success.
    package var degradedNanoseconds: Int64?
    /// The last one; nil: the last fetch succeeded.
    package var failure: KeyFetchFailure?
    /// In a row.
    package var failures: Int
    /// In force, though older than the issuer said: stale-if-error.
    package var isStale: Bool
    /// Private or symmetric keys in what was fetched last.
    package var exposedKeys: Int
    package var isFetching: Bool

    /// Words for what somebody must look at.
    package var alarms: [String] {
        var alarms: [String] = []
        if keys == nil, !isFetching || failure != nil { alarms.append("no_keys") }
        if isStale, failure != nil { alarms.append("stale_keys") }
        if exposedKeys > 0 { alarms.append("secret_key_published") }
        if let failure, failure.isMisconduct { alarms.append(failure.word) }
        return alarms
    }
}
