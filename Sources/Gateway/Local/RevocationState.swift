import JSON

extension HealthReport {
    /// How many revocations are in force, and whether new ones can be read.
    package struct RevocationState: Sendable {
        /// Revocations of tokens and grants that have not expired.
        package var live: Int
        /// Why the store cannot be read; those that are known stay in force.
        package var failure: String?

        init(_ status: RevocationReader.Status) {
            live = status.live
            failure = status.failure
        }

        var json: JSON { ["live": .integer(Int64(live)), "failure": failure.map { .string($0) } ?? .null] }
    }
}
