internal import Foundation
internal import Issuers
internal import JSON

extension HealthReport {
    /// How an issuer's keys are that are fetched over the network.
    package struct IssuerState: Sendable {
        package var name: String
        package var keys: Int?
        package var lastSuccess: String?
        package var ageSeconds: Int64?
        package var nextFetchSeconds: Int64
        package var degradedSince: String?
        package var failure: String?
        package var failures: Int
        package var alarms: [String]

        init(name: String, _ status: KeyRingStatus, unixNanoseconds: Int64) {
            self.name = name
            keys = status.keys
            lastSuccess = status.ageNanoseconds.map { Self.time(unixNanoseconds &- $0) }
            ageSeconds = status.ageNanoseconds.map { $0 / 1_000_000_000 }
            nextFetchSeconds = status.nextFetchNanoseconds / 1_000_000_000
            degradedSince = status.degradedNanoseconds.map { Self.time(unixNanoseconds &- $0) }
            failure = status.failure?.rawValue
            failures = status.failures
            alarms = status.alarms
        }

        /// RFC 3339, UTC, whole seconds.
        private static func time(_ unixNanoseconds: Int64) -> String {
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
