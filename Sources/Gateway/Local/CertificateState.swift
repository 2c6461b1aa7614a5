import JSON

extension HealthReport {
    /// A certificate that needs somebody.
    package struct CertificateState: Sendable {
        /// Path of its file.
        package var file: String
        /// Where the policy names the file, as `routes.yaml:14:9`.
        package var place: String
        /// From 1, in the order of the file.
        package var number: Int
        /// As in audit records.
        package var identity: String
        /// A word of `CertificateTimes.Alarm`.
        package var alarm: String
        /// Whatever needs it fails now.
        package var isFailure: Bool
        /// RFC 3339.
        package var notBefore: String
        /// RFC 3339.
        package var notAfter: String

        init(_ entry: CertificateTimes.Entry, _ alarm: CertificateTimes.Alarm) {
            file = entry.path
            place = entry.place
            number = entry.number
            identity = entry.identity
            self.alarm = alarm.rawValue
            isFailure = alarm.isFailure
            notBefore = RFC3339.text(entry.notBefore)
            notAfter = RFC3339.text(entry.notAfter)
        }

        var json: JSON {
            [
                "file": .string(file), "place": .string(place), "number": .integer(Int64(number)),
                "identity": .string(identity), "alarm": .string(alarm), "not_before": .string(notBefore),
                "not_after": .string(notAfter),
            ]
        }
    }
}
