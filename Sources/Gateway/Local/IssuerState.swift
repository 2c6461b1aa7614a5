import Admission
import Foundation
import Issuers
import JSON
import Policy

extension HealthReport {
    /// How an issuer's keys are that are fetched over the network.
    package struct IssuerState: Sendable {
        /// As in `routes.yaml`.
        package var name: String
        /// How many keys can be used; nil: none were fetched yet, or they are too old.
        package var keys: Int?
        /// RFC 3339; nil: no fetch has succeeded.
        package var lastSuccess: String?
        /// Since that success.
        package var ageSeconds: Int64?
        package var nextFetchSeconds: Int64
        /// RFC 3339, of the first failure since that success; nil: the last fetch succeeded.
        package var degradedSince: String?
        /// A word of `KeyFetchFailure`; nil: the last fetch succeeded.
        package var failure: String?
        /// In a row.
        package var failures: Int
        /// Words for what an operator must look at; empty: nothing.
        package var alarms: [String]

        init(name: String, _ status: KeyRingStatus, unixNanoseconds: Int64) {
            self.name = name
            keys = status.keys
            lastSuccess = status.ageNanoseconds.map { Self.time(unixNanoseconds &- $0) }
            ageSeconds = status.ageNanoseconds.map { $0 / 1_000_000_000 }
            nextFetchSeconds = status.nextFetchNanoseconds / 1_000_000_000
            degradedSince = status.degradedNanoseconds.map { Self.time(unixNanoseconds &- $0) }
            failure = status.failure?.word
            failures = status.failures
            alarms = status.alarms
        }

        /// RFC 3339, UTC, whole seconds.
        fileprivate static func time(_ unixNanoseconds: Int64) -> String {
            Date(timeIntervalSince1970: Double(unixNanoseconds / 1_000_000_000)).formatted(.iso8601)
        }

        var json: JSON {
            [
                "issuer": .string(name),
                "keys": keys.map { .integer(Int64($0)) } ?? .null,
                "last_success": lastSuccess.map { .string($0) } ?? .null,
                "age_s": ageSeconds.map { .integer($0) } ?? .null,
                "next_fetch_s": .integer(nextFetchSeconds),
                "degraded_since": degradedSince.map { .string($0) } ?? .null,
                "failure": failure.map { .string($0) } ?? .null,
                "failures": .integer(Int64(failures)),
                "alarms": .array(alarms.map { .string($0) }),
            ]
        }
    }
}

extension HealthReport {
    /// How it stands with asking an issuer about its tokens.
    package struct IntrospectionState: Sendable {
        /// As in `routes.yaml`.
        package var name: String
        /// URL; nil: it is not discovered yet.
        package var endpoint: String?
        /// `closed`, `open` (the endpoint is not asked), `half_open` (one question tries it).
        package var breaker: String
        /// Until it is asked again; nil: it is asked as usual.
        package var retrySeconds: Int64?
        /// RFC 3339; nil: there was no answer yet.
        package var lastSuccess: String?
        /// RFC 3339, of the first failure since that answer; nil: the last question was answered.
        package var failingSince: String?
        /// A word of `IntrospectionFailure`; nil: the last question was answered.
        package var failure: String?
        /// In a row.
        package var failures: Int
        /// Questions that have been sent and not been answered.
        package var underWay: Int
        /// Questions that wait until they can be sent.
        package var waiting: Int
        /// Tokens remembered as active.
        package var active: Int
        /// Tokens remembered as inactive.
        package var inactive: Int
        /// Words for what an operator must look at; empty: nothing.
        package var alarms: [String]

        init(_ client: IntrospectionClient, now: Int64, unixNanoseconds: Int64) {
            let (endpoint, status) = client.status(now: now)
            name = client.issuer.name
            self.endpoint = endpoint
            breaker = status.breaker.rawValue
            retrySeconds = status.retryNanoseconds.map { $0 / 1_000_000_000 }
            lastSuccess = status.succeededNanoseconds.map { IssuerState.time(unixNanoseconds &- $0) }
            failingSince = status.failingNanoseconds.map { IssuerState.time(unixNanoseconds &- $0) }
            failure = status.failure?.word
            failures = status.failures
            underWay = status.callsUnderWay
            waiting = status.waiting
            active = status.active
            inactive = status.inactive
            alarms = status.alarms
        }

        var json: JSON {
            [
                "issuer": .string(name),
                "endpoint": endpoint.map { .string($0) } ?? .null,
                "breaker": .string(breaker),
                "retry_s": retrySeconds.map { .integer($0) } ?? .null,
                "last_success": lastSuccess.map { .string($0) } ?? .null,
                "failing_since": failingSince.map { .string($0) } ?? .null,
                "failure": failure.map { .string($0) } ?? .null,
                "failures": .integer(Int64(failures)),
                "under_way": .integer(Int64(underWay)),
                "waiting": .integer(Int64(waiting)),
                "known_active": .integer(Int64(active)),
                "known_inactive": .integer(Int64(inactive)),
                "alarms": .array(alarms.map { .string($0) }),
            ]
        }
    }
}
